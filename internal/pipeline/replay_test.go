package pipeline_test

import (
	"bytes"
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/destination/sqldb"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/simulator"
	"github.com/weirhq/weir/internal/store"
)

// picky is a destination that refuses one record, and counts what it is given.
type picky struct {
	pipeline.Destination
	refuses string // key
	given   map[string]int
}

func (p *picky) Load(ctx context.Context, b weir.Batch) (weir.Loaded, error) {
	var refused []weir.Reject
	b.Changes = slices.DeleteFunc(slices.Clone(b.Changes), func(c weir.Change) bool {
		if c.Key != p.refuses {
			p.given[c.Key]++
			return false
		}
		refused = append(refused, weir.Reject{Stage: "load", Reason: "it is too long", Key: c.Key, Original: []byte("{}")})
		return true
	})
	loaded, err := p.Destination.Load(ctx, b)
	loaded.Refused = append(loaded.Refused, refused...)
	return loaded, err
}

// pickyAccount has two destinations, of which the first refuses one booking.
func pickyAccount(t *testing.T) (a *account, first, second *picky) {
	t.Helper()
	a = newAccount(t, simulator.Options{Bookings: 60, Seed: 21}, "bookings")
	key := a.oneKey()
	other, err := sqldb.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "other.db"), sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	first = &picky{Destination: a.flow.Targets[0].Destination, refuses: key, given: map[string]int{}}
	second = &picky{Destination: other, given: map[string]int{}}
	a.flow.Targets[0].ID, a.flow.Targets[0].Destination = 1, first
	a.flow.Targets = append(a.flow.Targets, &pipeline.Target{ID: 2, Destination: second, Where: "other", Mode: weir.ModeUpsert})
	if got := a.run("bookings"); got.Quarantined != 1 {
		t.Fatalf("%+v", got)
	}
	return a, first, second
}

// open gives what is open in quarantine.
func (a *account) open() []store.Quarantined {
	a.Helper()
	all, err := a.flow.Store.Quarantined(a.Context(), store.QuarantineFilter{State: store.QuarantineOpen})
	if err != nil {
		a.Fatal(err)
	}
	return all
}

// replay replays one reject, and gives what became of it.
func (a *account) replay(q store.Quarantined, data []byte) (placed bool, reason string) {
	a.Helper()
	a.now = a.now.Add(time.Minute)
	r := &pipeline.Replay{Reject: q, Data: data, By: 7}
	a.flow.LogOnly, a.flow.Replays = true, []*pipeline.Replay{r}
	if _, err := pipeline.Run(a.Context(), a.flow); err != nil {
		a.Fatal(err)
	}
	a.flow.LogOnly, a.flow.Replays = false, nil
	return r.Outcome()
}

func TestWhatADestinationRefusedArrivesOnceWhenItIsReplayed(t *testing.T) {
	a, first, second := pickyAccount(t)
	key := first.refuses
	first.refuses = ""
	refused := a.open()
	if len(refused) != 1 || refused[0].Destination != 1 {
		t.Fatalf("open: %+v", refused)
	}
	if placed, reason := a.replay(refused[0], nil); !placed {
		t.Fatal(reason)
	}
	if first.given[key] != 1 || second.given[key] != 1 {
		t.Errorf("the first was given it %d times, the second %d, want once each", first.given[key], second.given[key])
	}
	if n := a.count("SELECT count(*) FROM bookings"); n != 60 {
		t.Errorf("%d rows", n)
	}
	if left := a.open(); len(left) != 0 {
		t.Errorf("still open: %+v", left)
	}
	if placed, reason := a.replay(refused[0], nil); placed || !strings.Contains(reason, "not open any more") {
		t.Errorf("a second replay: %v, %s", placed, reason)
	}
	if got := a.run("bookings"); got.Written != 0 || first.given[key] != 1 {
		t.Errorf("the next run wrote %d rows", got.Written)
	}
}

func TestWhatIsRefusedAgainIsOpenAgain(t *testing.T) {
	a, first, _ := pickyAccount(t)
	for range 2 {
		refused := a.open()
		if len(refused) != 1 {
			t.Fatalf("open: %+v", refused)
		}
		if placed, reason := a.replay(refused[0], nil); !placed {
			t.Fatal(reason)
		}
	}
	if left := a.open(); len(left) != 1 || left[0].Key != first.refuses {
		t.Errorf("open: %+v", left)
	}
}

func TestAMendedRecordPassesTheStageThatRefusedIt(t *testing.T) {
	a := newAccount(t, simulator.Options{Bookings: 20, Seed: 22}, "bookings")
	a.run("bookings")
	d := a.dataset()
	newest, err := a.flow.Store.Newest(t.Context(), d.ID, a.oneKey())
	if err != nil {
		t.Fatal(err)
	}
	whole := bytes.ReplaceAll(newest.Data, []byte(newest.Key), []byte("mended"))
	lame := bytes.Replace(whole, []byte(`"createdAt":`), []byte(`"created":`), 1)
	_, err = a.flow.Store.Quarantine(t.Context(), d.ID, 0, "run", a.now.UnixMicro(), []weir.Reject{{Stage: "decode", Reason: "it was odd", Original: lame}})
	if err != nil {
		t.Fatal(err)
	}
	q := a.open()[0]
	if placed, reason := a.replay(q, nil); placed || !strings.Contains(reason, "createdAt is not a time") {
		t.Errorf("as it is: %v, %s", placed, reason)
	}
	if left := a.open(); len(left) != 1 || !strings.Contains(left[0].Reason, "createdAt") {
		t.Errorf("it does not stay with its new reason: %+v", left)
	}
	if placed, reason := a.replay(q, []byte(`{"uid":`)); placed || !strings.Contains(reason, "JSON") {
		t.Errorf("broken: %v, %s", placed, reason)
	}
	if placed, reason := a.replay(q, whole); !placed {
		t.Errorf("mended: %s", reason)
	}
	if n := a.count("SELECT count(*) FROM bookings WHERE uid = 'mended'"); n != 1 || len(a.open()) != 0 {
		t.Errorf("%d rows, %d open", n, len(a.open()))
	}
}

func TestAReplayNeverPutsAnOldVersionOverANewerOne(t *testing.T) {
	a := newAccount(t, simulator.Options{Bookings: 20, Seed: 23}, "bookings")
	a.run("bookings")
	d := a.dataset()
	newest, err := a.flow.Store.Newest(t.Context(), d.ID, a.oneKey())
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.flow.Store.Quarantine(t.Context(), d.ID, 0, "run", newest.ExtractedAt-1, []weir.Reject{{Stage: "decode", Reason: "it was odd", Key: newest.Key, Original: newest.Data}})
	if err != nil {
		t.Fatal(err)
	}
	if placed, reason := a.replay(a.open()[0], nil); placed || !strings.Contains(reason, "newer version") {
		t.Errorf("%v, %s", placed, reason)
	}
	other := bytes.ReplaceAll(newest.Data, []byte(newest.Key), []byte("another"))
	if placed, reason := a.replay(a.open()[0], other); placed || !strings.Contains(reason, "another key") {
		t.Errorf("%v, %s", placed, reason)
	}
}

// dataset is that of the bookings.
func (a *account) dataset() store.Dataset {
	a.Helper()
	source, err := a.flow.Store.FindSource(a.Context(), a.flow.SourceSpec())
	if err != nil {
		a.Fatal(err)
	}
	d, err := a.flow.Store.FindDataset(a.Context(), source, "bookings")
	if err != nil {
		a.Fatal(err)
	}
	return d
}

// oneKey is the key of one of the account's bookings, the same each time.
func (a *account) oneKey() string { return slices.Min(slices.Collect(maps.Keys(a.sim.Truth()))) }
