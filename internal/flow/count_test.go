package flow_test

import (
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/simulator"
	"github.com/weirhq/weir/internal/store"
)

// Whoever looks at a run sees the same numbers: in its own page, in lists, in
// its log and among the streams.
func TestARunCountsTheSameWhereverItIsSeen(t *testing.T) {
	onBoth(t, 60, func(w *world) {
		src, d, _ := w.derived("Accepted only", rules("filter", `{"expression":"row.status == \"accepted\""}`))
		w.another(d.Parent, "all.db")
		w.sim.Mutate(simulator.Mutation{Count: 10, Delete: 2, Seed: 7})
		w.run(flow.Order{Source: src.ID, FullRefresh: true})
		for _, r := range w.runs(src) {
			one, err := w.flows.Run(w.Context(), 1, string(r.ID))
			w.must(err)
			listed, _, err := w.flows.ListRuns(w.Context(), store.RunFilter{Org: 1, ID: string(r.ID)})
			w.must(err)
			if r.Totals != one.Totals || listed[0].Totals != one.Totals {
				w.Errorf("in lists of the flow %+v, of all %+v, by itself %+v", r.Totals, listed[0].Totals, one.Totals)
			}
			sum := one.Result.Sum()
			if sum != one.Totals {
				w.Errorf("its streams have %+v, and it has %+v", sum, one.Totals)
			}
			if t := one.Totals; t.Read != t.Fresh+t.Unchanged+t.Quarantined || t.Read == 0 {
				w.Errorf("of those read each is one of three: %+v", t)
			}
			lines, _, err := w.db.RunLines(w.Context(), store.LogFilter{Org: 1, Source: src.ID, Run: string(r.ID), Types: []string{store.LineSummary}, Page: 1, Size: 9})
			if w.must(err); len(lines) != 1 || !strings.Contains(lines[0].Text, one.Totals.Words()) {
				w.Errorf("its log says %+v of %s", lines, one.Totals.Words())
			}
		}
		first := w.runs(src)[1].Totals
		if first.Read != 60 || first.Fresh != 60 || first.Filtered == 0 || first.Written+first.Filtered != 60 {
			w.Errorf("the first run: %+v", first)
		}
		second := w.runs(src)[0].Totals
		if second.Deleted == 0 || second.Fresh == 0 || second.Unchanged == 0 || second.Written < 60 {
			w.Errorf("the second run: %+v", second)
		}
	})
}
