package simulator

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestEachKindOfCredentialGetsTheObservedAnswer(t *testing.T) {
	s := newTest(t, Options{Bookings: 20, Seed: 1, RateLimit: 120})
	owner, unknown := s.Keys()[0].Key, "cal_"+strings.Repeat("a1", 16)
	for _, c := range []struct {
		name, path, authorization string
		status                    int
		message                   string
		limit                     string // of the headers, "" for none
	}{
		{"bearer", "/v2/me", "Bearer " + owner, 200, "", "120"},
		{"bare key", "/v2/me", owner, 200, "", "120"},
		{"scheme in lower case", "/v2/me", "bearer " + owner, 401, messageBadToken, "500"},
		{"basic", "/v2/me", "Basic dXNlcjpwYXNz", 401, messageBadToken, "500"},
		{"empty", "/v2/me", "Bearer ", 401, messageBadToken, "500"},
		{"other prefix", "/v2/me", "Bearer sk_a1a1", 401, messageBadToken, "500"},
		{"unknown key", "/v2/me", "Bearer " + unknown, 401, messageUnknownKey, ""},
		{"expired", "/v2/me", "Bearer " + s.named(t, "expired"), 401, messageExpired, "120"},
		{"expires today", "/v2/me", "Bearer " + s.named(t, "today"), 200, "", "120"},
		{"none, me", "/v2/me", "", 401, messageNoAuth, "120"},
		{"none, bookings", "/v2/bookings", "", 403, messageNoPermission, "120"},
		{"none, event types", "/v2/event-types", "", 200, "", "120"},
		{"unknown route", "/v2/nothing", "Bearer " + owner, 404, "Cannot GET /v2/nothing", ""},
		{"unknown route, unknown key", "/v2/nothing", "Bearer " + unknown, 404, "Cannot GET /v2/nothing", ""},
	} {
		headers := []string{"cal-api-version", version20240614}
		if strings.HasPrefix(c.path, "/v2/bookings") {
			headers[1] = version20240813
		}
		if c.authorization != "" {
			headers = append(headers, "Authorization", c.authorization)
		}
		w := ask(s, c.path, headers...)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.message) {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
		if got := w.Header().Get("X-RateLimit-Limit-Default"); got != c.limit {
			t.Errorf("%s: limit %q in the headers, want %q", c.name, got, c.limit)
		}
		if w.Header().Get("X-Request-Id") == "" || w.Header().Get("Content-Type") != contentJSON {
			t.Errorf("%s: headers %v", c.name, w.Header())
		}
	}
}

func TestAKeyExpiresByWholeDays(t *testing.T) {
	at := &clock{noon}
	s := newTest(t, Options{Now: at.now})
	today := s.named(t, "today")
	for _, c := range []struct {
		later time.Duration
		want  int
	}{{0, 200}, {11 * time.Hour, 200}, {2 * time.Hour, 401}} {
		at.advance(c.later)
		if got := ask(s, "/v2/me", "Authorization", today).Code; got != c.want {
			t.Errorf("at %v: %d, want %d", at.Time, got, c.want)
		}
	}
}

func TestABookingIsReadWithoutAnyKey(t *testing.T) {
	s := newTest(t, Options{Bookings: 5, Seed: 1})
	uid := s.page(t, "take=1").Data[0].UID
	if w := ask(s, "/v2/bookings/"+uid, "cal-api-version", version20240813); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := ask(s, "/v2/bookings/nothing", "cal-api-version", version20240813); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "Booking with uid=nothing was not found in the database") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestOwnersAndAdminsSeeTheirMembersBookingsAndMembersTheirOwn(t *testing.T) {
	s := newTest(t, Options{Bookings: 1302, Seed: 1})
	total := func(key string) int {
		w := ask(s, "/v2/bookings?take=1", "Authorization", s.named(t, key), "cal-api-version", version20240813)
		return read[bookingPage](t, w).Pagination.TotalItems
	}
	if total("owner") != 1302 || total("admin") != 1302 {
		t.Errorf("owner %d, admin %d", total("owner"), total("admin"))
	}
	if n := total("member"); n == 0 || n > 100 {
		t.Errorf("member %d", n)
	}
	if total("empty") != 0 || total("org-owner") == 0 {
		t.Errorf("empty %d, org-owner %d", total("empty"), total("org-owner"))
	}
}

func TestOrganizationRoutesRefuseAsObserved(t *testing.T) {
	s := newTest(t, Options{Bookings: 100, Seed: 1})
	off := newTest(t, Options{NoAdminAPI: true})
	for _, c := range []struct {
		s         *Simulator
		key, path string
		status    int
		message   string
	}{
		{s, "owner", "/v2/organizations/9/users", 403, "RolesGuard - User is not a member of the organization with id=9."},
		{s, "org-member", "/v2/organizations/9/users", 403, "does not have the minimum required role=ORG_ADMIN"},
		{s, "owner", "/v2/organizations/1/users", 403, "IsOrgGuard - provided organization id=1 does not represent"},
		{s, "owner", "/v2/organizations/abc/users", 500, "INTERNAL_SERVER_ERROR"},
		{off, "org-owner", "/v2/organizations/9/users", 403, "IsAdminAPIEnabledGuard"},
		{s, "org-owner", "/v2/organizations/9/users", 200, "orgmember@acme.example"},
		{s, "org-owner", "/v2/organizations/9/memberships", 200, `"customRoleId":"owner_role"`},
		{s, "org-owner", "/v2/organizations/9/users/7/ooo", 200, `"reason":"sick"`},
		{s, "org-owner", "/v2/organizations/9/teams", 200, `"name":"Acme Support"`},
		{s, "org-owner", "/v2/organizations/9/teams/me", 200, `"parentId":9`},
		{s, "owner", "/v2/teams/777", 403, "RolesGuard - User is not a member of the team with id=777."},
		{s, "member", "/v2/teams/1/memberships", 403, "role=TEAM_ADMIN"},
		{s, "owner", "/v2/teams/1/memberships", 200, `"role":"OWNER"`},
	} {
		w := ask(c.s, c.path, "Authorization", c.s.named(t, c.key))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.message) {
			t.Errorf("%s %s: %d %.300s", c.key, c.path, w.Code, w.Body)
		}
	}
}

func TestARequestThatIsNoUTF8IsAnsweredAllTheSame(t *testing.T) {
	s := newTest(t, Options{Bookings: 5, Seed: 1})
	for _, path := range []string{"/v2/bookings/%ff", "/v2/webhooks/%ff", "/v2/%ff", "/v2/bookings?take=%ff"} {
		if w := askOwner(s, path); w.Code != 404 && w.Code != 400 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := ask(s, "/v2/me", "x-cal-client-id", "\xff"); w.Code != 401 {
		t.Errorf("%d", w.Code)
	}
}
