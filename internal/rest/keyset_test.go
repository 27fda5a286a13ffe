package rest_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
)

// row is a booking of a small list whose server misbehaves on purpose.
type row struct {
	uid              string
	created, updated time.Time
}

// list serves rows as Cal.com does: one sort column, ties in any order, both
// bounds inclusive.
type list struct {
	rows     []row
	requests int
	spoil    func([]row) []row       // after filter and order, before the page is cut
	ignore   func(param string) bool // filters that are silently ignored
	cut      func([]row) []row       // after the page was cut
	before   func(url.Values)        // sees each request
	note     func() string           // a field that may differ each time
	cap      int                     // the largest page, whatever is asked for; 0 for any
	noDate   bool
}

func (l *list) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.requests++
	q := r.URL.Query()
	if l.before != nil {
		l.before(q)
	}
	bound := func(name string, otherwise time.Time) time.Time {
		if l.ignore != nil && l.ignore(name) {
			return otherwise
		}
		if t, err := time.Parse(time.RFC3339Nano, q.Get(name)); err == nil {
			return t
		}
		return otherwise
	}
	var out []row
	first, last := time.Time{}, time.Now().AddDate(100, 0, 0)
	for _, row := range l.rows {
		if row.created.Before(bound("afterCreatedAt", first)) || row.created.After(bound("beforeCreatedAt", last)) ||
			row.updated.Before(bound("afterUpdatedAt", first)) || row.updated.After(bound("beforeUpdatedAt", last)) {
			continue
		}
		out = append(out, row)
	}
	rand.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	slices.SortStableFunc(out, func(a, b row) int {
		if q.Get("sortUpdatedAt") != "" && q.Get("sortCreated") == "" {
			return a.updated.Compare(b.updated)
		}
		return a.created.Compare(b.created)
	})
	if l.spoil != nil {
		out = l.spoil(out)
	}
	skip := min(number(r, "skip", 0), len(out))
	if l.ignore != nil && l.ignore("skip") {
		skip = 0
	}
	take := number(r, "take", 100)
	if l.cap > 0 {
		take = min(take, l.cap)
	}
	out = out[skip:min(skip+take, len(out))]
	if l.cut != nil {
		out = l.cut(out)
	}
	w.Header().Set("Content-Type", "application/json")
	if !l.noDate {
		w.Header().Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	note := ""
	if l.note != nil {
		note = l.note()
	}
	stamp := func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
	var parts []string
	for _, row := range out {
		parts = append(parts, fmt.Sprintf(`{"uid":%q,"createdAt":%q,"updatedAt":%q,"note":%q}`, row.uid, stamp(row.created), stamp(row.updated), note))
	}
	fmt.Fprintf(w, `{"pagination":{},"data":[%s]}`, strings.Join(parts, ","))
}

// day is some day in the past.
var day = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// rowsOf makes n rows, a minute apart.
func rowsOf(n int) []row {
	rows := make([]row, n)
	for i := range rows {
		at := day.Add(time.Duration(i) * time.Minute)
		rows[i] = row{uid: fmt.Sprintf("u%d", i), created: at, updated: at.Add(time.Hour)}
	}
	return rows
}

// small is the bookings' configuration with pages of ten.
func small() rest.Config {
	c := bookings()
	c.Steps[0].Keyset.Size = 10
	return c
}

// walk reads once and returns the uids shown.
func walk(t *testing.T, l *list, mode rest.Mode, from weir.Checkpoint) (map[string]int, weir.Checkpoint, error) {
	t.Helper()
	s, err := rest.NewSource(small(), client(t, l, "cal_test"))
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]int{}
	err = s.Read(t.Context(), rest.ReadRequest{Mode: mode, Checkpoint: from}, func(_ context.Context, p weir.Page) error {
		for _, r := range p.Records {
			shown[r.Key]++
		}
		from = p.Checkpoint
		return nil
	})
	return shown, from, err
}

func TestMoreTiesThanFitAPageAreAllRead(t *testing.T) {
	for _, ties := range []int{9, 10, 11, 37, 300} {
		l := &list{rows: rowsOf(40)}
		for i := range ties { // one statement changed them all, in one millisecond
			at := day.Add(time.Duration(10*60+i) * time.Second)
			l.rows = append(l.rows, row{fmt.Sprintf("tied%d", i), at, day.Add(100 * time.Hour)})
		}
		for i := range 37 { // and some were made in one
			l.rows = append(l.rows, row{fmt.Sprintf("made%d", i), day.Add(30 * time.Hour), day.Add(31*time.Hour + time.Duration(i)*time.Second)})
		}
		for _, mode := range []rest.Mode{rest.ModeSweep, rest.ModeIncremental} {
			shown, _, err := walk(t, l, mode, nil)
			if err != nil || len(shown) != len(l.rows) {
				t.Errorf("%d ties, mode %d: %d of %d shown, %v", ties, mode, len(shown), len(l.rows), err)
			}
		}
	}
}

func TestAShortPageInTheMiddleIsNotTheEnd(t *testing.T) {
	n := 0
	l := &list{rows: rowsOf(95), cut: func(page []row) []row {
		if n++; n%3 == 2 && len(page) > 4 { // details of two rows could not be read this time
			return append(page[:2:2], page[4:]...)
		}
		return page
	}}
	shown, checkpoint, err := walk(t, l, rest.ModeSweep, nil)
	if err != nil || len(shown) < 85 {
		t.Fatalf("%d shown, %v", len(shown), err)
	}
	l.cut = nil
	more, _, err := walk(t, l, rest.ModeSweep, checkpoint)
	if err != nil || len(more) != 95 {
		t.Errorf("the next sweep shows %d of 95, %v", len(more), err)
	}
}

func TestAServerThatIgnoresWhatWasAskedIsRefused(t *testing.T) {
	for name, l := range map[string]*list{
		"a filter":        {rows: rowsOf(95), ignore: func(p string) bool { return p == "afterCreatedAt" }},
		"the other bound": {rows: rowsOf(95), ignore: func(p string) bool { return p == "beforeUpdatedAt" }},
		"the order":       {rows: rowsOf(95), spoil: func(rows []row) []row { slices.Reverse(rows); return rows }},
	} {
		mode := rest.ModeSweep
		if name == "the other bound" {
			mode = rest.ModeIncremental
			for i := range l.rows {
				l.rows[i].updated = l.rows[i].updated.AddDate(50, 0, 0)
			}
		}
		_, _, err := walk(t, l, mode, nil)
		if weir.CodeOf(err) != weir.CodeCapability {
			t.Errorf("%s is ignored: %v", name, err)
		}
		if l.requests > 5 { // a page that breaks the rules is asked for three times, and the next one once
			t.Errorf("%s is ignored, which was noticed after %d requests", name, l.requests)
		}
	}
}

func TestAnIncrementWithNothingChangedIsOneRequest(t *testing.T) {
	l := &list{rows: rowsOf(95)}
	_, checkpoint, err := walk(t, l, rest.ModeSweep, nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		l.requests = 0
		var shown map[string]int
		if shown, checkpoint, err = walk(t, l, rest.ModeIncremental, checkpoint); err != nil || len(shown) != 0 || l.requests != 1 {
			t.Errorf("%d shown in %d requests, %v", len(shown), l.requests, err)
		}
	}
}

func TestAChangeIsShownByTheNextIncrement(t *testing.T) {
	l := &list{rows: rowsOf(95)}
	_, checkpoint, err := walk(t, l, rest.ModeSweep, nil)
	if err != nil {
		t.Fatal(err)
	}
	l.rows[7].updated = time.Now().Add(-2 * time.Second)
	// It was stamped before the last reading and became visible only now.
	l.rows[8].updated = time.Now().Add(-5 * time.Minute)
	shown, _, err := walk(t, l, rest.ModeIncremental, checkpoint)
	if err != nil || shown["u7"] == 0 || shown["u8"] == 0 || len(shown) != 2 {
		t.Errorf("shown %v, %v", shown, err)
	}
}
