package notify

import (
	"context"
	"crypto/rand"
	"slices"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// tellAtOnce is how many events are read at once.
const tellAtOnce = 100

// tellAll hands every event that was written down to those who want it.
func (s *Service) tellAll(ctx context.Context) error {
	for {
		events, err := s.Store.UntoldEvents(ctx, tellAtOnce)
		if err != nil || len(events) == 0 {
			return err
		}
		for _, e := range events {
			if err := s.tell(ctx, e); err != nil {
				return err
			}
		}
	}
}

// telling is what one event becomes.
type telling struct {
	notices    []int64 // users who see it in the app
	dispatches []store.Dispatch
}

// tell decides who is told of an event, and writes that in one transaction with
// the mark that it was told. Of two processes that do it at once one writes.
func (s *Service) tell(ctx context.Context, e store.Event) error {
	out, err := s.decide(ctx, e)
	if err != nil {
		return err
	}
	return s.Store.Change(ctx, func(tx *store.Tx) error {
		if first, err := tx.TellEvent(ctx, e.ID, s.now()); err != nil || !first {
			return err
		}
		for _, user := range out.notices {
			if err := tx.PutNotice(ctx, e.Org, user, e.ID, s.now()); err != nil {
				return err
			}
		}
		for _, d := range out.dispatches {
			if err := tx.AddDispatch(ctx, d, e.ID); err != nil {
				return err
			}
		}
		return nil
	})
}

// decide applies everybody's rules to an event.
func (s *Service) decide(ctx context.Context, e store.Event) (out telling, err error) {
	t, known := TypeOf(e.Type)
	if !known {
		s.Logger.Warn("an event of an unknown type was told to nobody; a newer Weir may have written it", "event", e.ID, "type", e.Type)
		return out, nil
	}
	people, err := s.audience(ctx, e)
	if err != nil {
		return out, err
	}
	rows, err := s.Store.Rules(ctx, e.Org, e.Type, 0)
	if err != nil {
		return out, err
	}
	for _, w := range people {
		s.tellOne(&out, t, e, w, rows)
	}
	if len(e.To) > 0 {
		return out, nil // it is personal
	}
	return out, s.tellOrganization(ctx, &out, e, rows)
}

// audience is who may be told of an event at all.
func (s *Service) audience(ctx context.Context, e store.Event) (people []identity.Watcher, err error) {
	if len(e.To) > 0 {
		people, err = s.People.Addressed(ctx, e.Org, e.To)
	} else {
		var r store.Resource
		switch r, err = s.Store.Resource(ctx, e.Org, e.Kind, e.Resource); weir.CodeOf(err) {
		case weir.CodeNotFound:
			return nil, nil // it was deleted meanwhile
		case weir.CodeIntegrity: // one forged row must not keep everybody from being told of the rest
			s.Logger.Warn("an event was told to nobody: whose it is about cannot be known", "event", e.ID, "kind", e.Kind, "object", e.Resource, "error", err)
			return nil, nil
		}
		if err == nil {
			people, err = s.People.Watchers(ctx, e.Org, r)
		}
	}
	return slices.DeleteFunc(people, func(w identity.Watcher) bool { return w.ID == e.Actor }), err
}

// tellOne applies one user's rules, and where they have none what is usual.
func (s *Service) tellOne(out *telling, t Type, e store.Event, w identity.Watcher, rows []store.Rule) {
	theirs := len(e.To) > 0 || w.May == identity.RoleOwner
	for _, channel := range []Channel{App, Email, Slack, Webhook} {
		closest := s.closest(rows, e, func(r store.Rule) bool {
			return !r.Shared && r.Owner == w.ID && Channel(r.Channel) == channel
		})
		if closest == nil && theirs && slices.Contains(t.Default, channel) && (channel == App || s.Mail != nil) {
			closest = []*Rule{{Rule: store.Rule{Owner: w.ID, Channel: string(channel), Status: store.RuleActive}}}
		}
		for _, r := range closest {
			if r.Resource == 0 && !theirs && r.Whose != "all" {
				continue
			}
			s.add(out, e, r)
		}
	}
}

// tellOrganization applies the organization's rules, as long as who made one
// administers it.
func (s *Service) tellOrganization(ctx context.Context, out *telling, e store.Event, rows []store.Rule) error {
	if !slices.ContainsFunc(rows, func(r store.Rule) bool { return r.Shared }) {
		return nil
	}
	members, err := s.People.Watchers(ctx, e.Org, store.Resource{})
	if err != nil {
		return err
	}
	seen := map[int64]bool{}
	for _, r := range rows {
		if !r.Shared || seen[r.Target] {
			continue
		}
		seen[r.Target] = true
		for _, one := range s.closest(rows, e, func(o store.Rule) bool { return o.Shared && o.Target == r.Target }) {
			if slices.ContainsFunc(members, func(w identity.Watcher) bool { return w.ID == one.Owner && w.May.AtLeast(identity.RoleAdmin) }) {
				s.add(out, e, one)
			}
		}
	}
	return nil
}

// closest gives those of the chosen rules that are most closely about the
// event, the paused ones among them too: they keep a wider one from telling.
func (s *Service) closest(rows []store.Rule, e store.Event, chosen func(store.Rule) bool) (rules []*Rule) {
	best := 0
	for _, row := range rows {
		near := covers(row, e)
		if near == 0 || near < best || !chosen(row) {
			continue
		}
		r, err := loadRule(row)
		if err != nil {
			s.Logger.Warn("a rule cannot be read and tells nobody", "rule", row.ID, "error", err)
			continue
		}
		if near > best {
			best, rules = near, nil
		}
		rules = append(rules, r)
	}
	return rules
}

// add follows one rule.
func (s *Service) add(out *telling, e store.Event, r *Rule) {
	if r.Status != store.RuleActive {
		return
	}
	if Channel(r.Channel) == App {
		out.notices = append(out.notices, r.Owner)
		return
	}
	now := s.now()
	out.dispatches = append(out.dispatches, store.Dispatch{Message: "msg_" + rand.Text(), Org: e.Org, User: r.Owner, Channel: r.Channel, Target: r.Target,
		Digest: r.collects(), Due: r.due(now), Created: now})
}
