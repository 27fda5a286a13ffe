package store_test

import (
	"testing"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// The last process that is killed leaves its row, and nobody is there to take it away.
func TestAProcessThatHasFallenSilentIsNotCounted(t *testing.T) {
	for name, newURL := range engines {
		t.Run(name, func(t *testing.T) {
			db, err := store.Open(t.Context(), newURL(t), store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			if err := db.Alive(t.Context(), "one"); err != nil {
				t.Fatal(err)
			}
			if g, err := db.Gauges(t.Context(), time.Hour); err != nil || g.Processes != 1 {
				t.Errorf("%d live, %v", g.Processes, err)
			}
			time.Sleep(20 * time.Millisecond)
			if g, err := db.Gauges(t.Context(), 10*time.Millisecond); err != nil || g.Processes != 0 {
				t.Errorf("%d live after they fell silent, %v", g.Processes, err)
			}
		})
	}
}
