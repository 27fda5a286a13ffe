package web

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

const channelsTitle = "Channels"

func (w *Web) registerChannels() {
	use, change := identity.Access(store.KindChannel, identity.RoleOperator), identity.Access(store.KindChannel, identity.RoleAdmin)
	w.show("/notifications/channels", signedIn, (*visit).channels)
	w.do("/notifications/channels", signedIn, (*visit).makeChannel)
	w.do("/notifications/channels/{id}/test", use, (*visit).testChannel)
	w.do("/notifications/channels/{id}/delete", change, (*visit).deleteChannel)
	w.do("/notifications/dispatches/{id}/retry", signedIn, (*visit).retryDispatch)
}

// channelNames are the channels that can be set up.
var channelNames = []struct {
	channel notify.Channel
	title   string
}{{notify.Email, "E-mail"}, {notify.Slack, "Slack"}, {notify.Webhook, "Webhook"}}

func channelTitle(c notify.Channel) string {
	for _, n := range channelNames {
		if n.channel == c {
			return n.title
		}
	}
	return "in the app"
}

// channelsView is what the page of channels shows.
type channelsView struct {
	Settings []*notify.Setting
	Lost     []store.Dispatch // that were given up
	Kind     notify.Channel   // of the form
	Fields   []ui.Field
	Problem  *ui.Problem
	Secret   weir.Secret // of a webhook that was just made
}

// undelivered chooses messages that were given up: one's own, and for
// administrators the organization's.
func (v *visit) undelivered(page, number int) store.DispatchFilter {
	f := store.DispatchFilter{Org: v.who.Org, User: v.who.User, Status: store.DispatchGivenUp, Page: page, Number: number}
	if v.admin() {
		f.User = 0
	}
	return f
}

func (v *visit) channels() error {
	return v.channelsShown(&channelsView{Kind: channelKind(v.query())})
}

// channelKind is the kind that a form is for.
func channelKind(form url.Values) notify.Channel {
	for _, n := range channelNames {
		if string(n.channel) == form.Get("kind") {
			return n.channel
		}
	}
	return notify.Slack
}

func channelFields(kind notify.Channel) []ui.Field {
	name := ui.Field{Name: "name", Title: "Name", Help: "As you will find it again.", Long: 255}
	switch kind {
	case notify.Email:
		return []ui.Field{name,
			{Name: "to", Title: "To", Help: "Addresses, separated by commas. Empty is to whom the message is for.", Long: 2000},
			{Name: "host", Title: "Mail server", Help: "Only for a server of your own; otherwise this server's is used.", Long: 255},
			{Name: "port", Title: "Port", Kind: "number", Min: "1", Max: "65535"},
			{Name: "tls", Title: "Encryption", Kind: "select", Options: []ui.Option{{Value: "", Title: "as is usual"}, {Value: string(notify.StartTLS), Title: "STARTTLS"}, {Value: string(notify.FullTLS), Title: "TLS from the first byte"}}},
			{Name: "user", Title: "User", Long: 255}, {Name: "password", Title: "Password", Kind: "secret", Long: 1000},
			{Name: "from", Title: "From", Holder: "Weir <weir@example.com>", Long: 255}}
	case notify.Webhook:
		return []ui.Field{name,
			{Name: "url", Title: "Address", Kind: "secret", Help: "Messages are posted there, signed.", Required: true, Holder: "https://", Long: 2048},
			{Name: "secret", Title: "Signing secret", Kind: "secret", Help: "Empty makes one, which is shown once.", Long: 1000}}
	}
	return []ui.Field{name,
		{Name: "webhook_url", Title: "Address of the incoming webhook", Kind: "secret", Help: "In Slack: Apps, Incoming Webhooks, Add to Slack. Mattermost and Discord have the same.", Required: true, Holder: "https://hooks.slack.com/services/…", Long: 2048}}
}

func (v *visit) channelsShown(view *channelsView) error {
	ctx := v.r.Context()
	f, err := v.visible(store.KindChannel)
	if err != nil {
		return err
	}
	f.Page, f.Number = 1, rowsOnAPage
	if view.Settings, _, err = v.Notify.Settings(ctx, f); err != nil {
		return err
	}
	if view.Lost, _, err = v.Notify.Dispatches(ctx, v.undelivered(1, rowsOnAPage)); err != nil {
		return err
	}
	if view.Fields == nil {
		view.Fields = channelFields(view.Kind)
	}
	page := channelsPage(view, v.Now())
	if view.Problem != nil || wrongIn(view.Fields) {
		return v.again(channelsTitle, page)
	}
	return v.shown(channelsTitle, page)
}

// wrongIn reports whether something is wrong with one of the fields.
func wrongIn(fields []ui.Field) bool {
	for _, f := range fields {
		if f.Error != "" {
			return true
		}
	}
	return false
}

func (v *visit) makeChannel() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	view := &channelsView{Kind: channelKind(form)}
	config := map[string]string{}
	for _, f := range channelFields(view.Kind) {
		if typed := strings.TrimSpace(form.Get(f.Name)); typed != "" {
			config[f.Name] = typed
		}
	}
	body, err := json.Marshal(config)
	if err != nil {
		return err
	}
	_, view.Secret, err = v.Notify.CreateSetting(v.r.Context(), v.who, view.Kind, body)
	if err != nil {
		view.Fields = fill(channelFields(view.Kind), form)
		if view.Problem, err = blame(within(err, "config."), view.Fields); err != nil {
			return err
		}
		return v.channelsShown(view)
	}
	if view.Secret.IsZero() {
		return v.to("/notifications/channels", ui.Good, "The channel is set up. Test it.")
	}
	return v.channelsShown(view)
}

// within takes a prefix off the place that an error is about.
func within(err error, prefix string) error {
	var e *weir.Error
	if !errors.As(err, &e) {
		return err
	}
	out := *e
	out.Where = strings.TrimPrefix(e.Where, prefix)
	return &out
}

// testChannel sends a message now and says what came back.
func (v *visit) testChannel() error {
	t, err := v.Notify.Test(v.r.Context(), v.who, v.number("id"))
	if err == nil {
		err = t.Problem
	}
	return v.told("/notifications/channels", "The test arrived.", err)
}

func (v *visit) deleteChannel() error {
	err := v.Notify.DeleteSetting(v.r.Context(), v.who, v.number("id"))
	return v.told("/notifications/channels", "Deleted, with the rules that used it.", err)
}

// retryDispatch sends a message again that was given up.
func (v *visit) retryDispatch() error {
	f := v.undelivered(1, 1)
	f.ID, f.Status = v.number("id"), ""
	found, _, err := v.Notify.Dispatches(v.r.Context(), f)
	if err == nil && (len(found) == 0 || f.ID <= 0) {
		err = nothingThere()
	}
	if err != nil {
		return err
	}
	return v.told("/notifications/channels", "It is on its way again.", v.Notify.Retry(v.r.Context(), v.who, f.ID))
}

// settingLead is where a channel leads, as people may see it.
func settingLead(s *notify.Setting) string {
	shown := s.Shown()
	for _, name := range []string{"to", "host", "webhook_url", "url"} {
		if value, ok := shown[name]; ok {
			return fmt.Sprint(value)
		}
	}
	return s.Origin
}
