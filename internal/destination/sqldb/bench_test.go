package sqldb_test

import (
	"testing"

	"github.com/weirhq/weir/internal/destination/destinationtest"
)

// BenchmarkLoad loads batches of 5,000 bookings with their attendees, four of
// five of them new or changed, and reports root rows a second.
func BenchmarkLoad(b *testing.B) {
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			db, w := open(b, e.url(b)), destinationtest.NewWorld(1)
			rows := 0
			for b.Loop() {
				b.StopTimer()
				next := w.Next(5_000)
				b.StartTimer()
				got, err := db.Load(b.Context(), next)
				if err != nil {
					b.Fatal(err)
				}
				rows += got.Rows
			}
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
