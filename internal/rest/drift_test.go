package rest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/simulator"
)

// bookings is the list with all the traps, as the Cal.com connector has it.
func bookings() rest.Config {
	return rest.Config{
		BaseURL: "http://127.0.0.1", PrimaryKey: []string{"uid"}, VersionField: "updatedAt",
		Steps: []rest.Step{{
			Key: "records", Iteration: rest.IterateKeyset, Method: "GET", URL: "/v2/bookings", DataPath: "$.data[*]", Require: []string{"pagination"},
			Headers: map[string]string{"cal-api-version": "2024-08-13"},
			Keyset: rest.Keyset{
				SizeParam: "take", Size: 250, SkipParam: "skip",
				Sweep:       rest.Walk{Field: "createdAt", After: "afterCreatedAt", Before: "beforeCreatedAt", Sort: "sortCreated", Ascending: "asc"},
				Incremental: rest.Walk{Field: "updatedAt", After: "afterUpdatedAt", Before: "beforeUpdatedAt", Sort: "sortUpdatedAt", Ascending: "asc"},
			},
		}},
	}
}

// free is a budget without a limit.
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

func client(t *testing.T, h http.Handler, key string) *rest.Client {
	t.Helper()
	c, err := rest.NewClient(rest.ClientOptions{
		HTTP: &http.Client{Transport: direct{h}}, Origin: "http://127.0.0.1", Key: weir.NewSecret(key),
		AuthHeader: "Authorization", AuthPrefix: "Bearer ", Budget: free{},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// reader is a source with what it has shown so far.
type reader struct {
	*testing.T
	source     *rest.Source
	checkpoint weir.Checkpoint
	status     map[string]string // uid → status, newest version wins
	version    map[string]int64
	pages      int
}

func newReader(t *testing.T, sim *simulator.Simulator, c rest.Config) *reader {
	t.Helper()
	s, err := rest.NewSource(c, client(t, sim, sim.Keys()[0].Key))
	if err != nil {
		t.Fatal(err)
	}
	return &reader{T: t, source: s, status: map[string]string{}, version: map[string]int64{}}
}

func (r *reader) read(mode rest.Mode) {
	r.Helper()
	err := r.source.Read(r.Context(), rest.ReadRequest{Mode: mode, Checkpoint: r.checkpoint}, func(_ context.Context, p weir.Page) error {
		r.pages++
		for _, record := range p.Records {
			if record.Version != 0 && record.Version < r.version[record.Key] {
				continue
			}
			var b struct {
				Status string `json:"status"`
			}
			if err := json.Unmarshal(record.Data, &b); err != nil {
				return err
			}
			r.status[record.Key], r.version[record.Key] = b.Status, record.Version
		}
		if p.Checkpoint != nil {
			r.checkpoint = p.Checkpoint
		}
		return nil
	})
	if err != nil {
		r.Fatal(err)
	}
}

// lost counts bookings of the account that were never shown.
func (r *reader) lost(sim *simulator.Simulator) (missing, stale int) {
	for uid, b := range sim.Truth() {
		switch status, ok := r.status[uid]; {
		case !ok:
			missing++
		case status != b.Status:
			stale++
		}
	}
	return missing, stale
}

// histories is how many seeded histories are played: 40, or what
// WEIR_HISTORIES says.
func histories(t *testing.T) int {
	if text := os.Getenv("WEIR_HISTORIES"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return 40
}

// While people book, move, cancel and delete between any two requests, an
// increment and a quiet sweep afterwards leave nothing missing and nothing
// stale.
func TestAWalkLosesNothingWhileTheListMoves(t *testing.T) {
	for seed := range histories(t) {
		sim, err := simulator.New(simulator.Options{Bookings: 700, Seed: uint64(seed + 1), DriftPerRequest: 1})
		if err != nil {
			t.Fatal(err)
		}
		r := newReader(t, sim, bookings())
		r.read(rest.ModeSweep)
		r.read(rest.ModeIncremental)
		sim.SetDrift(0)
		r.read(rest.ModeIncremental)
		r.read(rest.ModeSweep)
		if missing, stale := r.lost(sim); missing+stale > 0 {
			t.Fatalf("seed %d: %d missing, %d stale", seed, missing, stale)
		}
	}
}

// The control: the same histories read by counting rows lose some, so the
// test above can fail.
func TestCountingRowsLosesSomeInTheSameHistories(t *testing.T) {
	lossy := 0
	for seed := range 20 {
		sim, err := simulator.New(simulator.Options{Bookings: 700, Seed: uint64(seed + 1), DriftPerRequest: 1})
		if err != nil {
			t.Fatal(err)
		}
		c := bookings()
		c.Steps[0].Iteration = rest.IterateOffset
		c.Steps[0].Paging = rest.Paging{Param: "skip", SizeParam: "take", Size: 50}
		r := newReader(t, sim, c)
		r.read(rest.ModeSweep)
		if missing, stale := r.lost(sim); missing+stale > 0 {
			lossy++
		}
	}
	if lossy == 0 {
		t.Error("counting rows lost nothing in 20 histories: the simulator is too tame to prove anything")
	}
}

func TestAnInterruptedWalkGoesOnWhereItStopped(t *testing.T) {
	sim, err := simulator.New(simulator.Options{Bookings: 1_000, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	r := newReader(t, sim, bookings())
	for stop := 1; ; stop++ {
		seen := 0
		enough := fmt.Errorf("enough")
		complete := false
		err := r.source.Read(t.Context(), rest.ReadRequest{Checkpoint: r.checkpoint}, func(_ context.Context, p weir.Page) error {
			if seen == 2 {
				return enough
			}
			seen++
			for _, record := range p.Records {
				r.status[record.Key] = ""
			}
			r.checkpoint, complete = p.Checkpoint, p.Complete
			return nil
		})
		if err == nil && complete {
			break
		}
		if stop > 20 {
			t.Fatal("the walk does not get on")
		}
	}
	if got, want := len(r.status), len(sim.Truth()); got != want {
		t.Errorf("%d of %d bookings were shown", got, want)
	}
}
