package api

import (
	"bytes"
	"net/http"
	"net/netip"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/identity"
)

// The other tests have people in memory; these are the ones that count.
func TestARealSessionOpensTheAPIUntilItEnds(t *testing.T) {
	w := newWorld(t)
	people, err := identity.New(w.db, identity.Options{Audit: audit.New(w.db, []byte("key"), w.clock), MACKey: bytes.Repeat([]byte("m"), 32),
		Pepper: bytes.Repeat([]byte("p"), 32), Now: w.clock, Cost: identity.Cost{KiB: 64, Passes: 1}})
	w.must(err)
	w.api.Identity = people
	token, _, err := people.SetupToken(t.Context())
	w.must(err)
	session, err := people.Setup(t.Context(), token, identity.FirstUser{Organization: "Acme", Email: "a@example.com", FullName: "A",
		Password: weir.NewSecret("correct horse battery"), Client: identity.Client{Address: netip.MustParseAddr("192.0.2.1")}})
	w.must(err)
	bearer := session.Token.Expose()
	w.call("GET", "/api/vendors", bearer, "").ok(&[]any{})
	w.call("GET", "/api/owners", "", "", "Cookie", identity.SessionCookie+"="+bearer).ok(&map[string]any{})
	w.call("GET", "/api/things/7", bearer, "").refused(http.StatusNotFound, "NOT_001")
	w.call("GET", "/api/vendors", bearer+"x", "").refused(http.StatusUnauthorized, "AUTH_001")
	w.must(people.SignOut(t.Context(), session.Principal))
	w.call("GET", "/api/vendors", bearer, "").refused(http.StatusUnauthorized, "AUTH_001")
}
