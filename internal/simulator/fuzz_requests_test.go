package simulator

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

var fuzzRequests = flag.Int("fuzz-requests", 5_000, "requests of the seeded campaign; 1,000,000 for the figure")

// allInputs are what bodies are made of.
var allInputs = []input{
	bookingInput, cancelInput, moveInput, absentInput, guestsInput, locationInput, addAttendeeInput, declineInput, oldBookingInput, eventTypeInput, teamEventTypeInput,
	oldEventTypeInput, scheduleInput, webhookInput, meInput, refreshInput, reservationInput, teamInput, membershipInput, organizationUserInput, absenceInput,
	attributeCollection.in, optionCollection.in, organizationRoles.in, permissionsInput, eventWorkflows.in, linkCollection.in,
}

// fuzzer makes requests from a seed.
type fuzzer struct {
	*rand.Rand
	sim    *Simulator
	routes []route
	tokens map[int]string // by user
}

// fuzzRound is after how many requests the data begin anew: by then much is
// deleted and the fuzzer's users have lost their rights.
const fuzzRound = 500

func newFuzzer(t *testing.T, seed uint64) *fuzzer {
	s := newTest(t, Options{Bookings: 200, Seed: seed, Profile: ProfileHosted, Deliver: deliverNowhere})
	f := &fuzzer{Rand: rand.New(rand.NewPCG(seed, 2)), sim: s, routes: routeTable(ReleaseNewest, ProfileHosted), tokens: map[int]string{}}
	for _, u := range []int{alice, bob, dave, orgadmin} {
		token, err := s.AddKey(NewKey{User: u, Never: true})
		if err != nil {
			t.Fatal(err)
		}
		f.tokens[u] = token
	}
	return f
}

func (f *fuzzer) one(of ...string) string { return of[f.IntN(len(of))] }

// id is an id of something, often of something that is there.
func (f *fuzzer) id(name string) string {
	s := f.sim
	if f.IntN(25) == 0 {
		return f.one("abc", "0", "-1", "99999999999999999999", "%00", "1e3", "é", "nope", "1.5")
	}
	switch name {
	case "uid", "seat":
		return uidOf(s.book.rows[f.IntN(len(s.book.rows))].tag)
	case "event":
		if d := s.dir; len(d.events) > 0 {
			return text10(d.events[f.IntN(len(d.events))].id)
		}
	case "schedule":
		if d := s.dir; len(d.schedules) > 0 {
			return text10(d.schedules[f.IntN(len(d.schedules))].id)
		}
	case "team":
		if d := s.dir; len(d.teams) > 0 {
			return text10(d.teams[f.IntN(len(d.teams))].id)
		}
	case "user":
		return text10(s.dir.users[f.IntN(len(s.dir.users))].id)
	case "membership":
		if d := s.dir; len(d.memberships) > 0 {
			return text10(d.memberships[f.IntN(len(d.memberships))].id)
		}
	case "org":
		return f.one("9", "9", "9", "9", "1")
	case "webhook":
		if d := s.dir; len(d.webhooks) > 0 {
			return d.webhooks[f.IntN(len(d.webhooks))].id
		}
	case "ooo":
		if d := s.dir; len(d.absences) > 0 {
			return text10(d.absences[f.IntN(len(d.absences))].id)
		}
	case "form":
		return seedForm
	case "app":
		return f.one(conferencingApps...)
	case "calendar":
		return f.one(calendarKinds...)
	}
	for kind, all := range map[string][]*thing{name: s.dir.things[name], "teamrole": s.dir.things["role"]} {
		if len(all) > 0 && (kind == name || name == "teamrole") {
			return all[f.IntN(len(all))].id
		}
	}
	return text10(f.IntN(2000))
}

var fuzzTexts = []string{
	"", "a", "alice", "30min", "ann@example.org", "2026-12-07T09:00:00Z", "2026-12-09T10:00:00+01:00", "2027-01-18", "soon", "UTC", "Europe/Berlin", "Mars/Base", "09:00",
	"17:00", "25:00", "Monday", "BOOKING_CREATED", "roundRobin", "collective", "managed", "TEXT", "SINGLE_SELECT", "MEMBER", "OWNER", "\x00", "\"quoted\"\n", "🎉", "{{uid}}", "role.read",
	"https://example.com/x", "http://127.0.0.1:1/", "9999-12-31T23:59:59Z", "0000-01-01", "-262144-01-01T00:00:00Z", "calendarDays", "range", "link", "phone", "+491701234567",
}

// value is any JSON value.
func (f *fuzzer) value(depth int) any {
	switch n := f.IntN(14); {
	case n < 5:
		return f.one(fuzzTexts...)
	case n < 8:
		return []float64{0, 1, 2, 5, 15, 30, 60, -1, 1.5, 1e18, -1e300, 11, 999_999}[f.IntN(13)]
	case n == 8:
		return true
	case n == 9:
		return false
	case n == 10 || depth > 3:
		return nil
	case n == 11:
		l := list{}
		for range f.IntN(4) {
			l = append(l, f.value(depth+1))
		}
		return l
	}
	o := object{}
	for range f.IntN(4) {
		o = o.with(f.one("type", "value", "disabled", "seatsPerTimeSlot", "occurrences", "interval", "frequency", "name", "email", "timeZone", "days", "userId", "required", "slug", "label", "options"), f.value(depth+1))
	}
	return o
}

// fit is a value that a property may well take.
func (f *fuzzer) fit(p property, depth int) any {
	if p.members != nil && depth < 4 {
		o := f.body(p.members, depth+1)
		if p.many {
			return list{o, f.body(p.members, depth+1)}[:1+f.IntN(2)]
		}
		return o
	}
	for range 40 {
		v := f.value(depth)
		fits := v != nil
		for _, rule := range p.rules {
			fits = fits && rule.holds(v)
		}
		if fits {
			return v
		}
	}
	return f.value(depth)
}

func (f *fuzzer) body(in input, depth int) object {
	o := object{}
	for _, p := range in {
		switch f.IntN(10) {
		case 0:
			o = o.with(p.name, f.value(depth))
		case 1, 2:
			if p.optional {
				o = o.with(p.name, f.fit(p, depth))
			}
		default:
			if !p.optional {
				o = o.with(p.name, f.fit(p, depth))
			}
		}
	}
	return o
}

func (f *fuzzer) request() *http.Request {
	r := f.routes[f.IntN(len(f.routes))]
	var path []string
	for _, s := range strings.Split(strings.TrimPrefix(r.pattern, "/"), "/") {
		if s[0] == '{' {
			s = f.id(strings.Trim(s, "{}"))
		}
		path = append(path, s)
	}
	target := "/" + strings.Join(path, "/")
	if f.IntN(3) == 0 {
		target += "?" + f.query()
	}
	var body string
	if r.method != "GET" {
		switch f.IntN(8) {
		case 0:
			body = f.one("", "{", "[]", "null", "1", `"x"`, "{\"a\":{\"a\":{}}}", strings.Repeat("[", 200), "\xff")
		default:
			body = string(marshal(f.body(allInputs[f.IntN(len(allInputs))], 0)))
			if f.IntN(2) == 0 {
				body = string(marshal(f.bodyFor(r.pattern)))
			}
		}
	}
	q := httptest.NewRequest(r.method, "/", strings.NewReader(body))
	q.RequestURI = target
	q.URL.Path, q.URL.RawQuery, _ = strings.Cut(target, "?")
	q.Header.Set("Content-Type", "application/json")
	if len(r.versions) > 0 && f.IntN(20) > 0 {
		q.Header.Set("Cal-Api-Version", r.versions[f.IntN(len(r.versions))])
	}
	if f.IntN(8) > 0 && r.pattern != "/v2/api-keys/refresh" { // which would end the key
		user := []int{alice, alice, alice, bob, orgadmin, orgadmin, orgadmin, dave}[f.IntN(8)]
		if strings.Contains(r.pattern, "{org}") {
			user = orgadmin
		}
		q.Header.Set("Authorization", "Bearer "+f.tokens[user])
	}
	return q
}

func (f *fuzzer) bodyFor(pattern string) object {
	for part, in := range map[string]input{
		"/cancel": cancelInput, "/reschedule": moveInput, "/mark-absent": absentInput, "/guests": guestsInput, "/event-types": teamEventTypeInput,
		"/schedules": scheduleInput, "webhooks": webhookInput, "/ooo": absenceInput, "/workflows": eventWorkflows.in, "/roles": organizationRoles.in,
		"/attributes": attributeCollection.in, "/users": organizationUserInput, "/reservations": reservationInput, "/memberships": membershipInput, "/teams": teamInput,
	} {
		if strings.Contains(pattern, part) {
			return f.body(in, 0)
		}
	}
	o := f.body(bookingInput, 0)
	if e := f.sim.dir.events; len(e) > 0 {
		o = o.with("eventTypeId", e[f.IntN(len(e))].id)
	}
	at := f.sim.now().Add(0).UnixMilli() + int64(f.IntN(200))*day/4
	return o.with("start", clockText(at-at%hour)).with("attendee", object{{"name", "A"}, {"email", "a@example.org"}, {"timeZone", "UTC"}}).without("instant", "allowConflicts")
}

func (f *fuzzer) query() string {
	var parts []string
	for range 1 + f.IntN(3) {
		name := f.one("take", "skip", "status", "sortStart", "sortUpdatedAt", "afterStart", "beforeEnd", "afterUpdatedAt", "eventTypeId", "start", "end", "timeZone", "format", "username", "duration", "eventTypeIds", "permissions")
		value := f.one("1", "250", "0", "-1", "abc", "upcoming", "past,cancelled", "asc", "desc", "2026-12-01", "2026-12-05", "2026-11-20T00:00:00Z", "UTC", "America/New_York", "range", "alice", "%zz", "99999999999", "1,2")
		parts = append(parts, name+"="+value)
	}
	return strings.Join(parts, "&")
}

// ownMaking says that a failure is the simulator's and not one that the real
// server has.
func ownMaking(w *httptest.ResponseRecorder) bool {
	if w.Code < 500 {
		return false
	}
	for _, known := range []string{"INTERNAL_SERVER_ERROR", "Failed to update no-show status", "No route found.", "Event type slug not found in the routed URL."} {
		if strings.Contains(w.Body.String(), known) {
			return false
		}
	}
	return true
}

func TestNoRequestBreaksTheSimulator(t *testing.T) {
	var f *fuzzer
	codes := map[int]int{}
	for n := range *fuzzRequests {
		if n%fuzzRound == 0 {
			f = newFuzzer(t, uint64(n))
		}
		q := f.request()
		about := q.Method + " " + q.RequestURI
		w := f.send(t, q, about)
		codes[w.Code]++
		if ownMaking(w) {
			t.Fatalf("request %d, %s: %d %s", n, about, w.Code, w.Body)
		}
		if kind := w.Header().Get("Content-Type"); w.Body.Len() > 0 && kind == contentJSON && !jsontext.Value(w.Body.Bytes()).IsValid() {
			t.Fatalf("request %d, %s: not JSON: %.300s", n, about, w.Body)
		}
	}
	f.sim.checkIndexes(t)
	t.Logf("%d requests, by status: %s", *fuzzRequests, fmt.Sprint(codes))
}

func (f *fuzzer) send(t *testing.T, q *http.Request, about string) *httptest.ResponseRecorder {
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%s panics", about)
			panic(p)
		}
	}()
	w := httptest.NewRecorder()
	f.sim.ServeHTTP(w, q)
	return w
}

// FuzzWrites takes any method, path and body.
func FuzzWrites(f *testing.F) {
	f.Add("POST", "/v2/bookings", version20240813, `{"start":"2026-12-07T09:00:00Z","eventTypeId":1,"attendee":{"name":"A","email":"a@example.org","timeZone":"UTC"}}`)
	f.Add("POST", "/v2/schedules", version20240611, `{"name":"N","timeZone":"UTC","isDefault":true,"availability":[{"days":["Monday"],"startTime":"09:00","endTime":"10:00"}]}`)
	f.Add("PATCH", "/v2/event-types/1", version20240614, `{"seats":{"seatsPerTimeSlot":3},"bookingWindow":{"type":"range","value":["2026-01-01","2026-02-01"]}}`)
	f.Add("DELETE", "/v2/organizations/9/users/7", "", ``)
	s := newTest(f, Options{Bookings: 60, Seed: 1, Deliver: deliverNowhere})
	f.Fuzz(func(t *testing.T, method, path, version, body string) {
		if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, ControlPrefix) {
			return
		}
		q := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		q.Method, q.RequestURI = method, path
		q.URL.Path, q.URL.RawQuery, _ = strings.Cut(path, "?")
		q.Header.Set("Authorization", s.Keys()[7].Key)
		q.Header.Set("Cal-Api-Version", version)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, q)
		if ownMaking(w) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}
