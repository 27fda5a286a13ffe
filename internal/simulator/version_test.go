package simulator

import (
	"strings"
	"testing"
)

func TestVersionsMatchExactlyOrFallBackWithoutAWord(t *testing.T) {
	s := newTest(t, Options{Bookings: 300, Seed: 1})
	const current, old, absent = `"data":[`, `"data":{`, `Cannot GET`
	for _, c := range []struct {
		path, version string
		want          string
	}{
		{"/v2/bookings", "2024-08-13", current},
		{"/v2/bookings", "", `"data":{"bookings":[`},
		{"/v2/bookings", "2024-8-13", old},
		{"/v2/bookings", "2024-99-99", old},
		{"/v2/bookings", "2024-06-14", old},
		{"/v2/bookings", "2024-09-04", absent},
		{"/v2/event-types", "2024-06-14", current},
		{"/v2/event-types", "2024-08-13", absent},
		{"/v2/event-types", "", `"data":{"eventTypeGroups":[`},
		{"/v2/schedules", "2024-06-11", `"ownerId"`},
		{"/v2/schedules", "", `"workingHours"`},
		{"/v2/verified-resources/emails", "", `"email":"alice@example.com"`},
		{"/v2/verified-resources/emails", "2024-08-13", absent},
		{"/v2/me", "2099-01-01", old},
		{"/v2/teams", "2024-08-13", current},
		{"/api/v2/me", "", old},
		{"/v2/ee/me", "", old},
		{"/V2/ME/", "", old},
		{"//v2/me", "", absent},
	} {
		headers := []string{"Authorization", s.Keys()[0].Key}
		if c.version != "" {
			headers = append(headers, "cal-api-version", c.version)
		}
		if w := ask(s, c.path, headers...); !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s in %q: %.200s, want %s", c.path, c.version, w.Body, c.want)
		}
	}
}

func TestTheOldListHasTenUpcomingAndIgnoresTake(t *testing.T) {
	s := newTest(t, Options{Bookings: 1302, Seed: 1})
	type oldPage struct {
		Data struct {
			Bookings []struct {
				Status    string `json:"status"`
				StartTime string `json:"startTime"`
			} `json:"bookings"`
			TotalCount int  `json:"totalCount"`
			NextCursor *int `json:"nextCursor"`
		} `json:"data"`
	}
	get := func(query string) oldPage {
		return read[oldPage](t, ask(s, "/v2/bookings?"+query, "Authorization", s.Keys()[0].Key))
	}
	p := get("take=2")
	if len(p.Data.Bookings) != 10 || p.Data.NextCursor == nil || *p.Data.NextCursor != 10 || p.Data.Bookings[0].StartTime < "2026-11-23T09" {
		t.Errorf("%+v", p)
	}
	if p := get("filters[status]=past&limit=2"); len(p.Data.Bookings) != 2 || p.Data.Bookings[0].StartTime > "2026-11-23T13" {
		t.Errorf("%+v", p)
	}
	w := ask(s, "/v2/bookings?filters[status]=past&limit=1000", "Authorization", s.Keys()[0].Key)
	if want := `"target":{"filters":{"status":"past"},"limit":1000},"value":1000,"property":"limit"`; w.Code != 400 || !strings.Contains(w.Body.String(), want) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestWhatCameAfterTheObservedReleaseIsAbsentFromIt(t *testing.T) {
	for release, want := range map[string]int{ReleaseObserved: 404, ReleaseNewest: 200} {
		s := newTest(t, Options{Release: release})
		if got := askOwner(s, "/v2/teams/1/bookings").Code; got != want {
			t.Errorf("%s: %d, want %d", release, got, want)
		}
	}
}

func TestAnUnchangedAnswerIsNotSentAgain(t *testing.T) {
	s := newTest(t, Options{Seed: 1})
	tag := askOwner(s, "/v2/me").Header().Get("ETag")
	w := ask(s, "/v2/me", "Authorization", s.Keys()[0].Key, "If-None-Match", tag)
	if !strings.HasPrefix(tag, `W/"`) || w.Code != 304 || w.Body.Len() != 0 {
		t.Errorf("%s: %d %s", tag, w.Code, w.Body)
	}
}
