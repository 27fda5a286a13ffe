package simulator

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

var attendeeInput = input{
	required("name", isString), optional("email", isEmail), required("timeZone", isZone), optional("phoneNumber", isString), optional("language", isString),
}

// contact is the rule that an attendee can be reached; the server complains
// about it under a name that is no property.
var contact = property{name: "attendee email or phone", rules: []constraint{{
	"attendeeEmailOrPhone", "Attendee must have at least one contact method (email or phone number)", func(any) bool { return false },
}}}

// byWhat is the rule that an event type is named.
var byWhat = property{name: "eventTypeId or eventTypeSlug + username", rules: []constraint{{
	"eventTypeIdOrSlugs", "Either eventTypeId or eventTypeSlug + username or eventTypeSlug + teamSlug must be provided", func(any) bool { return false },
}}}

// smallMetadata is the rule for metadata.
var smallMetadata = constraint{"ValidateMetadata", "Metadata must have at most 50 keys, each key up to 40 characters, and string values up to 500 characters.", func(v any) bool {
	o, ok := v.(object)
	if !ok || len(o) > 50 {
		return false
	}
	return !slices.ContainsFunc(o, func(f field) bool {
		text, _ := f.value.(string)
		return len(f.name) > 40 || len(text) > 500
	})
}}

var bookingInput = input{
	required("start", isISO601), required("attendee", defined).nested(attendeeInput), optional("bookingFieldsResponses", isObject),
	optional("eventTypeId", isInt), optional("eventTypeSlug", isString), optional("username", isString), optional("teamSlug", isString),
	optional("organizationSlug", isString), optional("guests", isArray, areMails), optional("meetingUrl", isString), optional("location"),
	optional("metadata", smallMetadata), optional("lengthInMinutes", isInt, least(1)), optional("routing", isObject),
	optional("emailVerificationCode", isString), optional("instant", isBool), optional("recurrenceCount", isInt, least(1)),
}

// hostInput is what a host may add in version 2026-02-25.
var hostInput = input{optional("allowConflicts", isBool), optional("allowBookingOutOfBounds", isBool)}

// forVersion adds what the version that was asked for takes beside an input.
func (c *call) forVersion(in input) input {
	if c.version == version20260225 {
		return slices.Concat(in, hostInput)
	}
	return slices.Clone(in)
}

// mayForce says that the caller is a host who asks for an exception by a flag;
// of anybody else the flag is ignored.
func (c *call) mayForce(q *request, flag string) bool {
	return c.version == version20260225 && q.body.flag(flag) && c.manages(q.event)
}

// bookingBody reads and checks what a booking is made of.
func (c *call) bookingBody() (object, *answer) {
	o, refusal := c.body()
	if refusal != nil {
		return nil, refusal
	}
	in := c.forVersion(bookingInput)
	if a := o.object("attendee"); a != nil && !a.given("email") && !a.given("phoneNumber") {
		at := slices.IndexFunc(in, func(p property) bool { return p.name == "attendee" })
		in[at].members = append(slices.Clone(attendeeInput), contact)
	}
	if !o.given("eventTypeId") && (!o.given("eventTypeSlug") || !o.given("username") && !o.given("teamSlug")) {
		in = append(in, byWhat)
	}
	if refusal := c.sentence(in, o); refusal != nil {
		return nil, refusal
	}
	for _, f := range o.object("metadata") {
		if _, ok := f.value.(string); !ok {
			return nil, c.errorAnswer(http.StatusBadRequest, "BAD_REQUEST", "metadata."+f.name+" - Expected string, received "+zodKind(f.value)+", ", nil)
		}
	}
	return o, nil
}

func zodKind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case list:
		return "array"
	case object:
		return "object"
	}
	return "string"
}

// bookedEvent finds the event type to book.
func (c *call) bookedEvent(o object) (*eventType, *answer) {
	missing := func(message string) (*eventType, *answer) { return nil, c.fail(http.StatusNotFound, message) }
	if id, given := o.number("eventTypeId"); given {
		if e := c.sim.dir.eventType(int(max(min(id, 1<<31), 0))); e != nil && !e.deleted {
			return e, nil
		}
		return missing("Event type with id " + strconv.FormatFloat(id, 'f', -1, 64) + " not found.")
	}
	slug := o.text("eventTypeSlug")
	if name := o.text("username"); name != "" {
		if u := c.sim.dir.userNamed(name); u != nil {
			if e := c.sim.dir.slugged(slug, u.id, 0); e != nil {
				return e, nil
			}
		}
		return missing("Event type with slug " + slug + " belonging to user " + name + " not found.")
	}
	name := o.text("teamSlug")
	if t := c.sim.dir.teamNamed(name); t != nil {
		if e := c.sim.dir.slugged(slug, 0, t.id); e != nil {
			return e, nil
		}
	}
	return missing("Event type with slug " + slug + " belonging to team " + name + " not found.")
}

// checkFields holds the answers against the event type's own questions.
func (c *call) checkFields(e *eventType, o object) *answer {
	answers := o.object("bookingFieldsResponses")
	for _, f := range e.questions() {
		slug := f.text("slug")
		v, given := answers.value(slug)
		switch {
		case !given && f.flag("required") && !f.flag("isDefault"):
			return c.fail(http.StatusBadRequest, "Missing required booking field response: "+slug+
				" - it is required by the event type booking fields, but missing in the bookingFieldsResponses. You can fetch the event type with ID "+
				strconv.Itoa(e.id)+" to see the required fields.")
		case given && !f.flag("isDefault"):
			if refusal := c.checkAnswer(f, slug, v); refusal != nil {
				return refusal
			}
		}
	}
	return nil
}

// answerKinds are the JSON kinds that the types of questions take; string for
// all others.
var answerKinds = map[string]string{"multiselect": "array", "checkbox": "array", "multiemail": "array", "boolean": "boolean", "number": "number"}

func (c *call) checkAnswer(question object, slug string, v any) *answer {
	kind := question.text("type")
	want := answerKinds[kind]
	if want == "" {
		want = "string"
	}
	if got := zodKind(v); got != want {
		return c.fail(http.StatusBadRequest, "Invalid type for booking field '"+slug+"'. Expected type "+want+" (compatible with field type '"+kind+"'), but received "+got+".")
	}
	options := question.strings("options")
	if options == nil {
		return nil
	}
	allowed := "Allowed options are: " + strings.Join(options, ", ") + "."
	if text, ok := v.(string); ok && !slices.Contains(options, text) {
		return c.fail(http.StatusBadRequest, "Invalid option '"+text+"' for booking field '"+slug+"'. "+allowed)
	}
	many, _ := v.(list)
	for _, one := range many {
		if text, _ := one.(string); !slices.Contains(options, text) {
			return c.fail(http.StatusBadRequest, "One or more invalid options for booking field '"+slug+"'. "+allowed)
		}
	}
	return nil
}

// bookedLength is how many minutes a booking takes.
func (c *call) bookedLength(e *eventType, o object) (int, *answer) {
	n, given := o.number("lengthInMinutes")
	switch {
	case !given:
		return e.length, nil
	case e.lengths == nil:
		return 0, c.fail(http.StatusBadRequest, "Can't specify 'lengthInMinutes' because event type does not have multiple possible lengths. Please, remove the 'lengthInMinutes' field from the request.")
	case !slices.Contains(e.lengths, int(min(n, 1<<31))):
		return 0, c.fail(http.StatusBadRequest, "Provided 'lengthInMinutes' is not one of the possible lengths for the event type. The possible lengths are: "+joined(e.lengths))
	}
	return int(n), nil
}
