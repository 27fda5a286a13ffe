package storetest

import (
	"fmt"
	"slices"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// lookupPromises are about the rows of lookups and what is in projects.
var lookupPromises = map[string]func(*world){
	"ALookupsRowsAreOrderedByTheBytesOfTheirKeys": orderedByBytes,
	"ARowReplacesTheOneWithItsKey":                rowReplaced,
	"ManyRowsAreWrittenReadAndDropped":            manyRows,
	"RowsOfOneLookupAreNotAnothers":               notAnothers,
	"NoRowOfAChangeThatFailsIsThere":              noRowOfIt,
	"AFlowIsInOneProjectAtMost":                   oneProject,
	"AnEntryOfAProjectCountsWhileBothLive":        bothLive,
}

func (w *world) lookup(rows ...store.LookupEntry) int64 {
	w.Helper()
	made := w.make(store.Resource{Kind: store.KindLookup})
	w.change(func(tx *store.Tx) error { return tx.PutLookupEntries(w.Context(), made.ID, rows...) })
	return made.ID
}

// entry is a row that says what its key is.
func entry(key string) store.LookupEntry {
	return store.LookupEntry{Key: key, Row: fmt.Appendf(nil, `{"k":%q}`, key)}
}

func (w *world) keys(lookup int64) (keys []string) {
	w.Helper()
	w.must(w.db.EachLookupEntry(w.Context(), lookup, func(e store.LookupEntry) error {
		keys = append(keys, e.Key)
		return nil
	}))
	return keys
}

func orderedByBytes(w *world) {
	id := w.lookup(entry("b"), entry("ä"), entry("B"), entry("a,c"), entry("10"), entry("9"), entry("a%"))
	want := []string{"10", "9", "B", "a%", "a,c", "b", "ä"}
	if got := w.keys(id); !slices.Equal(got, want) {
		w.Errorf("in the order %q, want %q", got, want)
	}
	var paged []string
	for page := 1; page <= 4; page++ {
		some, err := w.db.LookupPage(w.Context(), id, page, 3)
		w.must(err)
		for _, e := range some {
			paged = append(paged, e.Key)
		}
	}
	if !slices.Equal(paged, want) {
		w.Errorf("page by page %q", paged)
	}
	after := []string{""}
	for {
		some, err := w.db.LookupAfter(w.Context(), id, after[len(after)-1], 3)
		if w.must(err); len(some) == 0 {
			break
		}
		for _, e := range some {
			after = append(after, e.Key)
		}
	}
	if !slices.Equal(after[1:], want) {
		w.Errorf("each time on from the last key %q", after[1:])
	}
}

func rowReplaced(w *world) {
	id := w.lookup(entry("a"), entry("b"))
	w.change(func(tx *store.Tx) error {
		return tx.PutLookupEntries(w.Context(), id, store.LookupEntry{Key: "a", Row: []byte(`{"k":"new"}`)}, entry("c"))
	})
	got, err := w.db.LookupEntries(w.Context(), id, "a", "z", "c")
	w.must(err)
	if len(got) != 2 || string(got[0].Row) != `{"k":"new"}` || got[1].Key != "c" {
		w.Errorf("found %q", got)
	}
	if n := len(w.keys(id)); n != 3 {
		w.Errorf("%d rows", n)
	}
}

func manyRows(w *world) {
	rows, keys := make([]store.LookupEntry, 1203), make([]string, 1203)
	for i := range rows {
		keys[i] = fmt.Sprintf("%05d", i)
		rows[i] = entry(keys[i])
	}
	id := w.lookup(rows...)
	got, err := w.db.LookupEntries(w.Context(), id, keys...)
	w.must(err)
	if len(got) != len(keys) || !slices.Equal(w.keys(id), keys) {
		w.Errorf("%d of %d rows are there", len(got), len(keys))
	}
	w.change(func(tx *store.Tx) error { return tx.DropLookupEntries(w.Context(), id, keys[1:]...) })
	if got := w.keys(id); !slices.Equal(got, keys[:1]) {
		w.Errorf("%d rows are left", len(got))
	}
}

func notAnothers(w *world) {
	first, second := w.lookup(entry("a"), entry("b")), w.lookup()
	w.change(func(tx *store.Tx) error { return tx.CopyLookup(w.Context(), first, second) })
	w.change(func(tx *store.Tx) error {
		if err := tx.DropLookupEntries(w.Context(), second, "a"); err != nil {
			return err
		}
		return tx.PutLookupEntries(w.Context(), second, entry("c"))
	})
	if got := w.keys(first); !slices.Equal(got, []string{"a", "b"}) {
		w.Errorf("the first has %q", got)
	}
	if got := w.keys(second); !slices.Equal(got, []string{"b", "c"}) {
		w.Errorf("the copy has %q", got)
	}
	w.change(func(tx *store.Tx) error { return tx.ClearLookup(w.Context(), first) })
	if a, b := len(w.keys(first)), len(w.keys(second)); a != 0 || b != 2 {
		w.Errorf("%d and %d are left", a, b)
	}
}

func noRowOfIt(w *world) {
	id := w.lookup(entry("a"))
	err := w.db.Change(w.Context(), func(tx *store.Tx) error {
		if err := tx.PutLookupEntries(w.Context(), id, entry("b")); err != nil {
			return err
		}
		var inside []string
		err := tx.EachLookupEntry(w.Context(), id, func(e store.LookupEntry) error {
			inside = append(inside, e.Key)
			return nil
		})
		if err != nil || len(inside) != 2 {
			w.Errorf("inside are %q, %v", inside, err)
		}
		return &weir.Error{Code: weir.CodeUsage, Message: "no"}
	})
	w.refused(err, weir.CodeUsage)
	if got := w.keys(id); !slices.Equal(got, []string{"a"}) {
		w.Errorf("left are %q", got)
	}
}

// inProject gives the sources in a project.
func (w *world) inProject(id int64) (sources []int64) {
	w.Helper()
	all, err := w.db.ProjectFlows(w.Context(), id)
	w.must(err)
	for _, e := range all {
		if e.ID == 0 || e.Project != id || e.Added == 0 {
			w.Errorf("entry %+v", e)
		}
		sources = append(sources, e.Source)
	}
	return sources
}

func oneProject(w *world) {
	first, second := w.make(store.Resource{Kind: store.KindProject}), w.make(store.Resource{Kind: store.KindProject})
	a, b := w.make(store.Resource{Kind: store.KindSource}), w.make(store.Resource{Kind: store.KindSource})
	w.change(func(tx *store.Tx) error {
		for _, id := range []int64{a.ID, b.ID, a.ID} {
			if err := tx.PutInProject(w.Context(), first.ID, id, 5); err != nil {
				return err
			}
		}
		return nil
	})
	if got := w.inProject(first.ID); !slices.Equal(got, []int64{a.ID, b.ID}) {
		w.Errorf("in the first are %v", got)
	}
	w.change(func(tx *store.Tx) error { return tx.PutInProject(w.Context(), second.ID, a.ID, 6) })
	w.change(func(tx *store.Tx) error { return tx.TakeFromProject(w.Context(), first.ID, a.ID) }) // it is not there
	if one, two := w.inProject(first.ID), w.inProject(second.ID); !slices.Equal(one, []int64{b.ID}) || !slices.Equal(two, []int64{a.ID}) {
		w.Errorf("moved, in the first are %v, in the second %v", one, two)
	}
	if of, err := w.db.FlowProjects(w.Context(), a.ID); err != nil || len(of) != 1 || of[0].Project != second.ID {
		w.Errorf("%d is in %d, %v", a.ID, of, err)
	}
	w.change(func(tx *store.Tx) error { return tx.KeepInProject(w.Context(), second.ID, a.ID, b.ID) })
	if got := w.inProject(second.ID); !slices.Equal(got, []int64{a.ID}) {
		w.Errorf("kept, it has %v", got)
	}
	w.change(func(tx *store.Tx) error { return tx.KeepInProject(w.Context(), second.ID) })
	if got := w.inProject(second.ID); got != nil {
		w.Errorf("emptied, it has %v", got)
	}
}

func bothLive(w *world) {
	project := w.make(store.Resource{Kind: store.KindProject})
	a, b := w.make(store.Resource{Kind: store.KindSource}), w.make(store.Resource{Kind: store.KindSource})
	w.change(func(tx *store.Tx) error {
		if err := tx.PutInProject(w.Context(), project.ID, a.ID, 5); err != nil {
			return err
		}
		return tx.PutInProject(w.Context(), project.ID, b.ID, 5)
	})
	w.remove(a)
	if got := w.inProject(project.ID); !slices.Equal(got, []int64{b.ID}) {
		w.Errorf("without the deleted source there are %v", got)
	}
	w.remove(project)
	if got := w.inProject(project.ID); got != nil {
		w.Errorf("a deleted project has %v", got)
	}
	if of, err := w.db.FlowProjects(w.Context(), b.ID); err != nil || len(of) != 0 {
		w.Errorf("the source is in the deleted project %d, %v", of, err)
	}
}
