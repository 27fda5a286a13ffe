package simulator

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// The expectations of this file are our own: they hold without any recording.

// client asks a simulator as the user of a key.
type client struct {
	t     testing.TB
	sim   *Simulator
	token string // "" for nobody
}

func (s *Simulator) as(t testing.TB, name string) client {
	if name == "" {
		return client{t, s, ""}
	}
	return client{t, s, s.named(t, name)}
}

// do sends a request in the current version; body is JSON or "".
func (c client) do(method, path, body string) *httptest.ResponseRecorder {
	c.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if v := currentVersion(path); v != "" {
		r.Header.Set("Cal-Api-Version", v)
	}
	w := httptest.NewRecorder()
	c.sim.ServeHTTP(w, r)
	return w
}

// ok is do for what must succeed; it gives the answer's data.
func (c client) ok(method, path, body string) object {
	c.t.Helper()
	w := c.do(method, path, body)
	if w.Code >= 300 {
		c.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	v, err := parse(w.Body.Bytes())
	if err != nil {
		c.t.Fatal(err)
	}
	data, _ := v.(object).value("data")
	o, _ := data.(object)
	return o
}

// refused is do for what must fail; it gives the message.
func (c client) refused(status int, method, path, body string) string {
	c.t.Helper()
	w := c.do(method, path, body)
	if w.Code != status {
		c.t.Fatalf("%s %s: %d, want %d: %s", method, path, w.Code, status, w.Body)
	}
	var said struct {
		Message string `json:"message"`
		Error   struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil {
		c.t.Fatal(err)
	}
	return said.Message + said.Error.Message
}

func bookingBody(event, start string) string {
	return `{"start":"` + start + `","eventTypeId":` + event + `,"attendee":{"name":"Ann","email":"ann@example.org","timeZone":"Europe/London"}}`
}

// A Tuesday two weeks after noon, at which alice works.
const tuesday = "2026-12-08T"

func TestWhoeverKnowsAnEventTypeCanBookIt(t *testing.T) {
	s := newTest(t, Options{})
	made := s.as(t, "").ok("POST", "/v2/bookings", bookingBody("1", tuesday+"09:00:00Z"))
	if made.text("status") != "accepted" || made.text("start") != tuesday+"09:00:00.000Z" || made.text("end") != tuesday+"09:30:00.000Z" {
		t.Errorf("%s", marshal(made))
	}
	read := s.as(t, "").ok("GET", "/v2/bookings/"+made.text("uid"), "")
	if string(marshal(read)) != string(marshal(made)) {
		t.Errorf("read %s\nmade %s", marshal(read), marshal(made))
	}
}

func TestATimeIsGivenOnce(t *testing.T) {
	c := newTest(t, Options{}).as(t, "owner")
	c.ok("POST", "/v2/bookings", bookingBody("1", tuesday+"09:00:00Z"))
	for _, start := range []string{"09:00:00Z", "09:15:00Z", "08:45:00Z"} {
		if got := c.refused(400, "POST", "/v2/bookings", bookingBody("1", tuesday+start)); got != messageTaken {
			t.Errorf("%s: %s", start, got)
		}
	}
	c.ok("POST", "/v2/bookings", bookingBody("1", tuesday+"09:30:00Z"))
}

func TestNobodyIsBookedOutsideTheirHours(t *testing.T) {
	c := newTest(t, Options{}).as(t, "owner")
	for _, start := range []string{"2026-12-06T10:00:00Z", tuesday + "07:30:00Z", tuesday + "15:45:00Z"} {
		c.refused(400, "POST", "/v2/bookings", bookingBody("1", start))
	}
	if got := c.refused(400, "POST", "/v2/bookings", bookingBody("1", "2026-11-23T13:00:00Z")); got != messageBounds {
		t.Errorf("within the notice: %s", got)
	}
	if got := c.refused(400, "POST", "/v2/bookings", bookingBody("1", "2026-11-20T10:00:00Z")); got != messagePast {
		t.Errorf("in the past: %s", got)
	}
}

func TestBuffersKeepBookingsApart(t *testing.T) {
	c := newTest(t, Options{}).as(t, "owner")
	c.ok("PATCH", "/v2/event-types/1", `{"beforeEventBuffer":15,"afterEventBuffer":15}`)
	c.ok("POST", "/v2/bookings", bookingBody("1", tuesday+"10:00:00Z"))
	c.refused(400, "POST", "/v2/bookings", bookingBody("1", tuesday+"10:30:00Z"))
	c.refused(400, "POST", "/v2/bookings", bookingBody("1", tuesday+"09:20:00Z"))
	c.ok("POST", "/v2/bookings", bookingBody("1", tuesday+"10:45:00Z"))
}

func TestDecliningTwiceIsFineAndConfirmingAfterwardsToo(t *testing.T) {
	c := newTest(t, Options{}).as(t, "owner")
	uid := c.ok("POST", "/v2/bookings", bookingBody("4", tuesday+"09:00:00Z")).text("uid")
	path := "/v2/bookings/" + uid
	for range 2 {
		if got := c.ok("POST", path+"/decline", `{"reason":"Busy"}`).text("status"); got != "rejected" {
			t.Errorf("declined: %s", got)
		}
	}
	if got := c.ok("POST", path+"/confirm", "{}").text("status"); got != "accepted" {
		t.Errorf("confirmed: %s", got)
	}
	c.refused(400, "POST", path+"/confirm", "{}")
}

func TestAHostMustSayWhyABookingIsCancelledAndNobodyElse(t *testing.T) {
	s := newTest(t, Options{})
	c := s.as(t, "owner")
	path := "/v2/bookings/" + c.ok("POST", "/v2/bookings", bookingBody("1", tuesday+"09:00:00Z")).text("uid") + "/cancel"
	c.refused(400, "POST", path, "{}")
	if got := s.as(t, "").ok("POST", path, "{}").text("status"); got != "cancelled" {
		t.Errorf("cancelled: %s", got)
	}
	c.refused(400, "POST", path, `{"cancellationReason":"again"}`)
}

func TestReschedulingMakesAnotherBookingAndTheOldOneNamesIt(t *testing.T) {
	c := newTest(t, Options{}).as(t, "owner")
	old := c.ok("POST", "/v2/bookings", bookingBody("1", tuesday+"09:00:00Z")).text("uid")
	next := c.ok("POST", "/v2/bookings/"+old+"/reschedule", `{"start":"`+tuesday+`09:15:00Z"}`)
	if next.text("rescheduledFromUid") != old {
		t.Errorf("%s", marshal(next))
	}
	before := c.ok("GET", "/v2/bookings/"+old, "")
	if before.text("status") != "cancelled" || before.text("rescheduledToUid") != next.text("uid") {
		t.Errorf("%s", marshal(before))
	}
}

func TestASecondSeatDoesNotMoveTheTimeOfChange(t *testing.T) {
	clock := &clock{noon}
	c := newTest(t, Options{Now: clock.now}).as(t, "owner")
	first := c.ok("POST", "/v2/bookings", bookingBody("5", tuesday+"09:00:00Z"))
	clock.advance(time.Hour)
	second := c.ok("POST", "/v2/bookings", bookingBody("5", tuesday+"09:00:00Z"))
	if first.text("uid") != second.text("uid") || first.text("updatedAt") != second.text("updatedAt") || len(second.list("attendees")) != 2 {
		t.Errorf("%s\n%s", marshal(first), marshal(second))
	}
	for range 3 {
		c.ok("POST", "/v2/bookings", bookingBody("5", tuesday+"09:00:00Z"))
	}
	c.refused(409, "POST", "/v2/bookings", bookingBody("5", tuesday+"09:00:00Z"))
}

func TestAnAbsentAttendeeDoesNotMoveTheTimeOfChangeAndAnAbsentHostDoes(t *testing.T) {
	clock := &clock{noon}
	c := newTest(t, Options{Now: clock.now}).as(t, "owner")
	made := c.ok("POST", "/v2/bookings", bookingBody("1", tuesday+"09:00:00Z"))
	path := "/v2/bookings/" + made.text("uid") + "/mark-absent"
	c.refused(400, "POST", path, `{"host":true}`)
	clock.advance(20 * 24 * time.Hour)
	if got := c.ok("POST", path, `{"attendees":[{"email":"ann@example.org","absent":true}]}`).text("updatedAt"); got != made.text("updatedAt") {
		t.Errorf("moved to %s", got)
	}
	if got := c.ok("POST", path, `{"host":true}`).text("updatedAt"); got == made.text("updatedAt") {
		t.Error("did not move")
	}
}

func TestSlotsAreWhatCanBeBooked(t *testing.T) {
	s := newTest(t, Options{})
	c := s.as(t, "owner")
	slots := func() int {
		w := s.as(t, "").do("GET", "/v2/slots?eventTypeId=1&start=2026-12-08&end=2026-12-08", "")
		return strings.Count(w.Body.String(), `"start"`)
	}
	if got := slots(); got != 16 {
		t.Fatalf("%d slots in eight free hours", got)
	}
	c.ok("POST", "/v2/bookings", bookingBody("1", tuesday+"09:00:00Z"))
	s.as(t, "").ok("POST", "/v2/slots/reservations", `{"eventTypeId":1,"slotStart":"`+tuesday+`10:00:00Z"}`)
	if got := slots(); got != 14 {
		t.Errorf("%d slots beside one booking and one reservation", got)
	}
	c.refused(422, "POST", "/v2/slots/reservations", `{"eventTypeId":1,"slotStart":"`+tuesday+`10:00:00Z"}`)
}

func TestASeriesIsBookedWholeOrNotAtAll(t *testing.T) {
	s := newTest(t, Options{})
	c := s.as(t, "owner")
	c.ok("POST", "/v2/bookings", bookingBody("1", "2026-12-15T09:00:00Z"))
	before := len(s.Truth())
	c.refused(400, "POST", "/v2/bookings", strings.Replace(bookingBody("3", tuesday+"09:00:00Z"), "{", `{"recurrenceCount":3,`, 1))
	if got := len(s.Truth()); got != before {
		t.Errorf("%d bookings were left of a refused series", got-before)
	}
	w := c.do("POST", "/v2/bookings", strings.Replace(bookingBody("3", tuesday+"11:00:00Z"), "{", `{"recurrenceCount":3,`, 1))
	if w.Code != 201 || strings.Count(w.Body.String(), `"recurringBookingUid"`) != 3 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestARoundRobinGoesToSomebodyWhoIsFree(t *testing.T) {
	c := newTest(t, Options{}).as(t, "owner")
	hosts := map[string]bool{}
	for range 2 {
		made := c.ok("POST", "/v2/bookings", bookingBody("11", tuesday+"15:00:00Z")) // alice and bob work, carol does not
		hosts[made.list("hosts")[0].(object).text("username")] = true
	}
	if len(hosts) != 2 {
		t.Errorf("hosts: %v", hosts)
	}
	c.refused(400, "POST", "/v2/bookings", bookingBody("11", tuesday+"15:00:00Z"))
}

func TestDeletingAnEventTypeLeavesItsBookingsAsTheyAre(t *testing.T) {
	c := newTest(t, Options{}).as(t, "owner")
	made := c.ok("POST", "/v2/bookings", bookingBody("1", tuesday+"09:00:00Z"))
	c.ok("DELETE", "/v2/event-types/1", "")
	read := c.ok("GET", "/v2/bookings/"+made.text("uid"), "")
	if v, _ := read.value("eventType"); v != nil || read.text("updatedAt") != made.text("updatedAt") {
		t.Errorf("%s", marshal(read))
	}
}

func TestADetailReadsLikeTheRowThatItCameFrom(t *testing.T) {
	s := newTest(t, Options{Bookings: 1302, Seed: 1})
	for i := range s.book.rows {
		fast := writer{book: s.book}
		fast.booking(int32(i))
		slow := marshal(s.book.object(int32(i), s.book.derive(int32(i))))
		if string(fast.out) != string(slow) {
			t.Fatalf("%s\n%s", fast.out, slow)
		}
	}
}

func TestANewBookingIsInvisibleToALaggingReplica(t *testing.T) {
	clock := &clock{noon}
	c := newTest(t, Options{Now: clock.now, ReplicaLag: 20 * time.Second}).as(t, "owner")
	path := "/v2/bookings/" + c.ok("POST", "/v2/bookings", bookingBody("1", tuesday+"09:00:00Z")).text("uid")
	c.refused(404, "GET", path, "")
	clock.advance(21 * time.Second)
	c.ok("GET", path, "")
}

func TestTotalsFollowTheClockAndEveryChange(t *testing.T) {
	clock := &clock{noon}
	s := newTest(t, Options{Bookings: 500, Seed: 1, Now: clock.now})
	counted := func(kind string) (n int) {
		seen := s.dir.visible(alice)
		for i := range s.book.rows {
			if r := &s.book.rows[i]; r.status != erased && seen.has(r.user) && r.is(kind, clock.UnixMilli()) {
				n++
			}
		}
		return n
	}
	for step := range 60 {
		for _, kind := range []string{isUpcoming, isPast, isCancelled, isUnconfirmed, isRecurring} {
			if got, want := s.page(t, "take=1&status="+kind).Pagination.TotalItems, counted(kind); got != want {
				t.Fatalf("step %d: %d %s, want %d", step, got, kind, want)
			}
		}
		clock.advance(7 * time.Hour)
		if step%3 == 0 {
			s.Mutate(Mutation{Count: 5, Delete: 1, Seed: uint64(step)})
		}
	}
}

func TestABodyThatIsTooLongIsRefusedBeforeItIsCounted(t *testing.T) {
	c := newTest(t, Options{RateLimit: 120}).as(t, "owner")
	w := c.do("POST", "/v2/bookings", `{"metadata":"`+strings.Repeat("x", maxBody)+`"}`)
	if w.Code != 413 || w.Body.String() != `{"statusCode":413,"message":"request entity too large"}` || w.Header().Get("X-RateLimit-Limit-Default") != "" {
		t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
	}
	c.refused(400, "POST", "/v2/bookings", `{"start":`)
}

func TestAnEventIsGivenOnlySoOftenAndToOneBookerOnlySoOften(t *testing.T) {
	c := newTest(t, Options{}).as(t, "owner")
	c.ok("PATCH", "/v2/event-types/1", `{"bookingLimitsCount":{"day":2}}`)
	for _, start := range []string{"09:00:00Z", "10:00:00Z"} {
		c.ok("POST", "/v2/bookings", bookingBody("1", tuesday+start))
	}
	c.refused(400, "POST", "/v2/bookings", bookingBody("1", tuesday+"11:00:00Z"))
	c.ok("POST", "/v2/bookings", bookingBody("1", "2026-12-09T11:00:00Z"))
	c.ok("PATCH", "/v2/event-types/1", `{"bookingLimitsCount":{"disabled":true},"bookerActiveBookingsLimit":{"maximumActiveBookings":3}}`)
	if got := c.refused(400, "POST", "/v2/bookings", bookingBody("1", tuesday+"11:00:00Z")); got != messageActive {
		t.Errorf("%s", got)
	}
}

func TestStrangersDoNotSeeWhoHasASeatWhenTheEventTypeHidesThem(t *testing.T) {
	s := newTest(t, Options{})
	c := s.as(t, "owner")
	c.ok("PATCH", "/v2/event-types/5", `{"seats":{"seatsPerTimeSlot":5,"showAttendeeInfo":false,"showAvailabilityCount":true}}`)
	path := "/v2/bookings/" + c.ok("POST", "/v2/bookings", bookingBody("5", tuesday+"09:00:00Z")).text("uid")
	if got := len(c.ok("GET", path, "").list("attendees")); got != 1 {
		t.Errorf("the host sees %d", got)
	}
	if got := len(s.as(t, "").ok("GET", path, "").list("attendees")); got != 0 {
		t.Errorf("a stranger sees %d", got)
	}
}

func TestWhatIsNoJSONIsRefusedInTheParsersWords(t *testing.T) {
	c := newTest(t, Options{}).as(t, "owner")
	for body, want := range map[string]string{
		`hello`:                `Unexpected token 'h', "hello" is not valid JSON`,
		`{"start":`:            `Unexpected end of JSON input`,
		`{bad`:                 `Expected property name or '}' in JSON at position 1 (line 1 column 2)`,
		`{"a":1,}`:             `Expected double-quoted property name in JSON at position 7 (line 1 column 8)`,
		`{"a":bad}`:            `Unexpected token 'b', "{"a":bad}" is not valid JSON`,
		`["0123456789abc", x]`: `Unexpected token 'x', "...6789abc", x]" is not valid JSON`,
	} {
		if got := c.refused(400, "POST", "/v2/bookings", body); got != want {
			t.Errorf("%s: %s", body, got)
		}
	}
}
