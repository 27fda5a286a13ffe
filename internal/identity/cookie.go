package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/weirhq/weir"
)

// Cookies says how browsers keep a session, the mark of a known device and a
// sign-in that is under way at a provider. No script can read them, no other
// site makes a browser send the first two, and over https the prefix __Host-
// keeps other hosts of the domain from setting them.
//
// Plain http is for a browser on this machine, which calls the server
// localhost or by a loopback address: there the cookies are not Secure, which
// not every browser would keep, and have the port in their names, because
// browsers do not tell ports apart. Under any other name a browser gets none.
type Cookies struct {
	HTTPS bool // users reach the server over https, whatever this process hears of it
}

// The cookies, as they are called over https.
const (
	sessionCookie = "weir"
	deviceCookie  = "weir-device"
	flowCookie    = "weir-sign-in"
	hostPrefix    = "__Host-"
)

// SessionCookie is the name of the session's cookie over https.
const SessionCookie = hostPrefix + sessionCookie

// secure reports whether the browser speaks https, and whether it may have
// cookies at all.
func (c Cookies) secure(r *http.Request) (secure, ok bool) {
	if c.HTTPS || r.TLS != nil {
		return true, true
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = strings.Trim(r.Host, "[]")
	}
	ip, err := netip.ParseAddr(host)
	return false, strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

// named is the cookie's name for this browser; "" when it may have none.
func (c Cookies) named(r *http.Request, name string) string {
	secure, ok := c.secure(r)
	switch {
	case !ok:
		return ""
	case secure:
		return hostPrefix + name
	}
	if _, port, err := net.SplitHostPort(r.Host); err == nil {
		return name + "-" + port
	}
	return name
}

func (c Cookies) value(r *http.Request, name string) string {
	name = c.named(r, name)
	if name == "" || len(r.CookiesNamed(name)) != 1 { // two of one name: one of them is not ours
		return ""
	}
	return r.CookiesNamed(name)[0].Value
}

// Session is the session token that a browser sent; "" without one.
func (c Cookies) Session(r *http.Request) string { return c.value(r, sessionCookie) }

// Client says where a request comes from, with the browser's device.
func (c Cookies) Client(r *http.Request, address netip.Addr) Client {
	return Client{Address: address, Agent: r.UserAgent(), Device: c.value(r, deviceCookie)}
}

// Flow is what a browser brings back from a provider; "" for nothing.
func (c Cookies) Flow(r *http.Request) string { return c.value(r, flowCookie) }

// Allow refuses a browser whose session could be read on the way, before
// anything is done for it.
func (c Cookies) Allow(r *http.Request) error {
	if _, ok := c.secure(r); ok {
		return nil
	}
	return &weir.Error{Code: weir.CodeConfig, Where: "sign-in", Message: "browsers sign in over https, or on the server's own machine at http://localhost; here the session could be read on the way",
		Remedy: "Reach the server by https; behind a proxy that speaks TLS, start it with --public-url https://…"}
}

// Begin is what a browser keeps of a session that has begun.
func (c Cookies) Begin(r *http.Request, s Session) []*http.Cookie {
	all := []*http.Cookie{c.cookie(r, sessionCookie, s.Token.Expose(), browserAge, http.SameSiteStrictMode)}
	if !s.Device.IsZero() {
		all = append(all, c.cookie(r, deviceCookie, s.Device.Expose(), deviceAge, http.SameSiteStrictMode))
	}
	return all
}

// End makes a browser forget its session. It is still a known device.
func (c Cookies) End(r *http.Request) *http.Cookie {
	return c.cookie(r, sessionCookie, "", -1, http.SameSiteStrictMode)
}

// Leave is what a browser keeps while it is at a provider. It comes back by a
// link from there, with which a Strict cookie would not be sent.
func (c Cookies) Leave(r *http.Request, to Redirect) *http.Cookie {
	return c.cookie(r, flowCookie, to.Browser.Expose(), flowAge, http.SameSiteLaxMode)
}

// Return makes a browser forget that it was at a provider.
func (c Cookies) Return(r *http.Request) *http.Cookie {
	return c.cookie(r, flowCookie, "", -1, http.SameSiteLaxMode)
}

// Keep is a cookie of the pages' own, which no other site makes a browser send;
// an age below zero ends it.
func (c Cookies) Keep(r *http.Request, name, value string, age time.Duration) *http.Cookie {
	return c.cookie(r, name, value, age, http.SameSiteStrictMode)
}

// Kept is what a browser sent of it; "" for nothing.
func (c Cookies) Kept(r *http.Request, name string) string { return c.value(r, name) }

func (c Cookies) cookie(r *http.Request, name, value string, age time.Duration, site http.SameSite) *http.Cookie {
	secure, _ := c.secure(r)
	out := &http.Cookie{Name: c.named(r, name), Value: value, Path: "/", HttpOnly: true, Secure: secure, SameSite: site, MaxAge: -1} // #nosec G124 -- not Secure on loopback alone
	if age > 0 {
		out.MaxAge = int(age.Seconds())
	}
	return out
}

// CSRF is the token with which a client that keeps the session in a cookie,
// and does not say where its requests come from, proves that it can read our
// answers. It belongs to the session and ends with it.
func (s *Service) CSRF(session string) string {
	h := hmac.New(sha256.New, s.pepper)
	h.Write([]byte("csrf\x00" + session))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// GoodCSRF reports whether the token is that of the session.
func (s *Service) GoodCSRF(session, token string) bool {
	return hmac.Equal([]byte(token), []byte(s.CSRF(session)))
}
