package simulator

import (
	"net/url"
	"strings"
)

// The shape of version 2024-04-15, to which a missing or unknown version
// header falls back without a word (observed 2026-11-23).

// Booking fields of version 2024-04-15.
const (
	oldFieldsBefore = `{"name":"name","type":"name","sources":[{"id":"default","type":"default","label":"Default"}],"variant":"fullName","editable":"system","required":true,"defaultLabel":"your_name","variantsConfig":{"variants":{"fullName":{"fields":[{"name":"fullName","type":"text","label":"your_name","required":true}]},"firstAndLastName":{"fields":[{"name":"firstName","type":"text","label":"","required":true,"placeholder":""},{"name":"lastName","type":"text","label":"","required":false,"placeholder":""}]}}}},` +
		`{"name":"email","type":"email","sources":[{"id":"default","type":"default","label":"Default"}],"editable":"system-but-optional","required":true,"defaultLabel":"email_address"},` +
		`{"name":"location","type":"radioInput","sources":[{"id":"default","type":"default","label":"Default"}],"editable":"system","required":false,"defaultLabel":"location","getOptionsAt":"locations","optionsInputs":{"phone":{"type":"phone","required":true,"placeholder":""},"somewhereElse":{"type":"text","required":true,"placeholder":""},"attendeeInPerson":{"type":"address","required":true,"placeholder":""}},"hideWhenJustOneOption":true},`
	oldFieldTitle   = `{"name":"title","type":"text","hidden":true,"sources":[{"id":"default","type":"default","label":"Default"}],"editable":"system-but-optional","required":true,"defaultLabel":"what_is_this_meeting_about","defaultPlaceholder":""},`
	oldFieldsIntake = `{"name":"company","type":"text","label":"Company","hidden":false,"sources":[{"id":"user","type":"user","label":"User","fieldRequired":true}],"editable":"user","required":true,"placeholder":"ACME","disableOnPrefill":false},` +
		`{"name":"topic","type":"select","label":"Topic","hidden":false,"options":[{"label":"Sales","value":"Sales"},{"label":"Support","value":"Support"},{"label":"Other","value":"Other"}],"sources":[{"id":"user","type":"user","label":"User","fieldRequired":true}],"editable":"user","required":false,"placeholder":"Select","disableOnPrefill":false},` +
		`{"name":"products","type":"checkbox","label":"Products","hidden":false,"options":[{"label":"A","value":"A"},{"label":"B","value":"B"},{"label":"C","value":"C"}],"sources":[{"id":"user","type":"user","label":"User","fieldRequired":true}],"editable":"user","required":false,"disableOnPrefill":false},`
	oldFieldsAfter = `{"name":"notes","type":"textarea","sources":[{"id":"default","type":"default","label":"Default"}],"editable":"system-but-optional","required":false,"defaultLabel":"additional_notes","defaultPlaceholder":"share_additional_notes"},` +
		`{"name":"guests","type":"multiemail","hidden":false,"sources":[{"id":"default","type":"default","label":"Default"}],"editable":"system-but-optional","required":false,"defaultLabel":"additional_guests","defaultPlaceholder":"email"},` +
		`{"name":"rescheduleReason","type":"textarea","views":[{"id":"reschedule","label":"Reschedule View"}],"sources":[{"id":"default","type":"default","label":"Default"}],"editable":"system-but-optional","required":false,"defaultLabel":"reason_for_reschedule","defaultPlaceholder":"reschedule_placeholder"}`
	oldFieldPhone = `{"name":"attendeePhoneNumber","type":"phone","defaultLabel":"phone_number","required":false,"hidden":true,"editable":"system-but-optional","sources":[{"id":"default","type":"default","label":"Default"}]},`
)

func (e *eventType) oldBookingFields(phone bool) raw {
	text := oldFieldsBefore
	if phone {
		text = oldFieldPhone + text
	}
	if e.intake {
		text += oldFieldsIntake
	}
	return raw("[" + text + oldFieldTitle + oldFieldsAfter + "]")
}

func (e *eventType) oldLocations() list {
	switch e.place {
	case placeAddress:
		return list{object{{"type", "inPerson"}, {"address", "1 Main St, Berlin"}, {"displayLocationPublicly", true}}}
	case placePhone:
		return list{object{{"type", "phone"}}}
	case placeCalVideo:
		return list{}
	}
	return list{object{{"link", "https://meet.example.com/alice"}, {"type", "link"}, {"displayLocationPublicly", true}}}
}

func (e *eventType) oldRecurrence() any {
	if e.recurs == 0 {
		return nil
	}
	return object{{"freq", 2}, {"count", e.recurs}, {"interval", 1}}
}

func (e *eventType) oldScheduling() any {
	switch {
	case e.team == 0:
		return nil
	case e.collective:
		return "COLLECTIVE"
	}
	return "ROUND_ROBIN"
}

func (e *eventType) oldDescription() any {
	if e.description == "" {
		return nil
	}
	return e.description
}

func avatarOf(name string) string {
	return "https://eu.ui-avatars.com/api/?background=fff&color=f9f9f9&bold=true&background=000000&name=" + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}

const userAvatar = "http://127.0.0.1:3000/avatar.svg"

// oldGroup is the caller or one of the teams, with the event types.
type oldGroup struct {
	team  *team // nil for the caller
	role  string
	count int
	types []*eventType
}

func (c *call) oldGroups() []oldGroup {
	own := func(e *eventType) bool { return e.owner == c.user.id }
	groups := []oldGroup{{count: 1, types: c.sim.dir.eventTypesWhere(own)}}
	for _, m := range c.sim.dir.memberships {
		if m.user == c.user.id {
			of := func(e *eventType) bool { return e.team == m.team }
			groups = append(groups, oldGroup{c.sim.dir.team(m.team), m.role, len(c.sim.dir.members(m.team)), c.sim.dir.eventTypesWhere(of)})
		}
	}
	return groups
}

func (c *call) listOldEventTypes() *answer {
	groups, profiles := list{}, list{}
	for _, g := range c.oldGroups() {
		groups = append(groups, g.object(c))
		profiles = append(profiles, append(g.profile(c), object{
			{"membershipCount", g.count}, {"readOnly", false}, {"teamId", g.teamID()}, {"membershipRole", g.oldRole()},
		}...))
	}
	return c.ok(object{{"eventTypeGroups", groups}, {"profiles", profiles}, {"allUsersAcrossAllEventTypes", object{}}})
}

func (g oldGroup) teamID() any {
	if g.team == nil {
		return nil
	}
	return g.team.id
}

func (g oldGroup) oldRole() any {
	if g.team == nil {
		return nil
	}
	return g.role
}

func (g oldGroup) profile(c *call) object {
	if g.team == nil {
		return object{{"slug", c.user.username}, {"name", c.user.name}, {"image", userAvatar}}
	}
	return object{{"image", avatarOf(g.team.name)}, {"name", g.team.name}, {"slug", "team/" + g.team.slug}}
}

func (g oldGroup) object(c *call) object {
	o := object{{"teamId", g.teamID()}}
	if g.team != nil {
		o = append(o, field{"parentId", orNull(g.team.parent)})
	}
	return append(o, object{
		{"bookerUrl", "https://cal.com"}, {"membershipRole", g.oldRole()}, {"profile", g.profile(c)},
		{"metadata", object{{"membershipCount", g.count}, {"readOnly", false}}},
		{"eventTypes", shown(g.types, func(e *eventType) object { return e.oldListed(c.sim.dir) })},
	}...)
}

// oldListed is an event type within a list of version 2024-04-15.
func (e *eventType) oldListed(d *directory) object {
	var owner, t any
	users, hosts := list{}, list{}
	if e.team == 0 {
		owner = object{{"timeZone", d.user(e.owner).zone}}
		users = list{e.owner}
	} else {
		members := list{}
		if len(e.hosts) > 0 {
			members = list{object{{"user", object{{"timeZone", d.user(e.hosts[0]).zone}}}}}
		}
		t = object{{"id", e.team}, {"members", members}}
	}
	for i, id := range e.hosts {
		u := d.user(id)
		users = append(users, id)
		hosts = append(hosts, object{
			{"userId", id}, {"eventTypeId", e.id}, {"isFixed", e.collective}, {"priority", []int{2, 2, 1}[i%3]}, {"weight", 100},
			{"weightAdjustment", nil}, {"scheduleId", nil}, {"createdAt", clockText(d.born.UnixMilli())}, {"groupId", nil}, {"memberId", nil},
			{"user", object{{"name", u.name}, {"avatarUrl", nil}, {"username", u.username}, {"id", id}, {"timeZone", u.zone}}},
		})
	}
	o := object{
		{"id", e.id}, {"teamId", orNull(e.team)}, {"schedulingType", e.oldScheduling()}, {"userId", orNull(e.owner)}, {"metadata", e.metadata()},
		{"description", e.oldDescription()}, {"interfaceLanguage", nil}, {"hidden", e.hidden}, {"slug", e.slug}, {"length", e.length},
		{"title", e.title}, {"requiresConfirmation", e.confirm}, {"canSendCalVideoTranscriptionEmails", true},
		{"requiresConfirmationForFreeEmail", false}, {"requiresConfirmationWillBlockSlot", false}, {"autoTranslateDescriptionEnabled", false},
		{"position", 0}, {"offsetStart", 0}, {"owner", owner}, {"profileId", nil}, {"eventName", nil}, {"parentId", nil}, {"timeZone", nil},
		{"periodType", "UNLIMITED"}, {"periodStartDate", nil}, {"periodEndDate", nil}, {"periodDays", nil}, {"periodCountCalendarDays", nil},
		{"lockTimeZoneToggleOnBookingPage", false}, {"lockedTimeZone", nil}, {"requiresBookerEmailVerification", false},
		{"disableGuests", false}, {"disableCancelling", false}, {"disableRescheduling", false}, {"minimumRescheduleNotice", nil},
		{"allowReschedulingCancelledBookings", false}, {"hideCalendarNotes", false}, {"minimumBookingNotice", 120}, {"beforeEventBuffer", 0},
		{"afterEventBuffer", 0}, {"seatsPerTimeSlot", orNull(e.seats)}, {"onlyShowFirstAvailableSlot", false},
		{"allowReschedulingPastBookings", false}, {"hideOrganizerEmail", false}, {"showOptimizedSlots", false},
		{"seatsShowAttendees", e.seats > 0}, {"seatsShowAvailabilityCount", true}, {"scheduleId", orNull(e.schedule)},
		{"instantMeetingScheduleId", nil}, {"price", 0}, {"currency", "usd"}, {"slotInterval", nil}, {"successRedirectUrl", nil},
		{"isInstantEvent", false}, {"instantMeetingExpiryTimeOffsetInSeconds", 90}, {"instantMeetingParameters", list{}},
		{"aiPhoneCallConfig", nil}, {"assignAllTeamMembers", false}, {"isRRWeightsEnabled", false}, {"rescheduleWithSameRoundRobinHost", false},
		{"recurringEvent", e.oldRecurrence()}, {"locations", e.oldLocations()}, {"bookingFields", e.oldBookingFields(false)},
		{"useEventTypeDestinationCalendarEmail", false}, {"secondaryEmailId", nil}, {"bookingLimits", nil}, {"durationLimits", nil},
		{"eventTypeColor", nil}, {"hideCalendarEventDetails", false}, {"rrSegmentQueryValue", nil}, {"assignRRMembersUsingSegment", false},
		{"maxLeadThreshold", nil}, {"useEventLevelSelectedCalendars", false}, {"customReplyToEmail", nil}, {"restrictionScheduleId", nil},
		{"useBookerTimezone", false}, {"instantMeetingSchedule", nil}, {"hashedLink", list{}}, {"children", list{}}, {"hosts", hosts}, {"team", t},
	}
	if e.description != "" {
		o = append(o, field{"safeDescription", "<p>" + e.description + "</p>\n"})
	}
	return append(o, field{"userIds", users})
}

func (c *call) getOldEventType() *answer {
	e, refusal := c.anyEventType()
	if refusal != nil {
		return refusal
	}
	return c.ok(object{
		{"eventType", e.oldSingle(c.sim.dir)}, {"locationOptions", raw(oldLocationOptions)}, {"destinationCalendar", nil}, {"team", nil},
		{"teamMembers", list{}}, {"currentUserMembership", nil}, {"isUserOrganizationAdmin", false},
	})
}

const oldLocationOptions = `[{"label":"Conferencing","options":[` +
	`{"value":"integrations:daily","label":"Cal Video (Default)","disabled":false,"icon":"/app-store/dailyvideo/icon.svg","slug":"daily-video","credentialId":0,"teamName":"Default"},` +
	`{"label":"Organizer's default app","value":"conferencing","icon":"/link.svg","supportsCustomLabel":true}]},` +
	`{"label":"In person","options":[{"label":"In Person (Attendee Address)","value":"attendeeInPerson","icon":"/map-pin-dark.svg","supportsCustomLabel":true},` +
	`{"label":"In Person (Organizer Address)","value":"inPerson","icon":"/map-pin-dark.svg"}]},` +
	`{"label":"Other","options":[{"label":"Custom attendee location","value":"somewhereElse","icon":"/message-pin.svg","supportsCustomLabel":true},` +
	`{"label":"Link meeting","value":"link","icon":"/link.svg","supportsCustomLabel":true}]},` +
	`{"label":"Phone","options":[{"label":"Attendee phone number","value":"phone","icon":"/phone.svg"},{"label":"Organizer phone number","value":"userPhone","icon":"/phone.svg"}]}]`

// oldSchedule is the type's own schedule, or its owner's default one.
func (e *eventType) oldSchedule(d *directory) any {
	if u := d.user(e.owner); e.schedule == 0 && u != nil {
		return orNull(u.schedule)
	}
	return orNull(e.schedule)
}

// oldSingle is one event type asked for by id in version 2024-04-15.
func (e *eventType) oldSingle(d *directory) object {
	users, owner := list{}, any(nil)
	if u := d.user(e.owner); u != nil {
		owner = object{{"id", u.id}, {"timeZone", u.zone}}
		users = list{object{
			{"name", u.name}, {"avatarUrl", nil}, {"username", u.username}, {"id", u.id}, {"email", u.email}, {"locale", "en"},
			{"defaultScheduleId", orNull(u.schedule)}, {"isPlatformManaged", false}, {"timeZone", u.zone}, {"nonProfileUsername", u.username},
			{"profile", object{{"id", nil}, {"upId", "usr-1"}, {"username", u.username}, {"organizationId", nil}, {"organization", nil}}},
			{"avatar", userAvatar},
		}}
	}
	return object{
		{"id", e.id}, {"title", e.title}, {"slug", e.slug}, {"description", e.oldDescription()}, {"interfaceLanguage", nil}, {"length", e.length},
		{"isInstantEvent", false}, {"instantMeetingExpiryTimeOffsetInSeconds", 90}, {"instantMeetingParameters", list{}},
		{"aiPhoneCallConfig", nil}, {"offsetStart", 0}, {"hidden", e.hidden}, {"eventName", nil}, {"customInputs", list{}}, {"timeZone", nil},
		{"periodType", "UNLIMITED"}, {"periodDays", nil}, {"periodStartDate", nil}, {"periodEndDate", nil}, {"periodCountCalendarDays", nil},
		{"lockTimeZoneToggleOnBookingPage", false}, {"lockedTimeZone", nil}, {"requiresConfirmation", e.confirm},
		{"requiresConfirmationForFreeEmail", false}, {"canSendCalVideoTranscriptionEmails", true}, {"requiresConfirmationWillBlockSlot", false},
		{"requiresBookerEmailVerification", false}, {"autoTranslateDescriptionEnabled", false}, {"autoTranslateInstantMeetingTitleEnabled", true},
		{"fieldTranslations", list{}}, {"recurringEvent", e.oldRecurrence()}, {"hideCalendarNotes", false}, {"hideCalendarEventDetails", false},
		{"disableGuests", false}, {"disableCancelling", false}, {"disableRescheduling", false}, {"minimumRescheduleNotice", nil},
		{"allowReschedulingCancelledBookings", false}, {"minimumBookingNotice", 120}, {"beforeEventBuffer", 0}, {"afterEventBuffer", 0},
		{"slotInterval", nil}, {"hashedLink", list{}}, {"eventTypeColor", nil}, {"bookingLimits", nil}, {"onlyShowFirstAvailableSlot", false},
		{"showOptimizedSlots", false}, {"durationLimits", nil}, {"maxActiveBookingsPerBooker", nil},
		{"maxActiveBookingPerBookerOfferReschedule", false}, {"assignAllTeamMembers", false}, {"allowReschedulingPastBookings", false},
		{"hideOrganizerEmail", false}, {"assignRRMembersUsingSegment", false}, {"rrSegmentQueryValue", nil}, {"isRRWeightsEnabled", false},
		{"rescheduleWithSameRoundRobinHost", false}, {"successRedirectUrl", nil}, {"forwardParamsSuccessRedirect", true}, {"currency", "usd"},
		{"bookingFields", e.oldBookingFields(true)}, {"useEventTypeDestinationCalendarEmail", false}, {"customReplyToEmail", nil},
		{"owner", owner}, {"parent", nil}, {"teamId", orNull(e.team)}, {"hostGroups", list{}}, {"team", nil}, {"restrictionScheduleId", nil},
		{"useBookerTimezone", false}, {"users", users}, {"schedulingType", e.oldScheduling()}, {"schedule", e.oldSchedule(d)},
		{"instantMeetingSchedule", nil}, {"restrictionSchedule", nil}, {"hosts", list{}}, {"userId", orNull(e.owner)}, {"price", 0},
		{"children", list{}}, {"destinationCalendar", nil}, {"seatsPerTimeSlot", orNull(e.seats)}, {"seatsShowAttendees", e.seats > 0},
		{"seatsShowAvailabilityCount", true}, {"webhooks", list{}}, {"workflows", list{}}, {"secondaryEmailId", nil}, {"maxLeadThreshold", nil},
		{"includeNoShowInRRCalculation", false}, {"useEventLevelSelectedCalendars", false}, {"calVideoSettings", nil},
		{"restrictionScheduleName", nil}, {"scheduleName", nil}, {"locations", e.oldLocations()},
		{"metadata", append(e.metadata(), field{"apps", object{{"giphy", object{{"enabled", false}, {"thankYouPage", ""}}}}})},
		{"bookerUrl", "https://cal.com"},
	}
}
