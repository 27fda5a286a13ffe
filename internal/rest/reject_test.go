package rest_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
)

func TestWhatCannotBeReadWithinATieIsNotLost(t *testing.T) {
	const n = 50
	server := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var all []string
		for i := range n {
			uid := fmt.Sprintf(`"uid":"u%d",`, i)
			if i%10 == 9 && i > 10 { // none on the first page
				uid = ""
			}
			all = append(all, fmt.Sprintf(`{%s"n":%d,"createdAt":"2026-03-01T09:00:00.000Z","updatedAt":null}`, uid, i))
		}
		if r.URL.Query().Get("afterCreatedAt") > "2026-03-01T09:00:00.000Z" {
			all = nil
		}
		all = all[min(number(r, "skip", 0), len(all)):]
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"pagination":{},"data":[%s]}`, strings.Join(all[:min(10, len(all))], ","))
	})
	s, err := rest.NewSource(small(), client(t, server, "cal_test"))
	if err != nil {
		t.Fatal(err)
	}
	records, rejects := map[string]bool{}, 0
	err = s.Read(t.Context(), rest.ReadRequest{}, func(_ context.Context, p weir.Page) error {
		for _, r := range p.Records {
			records[r.Key] = true
		}
		rejects += len(p.Rejects)
		return nil
	})
	if err != nil || len(records)+rejects != n || rejects != 4 {
		t.Errorf("%d records and %d rejects of %d, %v", len(records), rejects, n, err)
	}
}

func TestASweepDoesNotContinueAnother(t *testing.T) {
	l := &list{rows: rowsOf(60)}
	s, err := rest.NewSource(small(), client(t, l, "cal_test"))
	if err != nil {
		t.Fatal(err)
	}
	var saved weir.Checkpoint
	shown := map[string]bool{}
	sweep := func(number int64, pages int) error {
		clear(shown)
		return s.Read(t.Context(), rest.ReadRequest{Sweep: number, Checkpoint: saved}, func(_ context.Context, p weir.Page) error {
			if pages--; pages < 0 {
				return context.Canceled
			}
			saved = p.Checkpoint
			for _, r := range p.Records {
				shown[r.Key] = true
			}
			return nil
		})
	}
	if err := sweep(1, 3); err == nil {
		t.Fatal("the first sweep was not interrupted")
	}
	if err := sweep(2, 100); err != nil || len(shown) != 60 {
		t.Errorf("the second sweep shows %d of 60, %v", len(shown), err)
	}
}

func TestAKeyThatHoldsTheSeparatorIsRefused(t *testing.T) {
	config := rest.Config{BaseURL: "http://127.0.0.1", PrimaryKey: []string{"a", "b"}, Steps: []rest.Step{{Key: "step_1", Iteration: rest.IterateStatic, Method: "GET", URL: "/", DataPath: "$[*]"}}}
	server := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`[{"a":"x\u001fy","b":"z"},{"a":"x","b":"y\u001fz"}]`))
	})
	s, err := rest.NewSource(config, client(t, server, "cal_test"))
	if err != nil {
		t.Fatal(err)
	}
	rejects := 0
	if err := s.Read(t.Context(), rest.ReadRequest{}, func(_ context.Context, p weir.Page) error { rejects += len(p.Rejects); return nil }); err != nil || rejects != 2 {
		t.Errorf("%d rejects, %v", rejects, err)
	}
}
