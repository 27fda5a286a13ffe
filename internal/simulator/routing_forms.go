package simulator

import (
	"net/http"
	"slices"
	"strconv"
)

// seedForm is the one routing form of the organization.
const seedForm = "9f6a1c34-0b1d-4d0e-8a55-6f0d3f2b7c11"

var formCollection = &collection{kind: "form"}

var responseCollection = &collection{
	kind: "response", numeric: true, scope: scopedBy("form"), missing: notFound("Routing form response not found."), in: input{optional("response", isObject)},
}

func (d *directory) seedThings() {
	at := clockText(d.born.UnixMilli())
	field1 := object{{"id", "a1"}, {"type", "select"}, {"label", "Topic"}, {"required", true}, {"identifier", "topic"}}
	d.things["form"] = []*thing{{id: seedForm, scope: text10(organizationID), data: object{
		{"name", "Contact us"}, {"description", nil}, {"position", 0}, {"createdAt", at}, {"updatedAt", at}, {"userId", orgadmin}, {"teamId", 10}, {"disabled", false},
		{"routes", list{object{{"id", "r1"}, {"action", object{{"type", "eventTypeRedirectUrl"}, {"value", "orgmember/30min"}, {"eventTypeId", 15}}}}}},
		{"fields", list{field1}}, {"settings", object{{"emailOwnerOnSubmission", true}}},
	}}}
	d.things["response"] = []*thing{{id: "1", scope: "/" + seedForm, data: object{
		{"formId", seedForm}, {"formFillerId", uuidOf(d.seed, 77)}, {"routedToBookingUid", nil},
		{"response", object{{"a1", object{{"label", "Topic"}, {"value", "Support"}}}}}, {"createdAt", at},
	}}}
}

func routingFormRoutes() []route {
	inTeam := append(slices.Clone(administered), (*call).isTeamOfOrganization)
	var all []route
	for _, place := range []struct {
		prefix string
		guards []handler
	}{{"/v2/organizations/{org}", administered}, {"/v2/organizations/{org}/teams/{team}", inTeam}} {
		guards := place.guards
		has := append(slices.Clone(guards), (*call).hasForm)
		one := place.prefix + "/routing-forms/{form}/responses"
		all = append(all,
			get(place.prefix+"/routing-forms", authRequired, (*call).listForms, guards...),
			get(one, authRequired, (*call).listResponses, has...),
			post(one, authRequired, (*call).respond, has...),
			patch(one+"/{response}", authRequired, responseCollection.patch, has...),
		)
	}
	return append(all, post("/v2/routing-forms/{form}/calculate-slots", authRequired, (*call).calculateSlots).answersOK())
}

func (c *call) forms() []*thing {
	var all []*thing
	team, inTeam := c.id("team")
	for _, t := range c.sim.dir.things["form"] {
		if !inTeam || t.data.whole("teamId") == team {
			all = append(all, t)
		}
	}
	return all
}

func (c *call) listForms() *answer { return c.listStamped(c.forms(), formCollection.shown) }

func (c *call) listResponses() *answer {
	return c.listStamped(responseCollection.all(c), responseCollection.shown)
}

func (c *call) hasForm() *answer {
	for _, t := range c.forms() {
		if t.id == c.path["form"] {
			return nil
		}
	}
	if c.path["team"] != "" {
		return c.fail(http.StatusForbidden, "IsRoutingFormInTeam - team with id=("+c.path["team"]+") does not own routing form with id=("+c.path["form"]+").")
	}
	return c.noRecord()
}

// formEvent is the event type to which the form leads.
func (c *call) formEvent() (*eventType, *answer) {
	for _, t := range c.sim.dir.things["form"] {
		if t.id != c.path["form"] {
			continue
		}
		routes := t.data.list("routes")
		if len(routes) == 0 {
			return nil, c.fail(http.StatusInternalServerError, "No route found.")
		}
		first, _ := routes[0].(object)
		if e := c.sim.dir.eventType(first.object("action").whole("eventTypeId")); e != nil && !e.deleted {
			return e, nil
		}
		return nil, c.fail(http.StatusInternalServerError, "Event type slug not found in the routed URL.")
	}
	return nil, c.fail(http.StatusNotFound, "Routing form not found.")
}

// formSlots are the free slots of the event type to which the form leads.
func (c *call) formSlots() (int, object, *answer) {
	q := object{}
	for _, p := range c.query {
		if p.name != "queueResponse" {
			q = append(q, field{p.name, p.values[0]})
		}
	}
	if refusal := c.sentence(slotsInput, q); refusal != nil {
		return 0, nil, refusal
	}
	e, refusal := c.formEvent()
	if refusal != nil {
		return 0, nil, refusal
	}
	s, refusal := c.slotSearch(e, q)
	if refusal != nil {
		return 0, nil, refusal
	}
	if s.during.to <= s.during.from {
		return 0, nil, c.fail(http.StatusBadRequest, "End date cannot be before start date.")
	}
	return e.id, s.days(), nil
}

func (c *call) calculateSlots() *answer {
	id, days, refusal := c.formSlots()
	if refusal != nil {
		return refusal
	}
	return c.ok(object{{"eventTypeId", id}, {"slots", days}})
}

// respond keeps an answer to the form and says where it leads.
func (c *call) respond() *answer {
	o, refusal := c.body()
	if refusal != nil {
		return refusal
	}
	id, days, refusal := c.formSlots()
	if refusal != nil {
		return refusal
	}
	if len(responseCollection.all(c)) >= mostThings {
		return c.fail(http.StatusBadRequest, "The simulator keeps no more than "+strconv.Itoa(mostThings)+" of these for one owner.")
	}
	t := c.sim.dir.addThing(responseCollection, "/"+c.path["form"], object{
		{"formId", c.path["form"]}, {"formFillerId", c.sim.dir.nextUUID()}, {"routedToBookingUid", nil}, {"response", o}, {"createdAt", clockText(c.now.UnixMilli())},
	})
	response, _ := strconv.Atoi(t.id)
	return c.ok(object{
		{"eventTypeId", id}, {"routing", object{{"queuedResponseId", nil}, {"responseId", response}, {"teamMemberIds", list{}}}}, {"slots", days},
	})
}
