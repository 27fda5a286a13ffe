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

// six are six lists of their own length, and a source that reads each as a
// seed's. Every failAt-th request fails, none when it is 0.
func six(t *testing.T, failAt int64) (*rest.Source, map[string]*list) {
	t.Helper()
	lists := map[string]*list{}
	for seed := range 6 {
		lists[fmt.Sprint(seed)] = &list{rows: rowsOf(60 + 7*seed)}
	}
	var asked atomic.Int64
	server := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := asked.Add(1); failAt > 0 && n%failAt == 0 {
			http.Error(w, "{}", http.StatusInternalServerError)
			return
		}
		(&list{rows: lists[strings.TrimPrefix(r.URL.Path, "/")].rows}).ServeHTTP(w, r)
	})
	config := small()
	config.Steps[0].URL, config.Inject = "/{seed.n}", map[string]string{"list": "n"}
	config.PrimaryKey = append(slices.Clone(config.PrimaryKey), "list")
	s, err := rest.NewSource(config, client(t, server, "cal_test"))
	if err != nil {
		t.Fatal(err)
	}
	return s, lists
}

func sixSeeds(yield func(rest.Seed, error) bool) {
	for seed := range 6 {
		if !yield(rest.Seed{"n": fmt.Sprint(seed)}, nil) {
			return
		}
	}
}

// A checkpoint that told of a page which is not durable would lose it:
// whether taking a page fails or reading another list does.
func TestACheckpointKnowsOnlyWhatWasTaken(t *testing.T) {
	crash := errors.New("crash")
	for round := range 40 {
		failAt, crashes := int64(0), round%2 == 0
		if !crashes {
			failAt = int64(11 + round)
		}
		s, lists := six(t, failAt)
		durable := map[string]bool{}
		var saved weir.Checkpoint
		for run := 1; ; run++ {
			left := run % 4
			err := s.Read(t.Context(), rest.ReadRequest{Checkpoint: saved, Seeds: sixSeeds}, func(_ context.Context, p weir.Page) error {
				if left--; left < 0 && crashes {
					return crash
				}
				runtime.Gosched()
				saved = p.Checkpoint
				for _, r := range p.Records {
					durable[r.Key] = true
				}
				return nil
			})
			if err == nil {
				break
			}
			if run > 200 || crashes != errors.Is(err, crash) {
				t.Fatal(err)
			}
		}
		for name, l := range lists {
			for _, r := range l.rows {
				if !durable[weir.KeyOf(r.uid, name)] {
					t.Fatalf("round %d: %s of list %s was lost", round, r.uid, name)
				}
			}
		}
	}
}
