package connector

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
)

func TestBookingsExpandToTheKeysetWalkThatWasObserved(t *testing.T) {
	got, err := calcom(t).Expand("bookings", "https://api.cal.eu", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := rest.Config{
		BaseURL: "https://api.cal.eu",
		Steps: []rest.Step{{
			Key: "records", Iteration: rest.IterateKeyset, Method: "GET", URL: "/v2/bookings", Query: map[string]string{},
			Headers: map[string]string{"cal-api-version": "2024-08-13"}, DataPath: "$.data[*]", Require: []string{"pagination"},
			Keyset: rest.Keyset{
				SizeParam: "take", Size: 250, SkipParam: "skip",
				Sweep:       rest.Walk{Field: "createdAt", After: "afterCreatedAt", Before: "beforeCreatedAt", Sort: "sortCreated", Ascending: "asc"},
				Incremental: rest.Walk{Field: "updatedAt", After: "afterUpdatedAt", Before: "beforeUpdatedAt", Sort: "sortUpdatedAt", Ascending: "asc"},
			},
		}},
		PrimaryKey: []string{"uid"}, VersionField: "updatedAt",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnExpansionDoesNotShareWithTheDefinition(t *testing.T) {
	d := calcom(t)
	first, err := d.Expand("bookings", d.BaseURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	first.Steps[0].Headers["cal-api-version"], first.PrimaryKey[0], first.Steps[0].Require[0] = "x", "x", "x"
	again, err := d.Expand("bookings", d.BaseURL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if again.PrimaryKey[0] != "uid" || again.Steps[0].Headers["cal-api-version"] != "2024-08-13" || again.Steps[0].Require[0] != "pagination" {
		t.Error("the definition was changed")
	}
}

func TestParametersStandWhereTheyBelong(t *testing.T) {
	c, err := calcom(t).Expand("slots", "https://api.cal.com", map[string]string{"event_type_id": "7", "start": "2026-03-01", "end": "2026-03-02T10:00:00Z"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"eventTypeId": "{param.event_type_id=7}", "start": "{param.start=2026-03-01}", "end": "{param.end=2026-03-02T10:00:00Z}",
		"timeZone": "{param.time_zone=UTC}", "duration": "{param.duration=}", "format": "range",
	}
	if diff := cmp.Diff(want, c.Steps[0].Query); diff != "" {
		t.Error(diff)
	}
}

func TestParametersReachBodyAndHeadersAndPagingIsPassedOn(t *testing.T) {
	const search = `endpoints:
  - id: search
    title: Search
    path: /search
    method: POST
    body: '{"text": "{param.text}", "page": {page}}'
    headers: {X-Text: "{param.text}"}
    dataset: found
    primary_key: [id]
    iteration: graphql.page
    paging: {param: page, start: "2", end: "9", size: 10, link_rel: next, inclusive: true}
    parameters: [{name: text, help: what to look for, required: true}]
    default: false
    default_reason: it needs a value
`
	d, err := Load(fstest.MapFS{"connector.yaml": {Data: []byte(goodConnector)}, "endpoints/a.yaml": {Data: []byte(search)}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := d.Expand("search", d.BaseURL, map[string]string{"text": `a "quoted" word`})
	if err != nil {
		t.Fatal(err)
	}
	step := c.Steps[0]
	if want := `{"text": "{param.text=a "quoted" word}", "page": {page}}`; step.Body != want || step.Headers["X-Text"] != `{param.text=a "quoted" word}` {
		t.Errorf("got body %s, headers %v", step.Body, step.Headers)
	}
	if want := (rest.Paging{Param: "page", Start: "2", End: "9", Size: 10, LinkRel: "next", Inclusive: true}); step.Paging != want {
		t.Errorf("got %+v", step.Paging)
	}
	if _, err := rest.NewSource(c, nil); err != nil {
		t.Error(err)
	}
}

func TestABadParameterIsNamedWithItsRemedy(t *testing.T) {
	slots := func(name, value string) map[string]string {
		m := map[string]string{"event_type_id": "7", "start": "2026-03-01", "end": "2026-03-02"}
		m[name] = value
		return m
	}
	for name, c := range map[string]struct {
		stream          string
		params          map[string]string
		where, contains string
	}{
		"missing":        {"booking", nil, "parameter booking_uid", "--param booking_uid="},
		"not a number":   {"slots", slots("event_type_id", "intro"), "parameter event_type_id", "a whole number of at least 1"},
		"too small":      {"slots", slots("event_type_id", "0"), "parameter event_type_id", "too small"},
		"not a day":      {"slots", slots("start", "tomorrow"), "parameter start", "2026-01-31"},
		"not a value":    {"calendar-event", map[string]string{"calendar": "paper", "event_uid": "x"}, "parameter calendar", "one of google"},
		"a brace":        {"booking", map[string]string{"booking_uid": "{seed.x}"}, "parameter booking_uid", "brace"},
		"misspelt":       {"booking", map[string]string{"boking_uid": "x"}, "parameter boking_uid", "Did you mean booking_uid?"},
		"none are taken": {"me", map[string]string{"x": "y"}, "parameter x", "takes none"},
	} {
		_, err := calcom(t).Expand(c.stream, "https://api.cal.com", c.params)
		var e *weir.Error
		if !errors.As(err, &e) || e.Code != weir.CodeUsage || e.Where != c.where || !strings.Contains(e.Error(), c.contains) || e.Remedy == "" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestParametersOfOtherStreamsAreLeftAlone(t *testing.T) {
	if _, err := calcom(t).Expand("bookings", "https://api.cal.com", map[string]string{"booking_uid": "x"}); err != nil {
		t.Error(err)
	}
}

func TestEveryEndpointExpandsToAConfigurationThatCanBeRead(t *testing.T) {
	d := calcom(t)
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		params := map[string]string{}
		for _, p := range e.Parameters {
			switch {
			case len(p.Values) > 0:
				params[p.Name] = p.Values[0]
			case p.Type == ParameterInt:
				params[p.Name] = "1"
			default:
				params[p.Name] = "2026-01-31"
			}
		}
		c, err := d.Expand(e.ID, d.BaseURL, params)
		if err != nil {
			t.Errorf("%s: %v", e.ID, err)
			continue
		}
		if _, err := rest.NewSource(c, nil); err != nil {
			t.Errorf("%s: %v", e.ID, err)
		}
	}
}
