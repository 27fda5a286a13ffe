package file

import (
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/weirhq/weir"
)

func TestParquetColumnsHaveTheTablesOrderAndTypes(t *testing.T) {
	table := onDisk(weir.Table{Name: "t", Key: []string{"z"}, Columns: []weir.Column{
		{Name: "z", Type: weir.TypeInt}, {Name: "b", Type: weir.TypeBool}, {Name: "y", Type: weir.TypeFloat}, {Name: "c", Type: weir.TypeText},
		{Name: "x", Type: weir.TypeTime}, {Name: "a", Type: weir.TypeJSON},
	}})
	got := strings.Join(strings.Fields(parquetSchema(table).String()), " ")
	want := "message t { required int64 z (INT(64,true)); optional boolean b; optional double y; optional binary c (STRING); " +
		"optional int64 x (TIMESTAMP(isAdjustedToUTC=true,unit=MICROS)); optional binary a (JSON); required int64 _weir_position (INT(64,true)); }"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParquetMemoryStaysFlatAsFilesGrow(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 200 MB of rows")
	}
	peak := func(rows int) uint64 {
		table := onDisk(bookingsLayout().Tables[0])
		w := newParquetWriter(io.Discard, table)
		var highest uint64
		for i := range rows {
			row := []any{int64(i), strings.Repeat(fmt.Sprint(i), 50), int64(i), extracted, `{"a":1}`, extracted, "run", nil, "hash", int64(i)}
			must(t, w.Write(row))
			if i%20_000 == 0 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				highest = max(highest, m.HeapAlloc)
			}
		}
		must(t, w.Close())
		return highest
	}
	small, large := peak(100_000), peak(500_000)
	t.Logf("peak heap %d MB for 100,000 rows, %d MB for 500,000", small>>20, large>>20)
	if large > 2*small+(64<<20) {
		t.Errorf("peak heap grew from %d to %d MB", small>>20, large>>20)
	}
}

func TestParquetIsReadByTheLibraryAsItWasWritten(t *testing.T) {
	dir, w := t.TempDir(), newWorld(40)
	d := open(t, dir, Options{})
	load(t, d, w.next(50))
	for _, name := range dataFiles(t, dir) {
		rows, err := parquet.ReadFile[any](dir + "/" + name)
		must(t, err)
		for _, row := range rows {
			if m, ok := row.(map[string]any); !ok || m[columnPosition] == nil {
				t.Fatalf("%s: %T %v", name, row, row)
			}
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, f := range formats {
		b.Run(string(f), func(b *testing.B) {
			w := newWorld(50)
			rows := 0
			d := open(b, b.TempDir(), Options{Format: f})
			b.ResetTimer()
			for b.Loop() {
				b.StopTimer()
				batch := w.next(5000)
				b.StartTimer()
				for _, ch := range batch.Changes {
					for _, r := range ch.Rows {
						rows += len(r)
					}
				}
				load(b, d, batch)
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkFinish(b *testing.B) {
	for _, f := range formats {
		b.Run(string(f), func(b *testing.B) {
			rows := 0
			for b.Loop() {
				b.StopTimer()
				w := newWorld(51)
				d := open(b, b.TempDir(), Options{Format: f})
				for range 20 {
					load(b, d, w.next(5000))
				}
				c, _ := d.chain("bookings")
				for _, e := range c.state.Live {
					rows += int(e.Rows)
				}
				b.StartTimer()
				finish(b, d, "bookings")
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
