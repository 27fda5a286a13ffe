package simulator

import (
	"net/http"
	"slices"
)

var linkCollection = &collection{
	kind: "link", member: "linkId", scope: scopedBy("event"), missing: notFound("Updated link not found"),
	in: input{optional("expiresAt", isDate), optional("maxUsageCount", isInt, least(1))},
	fresh: func(c *call, o object) (object, *answer) {
		id, _ := c.id("event")
		return linkData(c, id, object{{"usageCount", 0}}, o), nil
	},
	change: func(c *call, t *thing, o object) *answer {
		id, _ := c.id("event")
		t.data = linkData(c, id, t.data, o)
		return nil
	},
}

// linkData is a link that ends with a time or with its last use.
func linkData(c *call, event int, had, o object) object {
	data := object{{"eventTypeId", event}, {"isExpired", false}, {"bookingUrl", "https://cal.com/d/" + text10(event) + "/" + c.sim.dir.eventType(event).slug}}
	if at, given := instant(o.text("expiresAt")); given {
		return append(data.with("isExpired", at < c.now.UnixMilli()), field{"expiresAt", clockText(at)})
	}
	most := 1
	if o.given("maxUsageCount") {
		most = o.whole("maxUsageCount")
	} else if had.given("maxUsageCount") {
		most = had.whole("maxUsageCount")
	}
	return append(data, field{"maxUsageCount", most}, field{"usageCount", had.whole("usageCount")})
}

func privateLinkRoutes() []route {
	own := func(c *call) *answer { _, refusal := c.writableEventType(); return refusal }
	inTeam := append(slices.Clone(administered), (*call).isTeamOfOrganization, func(c *call) *answer { _, refusal := c.teamEventType(); return refusal })
	user := linkCollection.routes("/v2/event-types/{event}/private-links", own)
	for i := range user {
		user[i] = user[i].in(version20240415) // this controller knows only the oldest version: send no header
	}
	all := slices.Concat(user, linkCollection.routes("/v2/organizations/{org}/teams/{team}/event-types/{event}/private-links", inTeam...))
	all = slices.DeleteFunc(all, func(r route) bool { return r.method == "GET" && r.pattern[len(r.pattern)-1] == '}' })
	for i := range all {
		if all[i].method == "DELETE" {
			all[i].handle = (*call).deleteLink
		}
	}
	return all
}

func (c *call) deleteLink() *answer {
	if a := linkCollection.delete(c); a.status != http.StatusOK {
		return c.fail(http.StatusNotFound, "Deleted link not found")
	}
	return c.ok(object{{"linkId", c.path["link"]}, {"message", "Private link deleted successfully"}})
}
