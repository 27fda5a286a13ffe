package simulator

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

// members lists the names of an object's members in order.
func members(t *testing.T, data []byte) string {
	t.Helper()
	dec := jsontext.NewDecoder(strings.NewReader(string(data)))
	if _, err := dec.ReadToken(); err != nil {
		t.Fatal(err)
	}
	var names []string
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name.String())
		if err := dec.SkipValue(); err != nil {
			t.Fatal(err)
		}
	}
	return strings.Join(names, " ")
}

// The members of each kind of booking, as observed on 2026-11-23.
const (
	plainMembers     = "id uid title description hosts status cancellationReason cancelledByEmail rescheduledByEmail start end duration eventTypeId eventType meetingUrl location absentHost createdAt updatedAt metadata rating icsUid attendees guests bookingFieldsResponses"
	seatedMembers    = "id uid title description hosts status cancellationReason rescheduledByEmail start end duration eventTypeId eventType meetingUrl location absentHost createdAt updatedAt rating icsUid attendees"
	recurringMembers = "attendees guests bookingFieldsResponses id uid title description hosts status cancellationReason cancelledByEmail start end duration eventTypeId eventType meetingUrl location absentHost createdAt updatedAt metadata rating icsUid recurringBookingUid"
)

func TestEachKindOfBookingHasItsOwnMembers(t *testing.T) {
	s := newTest(t, Options{Bookings: 1302, Seed: 1})
	with := func(base, name, before string) string {
		return strings.Replace(base, " "+before+" ", " "+name+" "+before+" ", 1)
	}
	seen := map[string]int{}
	for i := range s.book.rows {
		r := &s.book.rows[i]
		want, kind := plainMembers, "plain"
		switch {
		case r.seats > 0:
			want, kind = seatedMembers, "seated"
		case r.series != none:
			want, kind = recurringMembers, "recurring"
		case r.from != none:
			want, kind = with(want, "rescheduledFromUid", "start"), "replacement"
			if r.traits.has(hasMoveReason) {
				want = with(want, "reschedulingReason", "rescheduledByEmail")
			}
		case r.to != none:
			want, kind = with(want, "rescheduledToUid", "start"), "replaced"
		}
		if r.guests == 0 && !r.traits.has(listsGuests) {
			want = strings.Replace(want, " guests", "", 1)
		}
		w := writer{book: s.book}
		w.booking(int32(i))
		if diff := cmp.Diff(want, members(t, w.out)); diff != "" {
			t.Fatalf("%s: %s", kind, diff)
		}
		seen[kind]++
	}
	want := map[string]int{"recurring": 60, "replacement": 30, "replaced": 30, "seated": 15, "plain": 1302 + 25 - 135}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}

func TestABookingReadsAsTheRealServerWritesIt(t *testing.T) {
	b := newBook(newDirectory(noon, 1), 1, 4)
	r := row{from: none, to: none, series: none, person: 7, user: alice, event: 1, minutes: 30, traits: listsGuests | campaign,
		start: noon.UnixMilli(), created: noon.UnixMilli() - day, updated: noTime, guests: 1, rating: 4}
	b.draft(r)
	r.event, r.traits, r.guests, r.rating, r.status = oldTypeID, oddMetadata|cancelledByHost, 0, 0, cancelled
	b.draft(r)
	w := writer{book: b}
	w.booking(0)
	w.text("\n")
	w.booking(1)
	want := `{"id":10000,"uid":"P1dENg8n4FdjnTWgwZyBHR","title":"30 Min Meeting between Alice Example and ` + person(7).name() + `","description":"","hosts":[{"id":1,"name":"Alice Example","email":"alice@example.com","displayEmail":"alice@example.com","username":"alice","timeZone":"Europe/Berlin"}],"status":"accepted","cancellationReason":"","cancelledByEmail":"","rescheduledByEmail":null,"start":"2026-11-23T12:00:00.000Z","end":"2026-11-23T12:30:00.000Z","duration":30,"eventTypeId":1,"eventType":{"id":1,"slug":"30min"},"meetingUrl":"https://meet.example.com/alice","location":"https://meet.example.com/alice","absentHost":false,"createdAt":"2026-11-22T12:00:00.000Z","updatedAt":null,"metadata":{"utm":"newsletter","crmId":"CRM"},"rating":4,"icsUid":"P1dENg8n4FdjnTWgwZyBHR@Cal.com","attendees":[BOOKER,{"name":"","email":"GUEST","displayEmail":"GUEST","timeZone":"ZONE","language":"en","absent":false}],"guests":["GUEST"],"bookingFieldsResponses":{"email":"guest7@example.org","name":"NAME","guests":["GUEST"],"displayEmail":"guest7@example.org","displayGuests":["GUEST"]}}
{"id":10001,"uid":"UID1","title":"Old Type between Alice Example and NAME","description":"","hosts":[{"id":1,"name":"Alice Example","email":"alice@example.com","displayEmail":"alice@example.com","username":"alice","timeZone":"Europe/Berlin"}],"status":"cancelled","cancellationReason":"","cancelledByEmail":"alice@example.com","rescheduledByEmail":null,"start":"2026-11-23T12:00:00.000Z","end":"2026-11-23T12:30:00.000Z","duration":30,"eventTypeId":null,"eventType":null,"meetingUrl":"unknown","location":"unknown","absentHost":false,"createdAt":"2026-11-22T12:00:00.000Z","updatedAt":null,"metadata":{},"rating":null,"icsUid":"UID1@Cal.com","attendees":[BOOKER],"bookingFieldsResponses":{"email":"guest7@example.org","name":"NAME","displayEmail":"guest7@example.org"}}`
	a := person(7)
	want = strings.NewReplacer("P1dENg8n4FdjnTWgwZyBHR", uidOf(b.rows[0].tag), "UID1", uidOf(b.rows[1].tag), "ZONE", a.zone, "NAME", a.name(),
		"GUEST", b.rows[0].guest(1, "").email, "CRM", crm(b.rows[0].tag),
		"BOOKER", `{"name":"`+a.name()+`","email":"guest7@example.org","displayEmail":"guest7@example.org","timeZone":"`+a.zone+`","language":"en","absent":false}`).Replace(want)
	if diff := cmp.Diff(want, string(w.out)); diff != "" {
		t.Error(diff)
	}
}

func TestTheUIDOfASeriesGivesItsBookings(t *testing.T) {
	s := newTest(t, Options{Bookings: 1302, Seed: 1})
	uid := uidOf(s.book.seriesTag(3))
	got := read[bookingPage](t, askOwner(s, "/v2/bookings/"+uid))
	if len(got.Data) != 6 {
		t.Errorf("%d bookings", len(got.Data))
	}
}

func TestWhatAnEmptyAccountHas(t *testing.T) {
	s := newTest(t, Options{Bookings: 10, Seed: 1})
	for path, want := range map[string]string{
		"/v2/teams": `{"status":"success","data":[]}`, "/v2/event-types": `{"status":"success","data":[]}`,
		"/v2/schedules/default": `{"status":"success","data":null}`, "/v2/webhooks": `{"status":"success","data":[]}`,
		"/v2/conferencing": `{"status":"success","data":[]}`, "/v2/conferencing/default": `{"status":"success"}`,
		"/v2/calendars": `{"status":"success","data":{"connectedCalendars":[],"destinationCalendar":{}}}`,
		"/v2/me":        `{"status":"success","data":{"id":4,"email":"dave@example.com","name":"Dave Empty","avatarUrl":null,"bio":null,"timeFormat":12,"defaultScheduleId":null,"weekStart":"Monday","timeZone":"UTC","username":"dave","organizationId":null}}`,
	} {
		w := ask(s, path, "Authorization", s.named(t, "empty"), "cal-api-version", version20240614)
		if diff := cmp.Diff(want, w.Body.String()); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}
