package simulator

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

type cursorPage struct {
	Data       []booking `json:"data"`
	Pagination struct {
		NextCursor *string `json:"nextCursor"`
		HasMore    bool    `json:"hasMore"`
	} `json:"pagination"`
}

func TestAWalkByCursorMeetsEachBookingOnce(t *testing.T) {
	s := newTest(t, Options{Bookings: 700, Seed: 1, Profile: ProfileHosted})
	for _, filter := range []string{"", "&status=upcoming", "&status=past"} {
		seen, cursor := map[string]bool{}, ""
		for pages := 0; ; pages++ {
			p := read[cursorPage](t, ask(s, "/v2/bookings?limit=97"+filter+cursor, "Authorization", s.Keys()[0].Key, "cal-api-version", version20260501))
			for _, b := range p.Data {
				if seen[b.UID] {
					t.Fatalf("%s twice", b.UID)
				}
				seen[b.UID] = true
			}
			if p.Pagination.HasMore != (p.Pagination.NextCursor != nil) || pages > 20 {
				t.Fatalf("%+v", p.Pagination)
			}
			if !p.Pagination.HasMore {
				break
			}
			cursor = "&cursor=" + *p.Pagination.NextCursor
		}
		want := s.page(t, "take=1"+filter).Pagination.TotalItems
		if len(seen) != want {
			t.Errorf("%q: %d bookings, want %d", filter, len(seen), want)
		}
	}
}

func TestWhatOnlyTheHostedServiceHasIsNotThereOtherwise(t *testing.T) {
	answers := func(profile string) (all []int) {
		s := newTest(t, Options{Bookings: 20, Profile: profile})
		for _, q := range [][2]string{{"/v2/bookings?limit=101", version20260501}, {"/v2/bookings?status=past,cancelled", version20260501}, {"/v2/me/ooo", ""}, {"/v2/event-types", version20260612}} {
			w := ask(s, q[0], "Authorization", s.Keys()[0].Key, "cal-api-version", q[1])
			all = append(all, w.Code)
		}
		return all
	}
	if got, err := json.Marshal(answers(ProfileHosted)); err != nil || string(got) != "[400,400,200,200]" {
		t.Errorf("hosted: %s", got)
	}
	if got, err := json.Marshal(answers(ProfileOpen)); err != nil || !strings.HasSuffix(string(got), ",404,200]") {
		t.Errorf("open: %s", got)
	}
}

func TestOnlyAHostMayForceABookingAndOnlyInTheNewVersion(t *testing.T) {
	s := newTest(t, Options{Profile: ProfileHosted})
	book := func(name, version string) int {
		r := httptest.NewRequest("POST", "/v2/bookings", strings.NewReader(strings.Replace(bookingBody("1", tuesday+"09:00:00Z"), "{", `{"allowConflicts":true,`, 1)))
		r.Header.Set("Authorization", "Bearer "+s.named(t, name))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Cal-Api-Version", version)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Code
	}
	for i, one := range []struct {
		name, version string
		want          int
	}{
		{"owner", version20240813, 400}, {"empty", version20260225, 201}, {"empty", version20260225, 400}, {"owner", version20260225, 201},
	} {
		if got := book(one.name, one.version); got != one.want {
			t.Errorf("%d, %s in %s: %d", i, one.name, one.version, got)
		}
	}
}
