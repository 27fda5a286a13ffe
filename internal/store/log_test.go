package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
)

// dataset makes a dataset and takes its source for the whole test.
func dataset(t testing.TB, db *DB) (DatasetID, int64) {
	t.Helper()
	id, err := db.EnsureSource(t.Context(), SourceSpec{Connector: "c", Origin: "o", Account: "dataset"})
	if err != nil {
		t.Fatal(err)
	}
	lease, err := db.AcquireSource(t.Context(), id, "the test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(lease.Release)
	d, err := db.EnsureDataset(t.Context(), id, "bookings")
	if err != nil {
		t.Fatal(err)
	}
	return d.ID, lease.Epoch
}

// random makes n records of a page that hardly compress.
func random(t testing.TB, page, n int) []weir.Record {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(page), 1))
	records := make([]weir.Record, n)
	for i := range records {
		data := fmt.Appendf(nil, `{"id":"%d-%d","value":"`, page, i)
		for range 16 {
			data = fmt.Appendf(data, "%016x", r.Uint64())
		}
		data = append(data, `"}`...)
		records[i] = weir.Record{Key: fmt.Sprintf("%d-%d", page, i), Version: int64(page + 1), Data: data, Hash: weir.HashOf(data)}
	}
	return records
}

func TestADamagedLogIsNoticed(t *testing.T) {
	damages := map[string]string{
		"bytes":    `UPDATE record_batch SET bytes = $1 WHERE last = 20`,
		"first":    `UPDATE record_batch SET first = first - 1 WHERE last = 20`,
		"last":     `UPDATE record_batch SET last = last + 5 WHERE last = 20`,
		"count":    `UPDATE record_batch SET count = count - 1 WHERE last = 20`,
		"swapped":  `UPDATE record_batch SET bytes = (SELECT b.bytes FROM record_batch b WHERE b.last = 10), hash = (SELECT b.hash FROM record_batch b WHERE b.last = 10) WHERE last = 20`,
		"overlong": `UPDATE record_batch SET hash = bytes WHERE last = 20`,
	}
	for engine, newURL := range urls(t) {
		for name, damage := range damages {
			t.Run(engine+"/"+name, func(t *testing.T) {
				db := mustOpen(t, newURL(t))
				d, epoch := dataset(t, db)
				for page := range 2 {
					if _, err := db.Append(t.Context(), Append{Dataset: d, Epoch: epoch, Records: random(t, page, 10)}); err != nil {
						t.Fatal(err)
					}
				}
				var args []any
				if name == "bytes" {
					b, err := db.nextBatch(t.Context(), d, 10)
					if err != nil {
						t.Fatal(err)
					}
					b.bytes[len(b.bytes)/2] ^= 1
					args = append(args, b.bytes)
				}
				db.mustExec(t, damage, args...)
				c, err := db.ReadLog(t.Context(), d, 0, 10, 1<<20)
				if err != nil || len(c.Records) != 10 {
					t.Errorf("the whole batch before it: %d records, %v", len(c.Records), err)
				}
				_, err = db.ReadLog(t.Context(), d, 10, 100, 1<<20)
				wantCode(t, err, weir.CodeIntegrity)
				for _, err = range db.Records(t.Context(), d) {
					if err != nil {
						break
					}
				}
				wantCode(t, err, weir.CodeIntegrity)
				wantCode(t, db.Compact(t.Context(), d, 100), weir.CodeIntegrity)
			})
		}
	}
}

func TestReadingTheWholeLogKeepsOneBatchInMemory(t *testing.T) {
	db := mustOpen(t, "sqlite:"+filepath.Join(t.TempDir(), "weir.db"))
	d, epoch := dataset(t, db)
	const pages, each, size = 40, 100, 10_000
	for page := range pages { // 40 MB
		records := random(t, page, each)
		for i := range records {
			records[i].Data = append(records[i].Data, bytes.Repeat([]byte("x"), size)...)
		}
		if _, err := db.Append(t.Context(), Append{Dataset: d, Epoch: epoch, Records: records}); err != nil {
			t.Fatal(err)
		}
	}
	before := heap()
	n := 0
	for _, err := range db.Records(t.Context(), d) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%500 == 0 {
			if grown := heap() - before; grown > 4<<20 {
				t.Fatalf("after %d records the heap has grown by %d KB", n, grown>>10)
			}
		}
	}
	if n != pages*each {
		t.Errorf("%d records", n)
	}
}

// heap is what is really in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) // #nosec G115 -- bytes of memory
}

func TestBatchesGoThroughTheCodec(t *testing.T) {
	c, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	records := []LogRecord{
		{Record: weir.Record{Key: "a", Version: -1, Data: []byte("{}"), Hash: weir.HashOf([]byte("{}"))}, Position: 7},
		{Record: weir.Record{Key: "", Deleted: true, Data: []byte{}}, Position: 9},
		{Record: weir.Record{Key: "z", Version: 1 << 62, Data: bytes.Repeat([]byte("y"), 1<<20)}, Position: 12},
	}
	b, _ := c.pack(3, 5, 14, records, nil)
	got, err := c.unpack(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(records, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzDecodeRecords(f *testing.F) {
	r := LogRecord{Record: weir.Record{Key: "a", Version: 5, Data: []byte("{}")}, Position: 3}
	raw := appendRecord(nil, 3, &r)
	f.Add(raw, 1)
	r.Position, r.Deleted = 4, true
	f.Add(appendRecord(raw, 3, &r), 2)
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, 1)
	f.Fuzz(func(t *testing.T, raw []byte, count int) {
		records, err := decodeRecords(raw, 3, 100, count)
		if err != nil {
			return
		}
		at := weir.Position(2)
		for _, r := range records {
			if r.Position <= at || r.Position > 100 {
				t.Fatalf("position %d after %d", r.Position, at)
			}
			at = r.Position
		}
	})
}
