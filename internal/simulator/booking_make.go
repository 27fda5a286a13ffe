package simulator

// make adds the row and the detail of a request.
func (b *book) make(q *request, now int64) int32 {
	r := row{
		from: none, to: none, series: none, start: q.at.from, minutes: uint16(min((q.at.to-q.at.from)/minute, 65535)), created: now, updated: now,
		event: uint32(q.event.id), user: uint8(q.host), status: q.status,
	}
	i := b.add(r)
	uid := uidOf(b.rows[i].tag)
	guests := q.body.strings("guests")
	d := &detail{
		title: q.event.title + " between " + b.dir.organizerName(q.event, q.host) + " and " + q.attendee.name(), description: "", metadata: object{},
		location: b.dir.placeOf(q.event, q.host), attendees: []attendee{q.attendee}, guests: guests, listsGuests: len(guests) > 0, calendarUID: uid + "@Cal.com",
	}
	for _, email := range guests {
		d.attendees = append(d.attendees, attendee{email: email, zone: q.attendee.zone})
	}
	if m := q.body.object("metadata"); m != nil {
		d.metadata = m
	}
	d.responses = q.responses()
	d.locate(q.body)
	d.visible = now + b.lag
	b.details[i] = d
	return i
}

// organizerName is how a title names who gives an event.
func (d *directory) organizerName(e *eventType, host int) string {
	if e.team != 0 && e.collective {
		return d.team(e.team).name
	}
	return d.user(host).name
}

func (q *request) responses() object {
	o := object{{"email", q.attendee.email}}
	if q.attendee.phone != "" {
		o = append(o, field{"attendeePhoneNumber", q.attendee.phone})
	}
	o = append(o, field{"name", q.attendee.name()})
	for _, f := range q.body.object("bookingFieldsResponses") {
		if f.name != "email" && f.name != "name" && f.name != "guests" {
			o = o.with(f.name, f.value)
		}
	}
	return o
}

// placeOf is where an event takes place unless the booking says otherwise.
func (d *directory) placeOf(e *eventType, host int) string {
	if locations := e.set.list("locations"); locations != nil {
		if len(locations) == 0 {
			return "integrations:daily"
		}
		first, _ := locations[0].(object)
		for _, name := range []string{"link", "address", "phone", "integration"} {
			if text := first.text(name); text != "" {
				return text
			}
		}
		return first.text("type")
	}
	switch e.place {
	case placeCalVideo:
		return "integrations:daily"
	case placeAddress:
		return "1 Main St, Berlin"
	}
	if u := d.user(e.owner); u != nil {
		return "https://meet.example.com/" + u.username
	}
	return "https://meet.example.com/" + d.user(host).username
}

// locate obeys the location of a request's body. A link is the event type's
// affair: naming one changes nothing but the answers (observed 2026-11-23).
func (d *detail) locate(body object) {
	if url := body.text("meetingUrl"); url != "" {
		d.location = url
	}
	l := body.object("location")
	if l == nil {
		return
	}
	option := ""
	for _, name := range []string{"address", "phone", "location", "integration"} {
		if text := l.text(name); text != "" {
			d.location, option = text, text
		}
	}
	d.responses = d.responses.with("location", object{{"value", l.text("type")}, {"optionValue", option}})
}
