package rest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
)

// things is a configuration of one step that reads /things.
func things(step rest.Step) rest.Config {
	step.Key, step.DataPath = "records", "$.data[*]"
	if step.URL == "" {
		step.URL = "/things"
	}
	if step.Method == "" {
		step.Method = "GET"
	}
	return rest.Config{BaseURL: "http://127.0.0.1", PrimaryKey: []string{"id"}, Steps: []rest.Step{step}}
}

func TestATokenMayHaveAStart(t *testing.T) {
	got := keys(t, things(rest.Step{Iteration: rest.IterateNextToken, Paging: rest.Paging{Param: "token", NextPath: "next", Start: "11", End: "end"}}),
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			first := number(r, "token", 1)
			next := `,"next":"end"`
			if first < 21 {
				next = fmt.Sprintf(`,"next":"%d"`, first+10)
			}
			tens(w, first, next)
		}))
	if len(got) != 15 || got[0] != "11" {
		t.Errorf("got %v", got)
	}
}

func TestACursorStandsInItsArgumentAndTheFirstPageHasNone(t *testing.T) {
	var asked []string
	got := keys(t, things(rest.Step{
		Iteration: rest.IterateGraphQL, Method: "POST", Body: `{"query":"things(first: 10{after})"}`,
		Paging: rest.Paging{Param: "after", NextPath: "end", CursorBody: `, after: "{cursor}"`},
	}), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, string(body))
		more := ""
		if n := len(asked); n < 3 {
			more = fmt.Sprintf(`,"end":"c\"%d"`, n)
		}
		tens(w, len(asked)*10-9, more)
	}))
	want := []string{`{"query":"things(first: 10)"}`, `{"query":"things(first: 10, after: \"c\\\"1\")"}`, `{"query":"things(first: 10, after: \"c\\\"2\")"}`}
	if len(got) != 25 || len(asked) != 3 || asked[0] != want[0] || !strings.Contains(asked[1], "after: ") || !strings.Contains(asked[2], "2") {
		t.Errorf("%d records, asked %q", len(got), asked)
	}
}

// Three requests meet at a gate that opens for three alone.
func TestALookupMakesAsManyRequestsAtOnceAsItMay(t *testing.T) {
	var gate sync.WaitGroup
	gate.Add(3)
	got := keys(t, things(rest.Step{
		Iteration: rest.IterateLookup, URL: "/things?from={first}", Parallelism: 3, Lookup: []map[string]string{{"first": "1"}, {"first": "11"}, {"first": "21"}},
	}), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		gate.Done()
		gate.Wait()
		tens(w, number(r, "from", 0), "")
	}))
	if len(got) != 25 {
		t.Errorf("got %v", got)
	}
}

// Each row of a lookup goes through all pages, in the first step and in one
// that follows.
func TestEveryRowOfALookupIsPagedByItself(t *testing.T) {
	rows := []map[string]string{{"room": "a/b"}, {"room": "c"}}
	serve := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		base := map[string]int{"a/b": 100, "c": 200}[r.URL.Query().Get("room")] + number(r, "team", 0)
		skip := number(r, "skip", 0)
		items(w, base+skip+1, base+min(skip+10, 25), "")
	})
	paged := rest.Step{Iteration: rest.IterateOffset, URL: "/things?room={room}", Paging: rest.Paging{Param: "skip", Size: 10}, Lookup: rows}
	if got := keys(t, things(paged), serve); len(got) != 50 || got[0] != "101" || got[24] != "125" || got[49] != "225" {
		t.Errorf("got %v", got)
	}
	chained := things(paged)
	chained.Steps[0].URL = "/things?room={room}&team={team.id}"
	chained.Steps = append([]rest.Step{{Key: "team", Iteration: rest.IterateStatic, Method: "GET", URL: "/teams", DataPath: "$.data[*]"}}, chained.Steps...)
	got := keys(t, chained, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/teams" {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"data":[{"id":1000},{"id":2000}]}`)
			return
		}
		serve(w, r)
	}))
	if len(got) != 100 || got[0] != "1101" || got[99] != "2225" {
		t.Errorf("got %d: %v", len(got), got)
	}
}

func TestALookupWithoutRowsMakesNoRequest(t *testing.T) {
	for _, iteration := range []rest.Iteration{rest.IterateLookup, rest.IterateStatic} {
		got := keys(t, things(rest.Step{Iteration: iteration, URL: "/things?from={first}", Lookup: []map[string]string{}}),
			http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("something was asked") }))
		if len(got) != 0 {
			t.Errorf("got %v", got)
		}
	}
}

func TestAListThatGoesRoundStopsWithAnErrorHoweverItIsPaged(t *testing.T) {
	turn := func(r *http.Request, param string) int { return number(r, param, 0) % 3 }
	for name, c := range map[rest.Iteration]struct {
		paging rest.Paging
		body   string
		serve  http.HandlerFunc
	}{
		rest.IterateOffset: {paging: rest.Paging{Param: "skip", Size: 10}, serve: func(w http.ResponseWriter, _ *http.Request) { items(w, 1, 10, "") }},
		rest.IteratePage:   {paging: rest.Paging{Param: "page"}, serve: func(w http.ResponseWriter, _ *http.Request) { items(w, 1, 10, "") }},
		rest.IterateNextToken: {paging: rest.Paging{Param: "token", NextPath: "next"}, serve: func(w http.ResponseWriter, r *http.Request) {
			items(w, 1, 10, fmt.Sprintf(`,"next":"%d"`, turn(r, "token")+1))
		}},
		rest.IterateNextURL: {paging: rest.Paging{NextPath: "next"}, serve: func(w http.ResponseWriter, r *http.Request) {
			items(w, 1, 10, fmt.Sprintf(`,"next":"/things?n=%d"`, turn(r, "n")+1))
		}},
		rest.IterateLinkHeader: {serve: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", fmt.Sprintf(`</things?n=%d>; rel="next"`, turn(r, "n")+1))
			items(w, 1, 10, "")
		}},
		rest.IterateIDNumber: {paging: rest.Paging{Param: "after", IDField: "id"}, serve: func(w http.ResponseWriter, r *http.Request) {
			n := turn(r, "after") + 1
			items(w, n, n, "")
		}},
	} {
		requests := 0
		s, err := rest.NewSource(things(rest.Step{Iteration: name, Paging: c.paging}), client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests++
			c.serve(w, r)
		}), "cal_test"))
		if err != nil {
			t.Fatal(err)
		}
		err = s.Read(t.Context(), rest.ReadRequest{}, func(context.Context, weir.Page) error { return nil })
		if weir.CodeOf(err) != weir.CodeCapability || requests > 5 {
			t.Errorf("%s: %v after %d requests", name, err, requests)
		}
	}
}

func TestAnAddressAtAnotherHostIsNotFollowed(t *testing.T) {
	s, err := rest.NewSource(things(rest.Step{Iteration: rest.IterateNextURL, Paging: rest.Paging{NextPath: "next"}}),
		client(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { items(w, 1, 10, `,"next":"http://127.0.0.2/things"`) }), "cal_test"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Read(t.Context(), rest.ReadRequest{}, func(context.Context, weir.Page) error { return nil }); weir.CodeOf(err) != weir.CodeCapability {
		t.Errorf("got %v", err)
	}
}

// The parameters in bold in docs/paging.md.
func TestAParameterThatIsMissingIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*rest.Step)
		want   string
	}{
		"param":       {func(s *rest.Step) { s.Iteration = rest.IterateOffset }, "paging.param"},
		"next path":   {func(s *rest.Step) { s.Iteration, s.Paging.Param = rest.IterateNextToken, "token" }, "paging.next_path"},
		"id field":    {func(s *rest.Step) { s.Iteration, s.Paging.Param = rest.IterateIDString, "from" }, "paging.id_field"},
		"poll value":  {func(s *rest.Step) { s.Iteration, s.Paging.PollPath = rest.IterateAsyncPoll, "state" }, "paging.poll_value"},
		"file format": {func(s *rest.Step) { s.Iteration = rest.IterateFileBody }, "paging.file_format"},
		"a start of letters": {func(s *rest.Step) {
			s.Iteration, s.Paging = rest.IteratePage, rest.Paging{Param: "page", Start: "one"}
		}, "paging.start"},
		"skip":         {func(s *rest.Step) { s.Keyset.SkipParam = "" }, "keyset.skip_param"},
		"a bound":      {func(s *rest.Step) { s.Keyset.Incremental.Before = "" }, "keyset.incremental.before"},
		"the order":    {func(s *rest.Step) { s.Keyset.Sweep.Ascending = "" }, "keyset.sweep.ascending"},
		"small pages":  {func(s *rest.Step) { s.Keyset.Size = 1 }, "keyset"},
		"short memory": {func(s *rest.Step) { s.Keyset.LookbackSeconds = 119 }, "120 s"},
		"unit":         {func(s *rest.Step) { s.DateUnit = "week" }, "date_unit"},
	} {
		config := bookings()
		c.change(&config.Steps[0])
		_, err := rest.NewSource(config, nil)
		if weir.CodeOf(err) != weir.CodeConfig || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	config := bookings()
	config.Steps = append(slices.Clone(things(rest.Step{Iteration: rest.IterateStatic}).Steps), config.Steps[0])
	config.Steps[0].Key = "team"
	if _, err := rest.NewSource(config, nil); weir.CodeOf(err) != weir.CodeConfig || !strings.Contains(err.Error(), "stands alone") {
		t.Errorf("a keyset walk after another step: %v", err)
	}
}

func TestALinkIsFoundAmongOthersWhateverItsAddressHolds(t *testing.T) {
	for header, want := range map[string]bool{
		`</things?from=11>; rel="next"`:                                              true,
		`</things?a=1,2;3&from=11>; title="x, y; rel=prev"; rel="last next"`:         true,
		`</things?from=1>; rel=prev, </things?from=11>; REL=Next`:                    true,
		`</things?from=11>; rel=prev; rel=next`:                                      false,
		`</things?from=11>; rel="nextish"`:                                           false,
		`</things?from=11`:                                                           false,
		`</things?from=1>; rel="prev"; anchor="<x>, y", </things?from=11>; rel=next`: true,
	} {
		s, err := rest.NewSource(things(rest.Step{Iteration: rest.IterateLinkHeader}), client(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if number(r, "from", 1) == 1 {
				w.Header().Set("Link", header)
			}
			items(w, number(r, "from", 1), number(r, "from", 1), "")
		}), "cal_test"))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		if err := s.Read(t.Context(), rest.ReadRequest{}, func(_ context.Context, p weir.Page) error { n += len(p.Records); return nil }); err != nil {
			t.Fatal(err)
		}
		if followed := n == 2; followed != want {
			t.Errorf("%s: %d records", header, n)
		}
	}
}
