package simulator

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// skipWalk pages with skip to the end and says how many different bookings it
// met among how many.
func (s *Simulator) skipWalk(t *testing.T, query string) (unique, items int) {
	t.Helper()
	seen := map[string]bool{}
	for {
		p := s.page(t, fmt.Sprintf("%s&take=50&skip=%d", query, items))
		for _, b := range p.Data {
			seen[b.UID] = true
		}
		items += len(p.Data)
		if len(p.Data) == 0 {
			return len(seen), items
		}
	}
}

func TestASkipWalkOverTiesLosesRowsAndMeetsOthersTwice(t *testing.T) {
	s := newTest(t, Options{Bookings: 1302, Seed: 1})
	for _, sort := range []string{"", "sortUpdatedAt=asc", "sortStart=desc"} {
		if unique, items := s.skipWalk(t, sort); items != 1302 || unique == items {
			t.Errorf("%q: %d different of %d", sort, unique, items)
		}
	}
}

func TestAnAnchoredWalkOverCreationMeetsEveryRow(t *testing.T) {
	s := newTest(t, Options{Bookings: 1302, Seed: 1})
	seen := map[string]bool{}
	after := "1970-01-01"
	for {
		p := s.page(t, "take=250&sortCreated=asc&afterCreatedAt="+after)
		before := len(seen)
		for _, b := range p.Data {
			seen[b.UID] = true
			after = b.CreatedAt
		}
		if len(seen) == before {
			break
		}
	}
	if len(seen) != 1302 {
		t.Errorf("%d of 1302", len(seen))
	}
}

func TestEachSortOrdersByItsOwnColumn(t *testing.T) {
	s := newTest(t, Options{Bookings: 400, Seed: 2})
	s.Mutate(Mutation{Count: 100, Seed: 1})
	column := map[string]func(booking) string{
		"sortStart": func(b booking) string { return b.Start }, "sortCreated": func(b booking) string { return b.CreatedAt },
		"sortUpdatedAt": func(b booking) string {
			if b.UpdatedAt == nil {
				return "null sorts last"
			}
			return *b.UpdatedAt
		},
	}
	for name, of := range column {
		for _, order := range []string{"asc", "desc"} {
			data := s.page(t, "take=250&"+name+"="+order).Data
			for i := 1; i < len(data); i++ {
				if a, b := of(data[i-1]), of(data[i]); a != b && (a > b) != (order == "desc") {
					t.Fatalf("%s=%s: %s before %s", name, order, a, b)
				}
			}
		}
	}
	if first := s.page(t, "take=1&sortUpdated=desc&page=3&limit=2").Data[0]; first.Start != s.page(t, "take=1").Data[0].Start {
		t.Error("a parameter that does not exist changed the answer")
	}
}

func TestWindowsAreInclusiveAndNullNeverMatches(t *testing.T) {
	s := newTest(t, Options{Bookings: 1302, Seed: 3})
	shared := "2026-11-13T06:07:17.000Z"
	p := s.page(t, "take=250&sortUpdatedAt=asc&afterUpdatedAt="+shared+"&beforeUpdatedAt="+shared)
	if n := len(p.Data); n < 30 || n > 100 {
		t.Errorf("%d share one time of change, want about 5 %%", n)
	}
	nulls := 0
	for _, b := range s.Truth() {
		if b.UpdatedAt.IsZero() {
			nulls++
		}
	}
	if nulls < 10 || nulls > 60 {
		t.Errorf("%d without a time of change, want about 2 %%", nulls)
	}
	seen := 0
	for skip := 0; ; skip += 250 {
		data := s.page(t, fmt.Sprintf("take=250&skip=%d&sortCreated=asc&afterUpdatedAt=1970-01-01", skip)).Data
		if seen += len(data); len(data) == 0 {
			break
		}
	}
	if seen != 1302-nulls {
		t.Errorf("%d match a window of all time, want %d", seen, 1302-nulls)
	}
}

func TestTotalsIgnoreTheWindowsOfCreationAndChange(t *testing.T) {
	s := newTest(t, Options{Bookings: 1302, Seed: 1})
	p := s.page(t, "take=100&afterUpdatedAt=2030-01-01T00:00:00Z")
	if len(p.Data) != 0 || p.Pagination.TotalItems != 1302 || p.Pagination.ReturnedItems != 100 || !p.Pagination.HasNextPage {
		t.Errorf("%d rows, %+v", len(p.Data), p.Pagination)
	}
	if p := s.page(t, "take=1&afterStart=2030-01-01"); p.Pagination.TotalItems != 0 || p.Pagination.CurrentPage != 0 {
		t.Errorf("%+v", p.Pagination)
	}
}

func TestPaginationIsArithmetic(t *testing.T) {
	// The numbers of observed answers, 2026-11-23.
	for _, c := range []struct {
		total, take, skip int
		want              string
	}{
		{1271, 250, 1250, `{"returnedItems":21,"totalItems":1271,"itemsPerPage":250,"remainingItems":0,"currentPage":6,"totalPages":6,"hasNextPage":false,"hasPreviousPage":true}`},
		{1271, 250, 250, `{"returnedItems":250,"totalItems":1271,"itemsPerPage":250,"remainingItems":771,"currentPage":2,"totalPages":6,"hasNextPage":true,"hasPreviousPage":true}`},
		{1271, 10, 0, `{"returnedItems":10,"totalItems":1271,"itemsPerPage":10,"remainingItems":1261,"currentPage":1,"totalPages":128,"hasNextPage":true,"hasPreviousPage":false}`},
		{0, 5, 0, `{"returnedItems":0,"totalItems":0,"itemsPerPage":5,"remainingItems":0,"currentPage":0,"totalPages":0,"hasNextPage":false,"hasPreviousPage":false}`},
	} {
		if diff := cmp.Diff(c.want, string(marshal(pagination(c.total, c.take, c.skip)))); diff != "" {
			t.Error(diff)
		}
	}
}

func TestBadParametersAreEchoedInTheObservedWords(t *testing.T) {
	s := newTest(t, Options{Bookings: 3, Seed: 1})
	for query, want := range map[string]string{
		"take=251":                         `{"errors":[{"target":{"take":251},"value":251,"property":"take","children":[],"constraints":{"max":"take must not be greater than 250"}}]}`,
		"take=0":                           `{"errors":[{"target":{"take":0},"value":0,"property":"take","children":[],"constraints":{"min":"take must not be less than 1"}}]}`,
		"take=":                            `{"errors":[{"target":{"take":""},"value":"","property":"take","children":[],"constraints":{"max":"take must not be greater than 250","min":"take must not be less than 1","isNumber":"take must be a number conforming to the specified constraints"}}]}`,
		"skip=-1":                          `{"errors":[{"target":{"skip":-1},"value":-1,"property":"skip","children":[],"constraints":{"min":"skip must not be less than 0"}}]}`,
		"sortStart=up":                     `{"errors":[{"target":{"sortStart":"up"},"value":"up","property":"sortStart","children":[],"constraints":{"isEnum":"SortStart must be either \"asc\" or \"desc\"."}}]}`,
		"status=pending&take=3":            `{"errors":[{"target":{"status":["pending"],"take":3},"value":["pending"],"property":"status","children":[],"constraints":{"isEnum":"Invalid status. Allowed are upcoming, recurring, past, cancelled, unconfirmed"}}]}`,
		"take=1&afterUpdatedAt=1700000000": `{"errors":[{"target":{"take":1,"afterUpdatedAt":"1700000000"},"value":"1700000000","property":"afterUpdatedAt","children":[],"constraints":{"isIso8601":"fromDate must be a valid ISO 8601 date."}}]}`,
		"take=1&afterUpdatedAt=2026-11-20T00:00:00+02:00": `{"errors":[{"target":{"take":1,"afterUpdatedAt":"2026-11-20T00:00:00 02:00"},"value":"2026-11-20T00:00:00 02:00","property":"afterUpdatedAt","children":[],"constraints":{"isIso8601":"fromDate must be a valid ISO 8601 date."}}]}`,
	} {
		w := askOwner(s, "/v2/bookings?"+query)
		envelope := `{"status":"error","timestamp":"2026-11-23T12:00:00.000Z","path":"/v2/bookings?` + strings.ReplaceAll(query, `"`, `\"`) +
			`","error":{"code":"BadRequestException","message":"Bad Request Exception","details":` + want + `}}`
		if w.Code != 400 {
			t.Errorf("%s: %d", query, w.Code)
		}
		if diff := cmp.Diff(envelope, w.Body.String()); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
	for _, query := range []string{"take=10.5", "afterUpdatedAt=2026-11-20", "afterUpdatedAt=2026-11-20T00:00:00%2B02:00", "take=250", "nonsense=1"} {
		if w := askOwner(s, "/v2/bookings?"+query); w.Code != 200 {
			t.Errorf("%s: %d", query, w.Code)
		}
	}
}

func TestStatusFiltersOverlapAndCombine(t *testing.T) {
	s := newTest(t, Options{Bookings: 1302, Seed: 1})
	total := func(status string) int { return s.page(t, "take=1&"+status).Pagination.TotalItems }
	sum := 0
	for _, one := range []string{isUpcoming, isRecurring, isPast, isCancelled, isUnconfirmed} {
		n := total("status=" + one)
		if n == 0 {
			t.Errorf("none is %s", one)
		}
		sum += n
	}
	if sum <= 1302 {
		t.Errorf("the filters do not overlap: %d", sum)
	}
	both := total("status=upcoming,past")
	if both != total("status=upcoming&status=past") || both != total(url.QueryEscape("status[]")+"=upcoming&status[]=past") {
		t.Error("a list, a repetition and [] mean different things")
	}
	past := s.page(t, "status=past&take=250").Data
	if past[0].Start < past[249].Start {
		t.Error("past is not sorted from the latest")
	}
}

func TestPlainListsHaveTakeAndSkipAndNoPagination(t *testing.T) {
	s := newTest(t, Options{})
	w := askOwner(s, "/v2/webhooks?take=2&skip=1")
	got := read[map[string]any](t, w)
	if n := len(got["data"].([]any)); n != 2 || got["pagination"] != nil {
		t.Errorf("%d webhooks: %s", n, w.Body)
	}
	w = askOwner(s, "/v2/webhooks?take=1000")
	if want := `{"target":{"take":1000,"skip":0},"value":1000,"property":"take"`; w.Code != 400 || !strings.Contains(w.Body.String(), want) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
