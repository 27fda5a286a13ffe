package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/store"
)

// Notification is an event as its reader is told of it.
type Notification struct {
	ID           int64        `json:"id"`
	Owner        Owner        `json:"owner" doc:"Who is told"`
	Org          Organization `json:"org"`
	AccessRoles  []string     `json:"access_roles" nullable:"false"`
	Level        string       `json:"level" doc:"INFO, WARN, ERROR or RECOVERED"`
	ResourceID   *int64       `json:"resource_id"`
	ResourceType string       `json:"resource_type"`
	MessageID    int64        `json:"message_id" doc:"The event: the same for everybody who is told of it"`
	Message      string       `json:"message"`
	ReadAt       *string      `json:"read_at"`
	CreatedAt    string       `json:"created_at"`
	UpdatedAt    string       `json:"updated_at"`
	// Weir's own.
	TypeID int64  `json:"notification_type_id"`
	Title  string `json:"title"`
	Name   string `json:"resource_name"`
	RunID  string `json:"run_id,omitzero"`
	Source *int64 `json:"data_source_id" doc:"Of whose flow it is"`
}

// NotificationCount is how much somebody was told.
type NotificationCount struct {
	Count int `json:"count"`
}

func (a *API) registerNotifications() {
	const tag = "notifications"
	register(a, Route{Method: http.MethodGet, Path: "/notifications", Tag: tag, Summary: "What you were told, newest first", Policy: signedIn}, a.listNotifications)
	register(a, Route{Method: http.MethodGet, Path: "/notifications/count", Tag: tag, Summary: "How much you were told", Policy: signedIn}, a.countNotifications)
	register(a, Route{Method: http.MethodDelete, Path: "/notifications/all", Tag: tag, Summary: "Delete all that you were told", Policy: signedIn}, a.deleteNotifications)
	register(a, Route{Method: http.MethodPut, Path: "/notifications/mark_read", Tag: tag, Summary: "Mark as read", Policy: signedIn,
		Detail: "The body is a list of ids; notification_id=all in the query, without a body, means all."}, a.markRead)
	register(a, Route{Method: http.MethodPut, Path: "/notifications/mark_unread", Tag: tag, Summary: "Mark as unread", Policy: signedIn}, a.markUnread)
	register(a, Route{Method: http.MethodGet, Path: "/notifications/{id}", Tag: tag, Summary: "One thing that you were told", Policy: signedIn}, a.notification)
	register(a, Route{Method: http.MethodDelete, Path: "/notifications/{id}", Tag: tag, Summary: "Delete one thing that you were told", Policy: signedIn}, a.deleteNotification)
}

// mine begins a filter of what the caller was told.
func mine(ctx context.Context) store.NoticeFilter {
	return store.NoticeFilter{Org: principal(ctx).Org, User: principal(ctx).User, Page: 1, Number: 1}
}

func (a *API) showNotices(ctx context.Context, all []store.Notice) ([]Notification, error) {
	p := principal(ctx)
	org, err := a.organization(ctx, p.Org)
	shown := make([]Notification, len(all))
	for i, n := range all {
		e := n.Event
		t, _ := notify.TypeOf(e.Type)
		message := e.Message
		if message == "" {
			message = t.Description
		}
		shown[i] = Notification{ID: n.ID, Owner: Owner{ID: p.User, FullName: p.FullName, Email: p.Email}, Org: org, AccessRoles: []string{"owner"}, Level: levelOf(t.Level),
			ResourceID: idOrNull(e.Resource), ResourceType: resourceTypes[e.Kind], MessageID: e.ID, Message: message, ReadAt: momentOrNull(n.Read),
			CreatedAt: moment(e.At), UpdatedAt: moment(n.Updated), TypeID: t.ID, Title: t.Title, Name: e.Name, RunID: string(e.Run), Source: idOrNull(e.Source)}
	}
	return shown, err
}

func (a *API) listNotifications(ctx context.Context, in *struct {
	Paging
	Read  flag   `query:"read"`
	Level string `query:"level" enum:"DEBUG,INFO,WARN,ERROR,RECOVERED,RESOLVED"`
	From  string `query:"from" maxLength:"40" doc:"A day, an RFC 3339 time, or seconds since 1970"`
	To    string `query:"to" maxLength:"40" doc:"A day, which is included, or a time"`
}) (*List[Notification], error) {
	f := mine(ctx)
	f.Page, f.Number, f.Read = in.Page, in.PerPage, in.Read.orNull()
	if in.offset() >= farthest {
		f.Page = 1 + farthest/in.PerPage
	}
	if in.Level != "" {
		f.Types = []store.EventType{}
		for _, t := range notify.Types() {
			if levelOf(t.Level) == in.Level {
				f.Types = append(f.Types, t.Name)
			}
		}
	}
	var err error
	if f.From, err = sometime("from", in.From, false); err != nil {
		return nil, err
	}
	if f.To, err = sometime("to", in.To, true); err != nil {
		return nil, err
	}
	found, total, err := a.Notify.Notices(ctx, f)
	if err != nil {
		return nil, err
	}
	shown, err := a.showNotices(ctx, found)
	return list(ctx, in.Paging, shown, total), err
}

// orNull is nil for a flag that was not given.
func (f flag) orNull() *bool {
	if !f.Given {
		return nil
	}
	return &f.On
}

// sometime reads a day, a time, or seconds since 1970, in µs; 0 for none. A day as
// an end is included whole.
func sometime(field, text string, end bool) (int64, error) {
	const latest = 1 << 40 // seconds; beyond it µs do not fit
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > -latest && n < latest {
		return time.Unix(n, 0).UnixMicro(), nil
	}
	return when(field, text, end)
}

func (a *API) countNotifications(ctx context.Context, in *struct {
	Read flag `query:"read"`
}) (*value[NotificationCount], error) {
	f := mine(ctx)
	f.Read = in.Read.orNull()
	n, err := a.Store.CountNotices(ctx, f)
	return show(NotificationCount{n}), err
}

func (a *API) oneNotice(ctx context.Context, id int64) ([]store.Notice, error) {
	f := mine(ctx)
	f.IDs = []int64{id}
	found, _, err := a.Notify.Notices(ctx, f)
	if err == nil && len(found) == 0 {
		err = nowhere()
	}
	return found, err
}

func (a *API) notification(ctx context.Context, in *struct {
	One
	Expand flag `query:"expand"`
}) (*value[Notification], error) {
	found, err := a.oneNotice(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	shown, err := a.showNotices(ctx, found)
	if err != nil {
		return nil, err
	}
	return show(shown[0]), nil
}

func (a *API) deleteNotification(ctx context.Context, in *One) (*Done, error) {
	if _, err := a.oneNotice(ctx, in.ID); err != nil {
		return nil, err
	}
	return done(), a.Store.DropNotices(ctx, principal(ctx).Org, principal(ctx).User, []int64{in.ID})
}

func (a *API) deleteNotifications(ctx context.Context, _ *struct{}) (*Done, error) {
	return done(), a.Store.DropNotices(ctx, principal(ctx).Org, principal(ctx).User, nil)
}

// notificationIDs is which notifications are meant.
type notificationIDs struct {
	Which string   `query:"notification_id" maxLength:"20" doc:"all, or one id"`
	Body  *[]int64 `maxItems:"10000"`
}

func (a *API) markRead(ctx context.Context, in *notificationIDs) (*Done, error) {
	return a.mark(ctx, in, a.Now().UnixMicro())
}

func (a *API) markUnread(ctx context.Context, in *notificationIDs) (*Done, error) {
	return a.mark(ctx, in, 0)
}

func (a *API) mark(ctx context.Context, in *notificationIDs, read int64) (*Done, error) {
	var ids []int64
	switch {
	case in.Which == "all" && in.Body == nil:
	case in.Which == "" && in.Body != nil:
		ids = some(*in.Body)
	case in.Body == nil && in.Which != "":
		id, err := strconv.ParseInt(in.Which, 10, 64)
		if err != nil {
			return nil, refuse("notification_id", "it is neither all nor an id", "Send all, or an id")
		}
		ids = []int64{id}
	default:
		return nil, refuse("body", "it does not say which notifications", "Send a list of ids, or notification_id=all in the query")
	}
	return done(), a.Store.MarkNotices(ctx, principal(ctx).Org, principal(ctx).User, ids, read, a.Now().UnixMicro())
}
