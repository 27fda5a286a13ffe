package destinationtest

import (
	"context"
	"math"
	"testing"
	"time"

	compare "github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
)

func loaded(t *testing.T, p Place) {
	d := p.open(t)
	position(t, d, "log-a", 0)
	a, b := Booking("a", 1, "Kei", "Ada"), Booking("b", 1)
	got := load(t, d, batch(0, a, b))
	if got.Rows != 2 || len(got.Refused) != 0 {
		t.Errorf("got %+v, want 2 rows and nothing refused", got)
	}
	position(t, d, "log-a", 2)
	position(t, d, "log-b", 0)
	p.shows(t, layout(), rowsOf(layout(), a, b))
}

// extremes are values that are easily lost: the ends of ranges, and text with
// what formats use themselves.
func extremes(id string, n int64, f float64, text string, at time.Time, b bool, json string) weir.Change {
	c := Booking(id, 1, text)
	row := c.Rows[0][0]
	row[1], row[2], row[3], row[4], row[5], row[6] = n, f, text, at, b, json
	return c
}

func values(t *testing.T, p Place) {
	changes := []weir.Change{
		extremes("1", math.MaxInt64, math.MaxFloat64, "", time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC), true, `{}`),
		extremes("2", math.MinInt64, math.SmallestNonzeroFloat64, "a\"b'c;--\\N,\t\r\nd", time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), false, `"null"`),
		extremes("3", 1<<53+1, 0.1, "NULL", time.Date(1969, 12, 31, 23, 59, 59, 1000, time.UTC), false, `"text"`),
		extremes("4", 0, -1.0/3, "名前 \U0001F600 \u202e\u200b", began, true, `[1,{"a":[]}]`),
		extremes("5", -1, 1e21, "=1+1", began, true, `true`),
		extremes("quote'\"; DROP TABLE bookings; --", 1, 1, "\\", began, true, `{"a":"\\\"\n"}`),
	}
	nulls := Booking("6", 1)
	for i := 1; i <= 6; i++ {
		nulls.Rows[0][0][i] = nil
	}
	changes = append(changes, nulls)
	d := p.open(t)
	load(t, d, batch(0, changes...))
	p.shows(t, layout(), rowsOf(layout(), changes...))
}

func twice(t *testing.T, p Place) {
	d := p.open(t)
	b := batch(0, Booking("a", 1, "Kei"), deletion("z"))
	load(t, d, b)
	before := p.rows(t, layout())
	if got := load(t, d, b); got.Rows != 0 || len(got.Refused) != 0 {
		t.Errorf("the second time %+v, want nothing", got)
	}
	position(t, d, "log-a", 2)
	if diff := compare.Diff(before, p.rows(t, layout())); diff != "" {
		t.Error(diff)
	}
}

func gaps(t *testing.T, p Place) {
	d := p.open(t)
	load(t, d, batch(0, Booking("a", 1), Booking("b", 1)))
	p.refuses(t, d, batch(3, Booking("c", 1)), weir.CodeIntegrity)
	p.refuses(t, d, batch(1, Booking("b", 2), Booking("c", 1)), weir.CodeIntegrity)
	fresh := batch(1, Booking("c", 1))
	fresh.Log = "log-b"
	p.refuses(t, d, fresh, weir.CodeIntegrity)
}

func fenced(t *testing.T, p Place) {
	d := p.open(t)
	first := batch(0, Booking("a", 1))
	first.Epoch = 5
	load(t, d, first)
	late := batch(1, Booking("a", 2))
	late.Epoch = 4
	p.refuses(t, d, late, weir.CodeIntegrity)
	again := batch(0, Booking("a", 1))
	again.Epoch = 4
	p.refuses(t, d, again, weir.CodeIntegrity)
	next := batch(1, Booking("a", 2))
	next.Epoch = 6
	load(t, d, next)
	p.shows(t, layout(), rowsOf(layout(), Booking("a", 2)))
}

func fencedEditions(t *testing.T, p Place) {
	d := p.open(t)
	first := batch(0, Booking("a", 1))
	first.Log, first.Epoch = weir.LogEdition("log-a", "old"), 5
	load(t, d, first)
	other := batch(0, Booking("a", 2))
	other.Log, other.Epoch = weir.LogEdition("log-a", "new"), 6
	load(t, d, other)
	late := batch(1, Booking("a", 1), Booking("b", 1))
	late.Log, late.Epoch = first.Log, 5
	p.refuses(t, d, late, weir.CodeIntegrity)
	restored := batch(0, Booking("a", 2)) // another log has epochs of its own
	restored.Log, restored.Epoch = weir.LogEdition("log-b", "new"), 1
	load(t, d, restored)
	p.shows(t, layout(), rowsOf(layout(), Booking("a", 2)))
}

func empty(t *testing.T, p Place) {
	d := p.open(t)
	b := batch(0)
	b.To = 10
	if got := load(t, d, b); got.Rows != 0 {
		t.Errorf("got %+v", got)
	}
	position(t, d, "log-a", 10)
	load(t, d, batch(10, Booking("a", 1)))
	p.shows(t, layout(), rowsOf(layout(), Booking("a", 1)))
}

func refused(t *testing.T, p Place) {
	d := p.open(t)
	bad := Booking("bad", 1, "Kei")
	bad.Rows[0][0][2] = math.NaN()
	changes := []weir.Change{Booking("a", 1, "Ada"), bad, Booking("b", 1)}
	got := load(t, d, batch(0, changes...))
	if got.Rows != 2 || len(got.Refused) != 1 || got.Refused[0].Key != "bad" || got.Refused[0].Reason == "" || got.Refused[0].Stage != "load" {
		t.Errorf("got %+v, want 2 rows and the record bad refused with a reason", got)
	}
	position(t, d, "log-a", 3)
	p.shows(t, layout(), rowsOf(layout(), changes[0], changes[2]))
	load(t, d, batch(3, Booking("bad", 2)))
	p.shows(t, layout(), rowsOf(layout(), changes[0], changes[2], Booking("bad", 2)))
}

func reopened(t *testing.T, p Place) {
	for i := range 4 {
		d := p.Open(t)
		position(t, d, "log-a", weir.Position(i))
		load(t, d, batch(weir.Position(i), Booking("a", i+1, "Kei")))
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	p.shows(t, layout(), rowsOf(layout(), Booking("a", 4, "Kei")))
}

func cancelled(t *testing.T, p Place) {
	d := p.open(t)
	load(t, d, batch(0, Booking("a", 1)))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Load(ctx, batch(1, Booking("a", 2))); weir.CodeOf(err) != weir.CodeCancelled {
		t.Errorf("got %v, want an error of class %s", err, weir.CodeCancelled)
	}
	position(t, d, "log-a", 1)
	p.shows(t, layout(), rowsOf(layout(), Booking("a", 1)))
	load(t, d, batch(1, Booking("a", 2)))
	p.shows(t, layout(), rowsOf(layout(), Booking("a", 2)))
}
