package web

import (
	"fmt"
	"net/url"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

const rulesTitle = "Rules"

func (w *Web) registerRules() {
	w.show("/notifications/rules", signedIn, (*visit).rules)
	w.do("/notifications/rules", signedIn, (*visit).makeRule)
	w.do("/notifications/rules/{id}/drop", signedIn, (*visit).dropRule)
}

// ruleView is a rule in words.
type ruleView struct {
	ID             int64
	What, How, For string
	Mute, Mine     bool
}

// rules are what somebody wants to be told, and how.
func (v *visit) rules() error {
	fields, err := v.ruleFields()
	if err != nil {
		return err
	}
	return v.rulesShown(fields, nil)
}

func (v *visit) ruleFields() ([]ui.Field, error) {
	what := ui.Field{Name: "type", Title: "When", Kind: "select", Required: true}
	for _, t := range notify.Types() {
		if !t.InApp {
			what.Options = append(what.Options, ui.Option{Value: string(t.Name), Title: t.Title})
		}
	}
	byMail := "by e-mail, to my address"
	if v.Notify.Mail == nil {
		byMail += " (this server has no mail server)"
	}
	over := ui.Field{Name: "over", Title: "Tell me", Kind: "select", Required: true, Help: "Set up more under channels.",
		Options: []ui.Option{{Value: string(notify.App), Title: "in the app"}, {Value: string(notify.Email), Title: byMail}}}
	f, err := v.visible(store.KindChannel)
	if err != nil {
		return nil, err
	}
	f.Page, f.Number = 1, rowsOnAPage
	settings, _, err := v.Notify.Settings(v.r.Context(), f)
	for _, s := range settings {
		over.Options = append(over.Options, ui.Option{Value: fmt.Sprintf("%s %d", s.Channel(), s.ID), Title: channelTitle(s.Channel()) + ": " + s.Name})
	}
	fields := []ui.Field{what, over,
		{Name: "digest", Title: "How often", Kind: "select", Options: []ui.Option{{Value: "", Title: "at once"}, {Value: string(notify.Hourly), Title: "collected, every hour"}, {Value: string(notify.Daily), Title: "collected, every day at 08:00 UTC"}}},
		{Name: "whose", Title: "About", Kind: "select", Options: []ui.Option{{Value: "", Title: "what is mine"}, {Value: "all", Title: "all that I may see"}}},
		{Name: "mute", Kind: "checkbox", Title: "Never tell me this way"}}
	if v.admin() {
		fields = append(fields, ui.Field{Name: "shared", Kind: "checkbox", Title: "For the whole organization"})
	}
	return fields, err
}

func (v *visit) rulesShown(fields []ui.Field, problem *ui.Problem) error {
	all, err := v.Notify.Rules(v.r.Context(), v.who)
	if err != nil {
		return err
	}
	views := make([]ruleView, len(all))
	for i, r := range all {
		views[i] = v.ruleView(r)
	}
	page := rulesPage(views, notify.Types(), fields, problem)
	if problem != nil || wrongIn(fields) {
		return v.again(rulesTitle, page)
	}
	return v.shown(rulesTitle, page)
}

func (v *visit) ruleView(r *notify.Rule) ruleView {
	t, _ := notify.TypeOf(r.Type)
	view := ruleView{ID: r.ID, What: t.Title, How: channelTitle(notify.Channel(r.Channel)), For: "you", Mute: r.Status == store.RulePaused, Mine: !r.Shared || v.admin()}
	if r.Digest != "" && r.Digest != notify.Immediate {
		view.How += ", " + string(r.Digest)
	}
	if r.Shared {
		view.For = "the organization"
	}
	if r.Resource != 0 {
		view.What += fmt.Sprintf(" (only %s %d)", r.Kind, r.Resource)
	}
	return view
}

func (v *visit) makeRule() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	rule, err := v.ruleOf(form)
	if err == nil {
		_, err = v.Notify.PutRule(v.r.Context(), v.who, rule)
	}
	if err == nil {
		return v.to("/notifications/rules", ui.Good, "The rule is made.")
	}
	fields, lost := v.ruleFields()
	if lost != nil {
		return lost
	}
	fields = fill(fields, form)
	problem, err := blame(err, fields)
	if err != nil {
		return err
	}
	return v.rulesShown(fields, problem)
}

// ruleOf reads a rule; the channel that it names is one that may be used.
func (v *visit) ruleOf(form url.Values) (store.Rule, error) {
	r := store.Rule{Org: v.who.Org, Owner: v.who.User, Type: store.EventType(form.Get("type")), Status: store.RuleActive, Shared: form.Has("shared")}
	if form.Has("mute") {
		r.Status = store.RulePaused
	}
	_, _ = fmt.Sscan(form.Get("over"), &r.Channel, &r.Target) // without a number it is the usual one
	if r.Target != 0 {
		if err := v.People.Authorize(v.r.Context(), v.who, identity.Access(store.KindChannel, identity.RoleOperator), r.Target); err != nil {
			return r, err
		}
	}
	wish := notify.Wish{Digest: notify.Digest(form.Get("digest")), Whose: form.Get("whose")}
	if wish.Digest == notify.Daily {
		wish.Hour = 8
	}
	var err error
	r.Config, err = json.Marshal(wish)
	return r, err
}

func (v *visit) dropRule() error {
	return v.told("/notifications/rules", "The rule is gone.", v.Notify.DropRule(v.r.Context(), v.who, v.number("id")))
}
