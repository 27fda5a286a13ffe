package simulator

import "slices"

// detail holds what a booking cannot derive from its row: what somebody wrote
// through the API. A generated booking gets one when it is first changed in a
// way that its row cannot express.
type detail struct {
	title       string
	description any // text or null
	location    string
	attendees   []attendee
	guests      []string
	listsGuests bool // guests is there, though it may be empty
	responses   object
	metadata    object
	reason      string // of the cancellation
	rejection   string
	cancelledBy string
	movedBy     any // e-mail address or null
	moveReason  string
	calendarUID string
	visible     int64 // when a lagging replica shows that the booking is there
}

func (d *detail) clone() *detail {
	next := *d
	next.attendees, next.guests = slices.Clone(d.attendees), slices.Clone(d.guests)
	next.responses, next.metadata = slices.Clone(d.responses), slices.Clone(d.metadata)
	return &next
}

// detailed gives a booking's detail, which may then be changed.
func (b *book) detailed(i int32) *detail {
	b.version++
	d := b.details[i]
	if d == nil {
		d = b.derive(i)
		b.details[i] = d
	}
	return d
}

// describe gives a booking's detail for reading.
func (b *book) describe(i int32) *detail {
	if d := b.details[i]; d != nil {
		return d
	}
	return b.derive(i)
}

// derive writes out what a row stands for.
func (b *book) derive(i int32) *detail {
	r := &b.rows[i]
	host := b.dir.user(int(r.user))
	d := &detail{
		title: b.title(r), description: "", location: b.place(r), attendees: r.attendees(), listsGuests: r.guests > 0 || r.traits.has(listsGuests),
		metadata: b.rowMetadata(r), reason: reasons[r.reason], calendarUID: uidOf(b.rows[b.calendarRow(i)].tag) + "@Cal.com", responses: b.rowResponses(r),
	}
	for n := 1; r.seats == 0 && n < len(d.attendees); n++ {
		d.guests = append(d.guests, d.attendees[n].email)
	}
	if r.traits.has(cancelledByHost) {
		d.cancelledBy = host.email
	}
	if r.from != none || r.to != none {
		d.movedBy = d.attendees[0].email
		if r.traits.has(movedByHost) {
			d.movedBy = host.email
		}
	}
	if r.from != none && r.traits.has(hasMoveReason) {
		d.moveReason = moveReason
	}
	for n := range d.attendees {
		if r.seats > 0 {
			a := &d.attendees[n]
			a.seat, a.answers, a.metadata = seatUID(r.tag, n), object{{"name", a.name()}}, object{}
			if n == 0 {
				a.metadata = object{{"seatno", "1"}}
			}
		}
	}
	return d
}

func (b *book) rowMetadata(r *row) object {
	if !r.traits.has(campaign) {
		return object{}
	}
	return object{{"utm", "newsletter"}, {"crmId", crm(r.tag)}}
}

// rowResponses are the answers to the booking's questions, without what is
// shown from elsewhere.
func (b *book) rowResponses(r *row) object {
	a := r.booker()
	o := object{{"email", a.email}}
	if a.phone != "" {
		o = append(o, field{"attendeePhoneNumber", a.phone})
	}
	if r.traits.has(nameInParts) {
		o = append(o, field{"name", object{{"firstName", a.first}, {"lastName", a.last}}})
	} else {
		o = append(o, field{"name", a.name()})
	}
	if r.from != none && r.traits.has(hasMoveReason) {
		o = append(o, field{"rescheduledReason", moveReason})
	}
	if b.dir.event(r).intake {
		answers, _ := parse([]byte("{" + intakeAnswers[r.tag%uint64(len(intakeAnswers))][1:] + "}"))
		o = append(o, answers.(object)...)
	}
	return o
}

// object is one booking with its detail as version 2024-08-13 shows it, in
// the same order as writer.booking.
func (b *book) object(i int32, d *detail) object {
	r := &b.rows[i]
	var o object
	if r.series != none {
		o = append(o, field{"attendees", b.people(r, d)})
		o = append(o, d.answers()...)
	}
	o = append(o, b.headObject(i, d)...)
	o = append(o, object{
		{"start", clockText(r.start)}, {"end", clockText(r.end())}, {"duration", int(r.minutes)}, {"eventTypeId", nil}, {"eventType", nil},
		{"meetingUrl", d.location}, {"location", d.location}, {"absentHost", r.traits.has(hostAbsent)}, {"createdAt", clockText(r.created)},
		{"updatedAt", timeOrNull(r.updated)},
	}...)
	if e := b.dir.event(r); !e.deleted {
		o = o.with("eventTypeId", e.id).with("eventType", object{{"id", e.id}, {"slug", e.slug}})
	}
	if r.seats == 0 {
		o = append(o, field{"metadata", d.metadata})
	}
	o = append(o, field{"rating", orNull(int(r.rating))}, field{"icsUid", d.calendarUID})
	switch {
	case r.series != none:
		return append(o, field{"recurringBookingUid", b.seriesUID(r.series)})
	case r.seats > 0:
		return append(o, field{"attendees", b.people(r, d)})
	}
	return append(append(o, field{"attendees", b.people(r, d)}), d.answers()...)
}

func (b *book) headObject(i int32, d *detail) object {
	r := &b.rows[i]
	host := b.dir.user(int(r.user))
	o := object{
		{"id", firstID + int(i)}, {"uid", uidOf(r.tag)}, {"title", d.title}, {"description", d.description},
		{"hosts", list{object{{"id", host.id}, {"name", host.name}, {"email", host.email}, {"displayEmail", host.email}, {"username", host.username}, {"timeZone", host.zone}}}},
		{"status", statusNames[r.status]}, {"cancellationReason", d.reason},
	}
	if r.seats == 0 {
		o = append(o, field{"cancelledByEmail", d.cancelledBy})
	}
	if d.moveReason != "" {
		o = append(o, field{"reschedulingReason", d.moveReason})
	}
	if r.series == none {
		o = append(o, field{"rescheduledByEmail", d.movedBy})
	}
	if r.from != none {
		o = append(o, field{"rescheduledFromUid", uidOf(b.rows[r.from].tag)})
	}
	if r.to != none && b.rows[r.to].status != erased {
		o = append(o, field{"rescheduledToUid", uidOf(b.rows[r.to].tag)})
	}
	return o
}

func (b *book) people(r *row, d *detail) list {
	all := list{}
	for _, a := range d.attendees {
		o := object{{"name", a.name()}, {"email", a.email}, {"displayEmail", a.email}, {"timeZone", a.zone}, {"language", a.speaks()}, {"absent", a.absent}}
		if a.phone != "" {
			o = append(o, field{"phoneNumber", a.phone})
		}
		if r.seats > 0 {
			o = append(o, object{{"seatUid", a.seat}, {"bookingFieldsResponses", a.answers}, {"metadata", a.metadata}}...)
		}
		all = append(all, o)
	}
	return all
}

// answers are the guests and the answers to the booking's questions.
func (d *detail) answers() object {
	var o object
	if d.listsGuests {
		o = append(o, field{"guests", texts(d.guests)})
	}
	var inner object
	for _, f := range d.responses {
		inner = append(inner, f)
		if f.name == "name" && d.listsGuests {
			inner = append(inner, field{"guests", texts(d.guests)})
		}
	}
	inner = append(inner, field{"displayEmail", d.responses.text("email")})
	if d.listsGuests {
		inner = append(inner, field{"displayGuests", texts(d.guests)})
	}
	return append(o, field{"bookingFieldsResponses", inner})
}

func texts(of []string) list {
	all := make(list, 0, len(of))
	for _, text := range of {
		all = append(all, text)
	}
	return all
}

// bookerOf is the first attendee; a booking whose last seat was cancelled has
// none.
func (b *book) bookerOf(i int32) attendee {
	if all := b.attendeesOf(i); len(all) > 0 {
		return all[0]
	}
	return attendee{}
}

// attendeesOf are all who booked or were brought along.
func (b *book) attendeesOf(i int32) []attendee {
	if d := b.details[i]; d != nil {
		return d.attendees
	}
	return b.rows[i].attendees()
}
