package pipeline_test

import (
	"context"
	"database/sql"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/destination/sqldb"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/simulator"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

// free is a budget without a limit, for tests of everything but the limit.
type free struct{}

func (free) Take(context.Context, weir.Lane) (func(weir.Answer), error) {
	return func(weir.Answer) {}, nil
}

// direct sends requests to a handler without a network between.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Result(), nil
}

// account is one simulated account with a flow into a SQLite file.
type account struct {
	testing.TB
	sim  *simulator.Simulator
	flow *pipeline.Flow
	path string
	now  time.Time
}

func newAccount(t testing.TB, o simulator.Options, streams ...string) *account {
	t.Helper()
	sim, err := simulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	a := &account{TB: t, sim: sim, path: filepath.Join(t.TempDir(), "cal.db"), now: time.Now()}
	db, err := store.Open(t.Context(), storetest.SQLite(t), store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	dest, err := sqldb.Open(t.Context(), "sqlite:"+a.path, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dest.Close() })
	def, err := connector.Builtin("calcom")
	if err != nil {
		t.Fatal(err)
	}
	endpoints := def.Defaults()
	if len(streams) > 0 {
		if endpoints, err = def.WithNeeds(streams); err != nil {
			t.Fatal(err)
		}
	}
	const base = "http://127.0.0.1"
	client, err := rest.NewClient(rest.ClientOptions{
		HTTP: &http.Client{Transport: direct{sim}}, Origin: base, Key: weir.NewSecret(sim.Keys()[0].Key),
		AuthHeader: def.Auth.Header, AuthPrefix: def.Auth.Prefix, Budget: free{}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	a.flow = &pipeline.Flow{
		Connector: def, BaseURL: base, Store: db, Exchanger: client,
		Targets: []*pipeline.Target{{Destination: dest, Where: "test", Mode: weir.ModeUpsert}}, Streams: endpoints, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return a.now },
	}
	if a.flow.Account, err = def.Account(t.Context(), base, client); err != nil {
		t.Fatal(err)
	}
	return a
}

// run runs the flow and returns the result of one stream.
func (a *account) run(stream string) pipeline.StreamResult {
	a.Helper()
	result, err := pipeline.Run(a.Context(), a.flow)
	if err != nil {
		a.Fatal(err)
	}
	for _, s := range result.Streams {
		if s.Name == stream {
			return s
		}
	}
	a.Fatalf("no stream %s in %+v", stream, result)
	panic("unreachable")
}

func (a *account) count(query string, args ...any) int {
	a.Helper()
	db, err := sql.Open("sqlite", a.path)
	if err != nil {
		a.Fatal(err)
	}
	defer db.Close()
	var n int
	if err := db.QueryRow(query, args...).Scan(&n); err != nil {
		a.Fatalf("%s: %v", query, err)
	}
	return n
}

func TestAFullReadingCostsAPageForEach250BookingsAndTwoMore(t *testing.T) {
	for _, n := range []int{0, 1, 249, 250, 251, 5_000, 25_000} {
		a := newAccount(t, simulator.Options{Bookings: n, Seed: 5}, "bookings")
		got := a.run("bookings")
		total := len(a.sim.Truth())
		if limit := (total+249)/250 + 2; got.Requests > limit {
			t.Errorf("%d bookings took %d requests, want at most %d", total, got.Requests, limit)
		}
		if got.Written != total {
			t.Errorf("%d rows written of %d bookings", got.Written, total)
		}
	}
}

func TestAReadingWithNothingChangedCostsAtMostTwoRequestsAndWritesNothing(t *testing.T) {
	a := newAccount(t, simulator.Options{Bookings: 2_000, Seed: 6}, "bookings")
	a.run("bookings")
	again := a.run("bookings")
	if again.Requests > 2 || again.Written != 0 {
		t.Errorf("got %d requests and %d rows, want at most 2 and 0", again.Requests, again.Written)
	}
}

func TestEveryRecordReadIsAccountedFor(t *testing.T) {
	a := newAccount(t, simulator.Options{Bookings: 1_302, Seed: 7})
	result, err := pipeline.Run(t.Context(), a.flow)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range result.Streams {
		if s.Status == pipeline.StatusSucceeded && s.Read != s.Written+s.Unchanged+s.Quarantined {
			t.Errorf("%s: read %d, but written %d + unchanged %d + quarantined %d", s.Name, s.Read, s.Written, s.Unchanged, s.Quarantined)
		}
		if s.Status != pipeline.StatusSucceeded && s.Status != pipeline.StatusSkipped {
			t.Errorf("%s: %s: %s", s.Name, s.Status, s.Error)
		}
		if s.Status == pipeline.StatusSkipped && s.Error == "" {
			t.Errorf("%s was skipped without a reason", s.Name)
		}
	}
}

func TestADeletedBookingIsMarkedBySweepAndNeverDropped(t *testing.T) {
	a := newAccount(t, simulator.Options{Bookings: 500, Seed: 8}, "bookings")
	a.run("bookings")
	before := a.count("SELECT count(*) FROM bookings")
	a.sim.Mutate(simulator.Mutation{Delete: 3, Seed: 1})
	a.flow.FullRefresh = true
	if got := a.run("bookings"); got.Deleted != 3 {
		t.Errorf("the sweep found %d deletions, want 3", got.Deleted)
	}
	if got := a.count("SELECT count(*) FROM bookings WHERE _weir_deleted_at IS NOT NULL"); got != 3 {
		t.Errorf("%d rows are marked deleted, want 3", got)
	}
	if got := a.count("SELECT count(*) FROM bookings"); got != before {
		t.Errorf("%d rows, want the same %d as before", got, before)
	}
}

func TestMassDeletionStopsAndAsks(t *testing.T) {
	a := newAccount(t, simulator.Options{Bookings: 500, Seed: 9}, "bookings")
	a.run("bookings")
	a.sim.Mutate(simulator.Mutation{Delete: 60, Seed: 1})
	a.flow.FullRefresh = true
	_, err := pipeline.Run(t.Context(), a.flow)
	if weir.CodeOf(err) != weir.CodeConflict || !strings.Contains(err.Error(), "--allow-deletes") {
		t.Fatalf("got %v, want a conflict that names --allow-deletes", err)
	}
	if got := a.count("SELECT count(*) FROM bookings WHERE _weir_deleted_at IS NOT NULL"); got != 0 {
		t.Errorf("%d rows were marked deleted all the same", got)
	}
	a.flow.AllowDelete = true
	if got := a.run("bookings"); got.Deleted != 60 {
		t.Errorf("%d deletions after the user allowed them, want 60", got.Deleted)
	}
}

func TestANewDestinationIsFilledFromTheLogWithoutReadingAgain(t *testing.T) {
	a := newAccount(t, simulator.Options{Bookings: 1_000, Seed: 10}, "bookings")
	first := a.run("bookings")
	path := filepath.Join(t.TempDir(), "second.db")
	dest, err := sqldb.Open(t.Context(), "sqlite:"+path, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dest.Close()
	a.flow.Targets[0].Destination = dest
	second := a.run("bookings")
	if second.Written != first.Written || second.Requests > 2 {
		t.Errorf("the second destination got %d rows for %d requests, want %d rows for at most 2", second.Written, second.Requests, first.Written)
	}
}

// brokenDestination takes nothing.
type brokenDestination struct{}

func (brokenDestination) Position(context.Context, string, string) (weir.Position, error) {
	return 0, nil
}

func (brokenDestination) Load(context.Context, weir.Batch) (weir.Loaded, error) {
	return weir.Loaded{}, &weir.Error{Code: weir.CodeAuth, Message: "the password is wrong"}
}

func TestABrokenDestinationHoldsUpNoOther(t *testing.T) {
	a := newAccount(t, simulator.Options{Bookings: 400, Seed: 14}, "bookings", "event-types")
	a.flow.Targets[0].ID = 1
	a.flow.Targets = append(a.flow.Targets, &pipeline.Target{ID: 2, Destination: brokenDestination{}, Where: "broken"})
	result, err := pipeline.Run(t.Context(), a.flow)
	if weir.CodeOf(err) != weir.CodeAuth {
		t.Errorf("the run ended with %v", err)
	}
	if types := result.Streams[1]; types.Deliveries[0].Written == 0 {
		t.Errorf("the other stream was stopped: %+v", types)
	}
	got := result.Streams[0].Deliveries
	if len(got) != 2 || got[0].Written != 400 || got[0].Error != "" || got[1].Error == "" {
		t.Errorf("delivered %+v", got)
	}
	a.flow.Targets[1].Destination = a.flow.Targets[0].Destination
	a.flow.LogOnly = true
	if result, err = pipeline.Run(t.Context(), a.flow); err != nil || result.Requests != 0 {
		t.Errorf("delivering from the log cost %d requests: %v", result.Requests, err)
	}
}

func TestSourcesOfDifferentNamesHaveLogsOfTheirOwn(t *testing.T) {
	a := newAccount(t, simulator.Options{Bookings: 50, Seed: 15}, "bookings")
	a.flow.Targets = nil
	if got := a.run("bookings"); got.Read < 50 {
		t.Errorf("read %d", got.Read)
	}
	a.flow.Name = "source 2"
	if got := a.run("bookings"); got.Unchanged >= 50 {
		t.Errorf("another source found %d unchanged in the log of the first", got.Unchanged)
	}
}

func TestALogThatWasTidiedFillsANewDestinationWithAllThereIs(t *testing.T) {
	a := newAccount(t, simulator.Options{Bookings: 600, Seed: 11}, "bookings")
	a.flow.FullRefresh, a.flow.AllowDelete = true, true
	for seed := range uint64(4) {
		a.run("bookings")
		a.sim.Mutate(simulator.Mutation{Count: 500, Delete: 5, Seed: seed})
	}
	a.run("bookings")
	const shown = `SELECT count(*) * 10000 + count(DISTINCT _weir_hash) FROM bookings WHERE _weir_deleted_at IS NULL`
	rows, versions := a.count(shown), a.versions()
	if live := a.count("SELECT count(*) FROM bookings"); versions > 2*live {
		t.Errorf("the log has %d versions of %d records, so it was never tidied", versions, live)
	}
	a.path = filepath.Join(t.TempDir(), "second.db")
	dest, err := sqldb.Open(t.Context(), "sqlite:"+a.path, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dest.Close()
	a.flow.Targets[0].Destination, a.flow.FullRefresh = dest, false
	a.run("bookings")
	if got := a.count(shown); got != rows {
		t.Errorf("the second destination shows %d, the first %d", got, rows)
	}
}

func TestANewDestinationShowsWhatWasDeletedBeforeIt(t *testing.T) {
	a := newAccount(t, simulator.Options{Bookings: 300, Seed: 13}, "bookings")
	a.flow.FullRefresh, a.flow.AllowDelete = true, true
	a.run("bookings")
	a.sim.Mutate(simulator.Mutation{Count: 20, Delete: 9, Seed: 1})
	a.run("bookings")
	const shown = `SELECT count(*) * 1000 + count(_weir_deleted_at) FROM bookings`
	rows := a.count(shown)
	a.path = filepath.Join(t.TempDir(), "second.db")
	dest, err := sqldb.Open(t.Context(), "sqlite:"+a.path, sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer dest.Close()
	a.flow.Targets[0].Destination = dest
	a.run("bookings")
	if got := a.count(shown); got != rows || rows%1000 == 0 {
		t.Errorf("the second destination shows %d, the first %d", got, rows)
	}
}

func TestALogThatHistoryIsFilledFromKeepsEveryVersion(t *testing.T) {
	a := newAccount(t, simulator.Options{Bookings: 400, Seed: 12}, "bookings")
	a.flow.Targets[0].Mode, a.flow.FullRefresh = weir.ModeHistory, true
	for seed := range uint64(4) {
		a.run("bookings")
		a.sim.Mutate(simulator.Mutation{Count: 400, Seed: seed})
		a.now = a.now.Add(time.Minute) // the time of reading tells versions apart
	}
	a.run("bookings")
	if rows, versions := a.count("SELECT count(*) FROM bookings"), a.versions(); rows != versions || rows <= 800 {
		t.Errorf("%d rows of %d versions in the log, want all of them, and more than two of a booking", rows, versions)
	}
}

// versions counts what is in the log of bookings.
func (a *account) versions() int {
	a.Helper()
	source, err := a.flow.Store.EnsureSource(a.Context(), store.SourceSpec{Connector: "calcom", Origin: a.flow.BaseURL, Account: a.flow.Account.ID})
	if err != nil {
		a.Fatal(err)
	}
	d, err := a.flow.Store.EnsureDataset(a.Context(), source, "bookings")
	if err != nil {
		a.Fatal(err)
	}
	log, err := a.flow.Store.ReadLog(a.Context(), d.ID, 0, 1<<30, 1<<30)
	if err != nil {
		a.Fatal(err)
	}
	return len(log.Records)
}
