package simulator

import (
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// writer writes bookings as version 2024-08-13 shows them. Unless a booking
// has a detail, every text in it comes from the simulator's own tables and
// needs no escaping: lists of generated bookings are written quickly.
type writer struct {
	*book
	out []byte
}

func (w *writer) text(parts ...string) {
	for _, p := range parts {
		w.out = append(w.out, p...)
	}
}

// escaped writes what somebody may have written, for between quotation marks.
func (w *writer) escaped(text string) {
	for i := range len(text) {
		if ch := text[i]; ch < ' ' || ch == '"' || ch == '\\' || ch >= utf8.RuneSelf {
			quoted, _ := jsontext.AppendQuote(nil, text) // the error is of bytes that are no UTF-8, and those are mended
			w.out = append(w.out, quoted[1:len(quoted)-1]...)
			return
		}
	}
	w.out = append(w.out, text...)
}

func (w *writer) number(n int) { w.out = strconv.AppendInt(w.out, int64(n), 10) }

func (w *writer) flag(yes bool) { w.out = strconv.AppendBool(w.out, yes) }

func (w *writer) clock(ms int64) {
	if ms == noTime {
		w.text("null")
		return
	}
	w.text(`"`)
	w.out = appendClock(w.out, ms)
	w.text(`"`)
}

func (w *writer) uid(i int32) {
	w.text(`"`)
	w.out = appendUID(w.out, w.rows[i].tag)
	w.text(`"`)
}

// booking writes one row. Which members are there, and in what order, depends
// on its kind (observed 2026-11-23): a recurring one begins with its
// attendees, and a seated one keeps what belongs to a person in its seats.
func (w *writer) booking(i int32) {
	if d := w.details[i]; d != nil {
		w.out = append(w.out, marshal(w.object(i, d))...)
		return
	}
	r := &w.rows[i]
	w.text("{")
	if r.series != none {
		w.attendees(r)
		w.text(",")
		w.guestsAndResponses(i)
		w.text(",")
	}
	w.head(i)
	w.text(`,"start":`)
	w.clock(r.start)
	w.text(`,"end":`)
	w.clock(r.end())
	w.text(`,"duration":`)
	w.number(int(r.minutes))
	w.eventType(r)
	place := w.place(r)
	w.text(`,"meetingUrl":"`)
	w.escaped(place)
	w.text(`","location":"`)
	w.escaped(place)
	w.text(`","absentHost":`)
	w.flag(r.traits.has(hostAbsent))
	w.text(`,"createdAt":`)
	w.clock(r.created)
	w.text(`,"updatedAt":`)
	w.clock(r.updated)
	if r.seats == 0 {
		w.text(`,"metadata":`)
		w.metadata(r)
	}
	w.text(`,"rating":`)
	if r.rating == 0 {
		w.text("null")
	} else {
		w.number(int(r.rating))
	}
	w.text(`,"icsUid":"`)
	w.out = appendUID(w.out, w.rows[w.calendarRow(i)].tag)
	w.text(`@Cal.com"`)
	switch {
	case r.series != none:
		w.text(`,"recurringBookingUid":"`, w.seriesUID(r.series), `"`)
	case r.seats > 0:
		w.text(",")
		w.attendees(r)
	default:
		w.text(",")
		w.attendees(r)
		w.text(",")
		w.guestsAndResponses(i)
	}
	w.text("}")
}

// head writes what stands before the times.
func (w *writer) head(i int32) {
	r := &w.rows[i]
	host := w.dir.user(int(r.user))
	w.text(`"id":`)
	w.number(firstID + int(i))
	w.text(`,"uid":`)
	w.uid(i)
	w.text(`,"title":"`)
	w.escaped(w.title(r))
	w.text(`","description":"","hosts":[{"id":`)
	w.number(host.id)
	w.text(`,"name":"`)
	w.escaped(host.name)
	w.text(`","email":"`, host.email, `","displayEmail":"`, host.email, `","username":"`)
	w.escaped(host.username)
	w.text(`","timeZone":"`, host.zone, `"}],"status":"`, statusNames[r.status], `","cancellationReason":"`, reasons[r.reason], `"`)
	if r.seats == 0 {
		by := ""
		if r.traits.has(cancelledByHost) {
			by = host.email
		}
		w.text(`,"cancelledByEmail":"`, by, `"`)
	}
	if r.from != none && r.traits.has(hasMoveReason) {
		w.text(`,"reschedulingReason":"`, moveReason, `"`)
	}
	if r.series == none {
		w.text(`,"rescheduledByEmail":`, w.movedBy(r))
	}
	if r.from != none {
		w.text(`,"rescheduledFromUid":`)
		w.uid(r.from)
	}
	if r.to != none && w.rows[r.to].status != erased {
		w.text(`,"rescheduledToUid":`)
		w.uid(r.to)
	}
}

const moveReason = "Something came up"

// movedBy is who rescheduled, as JSON: null when nobody did.
func (w *writer) movedBy(r *row) string {
	switch {
	case r.from == none && r.to == none:
		return "null"
	case r.traits.has(movedByHost):
		return `"` + w.dir.user(int(r.user)).email + `"`
	}
	return `"` + r.booker().email + `"`
}

func (b *book) title(r *row) string {
	return b.dir.event(r).title + " between " + b.dir.user(int(r.user)).name + " and " + r.booker().name()
}

func (w *writer) eventType(r *row) {
	e := w.dir.event(r)
	if e.deleted {
		w.text(`,"eventTypeId":null,"eventType":null`)
		return
	}
	w.text(`,"eventTypeId":`)
	w.number(e.id)
	w.text(`,"eventType":{"id":`)
	w.number(e.id)
	w.text(`,"slug":"`)
	w.escaped(e.slug)
	w.text(`"}`)
}

func (b *book) place(r *row) string {
	switch {
	case r.traits.has(oddMetadata):
		return "unknown"
	case r.traits.has(newPlace):
		return "https://meet.example.com/room"
	case r.traits.has(byPhone):
		return phoneNumber
	case b.dir.event(r).place == placeCalVideo:
		return "integrations:daily"
	}
	return "https://meet.example.com/" + b.dir.user(int(r.user)).username
}

// calendarRow is the row whose uid the calendar entry carries.
func (b *book) calendarRow(i int32) int32 {
	for b.rows[i].traits.has(keepsCalendar) && b.rows[i].from != none {
		i = b.rows[i].from
	}
	return i
}

func (w *writer) metadata(r *row) {
	if !r.traits.has(campaign) {
		w.text("{}")
		return
	}
	w.text(`{"utm":"newsletter","crmId":"`, crm(r.tag), `"}`)
}

func (w *writer) attendees(r *row) {
	w.text(`"attendees":[`)
	if r.seats > 0 {
		for i := range int(r.seats) {
			w.comma(i)
			w.person(r.seat(i))
			w.seat(r, i)
			w.text("}")
		}
		w.text("]")
		return
	}
	booker := r.booker()
	w.person(booker)
	w.text("}")
	for i := 1; i <= int(r.guests); i++ {
		w.text(",")
		w.person(r.guest(i, booker.zone))
		w.text("}")
	}
	w.text("]")
}

func (w *writer) comma(i int) {
	if i > 0 {
		w.text(",")
	}
}

// person writes an attendee and leaves the object open.
func (w *writer) person(a attendee) {
	w.text(`{"name":"`, a.name(), `","email":"`, a.email, `","displayEmail":"`, a.email, `","timeZone":"`, a.zone, `","language":"en","absent":`)
	w.flag(a.absent)
	if a.phone != "" {
		w.text(`,"phoneNumber":"`, a.phone, `"`)
	}
}

func (w *writer) seat(r *row, i int) {
	w.text(`,"seatUid":"`, seatUID(r.tag, i), `","bookingFieldsResponses":{"name":"`, r.seat(i).name(), `"},"metadata":`)
	if i == 0 {
		w.text(`{"seatno":"1"}`)
	} else {
		w.text("{}")
	}
}

// guestsAndResponses writes the guests, which are absent when none were ever
// asked for, and the answers to the booking's questions.
func (w *writer) guestsAndResponses(i int32) {
	r := &w.rows[i]
	a := r.booker()
	listed := r.guests > 0 || r.traits.has(listsGuests)
	if listed {
		w.text(`"guests":`)
		w.guestList(r, a.zone)
		w.text(",")
	}
	w.text(`"bookingFieldsResponses":{"email":"`, a.email, `"`)
	if a.phone != "" {
		w.text(`,"attendeePhoneNumber":"`, a.phone, `"`)
	}
	if r.traits.has(nameInParts) {
		w.text(`,"name":{"firstName":"`, a.first, `","lastName":"`, a.last, `"}`)
	} else {
		w.text(`,"name":"`, a.name(), `"`)
	}
	if listed {
		w.text(`,"guests":`)
		w.guestList(r, a.zone)
	}
	if r.from != none && r.traits.has(hasMoveReason) {
		w.text(`,"rescheduledReason":"`, moveReason, `"`)
	}
	if w.dir.event(r).intake {
		w.text(intakeAnswers[r.tag%uint64(len(intakeAnswers))])
	}
	w.text(`,"displayEmail":"`, a.email, `"`)
	if listed {
		w.text(`,"displayGuests":`)
		w.guestList(r, a.zone)
	}
	w.text("}")
}

var intakeAnswers = [...]string{
	`,"topic":"Support","company":"ACME","products":["A","B"]`,
	`,"topic":"Sales","company":"Ümläut GmbH","products":["B","A"]`,
	`,"topic":"Other","company":"ACME","products":["C"]`,
}

func (w *writer) guestList(r *row, zone string) {
	w.text("[")
	for i := 1; i <= int(r.guests); i++ {
		w.comma(i - 1)
		w.text(`"`, r.guest(i, zone).email, `"`)
	}
	w.text("]")
}
