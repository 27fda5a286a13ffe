package rest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
)

// items answers with the ids from..to as {"data":[{"id":n}…]} and more.
func items(w http.ResponseWriter, from, to int, more string) {
	w.Header().Set("Content-Type", "application/json")
	var parts []string
	for n := from; n <= to; n++ {
		parts = append(parts, fmt.Sprintf(`{"id":%d}`, n))
	}
	fmt.Fprintf(w, `{"data":[%s]%s}`, strings.Join(parts, ","), more)
}

func number(r *http.Request, name string, otherwise int) int {
	n, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil {
		return otherwise
	}
	return n
}

// tens serves 25 items, ten at a time, from the first on.
func tens(w http.ResponseWriter, first int, more string) { items(w, first, min(first+9, 25), more) }

func TestEveryIterationReadsEveryRecordOnce(t *testing.T) {
	polls := 0
	for name, c := range map[rest.Iteration]struct {
		paging rest.Paging
		lookup []map[string]string
		url    string
		body   string
		serve  http.HandlerFunc
	}{
		rest.IterateStatic: {serve: func(w http.ResponseWriter, _ *http.Request) { items(w, 1, 25, "") }},
		rest.IteratePage: {paging: rest.Paging{Param: "page", SizeParam: "per", Size: 10},
			serve: func(w http.ResponseWriter, r *http.Request) { tens(w, number(r, "page", 1)*10-9, "") }},
		rest.IterateOffset: {paging: rest.Paging{Param: "skip", Size: 10},
			serve: func(w http.ResponseWriter, r *http.Request) { tens(w, number(r, "skip", 0)+1, "") }},
		rest.IterateNextToken: {paging: rest.Paging{Param: "token", NextPath: "next"}, serve: func(w http.ResponseWriter, r *http.Request) {
			first := number(r, "token", 1)
			more := ""
			if first+10 <= 25 {
				more = fmt.Sprintf(`,"next":"%d"`, first+10)
			}
			tens(w, first, more)
		}},
		rest.IterateNextURL: {paging: rest.Paging{NextPath: "next"}, serve: func(w http.ResponseWriter, r *http.Request) {
			first := number(r, "from", 1)
			more := `,"next":null`
			if first+10 <= 25 {
				more = fmt.Sprintf(`,"next":"/things?from=%d"`, first+10)
			}
			tens(w, first, more)
		}},
		rest.IterateLinkHeader: {serve: func(w http.ResponseWriter, r *http.Request) {
			first := number(r, "from", 1)
			if first+10 <= 25 {
				w.Header().Set("Link", fmt.Sprintf(`</things?from=1>; rel="first", </things?from=%d>; rel="next"`, first+10))
			}
			tens(w, first, "")
		}},
		rest.IterateIDNumber: {paging: rest.Paging{Param: "after", IDField: "id"},
			serve: func(w http.ResponseWriter, r *http.Request) { tens(w, number(r, "after", 0)+1, "") }},
		rest.IterateIDString: {paging: rest.Paging{Param: "from", IDField: "id", Inclusive: true},
			serve: func(w http.ResponseWriter, r *http.Request) { tens(w, number(r, "from", 1), "") }},
		rest.IterateGraphQLPage: {paging: rest.Paging{Param: "page", Size: 10}, body: `{"query":"things(page: {page})"}`, serve: func(w http.ResponseWriter, r *http.Request) {
			var page int
			body, _ := io.ReadAll(r.Body)
			_, _ = fmt.Sscanf(string(body), `{"query":"things(page: %d)"}`, &page)
			tens(w, page*10-9, "")
		}},
		rest.IterateGraphQL: {paging: rest.Paging{Param: "cursor", NextPath: "end"}, body: `{"query":"things(after: {cursor})"}`, serve: func(w http.ResponseWriter, r *http.Request) {
			after := 0
			body, _ := io.ReadAll(r.Body)
			_, _ = fmt.Sscanf(string(body), `{"query":"things(after: %d)"}`, &after)
			more := ""
			if after+10 < 25 {
				more = fmt.Sprintf(`,"end":"%d"`, after+10)
			}
			tens(w, after+1, more)
		}},
		rest.IterateLookup: {url: "/things?from={first}", lookup: []map[string]string{{"first": "1"}, {"first": "11"}, {"first": "21"}},
			serve: func(w http.ResponseWriter, r *http.Request) { tens(w, number(r, "from", 0), "") }},
		rest.IterateAsyncPoll: {paging: rest.Paging{PollPath: "state", PollValue: "done"}, serve: func(w http.ResponseWriter, _ *http.Request) {
			if polls++; polls == 1 {
				items(w, 1, 0, `,"state":"working"`)
				return
			}
			items(w, 1, 25, `,"state":"done"`)
		}},
		rest.IterateFileBody: {paging: rest.Paging{FileFormat: "csv"}, serve: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/csv")
			fmt.Fprintln(w, "id")
			for n := range 25 {
				fmt.Fprintln(w, n+1)
			}
		}},
	} {
		t.Run(string(name), func(t *testing.T) {
			step := rest.Step{Key: "records", Iteration: name, Method: "GET", URL: c.url, DataPath: "$.data[*]", Paging: c.paging, Lookup: c.lookup, Body: c.body}
			if step.URL == "" {
				step.URL = "/things"
			}
			if c.body != "" {
				step.Method = "POST"
			}
			got := keys(t, rest.Config{BaseURL: "http://127.0.0.1", PrimaryKey: []string{"id"}, Steps: []rest.Step{step}}, c.serve)
			var want []string
			for n := range 25 {
				want = append(want, strconv.Itoa(n+1))
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %v", got)
			}
		})
	}
	if n := len(rest.Iterations()); n != 14 {
		t.Errorf("there are %d iterations: this test has 13, and the keyset walk its own", n)
	}
}

// keys reads everything and returns the keys in the order they came.
func keys(t *testing.T, c rest.Config, serve http.Handler) []string {
	t.Helper()
	s, err := rest.NewSource(c, client(t, serve, "cal_test"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	complete := false
	err = s.Read(t.Context(), rest.ReadRequest{}, func(_ context.Context, p weir.Page) error {
		for _, r := range p.Records {
			got = append(got, r.Key)
		}
		complete = p.Complete
		return nil
	})
	if err != nil || !complete {
		t.Fatalf("complete %v, %v", complete, err)
	}
	return got
}

func TestAChainTakesValuesFromTheStepBefore(t *testing.T) {
	serve := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/teams":
			fmt.Fprint(w, `{"data":[{"id":1},{"id":2}]}`)
		case "/teams/1/members":
			fmt.Fprint(w, `{"data":[{"id":10},{"id":11}]}`)
		case "/teams/2/members":
			fmt.Fprint(w, `{"data":[{"id":20}]}`)
		}
	})
	got := keys(t, rest.Config{BaseURL: "http://127.0.0.1", PrimaryKey: []string{"id"}, Steps: []rest.Step{
		{Key: "team", Iteration: rest.IterateStatic, Method: "GET", URL: "/teams", DataPath: "$.data[*]"},
		{Key: "member", Iteration: rest.IterateStatic, Method: "GET", URL: "/teams/{team.id}/members", DataPath: "$.data[*]"},
	}}, serve)
	if !slices.Equal(got, []string{"10", "11", "20"}) {
		t.Errorf("got %v", got)
	}
}
