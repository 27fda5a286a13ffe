package api

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

// exchange is one request and what is known of it so far.
type exchange struct {
	r      *http.Request
	out    *answer
	id     string
	route  *route // nil when there is none
	who    identity.Principal
	cookie string // the session token of the cookie that says who asks; "" for a header
	client identity.Client
	body   []byte
	err    error // what the handler, or the checks before it, said
	secret bool  // the answer is shown once
}

type exchangeKey struct{}

// from gives the exchange that ctx belongs to.
func from(ctx context.Context) *exchange { return ctx.Value(exchangeKey{}).(*exchange) }

// principal is who makes the request; nobody on a public route.
func principal(ctx context.Context) identity.Principal { return from(ctx).who }

// client is where the request comes from.
func client(ctx context.Context) identity.Client { return from(ctx).client }

// request is the request, for what a handler's input cannot hold: cookies and
// the header of another kind of authentication.
func request(ctx context.Context) *http.Request { return from(ctx).r }

// setCookie lets a handler set a cookie on its answer.
func setCookie(ctx context.Context, c *http.Cookie) {
	from(ctx).out.Header().Add("Set-Cookie", c.String())
}

// goodID is a client's own request id that may be written into a log.
var goodID = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// guards are the headers of every answer: it is for the one who asked, is no
// document, and leads nowhere.
var guards = map[string]string{
	"Cache-Control":           "no-store",
	"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
	"Referrer-Policy":         "no-referrer",
	"X-Content-Type-Options":  "nosniff",
	"X-Frame-Options":         "DENY",
}

// ServeHTTP answers everything under /api.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := a.Now()
	x := &exchange{out: newAnswer(w), id: r.Header.Get("X-Request-Id")}
	if !goodID.MatchString(x.id) {
		x.id = rand.Text()
	}
	for name, value := range guards {
		w.Header().Set(name, value)
	}
	w.Header().Set("X-Request-Id", x.id)
	x.r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
	x.client = a.Cookies.Client(r, a.Address(r))
	defer a.log(x, begun)
	a.guarded(x)
	a.finish(x)
	r.Pattern = x.r.Pattern // for whoever counts what was asked for
}

// guarded runs the route; a panic becomes an error that does not say what was
// thrown, because that may be anything.
func (a *API) guarded(x *exchange) {
	defer func() {
		thrown := recover()
		if thrown == nil {
			return
		}
		if err, ok := thrown.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(thrown)
		}
		a.Logger.ErrorContext(x.r.Context(), "panic", "request_id", x.id, "type", fmt.Sprintf("%T", thrown), "stack", string(debug.Stack()))
		x.err = &weir.Error{Code: weir.CodeInternal, Message: "panic"}
	}()
	a.mux.ServeHTTP(x.out, x.r)
	if x.route == nil {
		x.err = a.lost(x)
	}
}

// lost is the answer to a request without a route. What the mux has written,
// which may repeat the path, is forgotten.
func (a *API) lost(x *exchange) error {
	status, allow := x.out.status, x.out.header.Get("Allow")
	x.out.discard()
	if status != http.StatusMethodNotAllowed {
		return &weir.Error{Code: weir.CodeNotFound, Message: "there is nothing at this path", Remedy: "See the list of paths at /api/openapi.json"}
	}
	p := problem{status: status, code: "VAL_005", message: "this path does not take this method", remedy: "Use one of: " + allow}
	p.header = http.Header{"Allow": {allow}}
	return &p
}

// run takes a request through the checks to its handler.
func (a *API) run(rt *route, r *http.Request) {
	x := from(r.Context())
	x.route = rt
	if !rt.Stream {
		ctx, stop := context.WithTimeout(r.Context(), a.Timeout)
		defer stop()
		r = r.WithContext(ctx)
	}
	x.r = r
	for _, check := range []func(*exchange) error{a.identify, a.crossOrigin, a.withinLimit, properID, a.authorize, readBody} {
		if x.err = check(x); x.err != nil {
			return
		}
	}
	a.once(x, func() {
		a.handle(x)
		x.err = a.rights().Named(r.Context(), x.who, x.err)
	})
}

// finish writes what there is to say.
func (a *API) finish(x *exchange) {
	if x.err != nil {
		a.fail(x)
	}
	x.out.send()
}

// level is how loud a line about an answer is: whatever went well is for who looks
// for something, and a fault is for everybody. Requests beyond a limit are counted
// in the metrics, for a flood of them would be a flood of lines.
func level(status int) slog.Level {
	switch {
	case status >= http.StatusInternalServerError:
		return slog.LevelError
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

// log writes a line with these fields and no others: a path or a query may
// hold what is nobody's business.
func (a *API) log(x *exchange, begun time.Time) {
	pattern := ""
	if x.route != nil {
		pattern = x.route.Path
	}
	a.Logger.Log(x.r.Context(), level(x.out.status), "request", "method", method(x.r), "route", pattern, "status", x.out.status, "bytes", x.out.bytes,
		"ms", a.Now().Sub(begun).Milliseconds(), "request_id", x.id, "user", x.who.User)
}

// method is the request's method; what is none is not repeated.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "other"
}
