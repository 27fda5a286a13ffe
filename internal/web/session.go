package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

// The cookies of pages alone; those of the session are identity's.
const (
	toastCookie = "weir-toast"
	themeCookie = "weir-theme"
)

// keep makes the browser keep a cookie for a time; below zero it forgets it. One
// that may have no cookies gets none.
func (v *visit) keep(name, value string, age time.Duration) {
	if c := v.Cookies.Keep(v.r, name, value, age); c.Name != "" {
		http.SetCookie(v.w, c)
	}
}

// begin gives the browser its session. It is also known from now on.
func (v *visit) begin(s identity.Session) {
	for _, c := range v.Cookies.Begin(v.r, s) {
		http.SetCookie(v.w, c)
	}
	v.who = s.Principal
}

// end forgets the session.
func (v *visit) end() { http.SetCookie(v.w, v.Cookies.End(v.r)) }

// here is a path of this server to go on to, or the overview.
func here(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	return u.RequestURI()
}

// back is the page that a form was on.
func (v *visit) back() string {
	u, err := url.Parse(v.r.Referer())
	if err != nil || u.Host != v.r.Host {
		return "/"
	}
	return here(u.RequestURI())
}

// secret takes a value out of a form, and nobody prints it.
func secret(form url.Values, name string) weir.Secret { return weir.NewSecret(form.Get(name)) }

// exposed is a secret that is shown to its owner, once.
func exposed(s weir.Secret) string { return s.Expose() }
