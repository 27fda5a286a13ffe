//go:build unix

package store

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/pgtest"
)

// booking makes a record as large and as compressible as a Cal.com booking
// (1.9 KB of JSON, observed 2026-11-23), under a key that sorts at random.
func booking(i, version int) weir.Record {
	key := fmt.Sprintf("%x", weir.HashOf(fmt.Append(nil, i)))
	data := fmt.Appendf(nil, `{"attendees":[{"absent":false,"email":"guest%d@example.com","name":"Guest %d","timeZone":"Europe/Berlin"}],"uid":%q,"version":%d`, i, i, key, version)
	for field := range 40 {
		data = fmt.Appendf(data, `,"field_%02d":"value %d of booking %d"`, field, (i*7+field*13)%97, i)
	}
	data = append(data, '}')
	return weir.Record{Key: key, Version: int64(version), Data: data, Hash: weir.HashOf(data)}
}

// BenchmarkAppend measures pages of fresh, of changed and of unchanged
// records. "cpu-ns/record" is what this process used, whatever else the
// machine does.
func BenchmarkAppend(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, page := range []int{250, 1000} {
			for _, kind := range []string{"fresh", "unchanged"} {
				b.Run(fmt.Sprintf("%s/%s/page=%d", engine, kind, page), func(b *testing.B) {
					url := "sqlite:" + filepath.Join(b.TempDir(), "weir.db")
					if engine == "postgres" {
						url = pgtest.New(b)
					}
					appendPages(b, url, page, kind == "unchanged")
				})
			}
		}
	}
}

func appendPages(b *testing.B, url string, page int, again bool) {
	db, err := Open(b.Context(), url, Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	d, epoch := dataset(b, db)
	records := make([]weir.Record, b.N)
	for i := range records {
		records[i] = booking(i, 1)
	}
	pages := func(sweep int64) {
		for at := 0; at < len(records); at += page {
			a := Append{Dataset: d, Run: "run", Epoch: epoch, Records: records[at:min(at+page, len(records))], Sweep: sweep, Checkpoint: weir.Checkpoint("x")}
			if _, err := db.Append(b.Context(), a); err != nil {
				b.Fatal(err)
			}
		}
	}
	var sweep int64
	if again {
		pages(0)
		if sweep, _, err = db.BeginSweep(b.Context(), d, epoch, 1); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(records[0].Data)))
	b.ResetTimer()
	before := cpu()
	pages(sweep)
	used := cpu() - before
	b.ReportMetric(float64(used)/float64(b.N), "cpu-ns/record")
	b.ReportMetric(float64(b.N)/(float64(used)/1e9), "records/cpu-s")
}

func cpu() int64 {
	var r syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &r)
	return r.Utime.Nano() + r.Stime.Nano()
}
