package simulator

import (
	"net/http"
	"slices"
	"strings"
)

var meInput = input{
	optional("email", isEmail), optional("name", isString), optional("timeFormat", constraint{"isEnum", "$p must be one of the following values: 12, 24", func(v any) bool { return v == 12.0 || v == 24.0 }}),
	optional("defaultScheduleId", isNumber), optional("weekStart", oneWord("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")),
	optional("timeZone", isZone), optional("locale", isString), optional("avatarUrl", isURL), optional("bio", isString), optional("metadata", isObject),
}

// settle takes over what was written; the rest is shown as given.
func (u *user) settle(o object) {
	for name, into := range map[string]*string{"name": &u.name, "email": &u.email, "timeZone": &u.zone, "username": &u.username} {
		if o.given(name) {
			*into = o.text(name)
		}
	}
	if o.given("defaultScheduleId") {
		u.schedule = o.whole("defaultScheduleId")
	}
	for _, name := range []string{"timeFormat", "weekStart", "avatarUrl", "bio"} {
		if v, given := o.value(name); given {
			u.set = u.set.with(name, v)
		}
	}
}

func (c *call) patchMe() *answer {
	o, refusal := c.read(meInput)
	if refusal != nil {
		return refusal
	}
	if o.given("email") && slices.ContainsFunc(c.sim.dir.users, func(u *user) bool { return u != c.user && strings.EqualFold(u.email, o.text("email")) }) {
		return c.fail(http.StatusConflict, "A user already exists with that email")
	}
	if id := o.whole("defaultScheduleId"); o.given("defaultScheduleId") {
		if s := byID(c.sim.dir.schedules, id, func(s *schedule) int { return s.id }); s == nil || s.owner != c.user.id {
			return c.fail(http.StatusForbidden, "User with ID="+text10(c.user.id)+" does not own schedule with ID="+text10(id))
		}
		for _, s := range c.sim.dir.schedules {
			if s.owner == c.user.id {
				s.byDefault = s.id == id
			}
		}
	}
	c.user.settle(o)
	return c.me()
}
