package simulator

import (
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
)

// BenchmarkPageOf250 measures one page in the middle of a million bookings, as
// an anchored walk asks for it.
func BenchmarkPageOf250(b *testing.B) {
	s := newTest(b, Options{Bookings: 1_000_000, Seed: 1})
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	for name, query := range map[string]string{
		"created": "sortCreated=asc&afterCreatedAt=2026-05-01T00:00:00Z",
		"updated": "sortUpdatedAt=asc&afterUpdatedAt=2026-05-01T00:00:00Z&beforeUpdatedAt=2026-11-23T00:00:00Z",
		"shared":  "sortCreated=asc&afterUpdatedAt=2026-11-13T06:07:17.000Z&beforeUpdatedAt=2026-11-13T06:07:17.000Z",
		"skip":    "sortCreated=asc&skip=500000",
		"default": "",
		"status":  "status=upcoming",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r := httptest.NewRequest("GET", "/v2/bookings?take=250&"+query, nil)
				r.Header.Set("Authorization", s.Keys()[0].Key)
				r.Header.Set("Cal-Api-Version", version20240813)
				w := httptest.NewRecorder()
				s.ServeHTTP(w, r)
				b.SetBytes(int64(w.Body.Len()))
			}
			b.ReportMetric(float64(m.HeapAlloc)/1e6, "heap-MB")
		})
	}
	b.Run("mutate", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			s.Mutate(Mutation{Count: 3, Seed: uint64(i)})
		}
	})
}

// BenchmarkPageOf250OverHTTP measures what a client on the same machine waits
// for a page.
func BenchmarkPageOf250OverHTTP(b *testing.B) {
	s := newTest(b, Options{Bookings: 100_000, Seed: 1})
	server := httptest.NewServer(s)
	defer server.Close()
	r, err := http.NewRequest(http.MethodGet, server.URL+"/v2/bookings?take=250&sortCreated=asc&afterCreatedAt=2026-05-01T00:00:00Z", nil)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Authorization", s.Keys()[0].Key)
	r.Header.Set("Cal-Api-Version", version20240813)
	for b.Loop() {
		answer, err := server.Client().Do(r)
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.Copy(io.Discard, answer.Body)
		if err != nil {
			b.Fatal(err)
		}
		_ = answer.Body.Close()
		b.SetBytes(n)
	}
}
