package api

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/weirhq/weir"
)

// csrfHeader proves that a client that sends a cookie can read our answers.
const csrfHeader = "X-Weir-CSRF"

// identify says who asks. A header goes before a cookie; on a public route
// nobody needs to be anybody.
func (a *API) identify(x *exchange) error {
	if x.route.Policy.IsPublic() {
		return nil
	}
	token := bearer(x.r)
	if x.r.Header.Get("Authorization") == "" {
		x.cookie = a.Cookies.Session(x.r)
		token = x.cookie
	}
	authenticate := a.Identity.Authenticate
	if x.route.Stream { // it goes on, and comes back by itself, with nobody there
		authenticate = a.Identity.Recognize
	}
	who, err := authenticate(x.r.Context(), token)
	if err != nil {
		// Guessing tokens costs the guesser's address its requests.
		if limited := a.take(x, "address "+x.client.Address.String()); limited != nil {
			return limited
		}
		return err
	}
	x.who = who
	return nil
}

// bearer is the token in the header; "" without one.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// crossOrigin refuses what another site makes a browser send. A header with a
// token cannot be sent that way, a cookie can. A request with a cookie that
// does not say where it comes from is no browser's of today, and proves with
// the session's own token that it comes from somebody who can read it.
func (a *API) crossOrigin(x *exchange) error {
	if x.r.Header.Get("Authorization") != "" || safe(x.r.Method) {
		return nil
	}
	nowhere := x.r.Header.Get("Origin") == "" && x.r.Header.Get("Sec-Fetch-Site") == ""
	if err := a.cross.Check(x.r); err != nil || nowhere && x.cookie != "" && !a.Identity.GoodCSRF(x.cookie, x.r.Header.Get(csrfHeader)) {
		return &problem{status: http.StatusForbidden, code: "AUTH_002", message: "the request comes from another site, or does not say from where",
			remedy: "Use the pages of this server, send a token in the header Authorization, or send csrf_token of GET /session in the header " + csrfHeader}
	}
	return nil
}

// safe reports whether the method changes nothing.
func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead
}

// authorize asks whether who asks may do that.
func (a *API) authorize(x *exchange) error {
	kind, id := x.route.Policy.Kind(), int64(0)
	if kind != "" {
		var err error
		if id, err = strconv.ParseInt(x.r.PathValue("id"), 10, 64); err != nil || id <= 0 {
			return nowhere()
		}
	}
	ctx := x.r.Context()
	err := a.Identity.Authorize(ctx, x.who, x.route.Policy, id)
	if weir.CodeOf(err) == weir.CodeForbidden {
		if lost := a.Identity.Denied(ctx, x.who, x.route.Method+" "+x.route.Path, kind, id, x.client); lost != nil {
			a.Logger.WarnContext(ctx, "a denial could not be written down", "request_id", x.id, "error", lost)
		}
	}
	return err
}

// properID lets an id through that is written as answers write it: a thing has
// one path, and +7 and 07 are none.
func properID(x *exchange) error {
	id := x.r.PathValue("id")
	if n, err := strconv.ParseInt(id, 10, 64); id != "" && (err != nil || strconv.FormatInt(n, 10) != id) {
		return nowhere()
	}
	return nil
}

// nowhere is the answer for a thing that does not exist, whatever its id.
func nowhere() error {
	return &weir.Error{Code: weir.CodeNotFound, Message: "there is no such thing, or not for you", Remedy: "List what there is, and take an id from there"}
}
