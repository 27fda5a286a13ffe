package destinationtest

import (
	"fmt"
	"sync"
	"testing"

	"github.com/weirhq/weir"
)

// sideBySide loads several datasets at once through one destination.
func sideBySide(t *testing.T, p Place) {
	d := p.open(t)
	var wait sync.WaitGroup
	for i := range 4 {
		wait.Go(func() {
			for j := range 5 {
				b := batch(weir.Position(j), Booking("a", j+1, "Kei"))
				b.Dataset, b.Log = fmt.Sprintf("set%d", i), fmt.Sprintf("log-%d", i)
				b.Layout = renamed(b.Dataset)
				if _, err := d.Load(t.Context(), b); err != nil {
					t.Errorf("%s, batch %d: %v", b.Dataset, j, err)
					return
				}
			}
		})
	}
	wait.Wait()
	for i := range 4 {
		l := renamed(fmt.Sprintf("set%d", i))
		p.shows(t, l, rowsOf(l, Booking("a", 5, "Kei")))
	}
}

// race lets two open destinations load the same batches. Each batch is
// applied by one of them; the other finds it done, or is refused because it
// is somewhere else by then.
func race(t *testing.T, p Place) {
	const batches = 8
	var wait sync.WaitGroup
	rows := make([]int, 2)
	for i := range rows {
		d := p.open(t)
		wait.Go(func() {
			for at := weir.Position(0); at < batches; {
				got, err := d.Load(t.Context(), batch(at, Booking(fmt.Sprintf("b%d", at), 1, "Kei")))
				switch code := weir.CodeOf(err); code {
				case "":
					rows[i] += got.Rows
				case weir.CodeConflict, weir.CodeIntegrity, weir.CodeTransient:
				default:
					t.Errorf("batch %d: %v", at, err)
					return
				}
				if at, err = d.Position(t.Context(), "log-a", dataset); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	if rows[0]+rows[1] != batches {
		t.Errorf("they loaded %d and %d rows, want %d together", rows[0], rows[1], batches)
	}
	var all []weir.Change
	for i := range batches {
		all = append(all, Booking(fmt.Sprintf("b%d", i), 1, "Kei"))
	}
	p.shows(t, layout(), rowsOf(layout(), all...))
}

// newest plays random batches, some of them twice, with the place closed and
// opened in between.
func newest(t *testing.T, p Place) {
	for seed := range uint64(2) {
		w, d, l := NewWorld(seed), p.Open(t), renamed(fmt.Sprintf("world%d", seed))
		for i := range 15 {
			b := w.Next(20)
			b.Dataset, b.Layout = l.Tables[0].Name, l
			load(t, d, b)
			if i%3 == 0 {
				load(t, d, b)
			}
			if i%5 == 4 {
				if err := d.Close(); err != nil {
					t.Fatal(err)
				}
				d = p.Open(t)
			}
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		w.check(t, p, l)
	}
}
