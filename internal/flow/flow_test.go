package flow_test

import (
	"context"
	"database/sql"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/governor"
	"github.com/weirhq/weir/internal/job"
	"github.com/weirhq/weir/internal/job/jobtest"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/simulator"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/vault"
)

// world is everything a flow stands on, with a simulator in place of Cal.com.
type world struct {
	*testing.T
	db     *store.DB
	creds  *credential.Service
	flows  *flow.Service
	runner *flow.Runner
	sim    *simulator.Simulator
	files  string
	ahead  atomic.Int64 // by how much the clock is ahead, ns
	told   told
	before atomic.Pointer[func(http.ResponseWriter, *http.Request) bool] // is shown each request to the account first, and says whether it has answered it
	key    int64                                                         // credential of the account
	sqlite int64                                                         // credential of cal.db
}

var me = flow.Actor{Org: 1, User: 7}

func newWorld(t *testing.T, bookings int) *world {
	t.Helper()
	return buildWorld(t, bookings, jobtest.Fresh.SQLite(t), true)
}

// onBoth runs a promise on both databases, in a world in which nothing happens
// by itself but jobs.
func onBoth(t *testing.T, bookings int, promise func(*world)) {
	for name, newURL := range jobtest.Fresh.Engines() {
		t.Run(name, func(t *testing.T) { promise(buildWorld(t, bookings, newURL(t), false)) })
	}
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

func buildWorld(t *testing.T, bookings int, database string, keeps bool) *world {
	t.Helper()
	w := &world{T: t, files: filepath.Join(t.TempDir(), "files")}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	var err error
	w.db, err = store.Open(t.Context(), database, store.Options{})
	must(err)
	t.Cleanup(func() { _ = w.db.Close() })
	place, _, err := vault.FindRoot(t.Context(), vault.Search{Data: dir, Getenv: func(string) string { return "" }})
	must(err)
	v, err := vault.Init(t.Context(), vault.Options{Place: place, Store: w.db, Now: time.Now})
	must(err)
	w.sim, err = simulator.New(simulator.Options{Bookings: bookings, Seed: 1, RateLimit: 1000})
	must(err)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if before := w.before.Load(); before != nil && (*before)(rw, r) {
			return
		}
		w.sim.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	log := audit.New(w.db, v.Derive("audit"), time.Now)
	g := governor.New(w.db, governor.Options{})
	t.Cleanup(func() { _ = g.Close() })
	w.creds, err = credential.New(credential.Options{Store: w.db, Vault: v, Audit: log, Governor: g, Files: w.files, BaseURL: server.URL, Logger: slog.New(slog.DiscardHandler), Now: w.now})
	must(err)
	w.flows = flow.New(flow.Options{Store: w.db, Credentials: w.creds, Audit: log, Notifier: &w.told, Logger: slog.New(slog.DiscardHandler), Now: w.now})
	engine, err := job.Open(t.Context(), job.Options{Store: w.db, Logger: slog.New(slog.DiscardHandler), Works: true})
	must(err)
	w.runner = flow.NewRunner(w.flows, engine)
	must(engine.Start(t.Context()))
	w.runner.Begin(keeps)
	t.Cleanup(func() {
		w.runner.Close()
		if err := engine.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	w.key = w.credential("cal_com_api", "api_key", w.sim.Keys()[0].Key, "rate_limit", "1000")
	w.sqlite = w.credential("sqlite", "path", "cal.db")
	return w
}

func (w *world) credential(kind string, pairs ...string) int64 {
	w.Helper()
	values := map[string]weir.Secret{}
	for i := 0; i < len(pairs); i += 2 {
		values[pairs[i]] = weir.NewSecret(pairs[i+1])
	}
	c, err := w.creds.Create(w.Context(), me, credential.Input{Kind: kind, Name: kind, Values: values})
	if err != nil {
		w.Fatal(err)
	}
	return c.ID
}

func (w *world) source(endpoints ...string) *flow.Source {
	w.Helper()
	src, err := w.flows.CreateSource(w.Context(), me, flow.SourceInput{Common: flow.Common{Name: "Cal"}, SourceSpec: flow.SourceSpec{Endpoints: endpoints}, Credential: w.key})
	if err != nil {
		w.Fatal(err)
	}
	return src
}

// datasets are those of a source, in order.
func (w *world) datasets(src *flow.Source) (all []*flow.Node) {
	w.Helper()
	root, _, err := w.flows.Tree(w.Context(), 1, store.KindSource, src.ID)
	if err != nil {
		w.Fatal(err)
	}
	return root.Children
}

func (w *world) destination(dataset int64) *flow.Destination {
	w.Helper()
	to, err := w.flows.CreateDestination(w.Context(), me, flow.DestinationInput{Common: flow.Common{Name: "Tables"}, DestinationSpec: flow.DestinationSpec{Mode: weir.ModeUpsert}, Credential: w.sqlite, Dataset: dataset})
	if err != nil {
		w.Fatal(err)
	}
	return to
}

// settle waits until nothing runs for a source.
func (w *world) settle(source int64) {
	w.Helper()
	src, err := w.flows.Source(w.Context(), 1, source)
	if err == nil {
		err = w.runner.Settle(w.Context(), src)
	}
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) count(query string) (n int) {
	w.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.files, "1", "cal.db")+"?mode=ro")
	if err != nil {
		w.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(w.Context(), query).Scan(&n); err != nil {
		w.Fatal(err)
	}
	return n
}

func TestAFlowRunsFromCredentialToRows(t *testing.T) {
	w := newWorld(t, 300)
	src := w.source("bookings")
	datasets := w.datasets(src)
	if len(datasets) != 1 || datasets[0].Type != "bookings" {
		t.Fatalf("the source yields %d datasets", len(datasets))
	}
	to := w.destination(datasets[0].ID)
	for _, part := range []struct {
		kind store.Kind
		id   int64
	}{{store.KindDestination, to.ID}, {store.KindSource, src.ID}} {
		if err := w.runner.Activate(t.Context(), me, part.kind, part.id, false); err != nil {
			t.Fatal(err)
		}
	}
	w.settle(src.ID)
	if n := w.count("SELECT count(*) FROM bookings"); n != 300 {
		t.Errorf("%d rows arrived", n)
	}
	runs, _, err := w.flows.ListRuns(t.Context(), store.RunFilter{Org: 1, Sources: []int64{src.ID}})
	if err != nil || len(runs) != 1 || runs[0].Status != "succeeded" || runs[0].Totals.Read != 300 {
		t.Errorf("runs: %+v, %v", runs, err)
	}
	d, err := w.flows.Dataset(t.Context(), 1, datasets[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	samples, err := w.flows.Samples(t.Context(), d, 10)
	if err != nil || len(samples) != 10 {
		t.Errorf("%d samples, %v", len(samples), err)
	}
	schema, number, err := w.flows.Schema(t.Context(), d)
	properties, _ := schema["properties"].(map[string]any)
	if err != nil || number == 0 || properties["uid"] == nil || properties["attendees"] == nil {
		t.Errorf("schema %d: %v, %v", number, properties, err)
	}
}

// What lies in the log reaches a destination that comes later at no request.
func TestALaterDestinationIsFilledWithoutARequest(t *testing.T) {
	w := newWorld(t, 200)
	src := w.source("bookings")
	if err := w.runner.Activate(t.Context(), me, store.KindSource, src.ID, false); err != nil {
		t.Fatal(err)
	}
	w.settle(src.ID)
	before := w.sim.Arrivals().Total
	to := w.destination(w.datasets(src)[0].ID)
	if err := w.runner.Activate(t.Context(), me, store.KindDestination, to.ID, false); err != nil {
		t.Fatal(err)
	}
	w.settle(src.ID)
	if n := w.count("SELECT count(*) FROM bookings"); n != 200 || w.sim.Arrivals().Total != before {
		t.Errorf("%d rows at %d requests", n, w.sim.Arrivals().Total-before)
	}
}

func TestASourceMayReadSeveralEndpoints(t *testing.T) {
	w := newWorld(t, 20)
	src := w.source("bookings", "event-types")
	datasets := w.datasets(src)
	if len(datasets) != 2 || datasets[0].Name == datasets[1].Name {
		t.Fatalf("%d datasets", len(datasets))
	}
	for _, d := range datasets {
		to := w.destination(d.ID)
		if err := w.flows.SetStatus(t.Context(), me, store.KindDestination, to.ID, flow.StatusActive, false); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.runner.Activate(t.Context(), me, store.KindSource, src.ID, false); err != nil {
		t.Fatal(err)
	}
	w.settle(src.ID)
	if w.count("SELECT count(*) FROM bookings") != 20 || w.count("SELECT count(*) FROM event_types") == 0 {
		t.Error("not everything arrived")
	}
}

func TestASourceByHandReadsAsATemplateDoes(t *testing.T) {
	w := newWorld(t, 40)
	manual := &rest.Config{PrimaryKey: []string{"uid"}, Steps: []rest.Step{{
		Key: "step_1", Iteration: rest.IterateOffset, Method: "GET", URL: "/v2/bookings?take=10", DataPath: "$.data[*]",
		Headers: map[string]string{"cal-api-version": "2024-08-13"}, Paging: rest.Paging{Param: "skip", Start: "0", Size: 10},
	}}}
	spec := flow.SourceSpec{Manual: manual}
	look, err := w.flows.Test(t.Context(), me, spec, w.key, 5)
	if err != nil || len(look.Records) != 5 || len(look.Exchanges) == 0 || look.Exchanges[0].Status != 200 {
		t.Fatalf("a test shows %+v, %v", look, err)
	}
	src, err := w.flows.CreateSource(t.Context(), me, flow.SourceInput{Common: flow.Common{Name: "By hand"}, SourceSpec: spec, Credential: w.key})
	if err != nil {
		t.Fatal(err)
	}
	run, _, err := w.runner.Start(t.Context(), me, flow.Order{Source: src.ID})
	if err != nil {
		t.Fatal(err)
	}
	if run, err = w.runner.Wait(t.Context(), 1, run.ID); err != nil || run.Status != "succeeded" || run.Result.Streams[0].Read < 40 {
		t.Errorf("%+v, %v", run, err)
	}
}

func TestWhatCannotWorkIsRefusedAndLeavesNothing(t *testing.T) {
	w := newWorld(t, 10)
	broken := w.credential("cal_com_api", "api_key", w.sim.Keys()[3].Key)
	if !w.sim.RemoveKey(w.sim.Keys()[3].Name) {
		t.Fatal("no such key")
	}
	_, _ = w.creds.Check(t.Context(), me, broken) // it fails now
	for name, in := range map[string]flow.SourceInput{
		"no name":             {SourceSpec: flow.SourceSpec{Endpoints: []string{"bookings"}}, Credential: w.key},
		"no credential":       {Common: flow.Common{Name: "x"}, SourceSpec: flow.SourceSpec{Endpoints: []string{"bookings"}}},
		"a foreign one":       {Common: flow.Common{Name: "x"}, SourceSpec: flow.SourceSpec{Endpoints: []string{"bookings"}}, Credential: 999},
		"a failed one":        {Common: flow.Common{Name: "x"}, SourceSpec: flow.SourceSpec{Endpoints: []string{"bookings"}}, Credential: broken},
		"one of a database":   {Common: flow.Common{Name: "x"}, SourceSpec: flow.SourceSpec{Endpoints: []string{"bookings"}}, Credential: w.sqlite},
		"no endpoint":         {Common: flow.Common{Name: "x"}, Credential: w.key},
		"an unknown endpoint": {Common: flow.Common{Name: "x"}, SourceSpec: flow.SourceSpec{Endpoints: []string{"bokings"}}, Credential: w.key},
		"a parameter of none": {Common: flow.Common{Name: "x"}, SourceSpec: flow.SourceSpec{Endpoints: []string{"bookings"}, Params: map[string]string{"colour": "red"}}, Credential: w.key},
	} {
		if _, err := w.flows.CreateSource(t.Context(), me, in); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if all, n, err := w.flows.Sources(t.Context(), store.ResourceFilter{Org: 1}); n != 0 || len(all) != 0 || err != nil {
		t.Errorf("%d sources were left, %v", n, err)
	}
}

func TestAnActiveFlowIsNotDeletedAndADeletedOneComesBack(t *testing.T) {
	w := newWorld(t, 10)
	src := w.source("event-types")
	to := w.destination(w.datasets(src)[0].ID)
	if err := w.runner.Activate(t.Context(), me, store.KindSource, src.ID, true); err != nil {
		t.Fatal(err)
	}
	w.settle(src.ID)
	root, _, err := w.flows.Tree(t.Context(), 1, store.KindDestination, to.ID)
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	root.Walk(func(n *flow.Node) { kinds = append(kinds, string(n.Kind)+" "+n.Status) })
	if !slices.Equal(kinds, []string{"source active", "dataset active", "destination active"}) {
		t.Errorf("activating all gives %v", kinds)
	}
	if err := w.flows.DeleteFlow(t.Context(), me, root); err == nil || !strings.Contains(err.Error(), "paused") {
		t.Errorf("deleted: %v", err)
	}
	if err := w.runner.Pause(t.Context(), me, store.KindSource, src.ID, true); err != nil {
		t.Fatal(err)
	}
	if err := w.flows.Delete(t.Context(), me, store.KindSource, src.ID); weir.CodeOf(err) != weir.CodeConflict {
		t.Errorf("a source with a destination was deleted: %v", err)
	}
	if root, _, err = w.flows.Tree(t.Context(), 1, store.KindSource, src.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.flows.DeleteFlow(t.Context(), me, root); err != nil {
		t.Fatal(err)
	}
	if _, err := w.flows.Source(t.Context(), 1, src.ID); weir.CodeOf(err) != weir.CodeNotFound {
		t.Errorf("still there: %v", err)
	}
	if err := w.flows.Restore(t.Context(), me, store.KindDestination, to.ID); weir.CodeOf(err) != weir.CodeConflict {
		t.Errorf("restored without its dataset: %v", err)
	}
	if err := w.flows.Restore(t.Context(), me, store.KindSource, src.ID); err != nil {
		t.Error(err)
	}
}

func TestARevokedKeyFailsTheCredentialAfterOneRun(t *testing.T) {
	w := newWorld(t, 10)
	src := w.source("bookings")
	if !w.sim.RemoveKey(w.sim.Keys()[0].Name) {
		t.Fatal("no such key")
	}
	run, _, err := w.runner.Start(t.Context(), me, flow.Order{Source: src.ID})
	if err != nil {
		t.Fatal(err)
	}
	if run, err = w.runner.Wait(t.Context(), 1, run.ID); err != nil || run.Status != "failed" || run.Class != string(weir.CodeAuth) {
		t.Errorf("the run ended as %+v, %v", run, err)
	}
	c, err := w.creds.Credential(t.Context(), 1, w.key)
	if err != nil || c.Status() != credential.StatusFailed {
		t.Errorf("the credential is %s, %v", c.Status(), err)
	}
	if _, _, err := w.runner.Start(t.Context(), me, flow.Order{Source: src.ID}); weir.CodeOf(err) != weir.CodeConflict {
		t.Errorf("a run with a dead key was started: %v", err)
	}
}

// Whoever may use a key may not read it, nor have a new one made and shown.
func TestASourceOnlyReads(t *testing.T) {
	w := newWorld(t, 5)
	for _, method := range []string{"POST", "PUT"} {
		manual := &rest.Config{PrimaryKey: []string{"apiKey"}, Steps: []rest.Step{{Key: "step_1", Iteration: rest.IterateStatic, Method: method, URL: "/v2/api-keys/refresh", DataPath: "$.data"}}}
		if look, err := w.flows.Test(t.Context(), me, flow.SourceSpec{Manual: manual}, w.key, 1); weir.CodeOf(err) != weir.CodeUsage {
			t.Errorf("%s shows %+v, %v", method, look, err)
		}
	}
	if _, err := w.creds.Check(t.Context(), me, w.key); err != nil {
		t.Errorf("the key was replaced: %v", err)
	}
}
