package flow_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/transform"
)

// derive makes a dataset of another one.
func (w *world) derive(parent int64, name string, all []transform.Rule) *flow.Dataset {
	w.Helper()
	d, err := w.flows.CreateDataset(w.Context(), me, flow.DatasetInput{Common: flow.Common{Name: name}, Parent: parent, Rules: all})
	w.must(err)
	return d
}

// refused is an error as one of Weir's own.
func (w *world) refused(err error) *weir.Error {
	w.Helper()
	var e *weir.Error
	if !errors.As(err, &e) {
		w.Fatalf("it is not refused: %v", err)
	}
	return e
}

func (w *world) status(kind store.Kind, id int64) flow.Status {
	w.Helper()
	r, err := w.db.Resource(w.Context(), 1, kind, id)
	w.must(err)
	return flow.Status(r.Status)
}

func TestADatasetBeginsAsTheOneThatItIsMadeOf(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		src := w.source("bookings")
		parent := w.datasets(src)[0].ID
		early := w.derive(parent, "Early", nil)
		if early.Status != string(flow.StatusInit) {
			w.Errorf("of one that was never active it is %s", early.Status)
		}
		w.activate(store.KindSource, src.ID)
		if got := w.status(store.KindDataset, early.ID); got != flow.StatusActive {
			w.Errorf("when its source is activated it is %s", got)
		}
		if d := w.derive(parent, "Later", nil); w.status(store.KindDataset, d.ID) != flow.StatusActive {
			w.Error("of one that is active it is not")
		}
		w.settle(src.ID)
		w.pause(store.KindSource, src.ID)
		if d := w.derive(parent, "Last", nil); w.status(store.KindDataset, d.ID) != flow.StatusPaused {
			w.Error("of one that is paused it is not paused")
		}
	})
}

func TestADatasetThatIsUsedIsNotDeletedAndStaysAsItIs(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		src := w.source("bookings")
		w.activate(store.KindSource, src.ID)
		d := w.derive(w.datasets(src)[0].ID, "Mine", rules("drop", `{"field":"metadata"}`))
		of := w.derive(d.ID, "Of mine", nil)
		to := w.destination(d.ID)
		_, err := w.flows.DeleteDataset(w.Context(), me, d.ID)
		for _, name := range []string{fmt.Sprintf("dataset %d (Of mine)", of.ID), fmt.Sprintf("destination %d (Tables)", to.ID)} {
			if e := w.refused(err); e.Code != weir.CodeConflict || !strings.Contains(e.Message, name) || e.Remedy == "" {
				w.Errorf("it does not name %s: %v", name, err)
			}
		}
		if w.status(store.KindDataset, d.ID) != flow.StatusActive {
			w.Error("what was refused has paused it")
		}
		w.must(w.flows.Delete(w.Context(), me, store.KindDestination, to.ID))
		for _, id := range []int64{of.ID, d.ID} {
			if active, err := w.flows.DeleteDataset(w.Context(), me, id); err != nil || !active {
				w.Errorf("one that nothing uses: %v, %v", active, err)
			}
		}
		w.must(w.flows.Restore(w.Context(), me, store.KindDataset, d.ID))
		if w.status(store.KindDataset, d.ID) != flow.StatusPaused {
			w.Error("it does not come back paused")
		}
	})
}

func TestNoTwoDestinationsFillOneTable(t *testing.T) {
	onBoth(t, 20, func(w *world) {
		src := w.source("bookings")
		dataset := w.datasets(src)[0].ID
		first, other := w.destination(dataset), w.another(dataset, "other.db")
		second := flow.DestinationInput{Common: flow.Common{Name: "Second"}, DestinationSpec: flow.DestinationSpec{Mode: weir.ModeUpsert}, Credential: w.credential("sqlite", "path", "cal.db"), Dataset: dataset}
		_, made := w.flows.CreateDestination(w.Context(), me, second)
		_, moved := w.flows.UpdateDestination(w.Context(), me, other.ID, flow.DestinationEdit{Credential: &w.sqlite})
		for what, err := range map[string]error{"a second one": made, "one that is led there": moved} {
			e := w.refused(err)
			if e.Code != weir.CodeConflict || e.Where != "data_credentials_id" || !strings.Contains(e.Message, "another destination fills the table bookings") || e.Remedy == "" {
				w.Errorf("%s: %v", what, err)
			}
			var taken *flow.Taken
			if !errors.As(err, &taken) || len(taken.Clashes) != 1 || taken.Clashes[0].Rival.ID != first.ID {
				w.Errorf("%s names %+v", what, taken)
			}
		}
		second.Dataset = w.derive(dataset, "Short ones", rules("filter", `{"expression":"row.duration < 60"}`)).ID
		if _, err := w.flows.CreateDestination(w.Context(), me, second); err != nil {
			w.Errorf("a table of its own: %v", err)
		}
		plain := w.derive(dataset, "Plain ones", nil)
		_, err := w.flows.CreateDestination(w.Context(), me, flow.DestinationInput{Common: flow.Common{Name: "Plain"}, DestinationSpec: second.DestinationSpec, Credential: second.Credential, Dataset: plain.ID})
		if weir.CodeOf(err) != weir.CodeConflict {
			w.Errorf("one without rules has its parent's table: %v", err)
		}
		third := second
		third.Credential, third.Dataset = w.credential("sqlite", "path", "third.db"), plain.ID
		_, err = w.flows.CreateDestination(w.Context(), me, third)
		w.must(err)
		third.Dataset = w.derive(w.datasets(w.source("bookings"))[0].ID, "Plain ones", rules("drop", `{"field":"title"}`)).ID
		_, err = w.flows.CreateDestination(w.Context(), me, third)
		w.must(err)
		late := rules("drop", `{"field":"title"}`)
		if _, err := w.runner.UpdateDataset(w.Context(), me, plain.ID, flow.DatasetEdit{Rules: &late}); weir.CodeOf(err) != weir.CodeConflict {
			w.Errorf("rules that would give it a table that is taken: %v", err)
		}
		if _, err := w.flows.UpdateDestination(w.Context(), me, first.ID, flow.DestinationEdit{Edit: flow.Edit{Name: new(string)}}); weir.CodeOf(err) != weir.CodeUsage {
			w.Errorf("it stands in its own way: %v", err)
		}
	})
}

func TestACopyOfADestinationIsActivatedOnceItHasATableOfItsOwn(t *testing.T) {
	onBoth(t, 20, func(w *world) {
		src := w.source("bookings")
		first := w.destination(w.datasets(src)[0].ID)
		copied, err := w.flows.CopyDestination(w.Context(), me, first.Resource, flow.Copying{})
		w.must(err)
		w.must(w.runner.Activate(w.Context(), me, store.KindSource, src.ID, true)) // of a whole flow a copy stays as it is, and is in nobody's way
		if w.status(store.KindDestination, first.ID) != flow.StatusActive || w.status(store.KindDestination, copied.ID) != flow.StatusInit {
			w.Error("of two that are activated with their flow not the first one alone is active")
		}
		w.settle(src.ID)
		w.pause(store.KindDestination, first.ID)
		var taken *flow.Taken
		if err := w.runner.Activate(w.Context(), me, store.KindDestination, copied.ID, false); !errors.As(err, &taken) || taken.Clashes[0].Rival.ID != first.ID {
			w.Fatalf("into a table that another one has filled: %v", err)
		}
		w.activate(store.KindDestination, first.ID)
		elsewhere := w.credential("sqlite", "path", "elsewhere.db")
		_, err = w.flows.UpdateDestination(w.Context(), me, copied.ID, flow.DestinationEdit{Credential: &elsewhere})
		w.must(err)
		w.activate(store.KindDestination, copied.ID)
	})
}

func TestACopyOfAFlowHasItsDerivedDatasetsAndBeginsOnlyWithTablesOfItsOwn(t *testing.T) {
	onBoth(t, 20, func(w *world) {
		src := w.source("bookings")
		d := w.derive(w.datasets(src)[0].ID, "Mine", rules("drop", `{"field":"metadata"}`))
		of := w.derive(d.ID, "Of mine", rules("upper", `{"field":"title"}`))
		_, err := w.flows.SetDocs(w.Context(), me, of.ID, []flow.Doc{{Name: "Read me", Text: "loud"}})
		w.must(err)
		plain, made := w.destination(w.datasets(src)[0].ID), w.destination(of.ID)
		w.activate(store.KindDestination, plain.ID)
		root, _, err := w.flows.Tree(w.Context(), 1, store.KindSource, src.ID)
		w.must(err)
		copied, err := w.flows.CopyFlow(w.Context(), me, root, flow.Copying{})
		w.must(err)
		var all []string
		copied.Walk(func(n *flow.Node) { all = append(all, fmt.Sprint(n.Kind, " ", n.Name, " ", n.Status)) })
		if got := strings.Join(all, "\n"); len(all) != 6 || !strings.Contains(got, "dataset Of mine (copy) init") || strings.Count(got, "destination Tables (copy) init") != 2 {
			w.Fatalf("the copy is\n%s", got)
		}
		var twin *flow.Node
		copied.Walk(func(n *flow.Node) {
			if n.CopiedFrom == of.ID {
				twin = n
			}
		})
		again, err := w.flows.Dataset(w.Context(), 1, twin.ID)
		w.must(err)
		if len(again.Rules) != 1 || again.Table != "of_mine_copy" || len(again.Docs) != 1 || again.Parent == d.ID || again.Edition == of.Edition {
			w.Errorf("the copy of a derived dataset is %+v", again.DatasetSpec)
		}
		err = w.runner.Activate(w.Context(), me, store.KindSource, copied.ID, true)
		var taken *flow.Taken
		if !errors.As(err, &taken) || weir.CodeOf(err) != weir.CodeConflict || len(taken.Clashes) != 1 || taken.Clashes[0].Rival.ID != plain.ID || taken.Clashes[0].Table != "bookings" {
			w.Errorf("into the original's tables: %v", err)
		}
		copied.Walk(func(n *flow.Node) {
			if w.status(n.Kind, n.ID) != flow.StatusInit {
				w.Errorf("%s %d was activated, and another part could not be", n.Kind, n.ID)
			}
		})
		elsewhere := w.credential("sqlite", "path", "elsewhere.db")
		for _, to := range copied.Parts(store.KindDestination) {
			if to.CopiedFrom != made.ID { // that one has a table of its own where it is
				_, err := w.flows.UpdateDestination(w.Context(), me, to.ID, flow.DestinationEdit{Credential: &elsewhere})
				w.must(err)
			}
		}
		w.must(w.runner.Activate(w.Context(), me, store.KindSource, copied.ID, true))
		w.settle(copied.ID)
		if n := w.count("SELECT count(*) FROM of_mine_copy"); n != 20 {
			w.Errorf("%d rows arrived", n)
		}
	})
}

func TestAllRulesThatAreWrongAreToldAtOnce(t *testing.T) {
	w := newWorld(t, 5)
	d := w.derive(w.datasets(w.source("bookings"))[0].ID, "Mine", rules("drop", `{"field":"metadata"}`))
	wrong := rules("cast", `{"field":"title","to":"money"}`, "drop", `{"field":"location"}`, "drop", `{"field":"uid"}`)
	_, err := w.runner.UpdateDataset(t.Context(), me, d.ID, flow.DatasetEdit{Rules: &wrong})
	var all flow.WrongRules
	if !errors.As(err, &all) || len(all) != 2 || weir.CodeOf(err) != weir.CodeUsage {
		t.Fatalf("%v", err)
	}
	if w.refused(all[0]).Where != "transform: rule 1 cast.to" || w.refused(all[1]).Where != "transform: rule 3 drop" || w.refused(all[1]).Remedy == "" {
		t.Errorf("%v", err)
	}
	if _, err := w.flows.CheckDatasetEdit(t.Context(), me, d.ID, flow.DatasetEdit{Rules: &wrong}); weir.CodeOf(err) != weir.CodeUsage {
		t.Errorf("a check of them: %v", err)
	}
}

func TestRulesThatDoNothingOrFailOnAllAreWarnedOf(t *testing.T) {
	w := newWorld(t, 30)
	src := w.source("bookings")
	parent := w.datasets(src)[0].ID
	empty := w.derive(parent, "Early", rules("drop", `{"field":"phone"}`))
	if got := w.flows.WarnRules(t.Context(), empty); len(got) != 0 {
		t.Errorf("without records: %v", got)
	}
	w.activate(store.KindSource, src.ID)
	w.settle(src.ID)
	given := rules("mask", `{"fields":["phone","attendees.email"],"method":"sha256"}`, "rename", `{"field":"titel","to":"subject"}`, "upper", `{"field":"title"}`, "filter", `{"expression":"row.duration"}`)
	d := w.derive(parent, "Odd", given)
	of, err := w.flows.Dataset(t.Context(), 1, parent)
	w.must(err)
	preview, err := w.flows.PreviewRules(t.Context(), of, given, 3)
	w.must(err)
	for what, got := range map[string][]string{"a save": w.flows.WarnRules(t.Context(), d), "a preview": preview.Warnings} {
		if len(got) != 3 || !strings.HasPrefix(got[0], "rule 1 (mask): none of the newest 30 records has the field phone. ") || !strings.Contains(got[1], "titel") ||
			!strings.Contains(got[2], "fails on each") || !strings.Contains(got[2], "compare it, as in row.duration > 15") {
			t.Errorf("%s says\n%s", what, strings.Join(got, "\n"))
		}
	}
	if len(preview.Records) != 3 {
		t.Errorf("%d records are shown", len(preview.Records))
	}
}

func TestARecordThatRulesFailOnIsOfTheDatasetThatHasThem(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		src, d, to := w.derived("Odd", rules("cast", `{"field":"title","to":"integer"}`))
		all, _, err := w.flows.Rejects(w.Context(), store.QuarantineFilter{Org: 1, State: store.QuarantineOpen})
		w.must(err)
		if len(all) != 5 {
			w.Fatalf("%d are set aside", len(all))
		}
		for _, r := range all {
			if id, name := r.Of(); id != d.ID || name != "Odd" || r.Origin.Dataset != w.datasets(src)[0].ID || r.Destination != to.ID {
				w.Errorf("it is of %d (%s), from %d", id, name, r.Origin.Dataset)
			}
		}
	})
}
