package simulator

import (
	"net/http"
	"strconv"
)

// absence is an out-of-office entry.
type absence struct {
	id            int
	uuid          string
	user, to      int
	start, end    string
	notes, reason string
}

func seedAbsences() []absence {
	return []absence{
		{4, "44444444-4444-4444-8444-444444444444", orgmember, orgadmin, "2027-01-10T00:00:00.000Z", "2027-01-12T23:59:59.999Z", "Sick", "sick"},
	}
}

var absenceInput = input{
	required("start"), required("end"), optional("notes", isString), optional("toUserId", isInt),
	optional("reason", oneWord("unspecified", "vacation", "travel", "sick", "public_holiday")),
}

func absenceRoutes() []route {
	of := append(append([]handler(nil), administered...), (*call).isUserOfOrganization)
	const prefix = "/v2/organizations/{org}/users/{user}/ooo"
	return []route{
		get(prefix, authRequired, (*call).listUserAbsences, of...),
		post(prefix, authRequired, (*call).createAbsence, of...),
		patch(prefix+"/{ooo}", authRequired, (*call).patchAbsence, of...),
		remove(prefix+"/{ooo}", authRequired, (*call).deleteAbsence, of...),
		get("/v2/organizations/{org}/ooo", authRequired, (*call).listAbsences, administered...),
	}
}

func (a *absence) object() object {
	return object{{"userId", a.user}, {"toUserId", orNull(a.to)}, {"id", a.id}, {"uuid", a.uuid}, {"start", a.start}, {"end", a.end}, {"notes", a.notes}, {"reason", a.reason}}
}

// times are the absence's instants.
func (a *absence) times() (from, to int64, ok bool) {
	from, okFrom := instant(a.start)
	to, okTo := instant(a.end)
	return from, to, okFrom && okTo
}

func (c *call) absencesOf(fits func(*absence) bool) []*absence {
	var all []*absence
	for _, a := range c.sim.dir.absences {
		if fits(a) {
			all = append(all, a)
		}
	}
	return all
}

func (c *call) listAbsences() *answer {
	all := c.absencesOf(func(a *absence) bool {
		u := c.sim.dir.user(a.user)
		return u != nil && u.organization == organizationID
	})
	return c.listAbsencesOf(all)
}

func (c *call) listUserAbsences() *answer {
	id, _ := c.id("user")
	return c.listAbsencesOf(c.absencesOf(func(a *absence) bool { return a.user == id }))
}

// createAbsence takes whole days: from the first one's beginning to the last
// one's end.
func (c *call) createAbsence() *answer {
	o, refusal := c.read(absenceInput)
	if refusal != nil {
		return refusal
	}
	id, _ := c.id("user")
	a := &absence{user: id, reason: "unspecified"}
	if refusal := c.settleAbsence(a, o); refusal != nil {
		return refusal
	}
	d := c.sim.dir
	if len(d.absences) >= mostThings {
		return c.fail(http.StatusBadRequest, "The simulator keeps no more than "+strconv.Itoa(mostThings)+" of these.")
	}
	a.id, a.uuid = d.nextID("absence"), d.nextUUID()
	d.absences = append(d.absences, a)
	c.announceEvent("OOO_CREATED", func(h *webhook) bool { return h.user == id }, object{{"oooEntry", a.object()}})
	return c.ok(a.object())
}

// settleAbsence takes over what was written, unless it makes no sense.
func (c *call) settleAbsence(a *absence, o object) *answer {
	next := *a
	for name, into := range map[string]*string{"start": &next.start, "end": &next.end} {
		if o.given(name) {
			at, ok := instant(o.text(name))
			if !ok {
				return c.fail(http.StatusBadRequest, "Invalid Date.")
			}
			at -= at % day
			if name == "end" {
				at += day - 1
			}
			*into = clockText(at)
		}
	}
	if o.given("toUserId") {
		next.to = o.whole("toUserId")
	}
	for name, into := range map[string]*string{"notes": &next.notes, "reason": &next.reason} {
		if o.given(name) {
			*into = o.text(name)
		}
	}
	if message, status := c.senseless(a, &next); message != "" {
		return c.fail(status, message)
	}
	*a = next
	return nil
}

func (c *call) senseless(own, next *absence) (message string, status int) {
	switch to := c.sim.dir.user(next.to); {
	case next.start == "" || next.end == "":
		return "Please specify both ooo start and end time.", http.StatusBadRequest
	case next.start > next.end:
		return "Start date must be before end date.", http.StatusBadRequest
	case next.to == next.user:
		return "Cannot redirect to self.", http.StatusBadRequest
	case next.to != 0 && (to == nil || to.organization != organizationID):
		return "Cannot redirect to this user.", http.StatusBadRequest
	}
	for _, other := range c.sim.dir.absences {
		switch {
		case other == own:
		case other.user == next.user && other.start == next.start && other.end == next.end:
			return "Ooo entry already exists.", http.StatusConflict
		case next.to != 0 && other.user == next.to && other.to == next.user && other.start <= next.end && next.start <= other.end:
			return "Booking redirect infinite not allowed.", http.StatusBadRequest
		}
	}
	return "", 0
}

func (c *call) absence() (*absence, *answer) {
	id, ok := c.id("ooo")
	if !ok {
		return nil, c.broken()
	}
	user, _ := c.id("user")
	a := byID(c.sim.dir.absences, id, func(a *absence) int { return a.id })
	if a == nil || a.user != user {
		return nil, c.fail(http.StatusForbidden, "This OOO entry does not belong to this user.")
	}
	return a, nil
}

func (c *call) patchAbsence() *answer {
	o, refusal := c.read(absenceInput.partial())
	if refusal != nil {
		return refusal
	}
	a, refusal := c.absence()
	if refusal != nil {
		return refusal
	}
	if refusal := c.settleAbsence(a, o); refusal != nil {
		return refusal
	}
	return c.ok(a.object())
}

func (c *call) deleteAbsence() *answer {
	a, refusal := c.absence()
	if refusal != nil {
		return refusal
	}
	c.sim.dir.absences = dropOne(c.sim.dir.absences, a)
	return c.ok(a.object())
}
