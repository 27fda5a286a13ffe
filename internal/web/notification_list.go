package web

import (
	"fmt"
	"net/http"

	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

func (w *Web) registerNotifications() {
	w.show("/notifications", signedIn, (*visit).notifications)
	w.show("/notifications/unread", signedIn, (*visit).countUnread)
	w.do("/notifications/read", signedIn, (*visit).readAll)
	w.do("/notifications/{id}/read", signedIn, (*visit).readOne)
	w.do("/notifications/{id}/unread", signedIn, (*visit).unreadOne)
}

// noticeView is something that somebody was told.
type noticeView struct {
	store.Notice
	Tone        ui.Tone
	Title, Text string
	Path        string // to what it is about; "" for nothing
}

// notices chooses what the visitor was told.
func (v *visit) notices() store.NoticeFilter {
	return store.NoticeFilter{Org: v.who.Org, User: v.who.User, Page: 1, Number: 1}
}

// unread is how much of it they have not read.
func (v *visit) unread() (int, error) {
	f, no := v.notices(), false
	f.Read = &no
	return v.Store.CountNotices(v.r.Context(), f)
}

// countUnread is for the script that keeps the number beside the bell.
func (v *visit) countUnread() error {
	n, err := v.unread()
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	v.head(http.StatusOK)
	_, _ = fmt.Fprint(v.w, n) // a browser that has gone needs no answer
	return nil
}

// notifications is the inbox.
func (v *visit) notifications() error {
	f := v.notices()
	f.Page, f.Number = pageNumber(v), rowsOnAPage
	if only := v.query().Get("only"); only != "" {
		read := only == "read"
		f.Read = &read
	}
	all, total, err := v.Notify.Notices(v.r.Context(), f)
	if err != nil {
		return err
	}
	views := make([]noticeView, len(all))
	for i, n := range all {
		views[i] = noticeViewOf(n)
	}
	t := ui.Table{Caption: "notifications", Path: "/notifications", Query: v.query(), Total: total, Page: f.Page, PerPage: f.Number}
	return v.shown("Notifications", notificationsPage(views, t, v.Now()))
}

func noticeViewOf(n store.Notice) noticeView {
	t, _ := notify.TypeOf(n.Event.Type)
	view := noticeView{Notice: n, Title: t.Title, Text: n.Event.Message, Tone: levelTone(t.Level)}
	if view.Text == "" {
		view.Text = t.Description
	}
	switch e := n.Event; {
	case e.Run != "":
		view.Path = runPath(string(e.Run))
	case e.Type == store.NotificationsGivenUp:
		view.Path = "/notifications/channels"
	case e.Resource == 0:
	case e.Kind == store.KindCredential:
		view.Path = fmt.Sprintf("/credentials/%d", e.Resource)
	case e.Kind == store.KindDataset:
		view.Path = datasetPath(e.Resource)
	case e.Source != 0:
		view.Path = fmt.Sprintf("/flows/%d", e.Source)
	case e.Kind == store.KindSource:
		view.Path = fmt.Sprintf("/flows/%d", e.Resource)
	}
	return view
}

// levelTone is how much an event matters.
func levelTone(l notify.Level) ui.Tone {
	switch l {
	case notify.LevelError:
		return ui.Bad
	case notify.LevelWarn:
		return ui.Warn
	case notify.LevelRecovered:
		return ui.Good
	}
	return ui.Note
}

func (v *visit) mark(ids []int64, read int64) error {
	return v.Store.MarkNotices(v.r.Context(), v.who.Org, v.who.User, ids, read, v.Now().UnixMicro())
}

func (v *visit) readAll() error {
	return v.told("/notifications", "All is marked as read.", v.mark(nil, v.Now().UnixMicro()))
}

func (v *visit) readOne() error {
	if err := v.mark([]int64{v.number("id")}, v.Now().UnixMicro()); err != nil {
		return err
	}
	return v.to(v.back(), "", "")
}

func (v *visit) unreadOne() error {
	if err := v.mark([]int64{v.number("id")}, 0); err != nil {
		return err
	}
	return v.to(v.back(), "", "")
}
