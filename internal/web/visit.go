package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/identity"
)

// visit is one request of a browser and what is known of it.
type visit struct {
	*Web
	page   *page
	w      http.ResponseWriter
	r      *http.Request
	whole  *http.Request // the same without the time limit of pages
	id     string        // of the request, in the log
	who    identity.Principal
	client identity.Client
	status int
	sent   bool
}

// pageTimeout is how long a page may take.
const pageTimeout = 30 * time.Second

// guards are the headers of every page. Nothing runs or is loaded that this
// server did not send as a file of its own.
var guards = map[string]string{
	"Cache-Control": "no-store",
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	"Cross-Origin-Opener-Policy": "same-origin",
	"Referrer-Policy":            "same-origin",
	"X-Content-Type-Options":     "nosniff",
	"X-Frame-Options":            "DENY",
}

// visit takes a request through the checks to its page.
func (w *Web) visit(p *page, out http.ResponseWriter, r *http.Request) {
	begun := w.Now()
	v := &visit{Web: w, page: p, w: out, whole: r, id: rand.Text(), status: http.StatusOK,
		client: w.Cookies.Client(r, w.Address(r))}
	if !p.live {
		ctx, stop := context.WithTimeout(r.Context(), pageTimeout)
		defer stop()
		r = r.WithContext(ctx)
	}
	v.r = r
	for name, value := range guards {
		out.Header().Set(name, value)
	}
	defer func() {
		w.Logger.Log(r.Context(), level(v.status), "page", "method", p.method, "page", p.path, "status", v.status, "ms", w.Now().Sub(begun).Milliseconds(), "request_id", v.id, "user", v.who.User)
	}()
	if err := v.guarded(); err != nil {
		v.fail(err)
	}
}

// guarded runs the checks and the page; a panic becomes an error that does
// not say what was thrown.
func (v *visit) guarded() (err error) {
	defer func() {
		thrown := recover()
		if thrown == nil {
			return
		}
		if known, ok := thrown.(error); ok && errors.Is(known, http.ErrAbortHandler) {
			panic(thrown)
		}
		v.Logger.ErrorContext(v.r.Context(), "panic", "request_id", v.id, "type", fmt.Sprintf("%T", thrown), "stack", string(debug.Stack()))
		err = &weir.Error{Code: weir.CodeInternal, Message: "panic"}
	}()
	for _, check := range []func() error{v.legible, v.identify, v.crossOrigin, v.authorize} {
		if err := check(); err != nil {
			return err
		}
	}
	return v.page.handle(v)
}

// legible refuses an address that is no text: no value of ours is like that, and
// not every database can be asked for it.
func (v *visit) legible() error {
	query, err := url.QueryUnescape(v.r.URL.RawQuery)
	if text := v.r.URL.Path + query; err != nil || !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return &weir.Error{Code: weir.CodeUsage, Where: "address", Message: "it cannot be read as text", Remedy: "Follow a link, or type it again"}
	}
	return nil
}

// identify says who asks. On a page for everybody nobody needs to be anybody,
// and who is somebody is still known.
func (v *visit) identify() error {
	token := v.Cookies.Session(v.r)
	if token == "" && v.page.policy.IsPublic() {
		return nil
	}
	authenticate := v.People.Authenticate
	if v.page.live || v.r.Header.Get("Weir-Unattended") != "" { // a page that lies open keeps nobody signed in
		authenticate = v.People.Recognize
	}
	who, err := authenticate(v.r.Context(), token)
	if err == nil {
		v.who = who
		return nil
	}
	if v.page.policy.IsPublic() && weir.CodeOf(err) == weir.CodeAuth {
		return nil
	}
	return err
}

// crossOrigin refuses what another site makes a browser send, and what does
// not say where it comes from: every browser that has our cookie says it.
func (v *visit) crossOrigin() error {
	if v.page.method == http.MethodGet {
		return nil
	}
	nowhere := v.r.Header.Get("Origin") == "" && v.r.Header.Get("Sec-Fetch-Site") == ""
	if err := v.cross.Check(v.r); err != nil || nowhere {
		return &weir.Error{Code: weir.CodeForbidden, Where: "form", Message: "this form was not sent by a page of this server", Remedy: "Open the page here and send it again"}
	}
	return nil
}

// authorize asks whether who asks may see the page, or do what the form does.
func (v *visit) authorize() error {
	kind, id := v.page.policy.Kind(), int64(0)
	if kind != "" {
		if id = v.number("id"); id <= 0 {
			return nothingThere()
		}
	}
	ctx := v.r.Context()
	err := v.People.Authorize(ctx, v.who, v.page.policy, id)
	if weir.CodeOf(err) == weir.CodeForbidden {
		if lost := v.People.Denied(ctx, v.who, v.page.method+" "+v.page.path, kind, id, v.client); lost != nil {
			v.Logger.WarnContext(ctx, "a denial could not be written down", "request_id", v.id, "error", lost)
		}
	}
	return err
}

// number is a part of the path that is a number; 0 when it is none.
func (v *visit) number(name string) int64 {
	n, _ := strconv.ParseInt(v.r.PathValue(name), 10, 64)
	return n
}

// query is the query of the address.
func (v *visit) query() url.Values { return v.r.URL.Query() }

// actor is on whose behalf the visit acts.
func (v *visit) actor() credential.Actor { return credential.Actor{Org: v.who.Org, User: v.who.User} }

// admin reports whether who asks sees the whole organization.
func (v *visit) admin() bool { return v.who.Role.AtLeast(identity.RoleAdmin) }

// nothingThere is the error for what does not exist, whatever its id.
func nothingThere() error {
	return &weir.Error{Code: weir.CodeNotFound, Message: "there is no such thing, or not for you", Remedy: "Go back to the list and look there"}
}

func missing(*visit) error {
	return &weir.Error{Code: weir.CodeNotFound, Message: "there is no page at this address", Remedy: "Follow the navigation instead"}
}

// level is how loud the line about a page is, as it is for the REST API: what went
// well is for who looks for something.
func level(status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError:
		return slog.LevelError
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}
