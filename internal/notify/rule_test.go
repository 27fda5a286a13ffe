package notify_test

import (
	"slices"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

func TestTheOwnerIsToldWhereNobodySaidOtherwise(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	admin, lone := w.user("admin", identity.RoleAdmin), w.user("lone", identity.RoleCollaborator)
	w.raise(store.Event{Type: store.FlowFailed})
	w.deliver()
	if got := w.told(w.owner.User); !slices.Contains(got, store.FlowFailed) {
		t.Errorf("the owner was told %v", got)
	}
	for _, p := range []identity.Principal{admin, lone} {
		if got := w.told(p.User); !slices.Equal(got, []store.EventType{store.MemberAdded}) {
			t.Errorf("%s was told %v", p.FullName, got)
		}
	}
}

// The closest rule counts: one about a resource before one about its flow, and
// that before one about all.
func TestTheClosestRuleCounts(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	dataset, other := w.make(store.KindDataset, "Dataset"), w.make(store.KindDataset, "Other")
	raise := func() (told int) {
		t.Helper()
		w.must(w.Store.DropNotices(t.Context(), w.owner.Org, w.owner.User, nil))
		w.raise(store.Event{Type: store.SchemaChanged, Kind: store.KindDataset, Resource: dataset.ID, Source: w.source.ID})
		w.deliver()
		return len(w.told(w.owner.User))
	}
	rule := func(kind store.Kind, id int64, status string) {
		t.Helper()
		w.rule(store.Rule{Type: store.SchemaChanged, Channel: string(notify.App), Kind: kind, Resource: id, Status: status})
	}
	for i, step := range []struct {
		do   func()
		want int
	}{
		{func() {}, 1},
		{func() { rule("", 0, store.RulePaused) }, 0},
		{func() { rule(store.KindDataset, other.ID, store.RuleActive) }, 0},
		{func() { rule(store.KindSource, w.source.ID, store.RuleActive) }, 1},
		{func() { rule(store.KindDataset, dataset.ID, store.RulePaused) }, 0},
	} {
		if step.do(); raise() != step.want {
			t.Errorf("after step %d it is not told %d times", i, step.want)
		}
	}
	for _, c := range []struct {
		closest bool
		want    int
	}{{false, 3}, {true, 1}} {
		rules, err := w.RulesFor(t.Context(), w.owner, store.KindDataset, dataset.ID, w.source.ID, c.closest)
		w.must(err)
		if len(rules) != c.want {
			t.Errorf("%d rules apply, want %d", len(rules), c.want)
		}
	}
}

func TestWhoMayNotLookIsNotTold(t *testing.T) {
	bothEngines(t, func(w *world) {
		lone, reader, admin := w.user("lone", identity.RoleOperator), w.user("reader", identity.RoleCollaborator), w.user("admin", identity.RoleAdmin)
		w.must(w.people.Share(w.Context(), w.owner, []identity.Accessor{{Kind: identity.AccessorUser, Who: reader.User, Role: identity.RoleCollaborator}}, identity.Thing{Kind: store.KindSource, ID: w.source.ID}))
		for _, p := range []identity.Principal{lone, reader, admin} {
			_, err := w.PutRule(w.Context(), p, store.Rule{Type: store.FlowFailed, Channel: string(notify.App), Status: store.RuleActive, Config: []byte(`{"whose":"all"}`)})
			w.must(err)
		}
		w.raise(store.Event{Type: store.FlowFailed})
		w.deliver()
		for _, c := range []struct {
			who  identity.Principal
			told bool
		}{{lone, false}, {reader, true}, {admin, true}, {w.owner, true}} {
			if slices.Contains(w.told(c.who.User), store.FlowFailed) != c.told {
				w.Errorf("%s: %v", c.who.FullName, w.told(c.who.User))
			}
		}
		if !slices.Contains(w.told(reader.User), store.ResourceShared) || slices.Contains(w.told(w.owner.User), store.ResourceShared) {
			w.Error("who something was shared with is not told, or who shared it is")
		}
		w.must(w.people.Unshare(w.Context(), w.owner, nil, identity.Thing{Kind: store.KindSource, ID: w.source.ID}))
		w.must(w.people.Deactivate(w.Context(), w.owner, admin.User))
		n, m := len(w.told(reader.User)), len(w.told(admin.User))
		w.raise(store.Event{Type: store.FlowFailed})
		w.deliver()
		if len(w.told(reader.User)) != n || len(w.told(admin.User)) != m {
			w.Error("who may not look any more is told")
		}
	})
}

func TestWhatIsSharedWithATeamIsToldToItsMembers(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	in, out := w.user("in", identity.RoleCollaborator), w.user("out", identity.RoleCollaborator)
	team, err := w.people.CreateTeam(t.Context(), w.owner, "Readers", "")
	w.must(err)
	w.must(w.people.AddTeamMembers(t.Context(), w.owner, team.ID, identity.TeamMember{User: in.User}))
	w.must(w.people.Share(t.Context(), w.owner, []identity.Accessor{{Kind: identity.AccessorTeam, Who: team.ID, Role: identity.RoleCollaborator}}, identity.Thing{Kind: store.KindSource, ID: w.source.ID}))
	w.deliver()
	if !slices.Contains(w.told(in.User), store.ResourceShared) || slices.Contains(w.told(out.User), store.ResourceShared) {
		t.Errorf("in %v, out %v", w.told(in.User), w.told(out.User))
	}
}

func TestARuleOfTheOrganizationTellsOncePerChannelWhileAnAdministratorStandsForIt(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	r := newReceiver(t, nil)
	admin, ben := w.user("admin", identity.RoleAdmin), w.user("ben", identity.RoleOperator)
	c := w.channel(notify.Webhook, `{"url":"`+r.URL+`","secret":"`+testSecret+`"}`)
	shared := store.Rule{Type: store.FlowFailed, Channel: string(notify.Webhook), Target: c.ID, Shared: true, Status: store.RuleActive}
	_, err := w.PutRule(t.Context(), ben, shared)
	w.refused(err, weir.CodeForbidden)
	made, err := w.PutRule(t.Context(), admin, shared)
	w.must(err)
	w.refused(w.DropRule(t.Context(), ben, made.ID), weir.CodeForbidden)
	w.raise(store.Event{Type: store.FlowFailed})
	w.settle()
	if len(r.got()) != 1 {
		t.Errorf("told %d times", len(r.got()))
	}
	// About this one source the organization wants to hear nothing.
	quiet := shared
	quiet.Kind, quiet.Resource, quiet.Status = store.KindSource, w.source.ID, store.RulePaused
	muted, err := w.PutRule(t.Context(), admin, quiet)
	w.must(err)
	w.raise(store.Event{Type: store.FlowFailed})
	w.settle()
	if len(r.got()) != 1 {
		t.Errorf("told %d times", len(r.got()))
	}
	w.must(w.DropRule(t.Context(), admin, muted.ID))
	w.must(w.people.SetRole(t.Context(), w.owner, admin.User, identity.RoleOperator))
	w.raise(store.Event{Type: store.FlowFailed})
	w.settle()
	if len(r.got()) != 1 {
		t.Error("a rule of nobody's who administers it tells")
	}
}

func TestARuleThatWouldTellNobodyIsRefused(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	slack := w.channel(notify.Slack, `{"webhook_url":"https://hooks.example.com/x"}`)
	for name, r := range map[string]store.Rule{
		"no such type":       {Type: "none", Channel: "app"},
		"no channel to use":  {Channel: "slack"},
		"another channel's":  {Channel: "webhook", Target: slack.ID},
		"a missing one":      {Channel: "slack", Target: 999},
		"no mail server":     {Channel: "email"},
		"the app elsewhere":  {Channel: "app", Target: slack.ID},
		"the app for all":    {Channel: "app", Shared: true},
		"about channels":     {Type: store.NotificationsGivenUp, Channel: "slack", Target: slack.ID},
		"a wrong digest":     {Channel: "app", Config: []byte(`{"digest":"yearly"}`)},
		"a wrong hour":       {Channel: "app", Config: []byte(`{"hour":24}`)},
		"a wrong time zone":  {Channel: "app", Config: []byte(`{"time_zone":"Mars/Base"}`)},
		"whose it is":        {Channel: "app", Config: []byte(`{"whose":"theirs"}`)},
		"an unknown setting": {Channel: "app", Config: []byte(`{"digset":"daily"}`)},
	} {
		if r.Type == "" {
			r.Type = store.FlowFailed
		}
		r.Status = store.RuleActive
		if _, err := w.PutRule(t.Context(), w.owner, r); weir.CodeOf(err) != weir.CodeUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheCatalogueHasEachTypeOnce(t *testing.T) {
	ids, names := map[int64]bool{}, map[store.EventType]bool{}
	for i, typ := range notify.Types() {
		if typ.ID != int64(i+1) || ids[typ.ID] || names[typ.Name] || typ.Title == "" || typ.Description == "" || typ.Level == "" || len(typ.Default) == 0 {
			t.Errorf("%+v", typ)
		}
		ids[typ.ID], names[typ.Name] = true, true
	}
	if err := notify.NewIntake(nil).Tell(t.Context(), nil, store.Event{Type: "none"}); weir.CodeOf(err) != weir.CodeInternal {
		t.Error(err)
	}
}
