package api

import (
	"context"
	"errors"
	"net/http"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/store"
)

// channels are the channels in the contract's words.
var channels = map[notify.Channel]string{notify.App: "APP", notify.Email: "EMAIL", notify.Slack: "SLACK", notify.Webhook: "WEBHOOKS"}

// channelOf reads a channel's name.
func channelOf(text string) (notify.Channel, error) {
	for c, name := range channels {
		if name == text {
			return c, nil
		}
	}
	if text == "SMS" {
		return "", refuse("channel", "Weir sends no SMS", "Use WEBHOOKS with a service that sends them, or EMAIL, SLACK or APP")
	}
	return "", refuse("channel", "there is no such channel", "Send APP, EMAIL, SLACK or WEBHOOKS")
}

// ChannelSetting is a channel as its owner has set it up.
type ChannelSetting struct {
	ID        int64          `json:"id"`
	OwnerID   int64          `json:"owner_id"`
	OrgID     int64          `json:"org_id"`
	Channel   string         `json:"channel" enum:"APP,EMAIL,SMS,SLACK,WEBHOOKS"`
	Config    map[string]any `json:"config" doc:"Of a secret it says only that it is set, as …, of an address only its host"`
	Name      string         `json:"name"`
	Status    string         `json:"status" doc:"ACTIVE, or PAUSED when the receiver is gone"`
	Problem   string         `json:"status_message,omitzero"`
	Secret    string         `json:"secret,omitzero" doc:"What webhooks are signed with: in the answer that makes it, and never again"`
	CreatedAt string         `json:"created_at"`
	UpdatedAt string         `json:"updated_at"`
}

func showSetting(c *notify.Setting) ChannelSetting {
	status := "ACTIVE"
	if c.Status == notify.ChannelDisabled {
		status = "PAUSED"
	}
	return ChannelSetting{ID: c.ID, OwnerID: c.Owner, OrgID: c.Org, Channel: channels[c.Channel()], Config: c.Shown(), Name: c.Name, Status: status, Problem: c.Problem,
		CreatedAt: moment(c.Created), UpdatedAt: moment(c.Updated)}
}

func (a *API) registerChannelSettings() {
	const tag, path = "notification_channel_settings", "/notification_channel_settings"
	read, use, change := mayRead(store.KindChannel), mayOperate(store.KindChannel), mayChange(store.KindChannel)
	register(a, Route{Method: http.MethodGet, Path: path, Tag: tag, Summary: "The channels that you may use", Policy: signedIn}, a.listSettings)
	register(a, Route{Method: http.MethodPost, Path: path, Tag: tag, Summary: "Set a channel up", Policy: writing, Creates: true,
		Detail: "EMAIL takes to, and for a mail server of its own host, port, tls, user, password and from. SLACK takes webhook_url. WEBHOOKS takes url and secret; without a secret one is made, which this answer shows and no other."}, a.createSetting)
	register(a, Route{Method: http.MethodGet, Path: path + "/{id}", Tag: tag, Summary: "One channel", Policy: read}, a.setting)
	register(a, Route{Method: http.MethodPut, Path: path + "/{id}", Tag: tag, Summary: "Change a channel, which switches it on", Policy: change,
		Detail: "The configuration is replaced. A secret that is not sent stays as long as it goes to the same server."}, a.updateSetting)
	register(a, Route{Method: http.MethodDelete, Path: path + "/{id}", Tag: tag, Summary: "Delete a channel and the settings that use it", Policy: change}, a.deleteSetting)
	register(a, Route{Method: http.MethodPost, Path: path + "/{id}/test", Tag: tag, Summary: "Send a message now, and say what came back", Policy: use}, a.testSetting)
}

func (a *API) listSettings(ctx context.Context, in *struct{ ListInput }) (*List[ChannelSetting], error) {
	f, err := a.filter(ctx, in.ListInput.ofAll(), store.KindChannel)
	if err != nil {
		return nil, err
	}
	found, total, err := a.Notify.Settings(ctx, f)
	shown := make([]ChannelSetting, len(found))
	for i, c := range found {
		shown[i] = showSetting(c)
	}
	return list(ctx, in.Paging, shown, total), err
}

func (a *API) setting(ctx context.Context, in *One) (*value[ChannelSetting], error) {
	c, err := a.Notify.Setting(ctx, principal(ctx).Org, in.ID)
	if err != nil {
		return nil, err
	}
	return show(showSetting(c)), nil
}

type settingInput struct {
	Channel string `json:"channel,omitzero" maxLength:"20"`
	Config  object `json:"config,omitzero"`
}

// showFresh shows a channel with a secret that was made for it.
func showFresh(ctx context.Context, c *notify.Setting, fresh weir.Secret) *value[ChannelSetting] {
	out := showSetting(c)
	if !fresh.IsZero() {
		shownOnce(ctx)
		out.Secret = fresh.Expose()
	}
	return show(out)
}

func (a *API) createSetting(ctx context.Context, in *struct{ Body settingInput }) (*value[ChannelSetting], error) {
	channel, err := channelOf(in.Body.Channel)
	if err != nil {
		return nil, err
	}
	c, fresh, err := a.Notify.CreateSetting(ctx, principal(ctx), channel, in.Body.Config)
	if err != nil {
		return nil, err
	}
	return showFresh(ctx, c, fresh), nil
}

func (a *API) updateSetting(ctx context.Context, in *struct {
	One
	Body settingInput
}) (*value[ChannelSetting], error) {
	c, err := a.Notify.Setting(ctx, principal(ctx).Org, in.ID)
	if err != nil {
		return nil, err
	}
	if in.Body.Channel != "" && in.Body.Channel != channels[c.Channel()] {
		return nil, refuse("channel", "a channel stays what it is", "Make another one")
	}
	c, fresh, err := a.Notify.UpdateSetting(ctx, principal(ctx), in.ID, in.Body.Config)
	if err != nil {
		return nil, err
	}
	return showFresh(ctx, c, fresh), nil
}

func (a *API) deleteSetting(ctx context.Context, in *One) (*Done, error) {
	return done(), a.Notify.DeleteSetting(ctx, principal(ctx), in.ID)
}

// Tested is what came of a test.
type Tested struct {
	Delivered bool    `json:"delivered"`
	Status    int     `json:"status,omitzero" doc:"That the receiver answered"`
	Message   string  `json:"message"`
	Remedy    string  `json:"remedy,omitzero"`
	Seconds   float64 `json:"seconds"`
}

func (a *API) testSetting(ctx context.Context, in *One) (*value[Tested], error) {
	t, err := a.Notify.Test(ctx, principal(ctx), in.ID)
	if err != nil {
		return nil, err
	}
	out := Tested{Delivered: t.Problem == nil, Status: t.Status, Message: "It was delivered.", Seconds: t.Seconds}
	var e *weir.Error
	switch {
	case errors.As(t.Problem, &e):
		out.Message, out.Remedy = e.Where+": "+e.Message, e.Remedy
	case t.Problem != nil:
		return nil, t.Problem
	}
	return show(out), nil
}
