package destinationtest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir"
)

// with adds a column to the root table of a batch, with a value for each
// change.
func with(b weir.Batch, c weir.Column, value any) weir.Batch {
	t := &b.Layout.Tables[0]
	t.Columns = slices.Insert(t.Columns, 1, c)
	for i := range b.Changes {
		b.Changes[i].Rows[0][0] = slices.Insert(b.Changes[i].Rows[0][0], 1, value)
	}
	return b
}

func widerLayout(t *testing.T, p Place) {
	d := p.open(t)
	load(t, d, batch(0, Booking("a", 1, "Kei"), Booking("b", 1)))
	b := with(batch(2, Booking("b", 2)), weir.Column{Name: "color", Type: weir.TypeText}, "red")
	hosts := weir.Table{Name: "booking_hosts", Key: []string{"booking_id", "position"}, Parent: 1, Columns: slices.Concat([]weir.Column{
		{Name: "booking_id", Type: weir.TypeText}, {Name: "position", Type: weir.TypeInt}, {Name: "email", Type: weir.TypeText}}, ownColumns)}
	b.Layout.Tables = append(b.Layout.Tables, hosts)
	b.Changes[0].Rows = append(b.Changes[0].Rows, [][]any{slices.Concat([]any{"b", int64(0), "h@example.org"}, own("b", 2, began))})
	load(t, d, b)
	old := rowsOf(layout(), Booking("a", 1, "Kei"))
	for _, row := range old["bookings"] {
		row["color"] = nil
	}
	p.shows(t, b.Layout, together(old, rowsOf(b.Layout, b.Changes[0])))
}

// widened checks each way in which a type may widen: what was there and what
// comes are both there, in the wider type.
func widened(t *testing.T, p Place) {
	when := time.Date(2026, 11, 7, 7, 39, 59, 19e6, time.UTC)
	const shown = "2026-11-07T07:39:59.019000Z"
	for i, c := range []struct {
		from, to weir.Type
		old, new any
		want     any
	}{
		{weir.TypeInt, weir.TypeFloat, int64(7), 0.5, 7.0},
		{weir.TypeInt, weir.TypeText, int64(1<<53 + 1), "x", "9007199254740993"},
		{weir.TypeFloat, weir.TypeText, 0.1, "x", "0.1"},
		{weir.TypeBool, weir.TypeText, true, "007", "true"},
		{weir.TypeTime, weir.TypeText, when, "soon", shown},
		{weir.TypeText, weir.TypeJSON, "a\"b", `{"a":1}`, `"a\"b"`},
		{weir.TypeInt, weir.TypeJSON, int64(7), `[1]`, `7`},
		{weir.TypeBool, weir.TypeJSON, false, `"x"`, `false`},
		{weir.TypeTime, weir.TypeJSON, when, `{}`, `"` + shown + `"`},
	} {
		name := fmt.Sprintf("w%d", i)
		t.Run(fmt.Sprintf("%s to %s", c.from, c.to), func(t *testing.T) {
			d := p.open(t)
			in := func(b weir.Batch) weir.Batch {
				b.Dataset, b.Layout.Tables = name, b.Layout.Tables[:1]
				b.Layout.Tables[0].Name = name
				for i := range b.Changes {
					b.Changes[i].Rows = b.Changes[i].Rows[:1]
				}
				return b
			}
			load(t, d, in(with(batch(0, Booking("a", 1), Booking("n", 1)), weir.Column{Name: "x", Type: c.from}, c.old)))
			second := in(with(batch(2, Booking("b", 1)), weir.Column{Name: "x", Type: c.to}, c.new))
			load(t, d, second)
			got := map[any]any{}
			for _, row := range p.read(t, second.Layout.Tables[0]) {
				got[row["id"]] = row["x"]
			}
			if got["a"] != c.want || got["n"] != c.want || got["b"] != c.new || len(got) != 3 {
				t.Errorf("got %v, want a and n: %v, b: %v", got, c.want, c.new)
			}
		})
	}
}

// narrower loads with a schema that has forgotten columns, tables and width,
// as one that starts anew has.
func narrower(t *testing.T, p Place) {
	d := p.open(t)
	load(t, d, with(batch(0, Booking("a", 1, "Kei"), Booking("b", 1, "Ada")), weir.Column{Name: "color", Type: weir.TypeText}, "red"))
	b := batch(2, Booking("a", 2))
	b.Layout.Tables = b.Layout.Tables[:1]
	b.Changes[0].Rows = b.Changes[0].Rows[:1]
	b.Layout.Tables[0].Columns[3].Type = weir.TypeInt // the title, which is text
	b.Changes[0].Rows[0][0][3] = int64(12)
	load(t, d, b)
	wide := with(batch(0, Booking("a", 2), Booking("b", 1, "Ada")), weir.Column{Name: "color", Type: weir.TypeText}, "red")
	wide.Changes[0].Rows[0][0][1], wide.Changes[0].Rows[0][0][4] = nil, "12"
	p.shows(t, wide.Layout, rowsOf(wide.Layout, wide.Changes...))
}

// inDataset is a batch of a dataset whose tables have these names.
func inDataset(b weir.Batch, dataset, root, child string) weir.Batch {
	b.Dataset, b.Log, b.Layout = dataset, "log of "+dataset, layout()
	b.Layout.Tables[0].Name, b.Layout.Tables[1].Name = root, child
	return b
}

// otherDataset loads two datasets that want one table, by their children or
// by a child and a root, each of them first once.
func otherDataset(t *testing.T, p Place) {
	for _, c := range []struct{ first, second, table string }{
		{"a", "a_b", "a_b_c"}, {"k_l", "k", "k_l_c"}, {"d", "d_e", "d_e"}, {"g_h", "g", "g_h"},
	} {
		t.Run(c.first+" before "+c.second, func(t *testing.T) {
			d := p.open(t)
			tables := func(dataset string) (root, child string) {
				if dataset == c.table {
					return c.table, c.table + "_own"
				}
				return dataset, c.table
			}
			root, child := tables(c.first)
			first := inDataset(batch(0, Booking("x", 1, "Kei")), c.first, root, child)
			load(t, d, first)
			root, child = tables(c.second)
			second := inDataset(batch(0, Booking("y", 1, "Ada")), c.second, root, child)
			_, err := d.Load(t.Context(), second)
			if weir.CodeOf(err) != weir.CodeConflict {
				t.Fatalf("got %v, want an error of class %s", err, weir.CodeConflict)
			}
			for _, says := range []string{"table " + c.table, "the dataset " + c.first + " ", ". Load one of the two"} {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("%q does not say %q", err, says)
				}
			}
			p.shows(t, first.Layout, rowsOf(first.Layout, Booking("x", 1, "Kei")))
			if at, err := d.Position(t.Context(), second.Log, second.Dataset); at != 0 || err != nil {
				t.Errorf("the refused dataset is at %d (%v)", at, err)
			}
		})
	}
}

// wantedByTwo loads two such datasets at once.
func wantedByTwo(t *testing.T, p Place) {
	d := p.open(t)
	var wait sync.WaitGroup
	errs := make([]error, 2)
	for i, dataset := range []string{"a", "a_b"} {
		wait.Go(func() {
			_, errs[i] = d.Load(t.Context(), inDataset(batch(0, Booking("x", 1, "Kei")), dataset, dataset, "a_b_c"))
		})
	}
	wait.Wait()
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(string(weir.CodeOf(a)), string(weir.CodeOf(b))) })
	if errs[0] != nil || weir.CodeOf(errs[1]) != weir.CodeConflict || !strings.Contains(fmt.Sprint(errs[1]), "two cannot share one") {
		t.Errorf("got %v, want one to be loaded and one to be told of the other", errs)
	}
}
