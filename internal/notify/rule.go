package notify

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// Rule is what a user, or an organization, wants to be told, and how.
type Rule struct {
	store.Rule
	Wish
}

// Wish is what a rule says besides over which channel.
type Wish struct {
	Digest   Digest `json:"digest,omitzero"`
	Hour     int    `json:"hour,omitzero"`      // of a daily digest, 0 to 23; 0 is midnight
	TimeZone string `json:"time_zone,omitzero"` // of the hour; "" for UTC
	Whose    string `json:"whose,omitzero"`     // "own" (or ""): what is yours; "all": what you may look at
}

// Digest says whether messages are collected.
type Digest string

// The digests.
const (
	Immediate Digest = "immediate"
	Hourly    Digest = "hourly"
	Daily     Digest = "daily"
)

// parseWish reads a rule's configuration.
func parseWish(config []byte) (w Wish, err error) {
	if len(config) > 0 {
		if err := json.Unmarshal(config, &w, json.RejectUnknownMembers(true)); err != nil {
			return w, refuse("config", "it has another form", `It may have digest ("immediate", "hourly" or "daily"), hour (0 to 23), time_zone ("Europe/Berlin") and whose ("own" or "all")`)
		}
	}
	if !slices.Contains([]Digest{"", Immediate, Hourly, Daily}, w.Digest) {
		return w, refuse("config.digest", "there is no such digest", "Use immediate, hourly or daily")
	}
	if w.Hour < 0 || w.Hour > 23 {
		return w, refuse("config.hour", "it is no hour of a day", "Use 0 to 23")
	}
	if _, err := time.LoadLocation(w.TimeZone); err != nil {
		return w, refuse("config.time_zone", "this time zone is unknown", "Write it as Europe/Berlin")
	}
	if !slices.Contains([]string{"", "own", "all"}, w.Whose) {
		return w, refuse("config.whose", "it is neither own nor all", "Use own for what is yours, all for what you may look at")
	}
	return w, nil
}

// due is when a message that a rule makes at µs is to be sent.
func (w Wish) due(now int64) int64 {
	at := time.UnixMicro(now)
	switch w.Digest {
	case Hourly:
		return at.Truncate(time.Hour).Add(time.Hour).UnixMicro()
	case Daily:
		zone, err := time.LoadLocation(w.TimeZone)
		if err != nil { // it was there when the rule was made
			zone = time.UTC
		}
		local := at.In(zone)
		next := time.Date(local.Year(), local.Month(), local.Day(), w.Hour, 0, 0, 0, zone)
		if !next.After(at) {
			next = time.Date(local.Year(), local.Month(), local.Day()+1, w.Hour, 0, 0, 0, zone)
		}
		return next.UnixMicro()
	}
	return now
}

// collects names the digest that a message goes into; "" for none. Rules that
// differ in when they are due have digests of their own.
func (w Wish) collects() string {
	switch w.Digest {
	case Hourly:
		return string(Hourly)
	case Daily:
		return fmt.Sprintf("%s %02d %s", Daily, w.Hour, w.TimeZone)
	}
	return ""
}

// covers reports how closely a rule is about an event: not at all (0), about
// all of its type, about its whole flow, or about just its resource.
func covers(r store.Rule, e store.Event) int {
	switch {
	case r.Type != e.Type:
		return 0
	case r.Resource == 0 && (r.Kind == "" || r.Kind == e.Kind):
		return 1
	case r.Kind == store.KindSource && r.Resource == e.Source && e.Source != 0 && (e.Kind != store.KindSource || e.Resource != e.Source):
		return 2
	case r.Kind == e.Kind && r.Resource == e.Resource && r.Resource != 0:
		return 3
	}
	return 0
}

func loadRule(r store.Rule) (*Rule, error) {
	w, err := parseWish(r.Config)
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeIntegrity, Where: "rule", Message: "what is stored of it cannot be read", Err: err}
	}
	return &Rule{Rule: r, Wish: w}, nil
}

// Rules gives the rules that a user has, and those of the organization.
func (s *Service) Rules(ctx context.Context, p identity.Principal) ([]*Rule, error) {
	rows, err := s.Store.Rules(ctx, p.Org, "", p.User)
	all := make([]*Rule, len(rows))
	for i, r := range rows {
		if all[i], err = loadRule(r); err != nil {
			return nil, err
		}
	}
	return all, err
}

// Rule gives one of the user's rules or of the organization's.
func (s *Service) Rule(ctx context.Context, p identity.Principal, id int64) (*Rule, error) {
	rows, err := s.Store.Rules(ctx, p.Org, "", p.User)
	for _, r := range rows {
		if r.ID == id {
			return loadRule(r)
		}
	}
	if err != nil {
		return nil, err
	}
	return nil, &weir.Error{Code: weir.CodeNotFound, Where: fmt.Sprintf("rule %d", id), Message: "there is none with this id"}
}

// PutRule stores a rule of the user's: a new one when its id is 0. Rules of the
// organization are made and changed by its administrators. That the user may
// look at the resource and use the channel is for the caller to know.
func (s *Service) PutRule(ctx context.Context, p identity.Principal, r store.Rule) (*Rule, error) {
	if r.ID != 0 {
		before, err := s.Rule(ctx, p, r.ID)
		if err != nil {
			return nil, err
		}
		r.Owner, r.Shared, r.Created = before.Owner, before.Shared, before.Created
	} else {
		r.Owner, r.Created = p.User, s.now()
	}
	r.Org, r.Updated = p.Org, s.now()
	if r.Shared && !p.Role.AtLeast(identity.RoleAdmin) {
		return nil, &weir.Error{Code: weir.CodeForbidden, Where: "scope", Message: "a rule of the organization is for its administrators", Remedy: "Make one of your own, or ask one of them"}
	}
	if len(r.Config) == 0 {
		r.Config = []byte("{}")
	}
	if err := s.checkRule(ctx, r); err != nil {
		return nil, err
	}
	if err := s.Store.PutRule(ctx, &r); err != nil {
		return nil, err
	}
	return loadRule(r)
}

// checkRule refuses a rule that would tell nobody.
func (s *Service) checkRule(ctx context.Context, r store.Rule) error {
	t, known := TypeOf(r.Type)
	if !known {
		return refuse("notification_type_id", "there is no such type", "GET /notification_types lists all")
	}
	if _, err := parseWish(r.Config); err != nil {
		return err
	}
	if (r.Resource == 0) != (r.Kind == "") && r.Resource != 0 {
		return refuse("notification_resource_type", "the resource's type is missing", "Send both, or neither")
	}
	channel := Channel(r.Channel)
	switch {
	case t.InApp && channel != App:
		return refuse("channel", "this type is told in the app alone: it is about the other channels", "Use APP")
	case channel == App && r.Shared:
		return refuse("channel", "what is in the app is each user's own", "Use EMAIL, SLACK or WEBHOOKS for the organization")
	case channel == App && r.Target != 0:
		return refuse("notification_channel_setting_id", "the app needs none", "Leave it out")
	case r.Target == 0 && (channel == Slack || channel == Webhook || r.Shared):
		return refuse("notification_channel_setting_id", "it does not say where to", "Make a channel setting, and give its id")
	case r.Target == 0 && channel == Email && s.Mail == nil && r.Status == store.RuleActive:
		return refuse("notification_channel_setting_id", "this server has no mail server of its own", "Make a channel setting with one, and give its id; or start the server with --smtp-url")
	case r.Target == 0:
		return nil
	}
	c, err := s.Store.Resource(ctx, r.Org, store.KindChannel, r.Target)
	if weir.CodeOf(err) == weir.CodeNotFound || err == nil && c.Type != r.Channel {
		return refuse("notification_channel_setting_id", "there is none with this id for this channel", "GET /notification_channel_settings lists yours")
	}
	return err
}

// DropRule removes a rule, as PutRule may change it.
func (s *Service) DropRule(ctx context.Context, p identity.Principal, id int64) error {
	r, err := s.Rule(ctx, p, id)
	if err != nil {
		return err
	}
	if r.Shared && !p.Role.AtLeast(identity.RoleAdmin) {
		return &weir.Error{Code: weir.CodeForbidden, Where: "rule", Message: "a rule of the organization is for its administrators", Remedy: "Ask one of them"}
	}
	return s.Store.DropRule(ctx, p.Org, id)
}

// RulesFor gives those of the user's rules and the organization's that apply to
// a resource, which is a part of the flow of a source. With closest alone it
// leaves out those that one closer to the resource overrides.
func (s *Service) RulesFor(ctx context.Context, p identity.Principal, kind store.Kind, id, source int64, closest bool) (out []*Rule, err error) {
	all, err := s.Rules(ctx, p)
	if err != nil {
		return nil, err
	}
	near := func(r *Rule) int {
		return covers(r.Rule, store.Event{Type: r.Type, Kind: kind, Resource: id, Source: source})
	}
	for _, r := range all {
		here := near(r)
		overridden := closest && slices.ContainsFunc(all, func(o *Rule) bool {
			return o.Type == r.Type && o.Channel == r.Channel && o.Shared == r.Shared && (!r.Shared || o.Target == r.Target) && near(o) > here
		})
		if here > 0 && !overridden {
			out = append(out, r)
		}
	}
	return out, nil
}
