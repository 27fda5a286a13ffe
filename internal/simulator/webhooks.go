package simulator

import (
	"fmt"
	"net/http"
	"strconv"
)

type webhook struct {
	id          string
	user, event int // of one of them
	url, secret string
	triggers    []string
}

func seedWebhooks() []webhook {
	all := []string{"BOOKING_CREATED", "BOOKING_CANCELLED", "BOOKING_RESCHEDULED", "BOOKING_REQUESTED", "BOOKING_REJECTED",
		"BOOKING_NO_SHOW_UPDATED", "BOOKING_PAID", "MEETING_STARTED", "MEETING_ENDED", "OOO_CREATED"}
	hooks := []webhook{
		{"d2eba72f-e631-4b46-a65b-676b7445e681", alice, 0, "http://127.0.0.1:5599/hook/user", "whsec-alice-1", all},
		{"f26a23eb-de9a-424d-b055-ebd7afa8649f", 0, 1, "http://127.0.0.1:5599/hook/eventtype1", "whsec-et1", []string{"BOOKING_CREATED", "BOOKING_RESCHEDULED"}},
		{"fcba80f3-4978-4f80-941d-ba31ed24c643", alice, 0, "https://hooks.example.com/first", "whsec-first", all[:1]},
		{"3f0a9f0e-6f4e-4c2d-9a53-0a1a6cf5b101", bob, 0, "https://hooks.example.com/bob", "whsec-bob", all[:2]},
	}
	for i := range 3 {
		hooks = append(hooks, webhook{fmt.Sprintf("7b2c0f54-94f1-4a0e-8d9e-00000000000%d", i), alice, 0, fmt.Sprintf("https://hooks.example.com/%d", i), fmt.Sprintf("whsec-%d", i), all[i : i+2]})
	}
	return hooks
}

func webhookRoutes() []route {
	return []route{
		get("/v2/webhooks", authRequired, (*call).listWebhooks),
		get("/v2/webhooks/{webhook}", authRequired, (*call).getWebhook),
		get("/v2/event-types/{event}/webhooks", authRequired, (*call).listEventTypeWebhooks),
	}
}

// object shows the secret in clear, as the real server does.
func (h webhook) object() object {
	o := object{{"id", h.id}, {"payloadTemplate", nil}, {"triggers", h.triggers}, {"subscriberUrl", h.url}, {"active", true}, {"secret", h.secret}}
	if h.event != 0 {
		return append(o, field{"eventTypeId", h.event})
	}
	return append(o, field{"userId", h.user})
}

func (d *directory) webhooksOf(user, event int) []webhook {
	var all []webhook
	for _, h := range d.webhooks {
		if h.user == user && h.event == event {
			all = append(all, h)
		}
	}
	return all
}

func (c *call) listWebhooks() *answer {
	return okSpan(c, c.sim.dir.webhooksOf(c.user.id, 0), webhook.object)
}

func (c *call) getWebhook() *answer {
	id := c.path["webhook"]
	for _, h := range c.sim.dir.webhooks {
		if h.id != id {
			continue
		}
		if h.user != c.user.id {
			return c.fail(http.StatusForbidden, "IsUserWebhookGuard - user with id=("+strconv.Itoa(c.user.id)+") is not the owner of webhook with id=("+id+")")
		}
		return c.ok(h.object())
	}
	return c.fail(http.StatusNotFound, "Webhook ("+id+") not found")
}

func (c *call) listEventTypeWebhooks() *answer {
	e, refusal := c.ownEventType()
	if refusal != nil {
		return refusal
	}
	return okSpan(c, c.sim.dir.webhooksOf(0, e.id), webhook.object)
}

func (c *call) listTeamEventTypeWebhooks() *answer {
	id, ok := c.id("event")
	if !ok {
		return c.broken()
	}
	return okSpan(c, c.sim.dir.webhooksOf(0, id), webhook.object)
}

func (c *call) listOrganizationWebhooks() *answer {
	return okSpan(c, nil, webhook.object)
}
