package simulator

import (
	"net/http"
	"slices"
)

var teamEventTypeInput = append(slices.Clone(eventTypeInput),
	required("schedulingType", oneWord("collective", "roundRobin", "managed")), optional("assignAllTeamMembers", isBool),
	optional("hosts", isArray).each(input{required("userId", isInt), optional("mandatory", isBool), optional("priority", oneWord("lowest", "low", "medium", "high", "highest"))}),
	optional("rescheduleWithSameRoundRobinHost", isBool),
)

func (c *call) createTeamEventType() *answer {
	o, refusal := c.read(teamEventTypeInput)
	if refusal != nil {
		return refusal
	}
	t := c.team()
	if c.sim.dir.slugged(o.text("slug"), 0, t.id) != nil {
		return c.fail(http.StatusBadRequest, "Team already has an event type with this slug.")
	}
	e := &eventType{team: t.id, set: object{{"locations", list{}}}, collective: o.text("schedulingType") == "collective", managed: o.text("schedulingType") == "managed"}
	if refusal := c.setHosts(e, o); refusal != nil {
		return refusal
	}
	e.settle(o)
	c.sim.dir.addEventType(e)
	shown := e.object(c.sim.dir, true).with("team", object{{"id", t.id}}) // a new one's team has nothing else (observed 2026-11-23)
	return c.ok(shown)
}

// setHosts reads the hosts, who must be members.
func (c *call) setHosts(e *eventType, o object) *answer {
	if o.flag("assignAllTeamMembers") {
		e.hosts = nil
		for _, m := range c.sim.dir.members(e.team) {
			e.hosts = append(e.hosts, m.user)
		}
		return nil
	}
	if !o.given("hosts") {
		return nil
	}
	e.hosts = nil
	for _, h := range o.list("hosts") {
		id := h.(object).whole("userId")
		if c.sim.dir.membership(id, e.team) == nil {
			return c.fail(http.StatusNotFound, "Invalid hosts. User with ID="+text10(id)+" is not a member of the team with ID="+text10(e.team)+".")
		}
		e.hosts = append(e.hosts, id)
	}
	return nil
}

func (c *call) teamEventType() (*eventType, *answer) {
	e, refusal := c.anyEventType()
	if refusal == nil && e.team != c.team().id {
		return nil, c.fail(http.StatusNotFound, "Event type with ID="+c.path["event"]+" does not exist.")
	}
	return e, refusal
}

func (c *call) patchTeamEventType() *answer {
	o, refusal := c.read(teamEventTypeInput.partial())
	if refusal != nil {
		return refusal
	}
	e, refusal := c.teamEventType()
	if refusal != nil {
		return refusal
	}
	if s := o.text("slug"); s != "" && s != e.slug && c.sim.dir.slugged(s, 0, e.team) != nil {
		return c.fail(http.StatusBadRequest, "Team already has an event type with this slug.")
	}
	if refusal := c.setHosts(e, o); refusal != nil {
		return refusal
	}
	e.settle(o)
	return c.ok(e.object(c.sim.dir, true))
}

func (c *call) deleteTeamEventType() *answer {
	e, refusal := c.teamEventType()
	if refusal != nil {
		return refusal
	}
	return c.dropEventType(e)
}

// phoneCall needs a provider that the simulator does not have.
func (c *call) phoneCall() *answer {
	if _, refusal := c.teamEventType(); refusal != nil {
		return refusal
	}
	if _, refusal := c.read(input{required("yourPhoneNumber", isString), required("numberToCall", isString), required("calApiKey", isString)}); refusal != nil {
		return refusal
	}
	return c.fail(http.StatusBadRequest, "Phone calls need a provider, and none is configured.")
}
