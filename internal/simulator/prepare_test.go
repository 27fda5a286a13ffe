package simulator

import (
	"slices"
	"strings"
	"time"
)

// prepare seeds what a recording presupposes: the booking it is about as it
// was before, from what was recorded of it; and the calendars of the hosts
// whose slots are asked for.
func (p *replayer) prepare(s *Simulator, r recording) {
	if days, _ := r.data().(map[string]any); strings.HasPrefix(r.Name, "slots-get-") && len(days) > 0 {
		p.fillCalendars(s, r)
	}
	if strings.HasPrefix(r.Name, "webhook") || strings.HasPrefix(r.Name, "event-type-webhooks") {
		p.prepareWebhooks(s, r)
	}
	if r.Name == "booking-get-recurring-after-cancel" { // somebody had cancelled all but the first
		for _, i := range s.book.lookupSeries(p.translate("67ebb537-7251-42fb-9b0b-3b6f39aed9a2"))[1:] {
			s.book.detailed(i).reason = "stop"
			s.book.change(i, func(r *row) { r.status = cancelled })
		}
	}
	m := recordedUID.FindStringSubmatch(r.Request.Path)
	if m == nil || m[1] == "doesnotexist0000000000" || p.ours[m[1]] != "" {
		return
	}
	i, ok := p.seed(s, r, m[1])
	if ok {
		p.ours[m[1]] = uidOf(s.book.rows[i].tag)
	}
}

// prepareWebhooks leaves the account with the webhooks that it had.
func (p *replayer) prepareWebhooks(s *Simulator, r recording) {
	keep := func(h *webhook) bool {
		return h.user == bob || strings.HasPrefix(h.url, "http://127.0.0.1:5599/") || h.url == "not a url"
	}
	switch r.Name {
	case "event-type-webhooks-post-201":
		keep = func(h *webhook) bool { return h.event == 0 }
	case "webhook-get-403-other-user":
		s.dir.webhooks = append(s.dir.webhooks, &webhook{id: "fcba80f3-4978-4f80-941d-ba31ed24c643", user: alice, url: "x"})
		return
	case "webhook-delete-200": // somebody had changed it meanwhile
		for _, h := range s.dir.webhooks {
			if h.url == "http://127.0.0.1:5599/hook/inactive" {
				h.triggers = []string{"BOOKING_CANCELLED"}
			}
		}
		return
	}
	s.dir.webhooks = slices.DeleteFunc(s.dir.webhooks, func(h *webhook) bool { return !keep(h) })
}

// seed makes a booking out of the recorded one.
func (p *replayer) seed(s *Simulator, r recording, uid string) (int32, bool) {
	b := s.book
	if known := p.known[uid]; known != nil && !isBooking(r.data()) {
		return p.seedBooking(s, r, known), true
	}
	switch data := r.data().(type) {
	case map[string]any:
		if isBooking(data) {
			return p.seedBooking(s, r, data), true
		}
		if data["startTime"] != nil {
			return p.pick(s, r), true
		}
	case []any:
		if len(data) > 0 && isBooking(data[0]) {
			series := int32(len(b.series))
			b.series = append(b.series, nil)
			b.names[series] = uid
			for _, one := range data {
				i := p.seedBooking(s, r, one.(map[string]any))
				b.rows[i].series = series
				b.series[series] = append(b.series[series], i)
			}
			return 0, false
		}
	}
	return p.pick(s, r), true
}

// pick makes an ordinary booking for a recording that does not show which one
// it was about.
func (p *replayer) pick(s *Simulator, r recording) int32 {
	at := p.clock.Add(4000 * time.Hour).UnixMilli()
	one := row{from: none, to: none, series: none, person: 7, start: at, minutes: 30, created: at, updated: at, event: 1, user: alice, traits: listsGuests}
	switch {
	case strings.Contains(r.Name, "mark-absent"):
		one.start = p.clock.Add(-4000 * time.Hour).UnixMilli()
	case strings.Contains(r.Name, "confirm"):
		one.status, one.event = pending, 4
	case strings.Contains(r.Name, "reassign"):
		one.event, one.user = 11, alice
		one.start = time.Date(2026, 12, 8, 15, 0, 0, 0, time.UTC).UnixMilli() // alice and bob work, carol does not
	}
	return s.book.add(one)
}

func textOf(o map[string]any, name string) string { t, _ := o[name].(string); return t }

func numberOf(o map[string]any, name string) int { n, _ := o[name].(float64); return int(n) }

func toObject(v any) object {
	o, _ := v.(map[string]any)
	parsed, _ := parse(marshal(o))
	out, _ := parsed.(object)
	return out
}

// seedBooking makes the booking as it was before the recorded write.
func (p *replayer) seedBooking(s *Simulator, r recording, o map[string]any) int32 {
	start, _ := instant(textOf(o, "start"))
	created, _ := instant(textOf(o, "createdAt"))
	one := row{from: none, to: none, series: none, start: start, minutes: uint16(numberOf(o, "duration")), created: created, updated: noTime, user: alice}
	if updated, ok := instant(textOf(o, "updatedAt")); ok {
		one.updated = updated
	}
	if hosts, _ := o["hosts"].([]any); len(hosts) > 0 {
		one.user = uint8(numberOf(hosts[0].(map[string]any), "id"))
	}
	one.event = uint32(numberOf(o, "eventTypeId"))
	if one.event == 0 {
		one.event = oldTypeID
	}
	one.status = status(slices.Index(statusNames[:], textOf(o, "status")))
	one.rating = uint8(numberOf(o, "rating"))
	if r.Request.Method == "GET" && o["absentHost"] == true {
		one.traits |= hostAbsent
	}
	if uid := textOf(o, "rescheduledFromUid"); uid != "" {
		old := one
		old.status = cancelled
		one.from = s.book.add(old)
		p.ours[uid] = uidOf(s.book.rows[one.from].tag)
	}
	switch {
	case strings.Contains(r.Name, "-cancel-200") || strings.Contains(r.Name, "cancel-by"):
		one.status = accepted
	case strings.Contains(r.Name, "-confirm-200"):
		one.status = pending
	}
	attendees, _ := o["attendees"].([]any)
	if strings.Contains(textOf(o, "title"), "Group Class") {
		one.seats = uint8(len(attendees))
	}
	i := s.book.add(one)
	uid := uidOf(s.book.rows[i].tag)
	d := &detail{
		title: textOf(o, "title"), description: o["description"], location: textOf(o, "location"), metadata: toObject(o["metadata"]),
		reason: textOf(o, "cancellationReason"), cancelledBy: textOf(o, "cancelledByEmail"), movedBy: o["rescheduledByEmail"], moveReason: textOf(o, "reschedulingReason"),
		calendarUID: uid + "@Cal.com", responses: toObject(o["bookingFieldsResponses"]).without("guests", "displayEmail", "displayGuests"),
	}
	guests, listed := o["guests"].([]any)
	d.listsGuests = listed
	for _, g := range guests {
		d.guests = append(d.guests, g.(string))
	}
	for _, a := range attendees {
		d.attendees = append(d.attendees, p.seedAttendee(a.(map[string]any)))
	}
	if r.Name == "booking-guests-post" {
		d.attendees, d.guests, d.listsGuests = d.attendees[:1], nil, false
	}
	if strings.Contains(r.Name, "cancel-200") {
		d.reason = ""
	}
	s.book.details[i] = d
	return i
}

func (p *replayer) seedAttendee(o map[string]any) attendee {
	return attendee{
		full: textOf(o, "name"), email: textOf(o, "email"), zone: textOf(o, "timeZone"), phone: textOf(o, "phoneNumber"), absent: o["absent"] == true,
		seat: textOf(o, "seatUid"), answers: toObject(o["bookingFieldsResponses"]), metadata: toObject(o["metadata"]),
	}
}

// fillCalendars books all hosts at the times that were not offered.
func (p *replayer) fillCalendars(s *Simulator, r recording) {
	days, _ := r.data().(map[string]any)
	offered := map[int64]bool{}
	for _, slots := range days {
		for _, slot := range slots.([]any) {
			at, err := time.Parse(time.RFC3339, textOf(slot.(map[string]any), "start"))
			if err != nil {
				p.t.Fatal(err)
			}
			offered[at.UnixMilli()] = true
		}
	}
	for at := time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC); at.Day() < 4; at = at.Add(30 * time.Minute) {
		if offered[at.UnixMilli()] {
			continue
		}
		hosts := []int{alice}
		if strings.Contains(r.Name, "team") {
			hosts = []int{alice, bob, carol}
		}
		for _, h := range hosts {
			s.book.add(row{from: none, to: none, series: none, start: at.UnixMilli(), minutes: 30, event: 1, user: uint8(h), person: 9})
		}
	}
}
