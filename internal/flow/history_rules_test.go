package flow_test

import (
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/simulator"
	"github.com/weirhq/weir/internal/store"
)

// newestOf is how many records have a newest version in a table of history that
// is as the condition says.
func (w *world) newestOf(table, condition string) int {
	w.Helper()
	return w.count(`SELECT count(*) FROM ` + table + ` AS v WHERE (` + condition + `) AND _weir_deleted_at IS NULL
		AND _weir_extracted_at = (SELECT max(n._weir_extracted_at) FROM ` + table + ` AS n WHERE n.uid = v.uid)`)
}

// versions is a dataset with rules and a destination that keeps every version, and
// beside it what the source yields, in its newest versions.
func (w *world) versions(all string) (*flow.Source, *flow.Dataset) {
	w.Helper()
	src := w.source("bookings")
	d := w.derive(w.datasets(src)[0].ID, "Versions", rules("filter", all, "drop", `{"field":"metadata"}`))
	to, err := w.flows.CreateDestination(w.Context(), me, flow.DestinationInput{Common: flow.Common{Name: "History"}, DestinationSpec: flow.DestinationSpec{Mode: weir.ModeHistory},
		Credential: w.sqlite, Dataset: d.ID})
	w.must(err)
	w.activate(store.KindDestination, to.ID)
	w.activate(store.KindDestination, w.destination(w.datasets(src)[0].ID).ID)
	w.activate(store.KindSource, src.ID)
	w.settle(src.ID)
	return src, d
}

// reread lets the account change, and reads all of it.
func (w *world) reread(src *flow.Source, changes int) {
	w.Helper()
	w.sim.Mutate(simulator.Mutation{Count: changes, Seed: 1})
	_, _, err := w.runner.Start(w.Context(), me, flow.Order{Source: src.ID, FullRefresh: true})
	w.must(err)
	w.settle(src.ID)
}

const acceptedRule = `{"expression":"row.status == \"accepted\""}`

func TestHistoryHasEachVersionAsTheRulesMakeIt(t *testing.T) {
	onBoth(t, 200, func(w *world) {
		src, _ := w.versions(acceptedRule)
		first := w.count("SELECT count(*) FROM versions")
		if first == 0 || first != w.count("SELECT count(*) FROM bookings WHERE status = 'accepted'") {
			w.Fatalf("%d versions at first", first)
		}
		w.reread(src, 80)
		if n := w.count("SELECT count(*) FROM versions") - w.count("SELECT count(DISTINCT uid) FROM versions"); n == 0 {
			w.Error("no record has two versions")
		}
		if n := w.count("SELECT count(*) FROM versions WHERE status <> 'accepted'") + w.count("SELECT count(*) FROM pragma_table_info('versions') WHERE name = 'metadata'"); n != 0 {
			w.Errorf("%d things are there that the rules take away", n)
		}
		if got, want := w.newestOf("versions", "true"), w.count("SELECT count(*) FROM bookings"+live+" AND status = 'accepted'"); got != want {
			w.Errorf("%d records are there, and %d are accepted", got, want)
		}
	})
}

func TestOtherRulesLeaveOneNewestVersionOfEachRecordInHistory(t *testing.T) {
	onBoth(t, 200, func(w *world) {
		src, d := w.versions(acceptedRule)
		w.reread(src, 80)
		before := w.count("SELECT count(*) FROM versions")
		change := func(all ...string) {
			w.Helper()
			other := rules(all...)
			_, err := w.runner.UpdateDataset(w.Context(), me, d.ID, flow.DatasetEdit{Rules: &other})
			w.must(err)
			w.settle(src.ID)
		}
		accepted := w.count("SELECT count(*) FROM bookings" + live + " AND status = 'accepted'")
		change("filter", acceptedRule, "drop", `{"field":"metadata"}`, "compute", `{"field":"again","expression":"1"}`)
		if n := w.newestOf("versions", "again = 1"); n != accepted {
			w.Errorf("%d newest versions are of the new rules, and %d are accepted", n, accepted)
		}
		if n := w.newestOf("versions", "again IS NULL"); n != 0 {
			w.Errorf("%d newest versions are of the old rules, beside those of the new ones", n)
		}
		if n := w.count("SELECT count(*) FROM versions WHERE again IS NULL"); n != before {
			w.Errorf("%d of %d old versions stay", n, before)
		}
		// A filter that lets others through, and rules that fail on all.
		change("filter", `{"expression":"row.status != \"accepted\""}`)
		all := w.count("SELECT count(*) FROM bookings" + live)
		if n, odd := w.newestOf("versions", "status <> 'accepted'"), w.newestOf("versions", "status = 'accepted'"); n != all-accepted || odd != 0 {
			w.Errorf("%d records are there that are not accepted, of %d, and %d that are", n, all-accepted, odd)
		}
		change("cast", `{"field":"title","to":"integer"}`)
		if n := w.newestOf("versions", "true"); n != 0 {
			w.Errorf("%d records are there that the rules fail on", n)
		}
		change("filter", acceptedRule)
		if n := w.newestOf("versions", "true"); n != accepted {
			w.Errorf("%d records are there again, of %d", n, accepted)
		}
	})
}

func TestFilesCountAsWrittenOnlyWhatTheFilterLetsThrough(t *testing.T) {
	onBoth(t, 200, func(w *world) {
		src := w.source("bookings")
		for _, mode := range []weir.Mode{weir.ModeUpsert, weir.ModeHistory} {
			d := w.derive(w.datasets(src)[0].ID, string(mode), rules("filter", acceptedRule))
			to, err := w.flows.CreateDestination(w.Context(), me, flow.DestinationInput{Common: flow.Common{Name: string(mode)}, DestinationSpec: flow.DestinationSpec{Mode: mode},
				Credential: w.credential("file", "path", string(mode), "format", "jsonl"), Dataset: d.ID})
			w.must(err)
			w.activate(store.KindDestination, to.ID)
		}
		w.activate(store.KindDestination, w.destination(w.datasets(src)[0].ID).ID)
		w.activate(store.KindSource, src.ID)
		runs := w.runs(src)
		accepted := w.count("SELECT count(*) FROM bookings WHERE status = 'accepted'")
		if got := runs[0].Result.Streams[0]; got.Written != 200+2*accepted || got.Filtered != 2*(200-accepted) {
			w.Errorf("of 200 with %d accepted: %d written, %d filtered", accepted, got.Written, got.Filtered)
		}
	})
}
