package pipeline_test

import (
	"testing"

	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/simulator"
)

// BenchmarkRun is the journey of 20,000 bookings into SQLite in one process,
// for profiles.
func BenchmarkRun(b *testing.B) {
	const n = 20_000
	for b.Loop() {
		a := newAccount(b, simulator.Options{Bookings: n, Seed: 1}, "bookings")
		if _, err := pipeline.Run(b.Context(), a.flow); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "rows/s")
}
