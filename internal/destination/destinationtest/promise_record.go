package destinationtest

import (
	"testing"
	"time"

	"github.com/weirhq/weir"
)

func replaced(t *testing.T, p Place) {
	d := p.open(t)
	load(t, d, batch(0, Booking("a", 1, "Kei", "Ada", "Bo"), Booking("b", 1, "Cy")))
	if got := load(t, d, batch(2, Booking("a", 2, "Ada"))); got.Rows != 1 {
		t.Errorf("got %+v, want 1 row", got)
	}
	p.shows(t, layout(), rowsOf(layout(), Booking("a", 2, "Ada"), Booking("b", 1, "Cy")))
	load(t, d, batch(3, Booking("b", 2)))
	p.shows(t, layout(), rowsOf(layout(), Booking("a", 2, "Ada"), Booking("b", 2)))
}

func deleted(t *testing.T, p Place) {
	d := p.open(t)
	load(t, d, batch(0, Booking("a", 1, "Kei"), Booking("b", 1, "Cy")))
	if got := load(t, d, batch(2, deletion("a"))); got.Rows != 1 {
		t.Errorf("got %+v, want 1 row", got)
	}
	want := together(marked(rowsOf(layout(), Booking("a", 1, "Kei")), at(3)), rowsOf(layout(), Booking("b", 1, "Cy")))
	p.shows(t, layout(), want)
	load(t, d, batch(3, deletion("a"))) // told again, it keeps the first time
	p.shows(t, layout(), want)
}

func revived(t *testing.T, p Place) {
	d := p.open(t)
	load(t, d, batch(0, Booking("a", 1, "Kei")), batch(1, deletion("a")), batch(2, Booking("a", 1, "Kei")))
	p.shows(t, layout(), rowsOf(layout(), Booking("a", 1, "Kei")))
	load(t, d, batch(3, deletion("a")), batch(4, Booking("a", 2)))
	p.shows(t, layout(), rowsOf(layout(), Booking("a", 2)))
}

func deletedNothing(t *testing.T, p Place) {
	d := p.open(t)
	load(t, d, batch(0, deletion("never"), Booking("a", 1)))
	position(t, d, "log-a", 2)
	p.shows(t, layout(), rowsOf(layout(), Booking("a", 1)))
}

func newLog(t *testing.T, p Place) {
	d := p.open(t)
	load(t, d, batch(0, Booking("a", 1, "Kei"), Booking("b", 1)), batch(2, Booking("a", 2, "Ada")))
	b := batch(0, Booking("b", 1), Booking("a", 2, "Ada"), Booking("c", 1))
	b.Log, b.Epoch = "log-b", 1
	load(t, d, b)
	position(t, d, "log-a", 3)
	position(t, d, "log-b", 3)
	p.shows(t, layout(), rowsOf(layout(), Booking("a", 2, "Ada"), Booking("b", 1), Booking("c", 1)))
}

func otherSource(t *testing.T, p Place) {
	d := p.open(t)
	load(t, d, batch(0, Booking("a", 1)))
	b := batch(1, Booking("a", 2))
	b.Source = "calcom https://api.cal.com account 8"
	p.refuses(t, d, b, weir.CodeConflict)
}

func otherMode(t *testing.T, p Place) {
	if !p.History {
		t.Skip("there is one mode only")
	}
	d := p.open(t)
	load(t, d, batch(0, Booking("a", 1)))
	b := batch(1, Booking("a", 2))
	b.Mode, b.Layout = weir.ModeHistory, historyLayout()
	p.refuses(t, d, b, weir.CodeConflict)
}

func history(t *testing.T, p Place) {
	if !p.History {
		t.Skip("it cannot keep history")
	}
	d := p.open(t)
	as := func(b weir.Batch) weir.Batch {
		b.Mode, b.Layout = weir.ModeHistory, historyLayout()
		return b
	}
	one, two, three := Booking("a", 1, "Kei"), Booking("a", 2, "Kei", "Ada"), Booking("b", 1)
	if got := load(t, d, as(batch(0, one, two, three))); got.Rows != 3 {
		t.Errorf("got %+v, want 3 rows", got)
	}
	load(t, d, as(batch(3, Booking("a", 3))))
	want := []weir.Change{one, two, three, Booking("a", 3)}
	p.shows(t, historyLayout(), rowsOf(historyLayout(), want...))

	// A version that returns is one more, also within a batch.
	again, between, last := readAt(one, time.Hour), readAt(two, 2*time.Hour), readAt(one, 3*time.Hour)
	load(t, d, as(batch(4, again, between, last)))
	want = append(want, again, between, last)
	p.shows(t, historyLayout(), rowsOf(historyLayout(), want...))

	// A new log tells what is there already.
	b := as(batch(0, readAt(one, 4*time.Hour), readAt(three, 4*time.Hour)))
	b.Log = "log-b"
	load(t, d, b)
	p.shows(t, historyLayout(), rowsOf(historyLayout(), want...))
}

// What other rules make of a version stands in place of it: both are of one time,
// and nobody could tell which is the newest.
func otherRules(t *testing.T, p Place) {
	if !p.History || !p.Marks {
		t.Skip("versions stay as they were written")
	}
	d := p.open(t)
	by := func(edition string, changes ...weir.Change) {
		b := batch(0, changes...)
		b.Mode, b.Layout, b.Log = weir.ModeHistory, historyLayout(), weir.LogEdition("log-a", edition)
		load(t, d, b)
	}
	one, two, three := Booking("a", 1, "Kei"), Booking("a", 2, "Kei", "Ada"), Booking("b", 1, "Cy")
	by("1", one, two, three)
	p.shows(t, historyLayout(), rowsOf(historyLayout(), one, two, three))

	// Of the third they make the same.
	first, second := readAt(Booking("a", 11, "K"), -10*time.Minute), readAt(Booking("a", 12, "K", "A"), -10*time.Minute)
	by("2", first, second, three)
	p.shows(t, historyLayout(), together(marked(rowsOf(historyLayout(), one, two), at(3)), rowsOf(historyLayout(), first, second, three)))

	// And back again.
	by("3", one, two, three)
	p.shows(t, historyLayout(), together(marked(rowsOf(historyLayout(), first, second), at(3)), rowsOf(historyLayout(), one, two, three)))
}
