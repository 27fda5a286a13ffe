package flow_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/simulator"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/transform"
)

// rules reads rules from operation and spec, one after the other.
func rules(pairs ...string) (all []transform.Rule) {
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, transform.Rule{Operation: pairs[i], Spec: jsontext.Value(pairs[i+1])})
	}
	return all
}

// derived makes a dataset from the source's first one, with an active
// destination, and reads the source.
func (w *world) derived(name string, all []transform.Rule) (*flow.Source, *flow.Dataset, *flow.Destination) {
	w.Helper()
	src := w.source("bookings")
	d, err := w.flows.CreateDataset(w.Context(), me, flow.DatasetInput{Common: flow.Common{Name: name}, Parent: w.datasets(src)[0].ID, Rules: all})
	w.must(err)
	to := w.destination(d.ID)
	w.must(w.runner.Activate(w.Context(), me, store.KindDestination, to.ID, false))
	w.must(w.runner.Activate(w.Context(), me, store.KindSource, src.ID, false))
	w.runs(src)
	return src, d, to
}

const live = " WHERE _weir_deleted_at IS NULL"

func TestADestinationReceivesWhatTheRulesMake(t *testing.T) {
	onBoth(t, 300, func(w *world) {
		src, d, _ := w.derived("Accepted only", rules("filter", `{"expression":"row.status == \"accepted\""}`, "rename", `{"field":"uid","to":"booking_uid"}`,
			"drop", `{"fields":["metadata","location"]}`, "mask", `{"field":"attendees.email","method":"sha256"}`, "compute", `{"field":"hours","expression":"row.duration / 60"}`))
		accepted := w.count("SELECT count(*) FROM accepted_only")
		if accepted == 0 || accepted == 300 {
			w.Fatalf("%d of 300 rows arrived", accepted)
		}
		if n := w.count("SELECT count(*) FROM accepted_only WHERE status <> 'accepted' OR booking_uid IS NULL OR hours IS NULL"); n != 0 {
			w.Errorf("%d rows are not as the rules make them", n)
		}
		if n := w.count("SELECT count(*) FROM pragma_table_info('accepted_only') WHERE name IN ('location', 'metadata', 'uid')"); n != 0 {
			w.Errorf("%d columns are there that were dropped", n)
		}
		if n := w.count("SELECT count(*) FROM accepted_only_attendees WHERE length(email) <> 64"); n != 0 {
			w.Errorf("%d addresses are not masked", n)
		}
		runs := w.runs(src)
		if runs[0].Status != "succeeded" || runs[0].Result.Streams[0].Filtered != 300-accepted || runs[0].Result.Streams[0].Written != accepted {
			w.Errorf("of 300 with %d accepted: %+v", accepted, runs[0].Result.Streams[0])
		}
		samples, err := w.flows.Samples(w.Context(), d, 10)
		if err != nil || len(samples) != 10 {
			w.Fatalf("%d samples, %v", len(samples), err)
		}
		schema, _, err := w.flows.Schema(w.Context(), d)
		properties, _ := schema["properties"].(map[string]any)
		if err != nil || properties["hours"] == nil || properties["booking_uid"] == nil || properties["uid"] != nil || properties["location"] != nil {
			w.Errorf("the schema is %v, %v", properties, err)
		}
	})
}

func TestARowThatAFilterLetsThroughNoLongerIsMarkedAsGone(t *testing.T) {
	onBoth(t, 300, func(w *world) {
		src, _, _ := w.derived("Accepted", rules("filter", `{"expression":"row.status == \"accepted\""}`))
		plain := w.destination(w.datasets(src)[0].ID)
		w.must(w.runner.Activate(w.Context(), me, store.KindDestination, plain.ID, false))
		w.runs(src)
		before := w.count("SELECT count(*) FROM accepted" + live)
		w.sim.Mutate(simulator.Mutation{Count: 60, Seed: 1})
		_, _, err := w.runner.Start(w.Context(), me, flow.Order{Source: src.ID, FullRefresh: true})
		w.must(err)
		w.runs(src)
		now, want := w.count("SELECT count(*) FROM accepted"+live), w.count("SELECT count(*) FROM bookings"+live+" AND status = 'accepted'")
		if gone := w.count("SELECT count(*) FROM accepted WHERE _weir_deleted_at IS NOT NULL"); now != want || gone == 0 {
			w.Errorf("of %d rows %d are left, and not %d; %d are marked as gone", before, now, want, gone)
		}
	})
}

func TestOtherRulesBringEverythingAnewWithoutARequest(t *testing.T) {
	onBoth(t, 300, func(w *world) {
		src, d, _ := w.derived("Mine", rules("filter", `{"expression":"row.status == \"accepted\""}`))
		accepted, asked := w.count("SELECT count(*) FROM mine"+live), w.sim.Arrivals().Total
		change := func(all []transform.Rule) {
			w.Helper()
			if _, err := w.runner.UpdateDataset(w.Context(), me, d.ID, flow.DatasetEdit{Rules: &all}); err != nil {
				w.Fatal(err)
			}
			if runs := w.runs(src); runs[0].Status != "succeeded" {
				w.Fatalf("%+v", runs[0])
			}
		}
		change(rules("filter", `{"expression":"row.status != \"accepted\""}`, "compute", `{"field":"again","expression":"1"}`))
		if n := w.count("SELECT count(*) FROM mine" + live); n != 300-accepted || w.count("SELECT count(*) FROM mine"+live+" AND again = 1") != n {
			w.Errorf("%d rows of %d that are not accepted", n, 300-accepted)
		}
		// Back to the first ones: the rows of the second must not stay.
		change(rules("filter", `{"expression":"row.status == \"accepted\""}`))
		if n := w.count("SELECT count(*) FROM mine" + live); n != accepted || w.count("SELECT count(*) FROM mine"+live+" AND again = 1") != 0 {
			w.Errorf("%d rows of %d that are accepted", n, accepted)
		}
		if w.sim.Arrivals().Total != asked {
			w.Errorf("it cost %d requests", w.sim.Arrivals().Total-asked)
		}
	})
}

func TestARecordThatTheRulesFailOnIsSetAsideAndArrivesWithBetterRules(t *testing.T) {
	onBoth(t, 100, func(w *world) {
		src, d, to := w.derived("Odd", rules("cast", `{"field":"title","to":"integer"}`))
		open := store.QuarantineFilter{Org: 1, Destination: to.ID, Stage: "transform", State: store.QuarantineOpen}
		if n, err := w.db.CountQuarantine(w.Context(), open); err != nil || n != 100 {
			w.Fatalf("%d records are set aside, %v", n, err)
		}
		all := rules("cast", `{"field":"title","to":"string"}`)
		if _, err := w.runner.UpdateDataset(w.Context(), me, d.ID, flow.DatasetEdit{Rules: &all}); err != nil {
			w.Fatal(err)
		}
		w.runs(src)
		if n, err := w.db.CountQuarantine(w.Context(), open); err != nil || n != 0 || w.count("SELECT count(*) FROM odd"+live) != 100 {
			w.Errorf("%d records are still set aside, %v", n, err)
		}
	})
}

func TestARecordThatBreaksACheckIsSetAsideWithTheCheck(t *testing.T) {
	onBoth(t, 100, func(w *world) {
		_, d, _ := w.derived("Checked", rules("filter", `{"expression":"row.status != \"pending\""}`, "require", `{"expression":"row.status == \"accepted\"","because":"it is not accepted"}`))
		arrived := w.count("SELECT count(*) FROM checked")
		if n := w.count("SELECT count(*) FROM checked WHERE status = 'accepted'"); n != arrived || arrived == 0 {
			w.Errorf("%d rows of %d satisfy the check", n, arrived)
		}
		all, total, err := w.flows.Quarantine(w.Context(), d, 200)
		w.must(err)
		if total == 0 || total+arrived > 100 {
			w.Fatalf("%d rows and %d rejects of 100 records", arrived, total)
		}
		for _, q := range all {
			if q.Stage != "transform" || q.Reason != "rule 2 (require): it is not accepted" || len(q.Original) == 0 {
				w.Fatalf("set aside as %s: %s", q.Stage, q.Reason)
			}
		}
	})
}

func TestARowOfOlderRulesIsMarkedAsGoneWhenTheNewOnesFailOnIt(t *testing.T) {
	w := newWorld(t, 50)
	src, d, _ := w.derived("People", rules("upper", `{"field":"title"}`))
	before := w.count("SELECT count(*) FROM people" + live)
	all := rules("mask", `{"field":"attendees.email","method":"replace"}`, "cast", `{"field":"title","to":"integer"}`)
	_, err := w.runner.UpdateDataset(t.Context(), me, d.ID, flow.DatasetEdit{Rules: &all})
	w.must(err)
	w.runs(src)
	if n := w.count("SELECT count(*) FROM people" + live); before != 50 || n != 0 {
		t.Errorf("%d of %d rows are as older rules made them", n, before)
	}
}

// Its place has the epoch of the one before, which was filled often.
func TestADestinationThatIsMadeAgainTakesOverItsTable(t *testing.T) {
	onBoth(t, 20, func(w *world) {
		src, d, to := w.derived("Again", rules("upper", `{"field":"title"}`))
		change := func(n string) {
			w.Helper()
			all := rules("compute", `{"field":"edition","expression":"`+n+`"}`)
			_, err := w.runner.UpdateDataset(w.Context(), me, d.ID, flow.DatasetEdit{Rules: &all})
			w.must(err)
			if runs := w.runs(src); runs[0].Status != "succeeded" {
				w.Errorf("with edition %s: %+v", n, runs[0])
			}
		}
		for _, n := range []string{"1", "2", "3"} {
			change(n)
		}
		w.must(w.runner.Pause(w.Context(), me, store.KindDestination, to.ID, false))
		w.must(w.flows.Delete(w.Context(), me, store.KindDestination, to.ID))
		to = w.destination(d.ID)
		w.must(w.runner.Activate(w.Context(), me, store.KindDestination, to.ID, false))
		w.runs(src)
		change("4")
		if n := w.count("SELECT count(*) FROM again WHERE edition = 4"); n != 20 {
			w.Errorf("%d rows are of the newest rules", n)
		}
	})
}

func TestADatasetWhoseRulesAreTakenAwayKeepsItsTable(t *testing.T) {
	onBoth(t, 50, func(w *world) {
		src, d, _ := w.derived("Own", rules("drop", `{"field":"title"}`))
		root := w.destination(w.datasets(src)[0].ID)
		w.must(w.runner.Activate(w.Context(), me, store.KindDestination, root.ID, false))
		w.runs(src)
		none := []transform.Rule{}
		_, err := w.runner.UpdateDataset(w.Context(), me, d.ID, flow.DatasetEdit{Rules: &none})
		w.must(err)
		for range 2 {
			if runs := w.runs(src); runs[0].Status != "succeeded" {
				w.Errorf("%+v", runs[0])
			}
			_, _, err := w.runner.Start(w.Context(), me, flow.Order{Source: src.ID, FullRefresh: true})
			w.must(err)
		}
		if n := w.count("SELECT count(*) FROM own" + live + " AND title IS NOT NULL"); n != 50 || w.count("SELECT count(*) FROM bookings"+live) != 50 {
			w.Errorf("%d rows have their titles again", n)
		}
	})
}

func TestATransformThatSeveralDatasetsUseChangesAllOfThem(t *testing.T) {
	w := newWorld(t, 100)
	shared, err := w.flows.CreateTransform(t.Context(), me, flow.TransformInput{Common: flow.Common{Name: "Tidy"}, Rules: rules("upper", `{"field":"title"}`)})
	w.must(err)
	src, d, _ := w.derived("Shared", nil)
	_, err = w.runner.UpdateDataset(t.Context(), me, d.ID, flow.DatasetEdit{Transform: &shared.ID})
	w.must(err)
	w.runs(src)
	if n := w.count("SELECT count(*) FROM shared WHERE title = upper(title)"); n != 100 {
		t.Errorf("%d titles are in capitals", n)
	}
	if _, err := w.runner.UpdateTransform(t.Context(), me, shared.ID, flow.TransformEdit{Rules: rules("drop", `{"field":"uid"}`)}, anybody); weir.CodeOf(err) != weir.CodeUsage {
		t.Errorf("rules that break a dataset: %v", err)
	}
	_, err = w.runner.UpdateTransform(t.Context(), me, shared.ID, flow.TransformEdit{Rules: rules("lower", `{"field":"title"}`)}, anybody)
	w.must(err)
	w.runs(src)
	if n := w.count("SELECT count(*) FROM shared WHERE title = lower(title)"); n != 100 {
		t.Errorf("%d titles are in small letters", n)
	}
	if err := w.flows.Delete(t.Context(), me, store.KindTransform, shared.ID); weir.CodeOf(err) != weir.CodeConflict {
		t.Errorf("it is deleted in use: %v", err)
	}
}

// Somebody may attach a transform between the question whether its rules may be
// changed and the change.
func TestRulesAreChangedForTheDatasetsThatWereAskedAfter(t *testing.T) {
	w := newWorld(t, 1)
	shared, err := w.flows.CreateTransform(t.Context(), me, flow.TransformInput{Common: flow.Common{Name: "Tidy"}, Rules: rules("upper", `{"field":"title"}`)})
	w.must(err)
	_, d, _ := w.derived("Late", nil)
	change := func(may flow.MayRerule) error {
		_, err := w.runner.UpdateTransform(t.Context(), me, shared.ID, flow.TransformEdit{Rules: rules("lower", `{"field":"title"}`)}, may)
		return err
	}
	err = change(func(ctx context.Context, using []*flow.Dataset) error {
		_, err := w.runner.UpdateDataset(ctx, me, d.ID, flow.DatasetEdit{Transform: &shared.ID})
		return errors.Join(err, anybody(ctx, using))
	})
	if weir.CodeOf(err) != weir.CodeConflict {
		t.Errorf("for a dataset that nobody was asked after: %v", err)
	}
	now, err := w.flows.Transform(t.Context(), me.Org, shared.ID)
	w.must(err)
	if now.Edition != shared.Edition {
		t.Error("the rules are others")
	}
	w.must(change(anybody))
}

// Who saves rules as they are brings nothing anew, however their program writes them.
func TestRulesThatAreWrittenInAnotherWayAreNoOthers(t *testing.T) {
	w := newWorld(t, 1)
	shared, err := w.flows.CreateTransform(t.Context(), me, flow.TransformInput{Common: flow.Common{Name: "Tidy"}, Rules: rules("mask", `{"field":"title","method":"replace","with":"A"}`)})
	w.must(err)
	again, err := w.runner.UpdateTransform(t.Context(), me, shared.ID, flow.TransformEdit{Rules: rules("mask", `{ "with": "\u0041", "method": "replace", "field": "title" }`)},
		func(context.Context, []*flow.Dataset) error { return errors.New("nobody is asked") })
	w.must(err)
	if again.Edition != shared.Edition {
		t.Error("the same rules are others for a transform")
	}
	_, d, _ := w.derived("Own", rules("rename", `{"field":"title","to":"subject"}`))
	all := rules("rename", `{"to" : "subject", "field":"title"}`)
	own, err := w.runner.UpdateDataset(t.Context(), me, d.ID, flow.DatasetEdit{Rules: &all})
	w.must(err)
	if own.Edition != d.Edition {
		t.Error("the same rules are others for a dataset")
	}
}

func TestADatasetMadeFromAnotherHasTheRulesOfBoth(t *testing.T) {
	w := newWorld(t, 100)
	src, d, _ := w.derived("First", rules("rename", `{"field":"title","to":"subject"}`))
	second, err := w.flows.CreateDataset(t.Context(), me, flow.DatasetInput{Common: flow.Common{Name: "Second"}, Parent: d.ID, Rules: rules("upper", `{"field":"subject"}`)})
	w.must(err)
	to := w.destination(second.ID)
	w.must(w.runner.Activate(t.Context(), me, store.KindDestination, to.ID, false))
	w.runs(src)
	if n := w.count("SELECT count(*) FROM second WHERE subject = upper(subject)"); n != 100 {
		t.Errorf("%d subjects are in capitals", n)
	}
	all := rules("rename", `{"field":"title","to":"heading"}`)
	if _, err := w.runner.UpdateDataset(t.Context(), me, d.ID, flow.DatasetEdit{Rules: &all}); err != nil {
		t.Fatal(err)
	}
	w.runs(src)
	if n := w.count("SELECT count(*) FROM second WHERE heading IS NOT NULL"); n != 100 {
		t.Errorf("%d headings have come through both", n)
	}
}

// Whoever changes rules that many use may not see all of what is made with them.
func TestRulesThatBreakAnotherDatasetNameItByItsNumber(t *testing.T) {
	w := newWorld(t, 1)
	root := w.datasets(w.source("bookings"))[0].ID
	shared, err := w.flows.CreateTransform(t.Context(), me, flow.TransformInput{Common: flow.Common{Name: "Tidy"}, Rules: rules("upper", `{"field":"title"}`)})
	w.must(err)
	user, err := w.flows.CreateDataset(t.Context(), me, flow.DatasetInput{Common: flow.Common{Name: "Takeover of Acme"}, Parent: root, Transform: shared.ID})
	w.must(err)
	below, err := w.flows.CreateDataset(t.Context(), me, flow.DatasetInput{Common: flow.Common{Name: "Takeover in euros"}, Parent: user.ID, Rules: rules("drop", `{"field":"uid2"}`)})
	w.must(err)
	_, err = w.runner.UpdateTransform(t.Context(), me, shared.ID, flow.TransformEdit{Rules: rules("drop", `{"field":"uid"}`)}, anybody)
	if err == nil || strings.Contains(err.Error(), "Takeover") || !strings.Contains(err.Error(), fmt.Sprintf("dataset %d", user.ID)) {
		t.Errorf("rules that break a dataset: %v", err)
	}
	all := rules("rename", `{"field":"uid","to":"uid2"}`)
	_, err = w.runner.UpdateDataset(t.Context(), me, user.ID, flow.DatasetEdit{Rules: &all})
	if err == nil || strings.Contains(err.Error(), "Takeover") || !strings.Contains(err.Error(), fmt.Sprintf("dataset %d", below.ID)) {
		t.Errorf("rules that break what is made from it: %v", err)
	}
}

func TestUpkeepLeavesADestinationAloneThatHasWhatTheRulesMake(t *testing.T) {
	w := newWorld(t, 20)
	_, _, to := w.derived("Capitals", rules("upper", `{"field":"title"}`))
	asked := func() (n int) {
		w.must(w.db.Change(t.Context(), func(tx *store.Tx) error {
			return tx.SQL().QueryRowContext(t.Context(), `SELECT count(*) FROM river_job WHERE kind = 'deliver'`).Scan(&n)
		}))
		return n
	}
	before := asked()
	w.must(w.runner.Upkeep(t.Context()))
	if n := asked(); n != before {
		t.Errorf("%d deliveries were asked for", n-before)
	}
	w.must(w.db.Change(t.Context(), func(tx *store.Tx) error {
		_, err := tx.SQL().ExecContext(t.Context(), `UPDATE delivery SET position = 0 WHERE id = ?`, to.ID)
		return err
	}))
	w.must(w.runner.Upkeep(t.Context()))
	if n := asked(); n != before+1 {
		t.Errorf("behind its log, it was asked for %d times", n-before)
	}
}

func TestRulesThatCannotBeAreRefusedBeforeAnythingIsStored(t *testing.T) {
	w := newWorld(t, 1)
	src := w.source("bookings")
	root := w.datasets(src)[0].ID
	for name, all := range map[string][]transform.Rule{
		"unknown operation":  rules("shift", `{}`),
		"change of the key":  rules("drop", `{"field":"uid"}`),
		"wrong expression":   rules("filter", `{"expression":"status"}`),
		"an unknown setting": rules("trim", `{"field":"title","how":1}`),
	} {
		_, err := w.flows.CreateDataset(t.Context(), me, flow.DatasetInput{Common: flow.Common{Name: name}, Parent: root, Rules: all})
		if weir.CodeOf(err) != weir.CodeUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
	all := rules("upper", `{"field":"title"}`)
	if _, err := w.runner.UpdateDataset(t.Context(), me, root, flow.DatasetEdit{Rules: &all}); weir.CodeOf(err) != weir.CodeUsage {
		t.Errorf("rules for what a source yields: %v", err)
	}
	if n := len(w.datasets(src)); n != 1 {
		t.Errorf("there are %d datasets", n)
	}
}

// anybody may give other rules to all datasets.
func anybody(context.Context, []*flow.Dataset) error { return nil }
