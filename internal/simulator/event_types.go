package simulator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

type eventType struct {
	id, owner, team int // owner or team is 0
	length          int // minutes
	lengths         []int
	title, slug     string
	description     string
	place           placeKind
	intake          bool // asks for company, topic and products
	confirm         bool
	recurs          int // occurrences of a weekly series, 0 for none
	seats           int // 0 for none
	hidden          bool
	schedule        int
	collective      bool
	managed         bool
	hosts           []int
	deleted         bool     // its bookings show null
	set             object   // settings that were written through the API, as version 2024-06-14 shows them
	fields          []object // own questions that were written through the API
}

// placeKind is where an event takes place.
type placeKind int

const (
	placeLink placeKind = iota
	placeAddress
	placePhone
	placeCalVideo
)

// oldTypeID is of an event type that was deleted before the simulation began.
const oldTypeID = 13

func seedEventTypes() []eventType {
	return []eventType{
		{id: 1, owner: alice, length: 30, title: "30 Min Meeting", slug: "30min", description: "A quick chat"},
		{id: 2, owner: alice, length: 15, title: "15 Min Call", slug: "15min", place: placeAddress},
		{id: 3, owner: alice, length: 45, title: "Weekly Check-in", slug: "weekly", recurs: 6},
		{id: 4, owner: alice, length: 60, title: "Needs Approval", slug: "approval", confirm: true},
		{id: 5, owner: alice, length: 60, title: "Group Class", slug: "class", seats: 5},
		{id: 6, owner: alice, length: 30, title: "Intake", slug: "intake", place: placePhone, intake: true, schedule: 2},
		{id: 7, owner: alice, length: 20, title: "Cal Video default", slug: "calvideo", place: placeCalVideo},
		{id: 8, owner: alice, length: 10, title: "Secret", slug: "secret", hidden: true},
		{id: 9, owner: alice, length: 30, lengths: []int{15, 30, 60}, title: "Variable", slug: "variable"},
		{id: 10, owner: bob, length: 30, title: "Bob 30", slug: "30min"},
		{id: 11, team: 1, length: 30, title: "Support Round Robin", slug: "support-rr", hosts: []int{alice, bob, carol}},
		{id: 12, team: 1, length: 60, title: "Panel", slug: "panel", collective: true, hosts: []int{alice, bob}},
		{id: oldTypeID, owner: alice, length: 30, title: "Old Type", slug: "old", deleted: true},
		{id: 14, owner: erin, length: 30, title: "Erin 30", slug: "30min"},
		{id: 15, owner: orgmember, length: 30, title: "Acme 30", slug: "30min"},
	}
}

func eventTypeRoutes() []route {
	older := []string{version20240415, version20240611}
	return []route{
		get("/v2/event-types", authOptional, (*call).listEventTypes).in(version20240614),
		get("/v2/event-types/{event}", authPermissions, (*call).getEventType).in(version20240614),
		get("/v2/event-types", authRequired, (*call).listOldEventTypes).in(older...),
		get("/v2/event-types/{event}", authPermissions, (*call).getOldEventType).in(older...),
	}
}

func (d *directory) eventTypesWhere(keep func(*eventType) bool) []*eventType {
	var all []*eventType
	for _, e := range d.events {
		if !e.deleted && keep(e) {
			all = append(all, e)
		}
	}
	return all
}

// listEventTypes shows a user's own types, or the public ones of the user
// whom the query names; whoever asks without a key and a name gets none
// (observed 2026-11-23). take and skip do not exist here.
func (c *call) listEventTypes() *answer {
	owner := c.user
	name, named := c.query.first("username")
	slug, one := c.query.first("eventSlug")
	if named {
		if owner = c.sim.dir.userNamed(name); owner == nil {
			return c.fail(http.StatusNotFound, "User with username "+name+" not found")
		}
	}
	if owner == nil {
		return c.ok(list{})
	}
	types := c.sim.dir.eventTypesWhere(func(e *eventType) bool {
		return e.owner == owner.id && (!e.hidden || owner == c.user) && (!one || e.slug == slug)
	})
	c.sortByID(types)
	return c.ok(shown(types, func(e *eventType) object { return e.object(c.sim.dir, false) }))
}

// sortByID obeys sortCreatedAt, which sorts by id.
func (c *call) sortByID(types []*eventType) {
	if order, _ := c.query.first("sortCreatedAt"); order == "desc" {
		slices.Reverse(types)
	}
}

func (c *call) getEventType() *answer {
	e, refusal := c.anyEventType()
	if refusal != nil {
		return refusal
	}
	return c.ok(e.object(c.sim.dir, true))
}

// anyEventType is the one that the path names; a stranger's can be read.
func (c *call) anyEventType() (*eventType, *answer) {
	id, ok := c.id("event")
	if !ok {
		return nil, c.broken()
	}
	if e := c.sim.dir.eventType(id); e != nil && !e.deleted {
		return e, nil
	}
	return nil, c.fail(http.StatusNotFound, "Event type with id "+strconv.Itoa(id)+" not found")
}

func (c *call) listTeamEventTypes() *answer {
	id, ok := c.id("team")
	if !ok {
		return c.broken()
	}
	slug, one := c.query.first("eventSlug")
	types := c.sim.dir.eventTypesWhere(func(e *eventType) bool { return e.team == id && (!one || e.slug == slug) })
	c.sortByID(types)
	return c.ok(shown(types, func(e *eventType) object { return e.object(c.sim.dir, true) }))
}

func (c *call) getTeamEventType() *answer {
	e, refusal := c.anyEventType()
	if refusal != nil {
		return refusal
	}
	if e.team != c.team().id {
		return c.fail(http.StatusNotFound, "Event type with ID="+c.path["event"]+" does not exist.")
	}
	return c.ok(e.object(c.sim.dir, true))
}

// locations is how version 2024-06-14 shows where an event takes place.
func (e *eventType) locations() list {
	switch e.place {
	case placeAddress:
		return list{object{{"type", "address"}, {"address", "1 Main St, Berlin"}, {"public", true}}}
	case placePhone:
		return list{object{{"type", "attendeePhone"}}}
	case placeCalVideo:
		return list{}
	}
	return list{object{{"type", "link"}, {"link", "https://meet.example.com/alice"}, {"public", true}}}
}

func (e *eventType) metadata() object {
	if e.lengths == nil {
		return object{}
	}
	return object{{"multipleDuration", e.lengths}}
}

// object is the shape of version 2024-06-14. A list leaves out the hidden
// title field of a user's own types (observed 2026-11-23).
func (e *eventType) object(d *directory, titleField bool) object {
	o := object{{"id", e.id}}
	if e.team == 0 {
		o = append(o, field{"ownerId", e.owner})
	}
	o = append(o, field{"lengthInMinutes", e.length})
	if e.lengths != nil {
		o = append(o, field{"lengthInMinutesOptions", e.lengths})
	}
	o = append(o, object{
		{"title", e.title}, {"slug", e.slug}, {"description", e.description}, {"locations", e.locations()},
		{"bookingFields", e.bookingFields(titleField)}, {"recurrence", e.recurrenceObject()}, {"disableGuests", false}, {"slotInterval", nil},
		{"minimumBookingNotice", 120}, {"beforeEventBuffer", 0}, {"afterEventBuffer", 0}, {"metadata", e.metadata()}, {"price", 0},
		{"currency", "usd"}, {"lockTimeZoneToggleOnBookingPage", false}, {"forwardParamsSuccessRedirect", true}, {"successRedirectUrl", nil},
		{"isInstantEvent", false},
	}...)
	if e.team == 0 {
		o = append(o, field{"users", list{d.user(e.owner).asEventUser()}})
	}
	o = append(o, object{
		{"scheduleId", orNull(e.schedule)}, {"onlyShowFirstAvailableSlot", false}, {"offsetStart", 0}, {"bookingWindow", disabled(true)},
		{"confirmationPolicy", e.confirmation()}, {"requiresBookerEmailVerification", false}, {"hideCalendarNotes", false},
		{"seats", e.seating()}, {"useDestinationCalendarEmail", false}, {"hideCalendarEventDetails", false}, {"hideOrganizerEmail", false},
		{"calVideoSettings", object{{"sendTranscriptionEmails", true}}}, {"hidden", e.hidden}, {"bookingRequiresAuthentication", false},
		{"bookerActiveBookingsLimit", disabled(true)}, {"bookingUrl", e.url(d)}, {"disableCancelling", disabled(false)},
		{"disableRescheduling", disabled(false)}, {"interfaceLanguage", nil}, {"allowReschedulingPastBookings", false},
		{"allowReschedulingCancelledBookings", false}, {"showOptimizedSlots", false},
	}...)
	if e.team != 0 {
		o = append(o, e.teamPart(d)...)
	}
	return o.merged(e.set)
}

func disabled(yes bool) object { return object{{"disabled", yes}} }

// recurrence is how far apart a series' bookings are: a week, unless it was
// set otherwise.
func (e *eventType) recurrence() step {
	r := e.set.object("recurrence")
	return step{r.text("frequency"), max(min(r.whole("interval"), 100), 1)}
}

func (e *eventType) recurrenceObject() any {
	if e.recurs == 0 {
		return nil
	}
	return object{{"disabled", false}, {"interval", 1}, {"occurrences", e.recurs}, {"frequency", "weekly"}}
}

func (e *eventType) confirmation() object {
	if !e.confirm {
		return disabled(true)
	}
	return object{{"type", "always"}, {"blockUnconfirmedBookingsInBooker", false}}
}

func (e *eventType) seating() object {
	if e.seats == 0 {
		return disabled(true)
	}
	return object{{"disabled", false}, {"seatsPerTimeSlot", e.seats}, {"showAttendeeInfo", true}, {"showAvailabilityCount", true}}
}

func (e *eventType) url(d *directory) string {
	if e.team != 0 {
		return ""
	}
	return "https://cal.com/" + d.user(e.owner).username + "/" + e.slug
}

// scheduling is the kind of a team's event type, as the current version
// writes it.
func (e *eventType) scheduling() string {
	switch {
	case e.collective:
		return "collective"
	case e.managed:
		return "managed"
	}
	return "roundRobin"
}

func (e *eventType) teamPart(d *directory) object {
	hosts := list{}
	for i, id := range e.hosts {
		u, h := d.user(id), object{}
		if !e.collective {
			h = object{{"mandatory", false}, {"priority", []string{"medium", "medium", "low"}[i%3]}}
		}
		hosts = append(hosts, append(h, object{{"userId", u.id}, {"name", u.name}, {"username", u.username}, {"avatarUrl", nil}}...))
	}
	t := d.team(e.team)
	return object{
		{"hosts", hosts}, {"teamId", e.team}, {"ownerId", nil}, {"parentEventTypeId", nil}, {"schedulingType", e.scheduling()},
		{"assignAllTeamMembers", false},
		{"team", object{{"id", t.id}, {"name", t.name}, {"slug", t.slug}, {"bannerUrl", nil}, {"logoUrl", nil}, {"weekStart", "Sunday"},
			{"brandColor", nil}, {"darkBrandColor", nil}, {"theme", nil}}},
		{"rescheduleWithSameRoundRobinHost", false}, {"rrHostSubsetEnabled", false},
	}
}

// Booking fields of version 2024-06-14.
const (
	fieldsBefore = `{"isDefault":true,"type":"name","slug":"name","required":true,"label":"your_name","disableOnPrefill":false},` +
		`{"isDefault":true,"type":"email","slug":"email","required":true,"disableOnPrefill":false,"hidden":false},` +
		`{"isDefault":true,"type":"radioInput","slug":"location","required":false,"hidden":false},`
	fieldTitle   = `{"isDefault":true,"type":"text","slug":"title","required":true,"disableOnPrefill":false,"hidden":true},`
	fieldsIntake = `{"isDefault":false,"type":"text","slug":"company","label":"Company","required":true,"placeholder":"ACME","disableOnPrefill":false,"hidden":false},` +
		`{"isDefault":false,"type":"select","slug":"topic","label":"Topic","required":false,"placeholder":"Select","disableOnPrefill":false,"options":["Sales","Support","Other"],"hidden":false},` +
		`{"isDefault":false,"type":"checkbox","slug":"products","label":"Products","required":false,"disableOnPrefill":false,"options":["A","B","C"],"hidden":false},`
	fieldsAfter = `{"isDefault":true,"type":"textarea","slug":"notes","required":false,"disableOnPrefill":false,"hidden":false},` +
		`{"isDefault":true,"type":"multiemail","slug":"guests","required":false,"disableOnPrefill":false,"hidden":false},` +
		`{"isDefault":true,"type":"textarea","slug":"rescheduleReason","required":false,"disableOnPrefill":false,"hidden":false}`
)

func (e *eventType) bookingFields(titleField bool) raw {
	var b strings.Builder
	b.WriteString("[" + fieldsBefore)
	if e.intake {
		b.WriteString(fieldsIntake)
	}
	for _, own := range e.fields {
		b.Write(append(marshal(own), ','))
	}
	if titleField {
		b.WriteString(fieldTitle)
	}
	b.WriteString(fieldsAfter + "]")
	return raw(b.String())
}

// questions are the booking fields as objects.
func (e *eventType) questions() []object {
	all, _ := parse(e.bookingFields(true))
	var out []object
	for _, one := range all.(list) {
		out = append(out, one.(object))
	}
	return out
}
