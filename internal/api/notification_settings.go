package api

import (
	"context"
	"net/http"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/store"
)

// NotificationSetting is a rule: what its owner wants to be told, and how.
type NotificationSetting struct {
	ID             int64  `json:"id"`
	OrgID          int64  `json:"org_id"`
	OwnerID        int64  `json:"owner_id"`
	Channel        string `json:"channel" enum:"APP,EMAIL,SMS,SLACK,WEBHOOKS"`
	ResourceKind   string `json:"notification_resource_type" doc:"With resource_id: about this resource alone. That of a source is about its whole flow"`
	ResourceID     *int64 `json:"resource_id"`
	Status         string `json:"status" enum:"ACTIVE,PAUSED"`
	TypeID         int64  `json:"notification_type_id"`
	Name           string `json:"name"`
	Description    string `json:"description"`
	Code           int64  `json:"code"`
	Category       string `json:"category"`
	EventType      string `json:"event_type"`
	ResourceType   string `json:"resource_type"`
	Config         object `json:"config"`
	Priority       *int64 `json:"priority" doc:"3 for one resource, 2 for a flow, 1 for all; the highest counts"`
	ChannelSetting *int64 `json:"notification_channel_setting_id"`
	Checked        bool   `json:"checked"`
	Scope          string `json:"scope" enum:"USER,ORG"`
}

func showRule(r *notify.Rule) NotificationSetting {
	t, _ := notify.TypeOf(r.Type)
	shown := showType(t)
	out := NotificationSetting{ID: r.ID, OrgID: r.Org, OwnerID: r.Owner, Channel: channels[notify.Channel(r.Channel)], ResourceKind: shown.ResourceType, ResourceID: idOrNull(r.Resource),
		Status: ruleStatuses[r.Status], TypeID: t.ID, Name: shown.Name, Description: shown.Description, Code: t.ID, Category: shown.Category, EventType: shown.EventType,
		ResourceType: shown.ResourceType, Config: r.Config, ChannelSetting: idOrNull(r.Target), Checked: r.Status == store.RuleActive, Scope: "USER"}
	priority := int64(1)
	if r.Resource != 0 {
		priority = 3
		out.ResourceKind = resourceTypes[r.Kind]
		if out.ResourceKind != out.ResourceType && r.Kind == store.KindSource {
			priority = 2
		}
	}
	out.Priority = &priority
	if r.Shared {
		out.Scope = "ORG"
	}
	return out
}

var ruleStatuses = map[string]string{store.RuleActive: "ACTIVE", store.RulePaused: "PAUSED"}

func (a *API) registerNotificationSettings() {
	const tag, path = "notification_settings", "/notification_settings"
	register(a, Route{Method: http.MethodGet, Path: path, Tag: tag, Summary: "What you want to be told, and your organization", Policy: signedIn}, a.listRules)
	register(a, Route{Method: http.MethodPost, Path: path, Tag: tag, Summary: "Say what you want to be told, and how", Policy: writing, Creates: true,
		Detail: "config may have digest (immediate, hourly, daily), hour, time_zone, and whose (own, all). With scope ORG it is the organization's, which its administrators make. Where nothing is set, types tell as their default says."}, a.createRule)
	register(a, Route{Method: http.MethodGet, Path: path + "/{id}", Tag: tag, Summary: "One of these settings", Policy: signedIn}, a.rule)
	register(a, Route{Method: http.MethodPut, Path: path + "/{id}", Tag: tag, Summary: "Change one of these settings", Policy: writing}, a.updateRule)
	register(a, Route{Method: http.MethodDelete, Path: path + "/{id}", Tag: tag, Summary: "Delete one of these settings", Policy: writing}, a.deleteRule)
	register(a, Route{Method: http.MethodGet, Path: path + "/notification_types/{id}", Tag: tag, Summary: "Your settings for a type", Policy: signedIn}, a.rulesOfType)
	register(a, Route{Method: http.MethodGet, Path: path + "/{resource_type}/{id}", Tag: tag, Summary: "Your settings that apply to a resource", Policy: signedIn}, a.rulesOfResource)
}

func showRules(rules []*notify.Rule, keep func(NotificationSetting) bool) []NotificationSetting {
	shown := []NotificationSetting{}
	for _, r := range rules {
		if one := showRule(r); keep(one) {
			shown = append(shown, one)
		}
	}
	return shown
}

func (a *API) listRules(ctx context.Context, in *struct {
	Paging
	EventType    string `query:"event_type" maxLength:"64"`
	ResourceType string `query:"resource_type" maxLength:"64"`
	Status       string `query:"status" enum:"ACTIVE,PAUSED"`
}) (*List[NotificationSetting], error) {
	rules, err := a.Notify.Rules(ctx, principal(ctx))
	if err != nil {
		return nil, err
	}
	return pageOf(ctx, in.Paging, showRules(rules, func(s NotificationSetting) bool {
		return (in.EventType == "" || s.EventType == in.EventType) && (in.ResourceType == "" || s.ResourceType == in.ResourceType) && (in.Status == "" || s.Status == in.Status)
	})), nil
}

func (a *API) rulesOfType(ctx context.Context, in *struct {
	One
	Expand flag `query:"expand"`
}) (*value[[]NotificationSetting], error) {
	if _, known := notify.TypeByID(in.ID); !known {
		return nil, nowhere()
	}
	rules, err := a.Notify.Rules(ctx, principal(ctx))
	return show(showRules(rules, func(s NotificationSetting) bool { return s.TypeID == in.ID })), err
}

func (a *API) rulesOfResource(ctx context.Context, in *struct {
	ResourceType string `path:"resource_type"`
	One
	Expand     flag  `query:"expand"`
	Overridden flag  `query:"filter_overridden_settings" doc:"Leave out what a closer setting overrides"`
	TypeID     int64 `query:"notification_type_id"`
}) (*value[[]NotificationSetting], error) {
	kind, known := kindOf(in.ResourceType)
	if !known {
		return nil, nowhere()
	}
	if err := a.Identity.Authorize(ctx, principal(ctx), mayRead(kind), in.ID); err != nil {
		return nil, err
	}
	source, err := a.sourceOf(ctx, kind, in.ID)
	if err != nil {
		return nil, err
	}
	rules, err := a.Notify.RulesFor(ctx, principal(ctx), kind, in.ID, source, in.Overridden.On)
	return show(showRules(rules, func(s NotificationSetting) bool { return in.TypeID == 0 || s.TypeID == in.TypeID })), err
}

// sourceOf is of whose flow a resource is; 0 for none.
func (a *API) sourceOf(ctx context.Context, kind store.Kind, id int64) (int64, error) {
	switch kind {
	case store.KindSource:
		return id, nil
	case store.KindDataset, store.KindDestination:
		source, err := a.Flows.SourceOf(ctx, principal(ctx).Org, kind, id)
		return source, missingIsEmpty(err)
	}
	return 0, nil
}

type ruleInput struct {
	Channel        string  `json:"channel,omitzero" maxLength:"20"`
	TypeID         int64   `json:"notification_type_id,omitzero"`
	Status         string  `json:"status,omitzero" enum:"ACTIVE,PAUSED"`
	Checked        *bool   `json:"checked,omitzero" doc:"false for PAUSED"`
	Config         *object `json:"config,omitzero"`
	ResourceKind   *string `json:"notification_resource_type,omitzero" maxLength:"64"`
	ResourceID     *int64  `json:"resource_id,omitzero"`
	ChannelSetting *int64  `json:"notification_channel_setting_id,omitzero"`
	Scope          string  `json:"scope,omitzero" enum:"USER,ORG"`
}

// apply changes a rule by what was sent, after a look at whether the caller
// may know of what it names.
func (a *API) apply(ctx context.Context, in ruleInput, r *store.Rule) error {
	if in.Channel != "" {
		channel, err := channelOf(in.Channel)
		if err != nil {
			return err
		}
		r.Channel = string(channel)
	}
	if in.TypeID != 0 {
		t, known := notify.TypeByID(in.TypeID)
		if !known {
			return refuse("notification_type_id", "there is no such type", "GET /notification_types lists all")
		}
		r.Type = t.Name
	}
	if in.Config != nil {
		r.Config = *in.Config
	}
	if in.Status == "PAUSED" || in.Checked != nil && !*in.Checked {
		r.Status = store.RulePaused
	} else if in.Status == "ACTIVE" || in.Checked != nil {
		r.Status = store.RuleActive
	}
	if err := a.applyResource(ctx, in, r); err != nil || in.ChannelSetting == nil {
		return err
	}
	if r.Target = *in.ChannelSetting; r.Target != 0 {
		return at("notification_channel_setting_id", a.Identity.Authorize(ctx, principal(ctx), mayOperate(store.KindChannel), r.Target))
	}
	return nil
}

// applyResource sets what a rule is about: one resource, or all.
func (a *API) applyResource(ctx context.Context, in ruleInput, r *store.Rule) error {
	if in.ResourceID != nil {
		r.Resource = *in.ResourceID
	}
	if in.ResourceKind != nil && *in.ResourceKind != "" {
		kind, known := kindOf(*in.ResourceKind)
		if !known && (r.Resource != 0 || *in.ResourceKind != "USER") {
			return refuse("notification_resource_type", "there is no such resource type", "Send SOURCE, DATASET, SINK or DATA_CREDENTIAL")
		}
		r.Kind = kind
	}
	if r.Resource == 0 {
		r.Kind = "" // a type says of which kind of resource it is
		return nil
	}
	if r.Kind == "" {
		return refuse("notification_resource_type", "it does not say what kind of resource resource_id is of", "Send SOURCE, DATASET, SINK or DATA_CREDENTIAL, too")
	}
	if in.ResourceID == nil && in.ResourceKind == nil {
		return nil
	}
	return at("resource_id", a.Identity.Authorize(ctx, principal(ctx), identity.Access(r.Kind, identity.RoleCollaborator), r.Resource))
}

func (a *API) createRule(ctx context.Context, in *struct{ Body ruleInput }) (*value[NotificationSetting], error) {
	if in.Body.Channel == "" {
		return nil, refuse("channel", "it is missing", "Send APP, EMAIL, SLACK or WEBHOOKS")
	}
	r := store.Rule{Status: store.RuleActive, Shared: in.Body.Scope == "ORG"}
	return a.putRule(ctx, in.Body, r)
}

func (a *API) putRule(ctx context.Context, in ruleInput, r store.Rule) (*value[NotificationSetting], error) {
	if err := a.apply(ctx, in, &r); err != nil {
		return nil, err
	}
	made, err := a.Notify.PutRule(ctx, principal(ctx), r)
	if err != nil {
		return nil, err
	}
	return show(showRule(made)), nil
}

func (a *API) rule(ctx context.Context, in *One) (*value[NotificationSetting], error) {
	r, err := a.Notify.Rule(ctx, principal(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	return show(showRule(r)), nil
}

func (a *API) updateRule(ctx context.Context, in *struct {
	One
	Body ruleInput
}) (*value[NotificationSetting], error) {
	r, err := a.Notify.Rule(ctx, principal(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	if in.Body.Scope != "" && in.Body.Scope != showRule(r).Scope {
		return nil, refuse("scope", "a setting stays whose it is", "Make another one")
	}
	return a.putRule(ctx, in.Body, r.Rule)
}

func (a *API) deleteRule(ctx context.Context, in *One) (*Done, error) {
	if err := a.Notify.DropRule(ctx, principal(ctx), in.ID); err != nil {
		return nil, err
	}
	return done(), nil
}
