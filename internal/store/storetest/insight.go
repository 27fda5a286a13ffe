package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// insightPromises are about what happened: runs, metrics, logs, health,
// quarantine, and the use of keys.
var insightPromises = map[string]func(*world){
	"ARunIsListedWithWhatItDid":                           runListed,
	"ARunThatWasInterruptedIsAccountedFor":                interruptedAccounted,
	"RunsOfAnotherOrganizationAreInNoList":                runsOfOthers,
	"MetricsAddUpByRunByDayAndByPart":                     metricsAddUp,
	"LinesAreFoundByWhatTheySay":                          linesFound,
	"AFlowIsAsWellAsItsNewestRun":                         healthOfNewest,
	"WhatADestinationSaidIsKnownAsItsWords":               wordsOfDestination,
	"QuarantineIsFoundByWhereItCameFrom":                  quarantineFound,
	"QuarantineIsFoundByEachRunThatCountsIt":              quarantineCounted,
	"WhatADestinationRefusesIsFoundByTheRunThatCountsIt":  quarantineCountedOfLoads,
	"QuarantineThatIsReadOnFromTheLastOneMissesNone":      quarantineReadOn,
	"ARejectIsSettledOnce":                                settledOnce,
	"AReplayedRecordIsInTheLogWithItsRejectSettled":       replayedInLog,
	"WhatWasDroppedStaysDroppedAndWhatWasReplayedReturns": droppedStays,
	"UseOfAKeyAddsUpByMinute":                             useAddsUp,
	"CredentialsWithOneKeyShareABudget":                   sharedBudget,
}

// flow makes a configured source with a dataset, and takes its lease.
func (w *world) flow(name string) (source, dataset store.Resource) {
	w.Helper()
	source = w.make(store.Resource{Owner: 7, Kind: store.KindSource, Name: name, Status: "active"})
	dataset = w.make(store.Resource{Owner: 7, Kind: store.KindDataset, Type: "bookings", Name: name + " set", Status: "active"})
	w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
		return tx.Refer(w.Context(), dataset.ID, store.Reference{Role: "source", Target: source.ID})
	}))
	id, err := w.db.EnsureSource(w.Context(), store.SourceSpec{Org: 1, Connector: "calcom", Origin: "https://api.cal.com", Account: "9 " + name, Resource: source.ID})
	w.must(err)
	w.source = id
	w.acquire()
	w.dataset = w.ensureDataset("bookings").ID
	return source, dataset
}

const hour = int64(3_600_000_000) // µs

// ran makes a run of the present source that began at that hour and ended a
// minute later.
func (w *world) ran(id string, at int64, status string, records, errors int, parts ...store.RunPart) {
	w.Helper()
	w.must(w.db.StartRun(w.Context(), store.Run{ID: weir.RunID(id), Source: w.source, Epoch: w.lease.Epoch, Started: at * hour, Number: at * hour / 1000}))
	health := map[string]store.Health{"succeeded": store.HealthGood, "failed": store.HealthFailing}[status]
	w.must(w.db.EndRun(w.Context(), store.RunEnd{ID: weir.RunID(id), At: at*hour + hour/60, Status: status, Summary: []byte(`{"a":1}`), Failure: []byte(`{"code":"auth"}`),
		Totals: store.Totals{Read: records + 1, Fresh: records, Unchanged: 1, Written: records, Filtered: 2, Requests: 3, Retries: 1, Bytes: 1000}, Parts: parts, Health: health, Problem: "pröblem\x00",
		Lines: []store.RunLine{{At: at*hour + 5, Part: 1, Kind: store.KindSource, Severity: store.SeverityWarning, Type: store.LineLog, Text: "100% of " + id},
			{At: at*hour + 6, Part: 1, Kind: store.KindSource, Severity: store.SeverityInfo, Type: store.LineSummary, Text: fmt.Sprintf("%s %d %d", id, records, errors)}}}))
}

func runListed(w *world) {
	src, _ := w.flow("a")
	w.ran("r1", 1, "succeeded", 10, 0)
	w.ran("r2", 2, "failed", 0, 1)
	w.flow("b")
	w.ran("r3", 3, "succeeded", 5, 0)
	runs, total, err := w.db.ListRuns(w.Context(), store.RunFilter{Org: 1, Page: 1, Size: 2})
	w.must(err)
	if total != 3 || len(runs) != 2 || runs[0].ID != "r3" || runs[1].ID != "r2" || runs[0].Summary != nil {
		w.Errorf("%d in all, page %+v", total, runs)
	}
	runs, total, err = w.db.ListRuns(w.Context(), store.RunFilter{Org: 1, Sources: []int64{src.ID}, Status: "succeeded", From: hour, To: 2 * hour, Number: hour / 1000, Whole: true})
	w.must(err)
	want := []store.Run{{ID: "r1", Org: 1, Source: runs[0].Source, Epoch: 1, Started: hour, Ended: hour + hour/60, Status: "succeeded", Summary: []byte(`{"a":1}`), Resource: src.ID, Number: hour / 1000,
		Totals: store.Totals{Read: 11, Fresh: 10, Unchanged: 1, Written: 10, Filtered: 2, Requests: 3, Retries: 1, Bytes: 1000}, Failure: []byte(`{"code":"auth"}`)}}
	if diff := cmp.Diff(want, runs); diff != "" || total != 1 {
		w.Errorf("%d: %s", total, diff)
	}
	recent, err := w.db.RecentRuns(w.Context(), 1, src.ID)
	w.must(err)
	if len(recent[src.ID]) != 1 || recent[src.ID][0].ID != "r2" {
		w.Errorf("recent %+v", recent)
	}
	if costs, err := w.db.RunCosts(w.Context(), 1, 0); err != nil || costs[src.ID] != 3 {
		w.Errorf("costs %v, %v", costs, err)
	}
}

func interruptedAccounted(w *world) {
	src, _ := w.flow("a")
	w.must(w.db.StartRun(w.Context(), store.Run{ID: "run", Source: w.source, Epoch: w.lease.Epoch, Started: hour, Number: 7}))
	w.append(0, record("a", 1, "1"), record("b", 1, "1"))
	w.append(0, record("a", 1, "1"))
	w.lease.Release()
	w.acquire()
	runs, _, err := w.db.ListRuns(w.Context(), store.RunFilter{Org: 1})
	w.must(err)
	if r := runs[0]; r.Status != store.RunInterrupted || r.Totals.Read != 3 || r.Totals.Unchanged != 1 || r.Ended == 0 {
		w.Errorf("%+v", r)
	}
	health, _, err := w.db.FlowHealths(w.Context(), store.HealthFilter{Org: 1, Page: 1, Size: 9})
	w.must(err)
	if len(health) != 1 || health[0].Health != store.HealthDegraded || health[0].Records != 2 {
		w.Errorf("%+v", health)
	}
	lines, n, err := w.db.RunLines(w.Context(), store.LogFilter{Org: 1, Source: src.ID, Run: "run", OldestFirst: true, Page: 1, Size: 9})
	w.must(err)
	if n != 2 || lines[1].Type != store.LineSummary || lines[1].Severity != store.SeverityWarning {
		w.Errorf("%+v", lines)
	}
}

func runsOfOthers(w *world) {
	src, _ := w.flow("a")
	w.ran("r1", 1, "succeeded", 1, 0, store.RunPart{Part: src.ID, Kind: store.KindSource, Records: 1})
	if _, n, err := w.db.ListRuns(w.Context(), store.RunFilter{Org: 2, Page: 1, Size: 9}); err != nil || n != 0 {
		w.Errorf("%d runs, %v", n, err)
	}
	if _, n, err := w.db.RunLines(w.Context(), store.LogFilter{Org: 2, Source: src.ID, Page: 1, Size: 9}); err != nil || n != 0 {
		w.Errorf("%d lines, %v", n, err)
	}
	if _, n, err := w.db.PartRuns(w.Context(), store.PartFilter{Org: 2, Part: src.ID, Page: 1, Size: 9}); err != nil || n != 0 {
		w.Errorf("%d metrics, %v", n, err)
	}
	if _, n, err := w.db.FlowHealths(w.Context(), store.HealthFilter{Org: 2, Page: 1, Size: 9}); err != nil || n != 0 {
		w.Errorf("%d flows, %v", n, err)
	}
}

func metricsAddUp(w *world) {
	src, d := w.flow("a")
	part := func(records, errors int) []store.RunPart {
		return []store.RunPart{{Part: src.ID, Kind: store.KindSource, Records: records, Bytes: 10, Errors: errors}, {Part: d.ID, Kind: store.KindDataset, Records: records, Errors: errors}}
	}
	w.ran("r1", 1, "succeeded", 10, 0, part(10, 0)...)
	w.ran("r2", 2, "failed", 5, 1, part(5, 1)...)
	w.ran("r3", 30, "succeeded", 1, 0, part(1, 0)...)
	days, err := w.db.DailyMetrics(w.Context(), store.PartFilter{Org: 1, Part: src.ID})
	w.must(err)
	if diff := cmp.Diff([]store.Metric{{Day: 0, Records: 15, Bytes: 20, Errors: 1, Runs: 2}, {Day: 1, Records: 1, Bytes: 10, Runs: 1}}, days); diff != "" {
		w.Error(diff)
	}
	parts, err := w.db.PartMetrics(w.Context(), store.PartFilter{Org: 1, Parts: []int64{src.ID, d.ID}, From: 2 * hour})
	w.must(err)
	if len(parts) != 2 || parts[0].Records != 6 || parts[1].Kind != store.KindDataset || parts[0].Runs != 2 {
		w.Errorf("%+v", parts)
	}
	runs, total, err := w.db.PartRuns(w.Context(), store.PartFilter{Org: 1, Part: d.ID, To: 30 * hour, Page: 1, Size: 1})
	w.must(err)
	if total != 2 || len(runs) != 1 || runs[0].Run != "r2" || runs[0].Errors != 1 {
		w.Errorf("%d: %+v", total, runs)
	}
}

func linesFound(w *world) {
	src, _ := w.flow("a")
	w.ran("r1", 1, "succeeded", 10, 0)
	w.ran("r2", 2, "failed", 0, 1)
	find := func(f store.LogFilter) (texts []string) {
		f.Org, f.Source, f.Page, f.Size = 1, src.ID, 1, 100
		lines, n, err := w.db.RunLines(w.Context(), f)
		w.must(err)
		if n != len(lines) {
			w.Errorf("%d lines of %d", len(lines), n)
		}
		for _, l := range lines {
			texts = append(texts, l.Text)
		}
		return texts
	}
	for name, c := range map[string]struct {
		f    store.LogFilter
		want []string
	}{
		"newest first":    {store.LogFilter{}, []string{"r2 0 1", "100% of r2", "Run r2 began.", "r1 10 0", "100% of r1", "Run r1 began."}},
		"a part, no case": {store.LogFilter{Contains: "OF R1"}, []string{"100% of r1"}},
		"% is a sign":     {store.LogFilter{Contains: "0% of", OldestFirst: true}, []string{"100% of r1", "100% of r2"}},
		"_ is a sign":     {store.LogFilter{Contains: "100_"}, nil},
		"severity":        {store.LogFilter{Severities: []string{"warning"}, Runs: []int64{2 * hour / 1000}}, []string{"100% of r2"}},
		"type and time":   {store.LogFilter{Types: []string{"summary"}, From: 2 * hour, To: 2*hour + 6}, []string{"r2 0 1"}},
	} {
		if got := find(c.f); !slices.Equal(got, c.want) {
			w.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	facets, err := w.db.LogFacets(w.Context(), store.LogFilter{Org: 1, Source: src.ID})
	w.must(err)
	if diff := cmp.Diff([]store.Facet{{Value: "info", Count: 4}, {Value: "warning", Count: 2}}, facets["severity"]); diff != "" {
		w.Error(diff)
	}
}

func healthOfNewest(w *world) {
	a, _ := w.flow("a")
	w.ran("r1", 1, "failed", 0, 3)
	w.flow("b")
	w.ran("r2", 2, "succeeded", 1, 0)
	w.make(store.Resource{Owner: 8, Kind: store.KindSource, Name: "c", Status: "paused"})
	all, total, err := w.db.FlowHealths(w.Context(), store.HealthFilter{Org: 1, SortBy: "name", Up: true, Page: 1, Size: 2})
	w.must(err)
	if total != 3 || len(all) != 2 || all[0].Name != "a" || all[0].Health != store.HealthFailing || all[0].Summary != "pröblem\uFFFD" || all[0].Node == 0 {
		w.Errorf("%d: %+v", total, all)
	}
	bad, total, err := w.db.FlowHealths(w.Context(), store.HealthFilter{Org: 1, Health: store.HealthFailing, Sources: []int64{a.ID}, Owner: 7, From: hour, To: 2 * hour, Page: 1, Size: 9})
	w.must(err)
	if total != 1 || bad[0].Source != a.ID {
		w.Errorf("%+v", bad)
	}
	counts, err := w.db.CountHealth(w.Context(), store.HealthFilter{Org: 1})
	w.must(err)
	if diff := cmp.Diff(map[store.Health]int{"": 1, store.HealthGood: 1, store.HealthFailing: 1}, counts); diff != "" {
		w.Error(diff)
	}
	status, err := w.db.CountStatus(w.Context(), store.HealthFilter{Org: 1, Owner: 8})
	w.must(err)
	if diff := cmp.Diff([]store.StatusCount{{Status: "paused", Flows: 1}}, status); diff != "" {
		w.Error(diff)
	}
}

func wordsOfDestination(w *world) {
	src, _ := w.flow("a")
	ended := func(id weir.RunID, then func(*store.Tx) error) (h store.FlowHealth) {
		w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
			w.must(tx.QueueRun(w.Context(), 1, store.Run{ID: id, Resource: src.ID, Queued: 5, Job: 1, Wanted: []byte("{}")}))
			_, err := tx.Await(w.Context(), 1, store.RunDelivery{Run: id, Destination: 9, Stream: "bookings", Upto: 1}, "l", false)
			w.must(err)
			w.must(tx.EndReading(w.Context(), store.Reading{RunEnd: store.RunEnd{ID: id, At: 20, Status: "succeeded", Health: store.HealthGood}, Org: 1, Flow: src.ID}))
			return then(tx)
		}))
		all, _, err := w.db.FlowHealths(w.Context(), store.HealthFilter{Org: 1, Page: 1, Size: 1})
		w.must(err)
		return all[0]
	}
	fail := func(tx *store.Tx) error {
		return tx.FailDelivery(w.Context(), store.Load{Org: 1, Flow: src.ID, Destination: 9, At: 50}, "no room")
	}
	if h := ended("r1", fail); h.Health != store.HealthDegraded || h.Summary != "no room" || h.Part != 9 {
		w.Errorf("%+v", h)
	}
	for found, told := range map[int][]int64{0: {}, 1: {8, 9}} {
		lines, n, err := w.db.RunLines(w.Context(), store.LogFilter{Org: 1, Source: src.ID, Contains: "no room", Told: told, Page: 1, Size: 9})
		if err != nil || n != found || len(lines) != found {
			w.Errorf("told of %v, %d lines are found, %v", told, n, err)
		}
	}
	if h := ended("r2", func(*store.Tx) error { return nil }); h.Health != store.HealthGood || h.Summary != "" || h.Part != 0 {
		w.Errorf("%+v", h)
	}
}

// reject sets a record of the present dataset aside.
func (w *world) reject(destination int64, r weir.Reject) store.Quarantined {
	w.Helper()
	_, err := w.db.Quarantine(w.Context(), w.dataset, destination, "run", 5*hour, []weir.Reject{r})
	w.must(err)
	all, err := w.db.Quarantined(w.Context(), store.QuarantineFilter{Datasets: []store.DatasetID{w.dataset}, Page: 1, Size: 1})
	w.must(err)
	return all[0]
}

func quarantineFound(w *world) {
	src, d := w.flow("a")
	q := w.reject(3, weir.Reject{Stage: "load", Reason: "Too LONG", Key: "a", Original: []byte("x")})
	log := w.dataset
	w.flow("b")
	w.reject(0, weir.Reject{Stage: "decode", Reason: "odd", Original: []byte("y")})
	logs, err := w.db.LogsOf(w.Context(), 1, []int64{d.ID}, []int64{src.ID})
	w.must(err)
	if !slices.Equal(logs, []store.DatasetID{log}) {
		w.Errorf("logs %v", logs)
	}
	if logs, err := w.db.LogsOf(w.Context(), 2, []int64{d.ID}, nil); err != nil || len(logs) != 0 {
		w.Errorf("another organization's logs %v, %v", logs, err)
	}
	origins, err := w.db.Origins(w.Context(), log)
	w.must(err)
	if diff := cmp.Diff(map[store.DatasetID]store.Origin{log: {Source: src.ID, Dataset: d.ID, Name: "a set", Endpoint: "bookings"}}, origins); diff != "" {
		w.Error(diff)
	}
	for name, f := range map[string]store.QuarantineFilter{"dataset": {Datasets: logs}, "destination": {Destination: 3}, "stage": {Stage: "load"}, "reason": {Reason: "too l"}, "id": {IDs: []int64{q.ID}}} {
		f.Org, f.State, f.From, f.To, f.Run, f.Page, f.Size = 1, store.QuarantineOpen, 5*hour, 5*hour+1, "run", 1, 9
		if f.Datasets != nil {
			f.Datasets = []store.DatasetID{log}
		}
		found, err := w.db.Quarantined(w.Context(), f)
		w.must(err)
		if n, err := w.db.CountQuarantine(w.Context(), f); err != nil || n != 1 || len(found) != 1 || found[0].ID != q.ID {
			w.Errorf("by %s: %d, %+v, %v", name, n, found, err)
		}
	}
	if n, err := w.db.CountQuarantine(w.Context(), store.QuarantineFilter{Org: 2}); err != nil || n != 0 {
		w.Errorf("another organization has %d, %v", n, err)
	}
}

// A record that is refused in each run is in quarantine once, and each run counts it.
func quarantineCounted(w *world) {
	rejects := []weir.Reject{{Stage: "decode", Reason: "odd", Key: "a", Original: []byte("x")}, {Stage: "decode", Reason: "odd", Key: "b", Original: []byte("y")}}
	for n, run := range []weir.RunID{"r1", "r2", "r3"} {
		a := w.page(0)
		a.Run, a.Rejects = run, rejects[:min(n+1, 2)]
		done, err := w.db.Append(w.Context(), a)
		w.must(err)
		if got, err := w.db.CountQuarantine(w.Context(), store.QuarantineFilter{CountedBy: string(run)}); err != nil || got != done.Quarantined || got != len(a.Rejects) {
			w.Errorf("run %s counts %d, and is found with %d of %d, %v", run, done.Quarantined, got, len(a.Rejects), err)
		}
	}
	all, err := w.db.Quarantined(w.Context(), store.QuarantineFilter{})
	w.must(err)
	if len(all) != 2 {
		w.Fatalf("%d are in quarantine", len(all))
	}
	w.must(w.db.RefuseReject(w.Context(), all[0].ID, "replay", 9, weir.Reject{Stage: "decode", Reason: "odd again"}))
	if found, err := w.db.Quarantined(w.Context(), store.QuarantineFilter{CountedBy: "replay"}); err != nil || len(found) != 1 || found[0].ID != all[0].ID {
		w.Errorf("a replay in vain is found with %+v, %v", found, err)
	}
	// Of r1 the first one is still there; the second was set aside by the replay by now.
	w.must(w.db.ForgetCounts(w.Context(), "r3"))
	for run, want := range map[string]int{"r1": 1, "r2": 0, "r3": 2, "replay": 1} {
		if n, err := w.db.CountQuarantine(w.Context(), store.QuarantineFilter{CountedBy: run}); err != nil || n != want {
			w.Errorf("run %s is found with %d of %d once older counts are forgotten, %v", run, n, want, err)
		}
	}
}

// What a destination refuses is counted by the run that its batch is written down
// for, be the records of another one.
func quarantineCountedOfLoads(w *world) {
	src, _ := w.flow("a")
	term, err := w.db.LeaseDelivery(w.Context(), 1, 9, "me", time.Hour)
	w.must(err)
	w.change(func(tx *store.Tx) error {
		w.must(tx.QueueRun(w.Context(), 1, store.Run{ID: "r2", Resource: src.ID, Queued: 5, Job: 1, Wanted: []byte("{}")}))
		_, err := tx.Await(w.Context(), 1, store.RunDelivery{Run: "r2", Destination: 9, Stream: "bookings", Upto: 1}, "l", false)
		return err
	})
	ids, err := w.db.Quarantine(w.Context(), w.dataset, 9, "r1", 1, []weir.Reject{{Stage: "load", Reason: "too long", Key: "a", Original: []byte("x")}})
	w.must(err)
	w.must(w.db.SaveLoad(w.Context(), term, store.Load{Org: 1, Flow: src.ID, Destination: 9, Run: "r1", Quarantined: len(ids), Rejects: ids, At: 5}))
	for run, want := range map[string]int{"r1": 0, "r2": 1} {
		if n, err := w.db.CountQuarantine(w.Context(), store.QuarantineFilter{CountedBy: run}); err != nil || n != want {
			w.Errorf("run %s is found with %d of %d, %v", run, n, want, err)
		}
	}
}

// What is settled between two pages moves no other out of the next one.
func quarantineReadOn(w *world) {
	var all []int64
	for i := range 7 {
		all = append(all, w.reject(0, weir.Reject{Stage: "decode", Reason: "odd", Original: []byte{byte('a' + i)}}).ID)
	}
	slices.Reverse(all)
	f := store.QuarantineFilter{Datasets: []store.DatasetID{w.dataset}, State: store.QuarantineOpen, Page: 1, Size: 3}
	var seen []int64
	for {
		some, err := w.db.Quarantined(w.Context(), f)
		if w.must(err); len(some) == 0 {
			break
		}
		for _, q := range some {
			seen, f.Before = append(seen, q.ID), q.ID
			w.must(w.drop(q.ID))
		}
	}
	if !slices.Equal(seen, all) {
		w.Errorf("read on, there are %v of %v", seen, all)
	}
}

func (w *world) drop(id int64) error {
	return w.db.Change(w.Context(), func(tx *store.Tx) error { return tx.DropReject(w.Context(), id, 7, 9) })
}

func settledOnce(w *world) {
	q := w.reject(0, weir.Reject{Stage: "decode", Reason: "odd", Original: []byte("y")})
	w.must(w.drop(q.ID))
	w.refused(w.drop(q.ID), weir.CodeConflict)
	_, err := w.db.ReplayReject(w.Context(), w.dataset, store.Replay{ID: q.ID, Epoch: w.lease.Epoch, Record: record("a", 1, "1")})
	w.refused(err, weir.CodeConflict)
	w.wantLive(map[string]string{})
}

func replayedInLog(w *world) {
	w.append(0, record("a", 1, "1"))
	q := w.reject(3, weir.Reject{Stage: "load", Reason: "odd", Key: "a", Original: []byte("y")})
	newest, err := w.db.Newest(w.Context(), w.dataset, "a")
	w.must(err)
	_, err = w.db.ReplayReject(w.Context(), w.dataset, store.Replay{ID: q.ID, Epoch: w.lease.Epoch - 1, Record: newest.Record, Over: newest.Position})
	w.refused(err, weir.CodeIntegrity)
	_, err = w.db.ReplayReject(w.Context(), w.dataset, store.Replay{ID: q.ID, Epoch: w.lease.Epoch, Record: newest.Record, Over: newest.Position + 1})
	w.refused(err, weir.CodeConflict)
	at, err := w.db.ReplayReject(w.Context(), w.dataset, store.Replay{ID: q.ID, By: 7, At: 9, Run: "again", Epoch: w.lease.Epoch, Record: newest.Record, Over: newest.Position})
	w.must(err)
	again, err := w.db.Newest(w.Context(), w.dataset, "a")
	w.must(err)
	if at != 2 || again.Position != 2 || string(again.Data) != string(newest.Data) || w.ensureDataset("bookings").Head != 2 {
		w.Errorf("at %d: %+v", at, again)
	}
	found, err := w.db.Quarantined(w.Context(), store.QuarantineFilter{IDs: []int64{q.ID}})
	w.must(err)
	if f := found[0]; f.State != store.QuarantineReplayed || f.Settled != 9 || f.SettledBy != 7 {
		w.Errorf("%+v", f)
	}
	_, err = w.db.Newest(w.Context(), w.dataset, "nobody")
	w.refused(err, weir.CodeNotFound)
}

func droppedStays(w *world) {
	one := weir.Reject{Stage: "decode", Reason: "odd", Original: []byte("y")}
	q := w.reject(0, one)
	w.must(w.drop(q.ID))
	if again := w.reject(0, one); again.ID != q.ID || again.State != store.QuarantineDropped {
		w.Errorf("%+v", again)
	}
	two := weir.Reject{Stage: "load", Reason: "odd", Key: "a", Original: []byte("y")}
	q = w.reject(3, two)
	_, err := w.db.ReplayReject(w.Context(), w.dataset, store.Replay{ID: q.ID, Epoch: w.lease.Epoch, Record: record("a", 1, "1")})
	w.must(err)
	if again := w.reject(3, two); again.ID != q.ID || again.State != store.QuarantineOpen || again.Settled != 0 {
		w.Errorf("%+v", again)
	}
	if other := w.reject(4, two); other.ID == q.ID {
		w.Error("two destinations share one reject")
	}
	w.must(w.db.RefuseReject(w.Context(), q.ID, "run2", 8, weir.Reject{Stage: "schema", Reason: "new"}))
	found, err := w.db.Quarantined(w.Context(), store.QuarantineFilter{IDs: []int64{q.ID}})
	w.must(err)
	if f := found[0]; f.Reason != "new" || f.Stage != "schema" || f.Run != "run2" || string(f.Original) != "y" {
		w.Errorf("%+v", f)
	}
}

func useAddsUp(w *world) {
	use := store.BudgetUse{Org: 1, Budget: "k", Minute: 61, Credential: 2, Source: 3, Lane: "hook", Requests: 2, Refused: 1}
	other := use
	other.Minute, other.Lane = 119, "sweep"
	w.must(w.db.AddBudgetUse(w.Context(), []store.BudgetUse{use, other}, 0))
	w.must(w.db.AddBudgetUse(w.Context(), []store.BudgetUse{use}, 0))
	got, err := w.db.BudgetUses(w.Context(), 1, 60, 60, "k")
	w.must(err)
	use.Minute, use.Requests, use.Refused, other.Minute = 60, 4, 2, 60
	if diff := cmp.Diff([]store.BudgetUse{use, other}, got); diff != "" {
		w.Error(diff)
	}
	w.must(w.db.AddBudgetUse(w.Context(), nil, 100))
	if got, err := w.db.BudgetUses(w.Context(), 1, 0, 1, "k"); err != nil || len(got) != 1 || got[0].Minute != 119 {
		w.Errorf("after forgetting %+v, %v", got, err)
	}
	if got, err := w.db.BudgetUses(w.Context(), 2, 0, 1, "k"); err != nil || len(got) != 0 {
		w.Errorf("another organization sees %+v, %v", got, err)
	}
}

func sharedBudget(w *world) {
	a, b, c := w.make(store.Resource{Kind: store.KindCredential}), w.make(store.Resource{Kind: store.KindCredential}), w.make(store.Resource{Kind: store.KindCredential})
	w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
		for id, name := range map[int64]string{a.ID: "k1", b.ID: "k2", c.ID: "old"} {
			if err := tx.NameBudget(w.Context(), 1, id, name); err != nil {
				return err
			}
		}
		return tx.NameBudget(w.Context(), 1, c.ID, "k1")
	}))
	got, total, err := w.db.KeyBudgets(w.Context(), store.BudgetFilter{Org: 1, Page: 1, Size: 1})
	w.must(err)
	if diff := cmp.Diff([]store.KeyBudget{{Name: "k1", Credentials: []int64{a.ID, c.ID}}}, got); diff != "" || total != 2 {
		w.Errorf("%d: %s", total, diff)
	}
	if got, _, err := w.db.KeyBudgets(w.Context(), store.BudgetFilter{Org: 1, Credentials: []int64{c.ID}}); err != nil || len(got) != 1 || len(got[0].Credentials) != 2 {
		w.Errorf("through one credential %+v, %v", got, err)
	}
	if _, total, err := w.db.KeyBudgets(w.Context(), store.BudgetFilter{Org: 2}); err != nil || total != 0 {
		w.Errorf("another organization has %d, %v", total, err)
	}
	w.must(w.db.UpdateBudget(w.Context(), "k1", func([]byte) ([]byte, error) { return []byte("{}"), nil }))
	if records, err := w.db.BudgetRecords(w.Context(), "k1", "k2"); err != nil || len(records) != 1 || string(records["k1"]) != "{}" {
		w.Errorf("records %q, %v", records, err)
	}
}
