package simulator

import (
	"fmt"
	"net/http"
	"slices"
)

type webhook struct {
	id           string
	user         int // of one of them
	event        int
	organization int
	url, secret  string
	template     string
	triggers     []string
	active       bool
}

// triggers are the names that webhooks can ask for (observed 2026-11-23).
var triggers = []string{
	"BOOKING_CREATED", "BOOKING_PAYMENT_INITIATED", "BOOKING_PAID", "BOOKING_RESCHEDULED", "BOOKING_REQUESTED", "BOOKING_CANCELLED", "BOOKING_REJECTED",
	"BOOKING_NO_SHOW_UPDATED", "FORM_SUBMITTED", "MEETING_ENDED", "MEETING_STARTED", "RECORDING_READY", "INSTANT_MEETING",
	"RECORDING_TRANSCRIPTION_GENERATED", "OOO_CREATED", "AFTER_HOSTS_CAL_VIDEO_NO_SHOW", "AFTER_GUESTS_CAL_VIDEO_NO_SHOW", "FORM_SUBMITTED_NO_EVENT",
	"DELEGATION_CREDENTIAL_ERROR",
}

var webhookInput = input{
	optional("payloadTemplate", isString), required("active", isBool), required("subscriberUrl", isString),
	required("triggers", isArray, words(triggers...)), optional("secret", isString), optional("version", oneWord(hookVersion)),
}

func seedWebhooks() []webhook {
	all := []string{"BOOKING_CREATED", "BOOKING_CANCELLED", "BOOKING_RESCHEDULED", "BOOKING_REQUESTED", "BOOKING_REJECTED",
		"BOOKING_NO_SHOW_UPDATED", "BOOKING_PAID", "MEETING_STARTED", "MEETING_ENDED", "OOO_CREATED"}
	hooks := []webhook{
		{id: "d2eba72f-e631-4b46-a65b-676b7445e681", user: alice, url: "http://127.0.0.1:5599/hook/user", secret: "whsec-alice-1", triggers: all},
		{id: "f26a23eb-de9a-424d-b055-ebd7afa8649f", event: 1, url: "http://127.0.0.1:5599/hook/eventtype1", secret: "whsec-et1", triggers: []string{"BOOKING_CREATED", "BOOKING_RESCHEDULED"}},
		{id: "fcba80f3-4978-4f80-941d-ba31ed24c643", user: alice, url: "https://hooks.example.com/first", secret: "whsec-first", triggers: all[:1]},
		{id: "3f0a9f0e-6f4e-4c2d-9a53-0a1a6cf5b101", user: bob, url: "https://hooks.example.com/bob", secret: "whsec-bob", triggers: all[:2]},
	}
	for i := range 3 {
		hooks = append(hooks, webhook{id: fmt.Sprintf("7b2c0f54-94f1-4a0e-8d9e-00000000000%d", i), user: alice, url: fmt.Sprintf("https://hooks.example.com/%d", i), secret: fmt.Sprintf("whsec-%d", i), triggers: all[i : i+2]})
	}
	for i := range hooks {
		hooks[i].active = true
	}
	return hooks
}

// hookOwner says whose webhooks a group of routes is about, after its guards
// let pass.
type hookOwner func(c *call) (like webhook, kind string)

func ownHooks(c *call) (webhook, string) { return webhook{user: c.user.id}, "user" }

func eventHooks(c *call) (webhook, string) {
	id, _ := c.id("event")
	return webhook{event: id}, "event type"
}

func organizationHooks(c *call) (webhook, string) {
	id, _ := c.id("org")
	return webhook{organization: id}, "organization"
}

// hookRoutes are the routes of one owner's webhooks.
func hookRoutes(prefix string, of hookOwner, foreign func(*call, *webhook) *answer, guards ...handler) []route {
	with := func(do func(*call, *webhook) *answer) handler {
		return func(c *call) *answer {
			h, refusal := c.webhook(of, foreign)
			if refusal != nil {
				return refusal
			}
			return do(c, h)
		}
	}
	return []route{
		get(prefix, authRequired, func(c *call) *answer { return okSpan(c, c.webhooks(of), (*webhook).object) }, guards...),
		post(prefix, authRequired, func(c *call) *answer { return c.createWebhook(of) }, guards...),
		remove(prefix, authRequired, func(c *call) *answer { return c.deleteWebhooks(of) }, guards...),
		get(prefix+"/{webhook}", authRequired, with((*call).showWebhook), guards...),
		patch(prefix+"/{webhook}", authRequired, with((*call).patchWebhook), guards...),
		remove(prefix+"/{webhook}", authRequired, with((*call).deleteWebhook), guards...),
	}
}

func webhookRoutes() []route {
	user := slices.DeleteFunc(hookRoutes("/v2/webhooks", ownHooks, foreignUserHook), func(r route) bool { return r.method == "DELETE" && r.pattern == "/v2/webhooks" })
	own := func(c *call) *answer { return c.ownsHooksOfEvent() }
	team := func(c *call) *answer {
		_, refusal := c.teamEventType()
		return refusal
	}
	return slices.Concat(user,
		hookRoutes("/v2/event-types/{event}/webhooks", eventHooks, foreignEventHook, own),
		hookRoutes("/v2/teams/{team}/event-types/{event}/webhooks", eventHooks, foreignEventHook, teamRole(roleAdmin), team),
		hookRoutes("/v2/organizations/{org}/webhooks", organizationHooks, foreignOrganizationHook, administered...),
	)
}

// ownsHooksOfEvent guards the webhooks of an event type.
func (c *call) ownsHooksOfEvent() *answer {
	e, refusal := c.anyEventType()
	switch {
	case refusal != nil && refusal.status == http.StatusNotFound:
		return c.fail(http.StatusNotFound, "IsUserEventTypeWebhookGuard - Event type ("+c.path["event"]+") not found")
	case refusal != nil:
		return refusal
	case e.owner != c.user.id:
		return c.fail(http.StatusForbidden, "IsUserEventTypeWebhookGuard - User ("+text10(c.user.id)+") is not the owner of event type ("+c.path["event"]+")")
	}
	return nil
}

// object shows the secret in clear, as the real server does.
func (h *webhook) object() object {
	o := object{{"id", h.id}, {"payloadTemplate", textOrNull(h.template)}, {"triggers", h.triggers}, {"subscriberUrl", h.url}, {"active", h.active}, {"secret", textOrNull(h.secret)}}
	switch {
	case h.event != 0:
		return append(o, field{"eventTypeId", h.event})
	case h.organization != 0:
		return append(o, field{"teamId", h.organization})
	}
	return append(o, field{"userId", h.user})
}

func (h *webhook) ownedLike(like webhook) bool {
	return h.user == like.user && h.event == like.event && h.organization == like.organization
}

func (c *call) webhooks(of hookOwner) []*webhook {
	like, _ := of(c)
	var all []*webhook
	for _, h := range c.sim.dir.webhooks {
		if h.ownedLike(like) {
			all = append(all, h)
		}
	}
	return all
}

// webhook finds the one that the path names.
func (c *call) webhook(of hookOwner, foreign func(*call, *webhook) *answer) (*webhook, *answer) {
	like, _ := of(c)
	for _, h := range c.sim.dir.webhooks {
		if h.id != c.path["webhook"] {
			continue
		}
		if !h.ownedLike(like) {
			return nil, foreign(c, h)
		}
		return h, nil
	}
	return nil, c.fail(http.StatusNotFound, "Webhook ("+c.path["webhook"]+") not found")
}

func foreignUserHook(c *call, h *webhook) *answer {
	return c.fail(http.StatusForbidden, "IsUserWebhookGuard - user with id=("+text10(c.user.id)+") is not the owner of webhook with id=("+h.id+")")
}

func foreignEventHook(c *call, h *webhook) *answer {
	return c.fail(http.StatusForbidden, "IsUserEventTypeWebhookGuard - Webhook ("+h.id+") is not associated with event type ("+c.path["event"]+")")
}

func foreignOrganizationHook(c *call, h *webhook) *answer {
	return c.fail(http.StatusForbidden, "IsWebhookInOrg - webhook with id="+h.id+" is not part of the organization with id="+c.path["org"]+".")
}

func (c *call) showWebhook(h *webhook) *answer { return c.ok(h.object()) }

// createWebhook takes any text for an address (observed 2026-11-23), but none
// twice.
func (c *call) createWebhook(of hookOwner) *answer {
	o, refusal := c.read(webhookInput)
	if refusal != nil {
		return refusal
	}
	h, kind := of(c)
	for _, other := range c.webhooks(of) {
		if other.url == o.text("subscriberUrl") {
			return c.fail(http.StatusConflict, "Webhook with this subscriber url already exists for this "+kind)
		}
	}
	h.id = c.sim.dir.nextUUID()
	h.settle(o)
	c.sim.dir.webhooks = append(c.sim.dir.webhooks, &h)
	return c.ok(h.object())
}

func (h *webhook) settle(o object) {
	if o.given("active") {
		h.active = o.flag("active")
	}
	if o.given("triggers") {
		h.triggers = o.strings("triggers")
	}
	for name, into := range map[string]*string{"subscriberUrl": &h.url, "secret": &h.secret, "payloadTemplate": &h.template} {
		if o.given(name) {
			*into = o.text(name)
		}
	}
}

func (c *call) patchWebhook(h *webhook) *answer {
	o, refusal := c.read(webhookInput.partial())
	if refusal != nil {
		return refusal
	}
	h.settle(o)
	return c.ok(h.object())
}

func (c *call) deleteWebhook(h *webhook) *answer {
	c.sim.dir.webhooks = dropOne(c.sim.dir.webhooks, h)
	return c.ok(h.object())
}

func (c *call) deleteWebhooks(of hookOwner) *answer {
	all := c.webhooks(of)
	c.sim.dir.webhooks = slices.DeleteFunc(c.sim.dir.webhooks, func(h *webhook) bool { return slices.Contains(all, h) })
	return c.ok("All webhooks deleted successfully")
}
