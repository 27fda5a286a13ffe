package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/a-h/templ"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

// shown writes a page with its title.
func (v *visit) shown(title string, content templ.Component) error {
	return v.write(http.StatusOK, title, content)
}

// again writes a form once more, with what is wrong in it.
func (v *visit) again(title string, content templ.Component) error {
	return v.write(http.StatusUnprocessableEntity, title, content)
}

// write writes a whole page. Nothing goes out before all of it is there.
func (v *visit) write(status int, title string, content templ.Component) error {
	shell := ui.Shell{Title: title, Path: v.r.URL.Path, Theme: v.theme(), Toast: v.toast(), Assets: v.assets.addresses, Version: v.Version, Who: v.shownAs()}
	return v.send(status, ui.Page(shell), content)
}

// part writes a piece of a page, for a script that asked for it.
func (v *visit) part(content templ.Component) error {
	return v.send(http.StatusOK, content, nil)
}

func (v *visit) send(status int, c, children templ.Component) error {
	ctx := v.r.Context()
	if children != nil {
		ctx = templ.WithChildren(ctx, children)
	}
	var b bytes.Buffer
	if err := c.Render(ctx, &b); err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	v.head(status)
	_, _ = v.w.Write(b.Bytes()) // a browser that has gone needs no answer
	return nil
}

func (v *visit) head(status int) {
	v.status, v.sent = status, true
	v.w.WriteHeader(status)
}

// to leads the browser on after a form was sent. What was done is said there.
func (v *visit) to(path string, tone ui.Tone, said string) error {
	if said != "" {
		v.keep(toastCookie, string(tone)+"."+base64.RawURLEncoding.EncodeToString([]byte(said)), time.Minute)
	}
	v.w.Header().Set("Location", here(path))
	v.head(http.StatusSeeOther)
	return nil
}

// told goes on to a page and says there how it went. What is no fault of the
// user's or of a service gets a page of its own.
func (v *visit) told(path, done string, err error) error {
	if err == nil {
		return v.to(path, ui.Good, done)
	}
	if errors.Is(err, identity.ErrNotRecent) {
		return err // it is asked for first
	}
	problem, err := blame(v.named(err), nil)
	if err != nil {
		return err
	}
	return v.to(path, ui.Bad, (&weir.Error{Message: problem.Message, Remedy: problem.Remedy}).Error())
}

// named names what the visitor may see in an error about several destinations.
func (v *visit) named(err error) error { return v.rights().Named(v.r.Context(), v.who, err) }

// mostToast is how much is said at once, in bytes: room for what is wrong with a
// few parts of a flow, within what a cookie may hold.
const mostToast = 2000

// toast is what was done before this page, said once.
func (v *visit) toast() *ui.Toast {
	value := v.Cookies.Kept(v.r, toastCookie)
	if value == "" {
		return nil
	}
	v.keep(toastCookie, "", -1)
	tone, encoded, _ := strings.Cut(value, ".")
	said, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || !utf8.Valid(said) || len(said) > mostToast {
		return nil
	}
	return &ui.Toast{Tone: ui.Tone(tone), Text: string(said)}
}

// file sends something to keep.
func (v *visit) file(name, kind string, content []byte) error {
	v.w.Header().Set("Content-Type", kind)
	v.w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	v.head(http.StatusOK)
	_, _ = v.w.Write(content) // a browser that has gone needs no answer
	return nil
}

// shownAs is who is signed in, as the navigation shows them.
func (v *visit) shownAs() *ui.Who {
	if v.who.Anonymous() {
		return nil
	}
	who := &ui.Who{Name: v.who.FullName, Email: v.who.Email, Role: string(v.who.Role), Admin: v.admin()}
	organizations, err := v.People.Organizations(v.r.Context(), v.who)
	if err != nil {
		v.Logger.WarnContext(v.r.Context(), "the name of the organization could not be read", "request_id", v.id, "error", err)
	}
	for _, o := range organizations {
		if o.ID == v.who.Org {
			who.Organization = o.Name
		}
	}
	if who.Unread, err = v.unread(); err != nil {
		v.Logger.WarnContext(v.r.Context(), "unread notifications could not be counted", "request_id", v.id, "error", err)
	}
	return who
}

// statuses is how errors leave by this door. Whatever is not here is 500.
var statuses = map[weir.Code]int{
	weir.CodeUsage: http.StatusBadRequest, weir.CodeConfig: http.StatusBadRequest, weir.CodeData: http.StatusBadRequest,
	weir.CodeForbidden: http.StatusForbidden, weir.CodeNotFound: http.StatusNotFound, weir.CodeConflict: http.StatusConflict,
	weir.CodeThrottled: http.StatusTooManyRequests, weir.CodeNotSent: http.StatusBadGateway, weir.CodeTransient: http.StatusBadGateway,
	weir.CodeCapability: http.StatusBadGateway, weir.CodeLocal: http.StatusServiceUnavailable, weir.CodeCancelled: http.StatusServiceUnavailable,
}

// titles are what a page says that shows an error.
var titles = map[int]string{
	http.StatusBadRequest: "That does not work", http.StatusForbidden: "You may not do this", http.StatusNotFound: "Not found",
	http.StatusConflict: "Something stands against it", http.StatusTooManyRequests: "Too many requests",
	http.StatusBadGateway: "The connected service does not answer", http.StatusServiceUnavailable: "Not now",
}

// severity is how a page that failed is logged: that a browser has left is no
// error.
func (v *visit) severity() slog.Level {
	if errors.Is(v.r.Context().Err(), context.Canceled) {
		return slog.LevelDebug
	}
	return slog.LevelError
}

// fail shows an error, or leads to where it can be mended.
func (v *visit) fail(err error) {
	if v.sent {
		v.Logger.Log(v.r.Context(), v.severity(), "page failed", "request_id", v.id, "error", err)
		panic(http.ErrAbortHandler) // the browser must see that the answer is cut
	}
	switch {
	case weir.CodeOf(err) == weir.CodeAuth && !v.page.policy.IsPublic():
		v.toSignIn()
		return
	case errors.Is(err, identity.ErrNotRecent):
		_ = v.to("/prove?next="+url.QueryEscape(v.returning()), ui.Note, "") // it cannot fail
		return
	}
	e, cause := &weir.Error{}, err
	err = store.ForUsers(err)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		e = &weir.Error{Code: weir.CodeCancelled, Message: "it took too long and was stopped", Remedy: "Look whether it was done before you try again"}
	case !errors.As(err, &e) || e.Code == weir.CodeInternal:
		e = &weir.Error{Code: weir.CodeInternal, Message: "Something went wrong here", Remedy: "Try again; if it stays, report it with the number below"}
	}
	status, ok := statuses[e.Code]
	title := titles[status]
	if !ok {
		status, title = http.StatusInternalServerError, "Something went wrong"
	}
	id := ""
	if status >= http.StatusInternalServerError {
		id = v.id
		v.Logger.Log(v.r.Context(), v.severity(), "page failed", "request_id", v.id, "error", cause)
	}
	remedy := strings.TrimSuffix(e.Remedy, ".")
	if e.Code == weir.CodeForbidden {
		remedy = v.whomToAsk(remedy)
	}
	page := ui.Failure(title, sentence(e.Message)+".", remedy, id)
	v.r = v.r.WithContext(context.WithoutCancel(v.r.Context()))
	if lost := v.write(status, title, page); lost != nil {
		v.Logger.ErrorContext(v.r.Context(), "an error could not be shown", "request_id", v.id, "error", lost)
		http.Error(v.w, "Something went wrong here.", http.StatusInternalServerError)
	}
}

// whomToAsk names who could allow what was refused.
func (v *visit) whomToAsk(remedy string) string {
	if v.who.Anonymous() {
		return remedy
	}
	users, err := v.People.Users(v.r.Context(), v.who)
	admins := []string{}
	for _, u := range users {
		if u.Status == identity.Active && u.Role.AtLeast(identity.RoleAdmin) && len(admins) < 3 {
			admins = append(admins, fmt.Sprintf("%s <%s>", u.FullName, u.Email))
		}
	}
	if err != nil || len(admins) == 0 {
		return remedy
	}
	return fmt.Sprintf("Ask %s, who may allow it", strings.Join(admins, " or "))
}

// toSignIn leads to the sign-in, and from there back.
func (v *visit) toSignIn() {
	if v.Cookies.Session(v.r) != "" {
		v.end()
	}
	said := ""
	if v.Cookies.Session(v.r) != "" {
		said = "Your session has ended. Sign in, and go on where you were."
	}
	_ = v.to("/sign-in?next="+url.QueryEscape(v.returning()), ui.Note, said) // it cannot fail
}

// returning is where to come back to: this page, or the one that the form was on.
func (v *visit) returning() string {
	if v.page.method == http.MethodGet {
		return v.r.URL.RequestURI()
	}
	return v.back()
}
