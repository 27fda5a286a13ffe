package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/store"
)

// Dispatch is one message on its way over one channel.
type Dispatch struct {
	ID             int64   `json:"id"`
	OwnerID        int64   `json:"owner_id"`
	OrgID          int64   `json:"org_id"`
	MessageID      string  `json:"message_id" doc:"The webhook-id, or the beginning of the mail's Message-ID: the same at each attempt"`
	Channel        string  `json:"channel"`
	ChannelSetting *int64  `json:"notification_channel_setting_id"`
	Status         string  `json:"status" enum:"WAITING,SENT,GIVEN_UP"`
	Attempts       int     `json:"attempts"`
	NextAttemptAt  *string `json:"next_attempt_at"`
	Error          string  `json:"error,omitzero" doc:"Of the last attempt"`
	Subject        string  `json:"subject"`
	Events         int     `json:"events" doc:"More than one in a digest"`
	CreatedAt      string  `json:"created_at"`
	EndedAt        *string `json:"ended_at"`
}

func showDispatch(d store.Dispatch) Dispatch {
	out := Dispatch{ID: d.ID, OwnerID: d.User, OrgID: d.Org, MessageID: d.Message, Channel: channels[notify.Channel(d.Channel)], ChannelSetting: idOrNull(d.Target),
		Status: strings.ToUpper(d.Status), Attempts: d.Attempts, Error: d.Problem, Subject: notify.Subject(d), Events: len(d.Events), CreatedAt: moment(d.Created), EndedAt: momentOrNull(d.Ended)}
	if d.Status == store.DispatchWaiting {
		out.NextAttemptAt = momentOrNull(d.Due)
	}
	return out
}

func (a *API) registerDispatches() {
	const tag, path = "notification_dispatches", "/notification_dispatches"
	register(a, Route{Method: http.MethodGet, Path: path, Tag: tag, Summary: "Messages on their way to you, newest first", Policy: signedIn,
		Detail: "Those that were given up are here, too, until they are sent again. Administrators see the organization's."}, a.listDispatches)
	register(a, Route{Method: http.MethodGet, Path: path + "/{id}", Tag: tag, Summary: "One message", Policy: signedIn}, a.dispatch)
	register(a, Route{Method: http.MethodPost, Path: path + "/{id}/retry", Tag: tag, Summary: "Send a message again that was given up", Policy: signedIn}, a.retryDispatch)
}

// dispatchesOf are the caller's own; an administrator's are the organization's.
func dispatchesOf(ctx context.Context) store.DispatchFilter {
	p := principal(ctx)
	f := store.DispatchFilter{Org: p.Org, User: p.User, Page: 1, Number: 1}
	if p.Role.AtLeast(identity.RoleAdmin) {
		f.User = 0
	}
	return f
}

func (a *API) listDispatches(ctx context.Context, in *struct {
	Paging
	Status  string `query:"status" enum:"WAITING,SENT,GIVEN_UP"`
	Setting int64  `query:"notification_channel_setting_id"`
}) (*List[Dispatch], error) {
	f := dispatchesOf(ctx)
	f.Status, f.Target, f.Page, f.Number = strings.ToLower(in.Status), in.Setting, in.Page, in.PerPage
	if in.offset() >= farthest {
		f.Page = 1 + farthest/in.PerPage
	}
	found, total, err := a.Notify.Dispatches(ctx, f)
	shown := make([]Dispatch, len(found))
	for i, d := range found {
		shown[i] = showDispatch(d)
	}
	return list(ctx, in.Paging, shown, total), err
}

func (a *API) dispatch(ctx context.Context, in *One) (*value[Dispatch], error) {
	f := dispatchesOf(ctx)
	f.ID = in.ID
	found, _, err := a.Notify.Dispatches(ctx, f)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, nowhere()
	}
	return show(showDispatch(found[0])), nil
}

func (a *API) retryDispatch(ctx context.Context, in *One) (*value[Dispatch], error) {
	if _, err := a.dispatch(ctx, in); err != nil {
		return nil, err
	}
	if err := a.Notify.Retry(ctx, principal(ctx), in.ID); err != nil {
		return nil, err
	}
	return a.dispatch(ctx, in)
}
