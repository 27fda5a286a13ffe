package rest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
)

// pagesOf is a source of 25 records, ten a page, and how often it was asked.
func pagesOf(t *testing.T, broken int) (*rest.Source, *atomic.Int32) {
	t.Helper()
	var asked atomic.Int32
	server := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := asked.Add(1); int(n) == broken {
			http.Error(w, "{}", http.StatusForbidden)
			return
		}
		tens(w, number(r, "skip", 0)+1, "")
	})
	s, err := rest.NewSource(rest.Config{BaseURL: "http://127.0.0.1", PrimaryKey: []string{"id"}, Steps: []rest.Step{{
		Key: "step_1", Iteration: rest.IterateOffset, Method: "GET", URL: "/items", DataPath: "$.data[*]", Paging: rest.Paging{Param: "skip", Size: 10},
	}}}, client(t, server, "cal_test"))
	if err != nil {
		t.Fatal(err)
	}
	return s, &asked
}

func TestTheNextPageIsReadWhileOneIsEmitted(t *testing.T) {
	s, asked := pagesOf(t, 0)
	next := make(chan struct{})
	first := true
	err := s.Read(t.Context(), rest.ReadRequest{}, func(context.Context, weir.Page) error {
		if !first {
			return nil
		}
		first = false
		go func() {
			for asked.Load() < 2 {
				runtime.Gosched()
			}
			close(next)
		}()
		select { // without reading ahead nobody asks, and this waits for ever
		case <-next:
			return nil
		case <-t.Context().Done():
			return t.Context().Err()
		}
	})
	if err != nil || asked.Load() != 3 {
		t.Errorf("%v after %d requests", err, asked.Load())
	}
}

func TestWhatWasReadBeforeAFailureIsEmitted(t *testing.T) {
	s, _ := pagesOf(t, 2)
	n := 0
	err := s.Read(t.Context(), rest.ReadRequest{}, func(_ context.Context, p weir.Page) error { n += len(p.Records); return nil })
	if weir.CodeOf(err) == "" || n != 10 {
		t.Errorf("%d records, %v", n, err)
	}
}

func TestAPageThatCannotBeTakenEndsTheReading(t *testing.T) {
	s, asked := pagesOf(t, 0)
	full, pages := errors.New("disk full"), 0
	err := s.Read(t.Context(), rest.ReadRequest{}, func(context.Context, weir.Page) error { pages++; return full })
	if !errors.Is(err, full) || pages != 1 || asked.Load() > 3 {
		t.Errorf("%d pages after %d requests, %v", pages, asked.Load(), err)
	}
}

// A checkpoint that told of a page which is not durable yet would lose it.
func TestACheckpointKnowsOnlyWhatWasEmitted(t *testing.T) {
	lists := map[string]*list{}
	for seed := range 6 {
		lists[fmt.Sprint("/", seed)] = &list{rows: rowsOf(60 + 7*seed)}
	}
	server := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { lists[r.URL.Path].ServeHTTP(w, r) })
	seeds := func(yield func(rest.Seed, error) bool) {
		for seed := range 6 {
			if !yield(rest.Seed{"n": fmt.Sprint(seed)}, nil) {
				return
			}
		}
	}
	config := small()
	config.Steps[0].URL, config.Inject = "/{seed.n}", map[string]string{"list": "n"}
	config.PrimaryKey = append(slices.Clone(config.PrimaryKey), "list")
	s, err := rest.NewSource(config, client(t, server, "cal_test"))
	if err != nil {
		t.Fatal(err)
	}
	durable := map[string]bool{}
	var saved weir.Checkpoint
	crash, most := errors.New("crash"), 0
	for run := 1; ; run++ {
		left := run % 4
		err := s.Read(t.Context(), rest.ReadRequest{Checkpoint: saved, Seeds: seeds}, func(_ context.Context, p weir.Page) error {
			if left--; left < 0 {
				return crash
			}
			saved = p.Checkpoint
			for _, r := range p.Records {
				durable[r.Key] = true
			}
			return nil
		})
		if err == nil {
			break
		}
		if most++; !errors.Is(err, crash) || most > 100 {
			t.Fatal(err)
		}
	}
	for path, l := range lists {
		for _, r := range l.rows {
			if key := weir.KeyOf(r.uid, strings.TrimPrefix(path, "/")); !durable[key] {
				t.Errorf("%q was lost", key)
			}
		}
	}
}
