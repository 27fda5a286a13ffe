// Package storetest is the suite that Weir's own database passes on every
// engine: what the pipeline and the governor rely on, as tests.
package storetest

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// Run runs the suite. NewURL makes the address of a fresh store.
func Run(t *testing.T, newURL func(testing.TB) string) {
	for _, group := range []map[string]func(*world){logPromises, appendPromises, driftPromises, ownerPromises, sweepPromises, otherPromises, keyringPromises, identityPromises, idempotencyPromises, resourcePromises, lookupPromises, insightPromises, noticePromises, jobPromises} {
		for name, promise := range group {
			t.Run(name, func(t *testing.T) {
				url := newURL(t)
				w := &world{T: t, url: url}
				w.db = w.open()
				w.source = w.ensureSource("account 1")
				w.acquire()
				w.dataset = w.ensureDataset("bookings").ID
				promise(w)
			})
		}
	}
}

// world is one database with one source, its lease and one dataset.
type world struct {
	*testing.T
	url     string
	db      *store.DB
	source  store.SourceID
	lease   *store.Lease
	dataset store.DatasetID
	pages   int
}

// open opens one more handle on the test's database.
func (w *world) open() *store.DB {
	w.Helper()
	db, err := store.Open(w.Context(), w.url, store.Options{})
	w.must(err)
	w.Cleanup(func() { _ = db.Close() })
	return db
}

func (w *world) ensureSource(account string) store.SourceID {
	w.Helper()
	id, err := w.db.EnsureSource(w.Context(), store.SourceSpec{Connector: "calcom", Origin: "https://api.cal.com", Account: account})
	w.must(err)
	return id
}

func (w *world) ensureDataset(name string) store.Dataset {
	w.Helper()
	d, err := w.db.EnsureDataset(w.Context(), w.source, name)
	w.must(err)
	return d
}

// acquire takes the source's lease, which ends with the test at the latest.
func (w *world) acquire() {
	w.Helper()
	lease, err := w.db.AcquireSource(w.Context(), w.source, "the test")
	w.must(err)
	w.Cleanup(lease.Release)
	w.lease = lease
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// refused fails the test unless err has the code.
func (w *world) refused(err error, code weir.Code) {
	w.Helper()
	if got := weir.CodeOf(err); got != code {
		w.Fatalf("got %q (%v), want %q", got, err, code)
	}
}

// record is a record whose data says what it is.
func record(key string, version int64, value string) weir.Record {
	data := fmt.Appendf(nil, `{"id":%q,"value":%q}`, key, value)
	return weir.Record{Key: key, Version: version, Data: data, Hash: weir.HashOf(data)}
}

func tombstone(key string) weir.Record { return weir.Record{Key: key, Deleted: true} }

// page is the next page of the dataset, with a checkpoint that counts pages.
func (w *world) page(sweep int64, records ...weir.Record) store.Append {
	w.pages++
	return store.Append{
		Dataset: w.dataset, Run: "run", Epoch: w.lease.Epoch, Records: records, Sweep: sweep,
		Checkpoint: binary.AppendUvarint(nil, uint64(w.pages)), ExtractedAt: int64(w.pages), // #nosec G115 -- few
	}
}

func (w *world) append(sweep int64, records ...weir.Record) store.Appended {
	w.Helper()
	done, err := w.db.Append(w.Context(), w.page(sweep, records...))
	w.must(err)
	return done
}

// log reads the whole log in small bites.
func (w *world) log() (all []store.LogRecord) {
	w.Helper()
	var at weir.Position
	for {
		c, err := w.db.ReadLog(w.Context(), w.dataset, at, 7, 1<<20)
		w.must(err)
		if c.To == at {
			return all
		}
		all, at = append(all, c.Records...), c.To
	}
}

// live gives the newest data of each live record by key.
func (w *world) live() map[string]string {
	w.Helper()
	out := map[string]string{}
	for r, err := range w.db.Records(w.Context(), w.dataset) {
		w.must(err)
		if _, twice := out[r.Key]; twice {
			w.Errorf("%s came twice", r.Key)
		}
		out[r.Key] = string(r.Data)
	}
	return out
}
