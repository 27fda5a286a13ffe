package api

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/weirhq/weir/internal/identity"
)

func TestNobodyGetsInWithoutAToken(t *testing.T) {
	w := newWorld(t)
	for _, rt := range w.api.routes {
		if rt.Policy.IsPublic() {
			continue
		}
		path := prefix + pathOf(rt, "7")
		for _, header := range [][]string{nil, {"Authorization", "Bearer " + planted}, {"Authorization", "Basic " + planted}, {"Authorization", "Bearer"}, {"Authorization", "ada"}, {"Cookie", identity.SessionCookie + "=" + planted}} {
			g := w.call(rt.Method, path, "", "", header...)
			g.refused(http.StatusUnauthorized, "AUTH_001")
			if g.header.Get("WWW-Authenticate") == "" {
				t.Error("it does not say how")
			}
		}
	}
}

func TestATokenAndACookieGiveTheSamePerson(t *testing.T) {
	w := newWorld(t)
	w.call("GET", "/api/owners", "ada", "").ok(&map[string]any{})
	w.call("GET", "/api/owners", "", "", "Cookie", identity.SessionCookie+"=ada").ok(&map[string]any{})
	// The header counts, even when it is nobody's.
	w.call("GET", "/api/owners", "nobody", "", "Cookie", identity.SessionCookie+"=ada").refused(http.StatusUnauthorized, "AUTH_001")
	// A cookie that any host could have set is none.
	w.call("GET", "/api/owners", "", "", "Cookie", "weir=ada").refused(http.StatusUnauthorized, "AUTH_001")
}

func TestAHandlerKnowsWhoAsksAndFromWhere(t *testing.T) {
	w := newWorld(t)
	var me thing
	g := w.call("GET", "/api/me", "bob", "")
	g.ok(&me)
	if me.ID != 2 || me.Notes != "127.0.0.1" || g.header.Get("Set-Cookie") != "seen=yes" {
		t.Errorf("%+v %v", me, g.header)
	}
}

func TestWhatSomebodyMayNotDoIsRefusedAndWrittenDown(t *testing.T) {
	w := newWorld(t)
	w.call("GET", "/api/owners", "bob", "").refused(http.StatusForbidden, "AUTH_003")
	if d := w.people.denied; len(d) != 1 || d[0] != "GET /owners" {
		t.Error(d)
	}
}

func TestAnIdThatNamesNothingIsNotFoundWhateverItLooksLike(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"-1", "0", "8", "abc", planted, "1e3", "7.0", "%00", "%ff", "99999999999999999999", "+7%20", "%2e%2e"} {
		for _, path := range []string{"/api/things/", "/api/vendors/", "/api/vendor_endpoints/", "/api/auth_templates/"} {
			w.call("GET", path+id, "ada", "").refused(http.StatusNotFound, "NOT_001")
		}
		w.call("PUT", "/api/things/"+id, "ada", `{"name":"x"}`).refused(http.StatusNotFound, "NOT_001")
		w.call("DELETE", "/api/things/"+id, "ada", "").refused(http.StatusNotFound, "NOT_001")
	}
}

// What another site can make a browser send has the cookie and no token.
func TestAnotherSiteCanChangeNothing(t *testing.T) {
	w := newWorld(t)
	here := w.server.URL
	sources := map[string]struct {
		headers []string
		ok      bool
	}{
		"our page":             {[]string{"Origin", here, "Sec-Fetch-Site", "same-origin"}, true},
		"our page, old":        {[]string{"Origin", here}, true},
		"typed":                {[]string{"Sec-Fetch-Site", "none"}, true},
		"form of another site": {[]string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, false},
		"old browser":          {[]string{"Origin", "https://evil.example"}, false},
		"sibling":              {[]string{"Origin", "https://b.example.com", "Sec-Fetch-Site", "same-site"}, false},
		"null origin":          {[]string{"Origin", "null"}, false},
		"null and cross":       {[]string{"Origin", "null", "Sec-Fetch-Site", "cross-site"}, false},
		"no word":              {nil, false},
		"no word, a token":     {[]string{"X-Weir-CSRF", "csrf of ada"}, true},
		"no word, another's":   {[]string{"X-Weir-CSRF", "csrf of bob"}, false},
		"a token from afar":    {[]string{"X-Weir-CSRF", "csrf of ada", "Origin", "https://evil.example"}, false},
		"lying origin":         {[]string{"Origin", here, "Sec-Fetch-Site", "cross-site"}, false},
	}
	for name, source := range sources {
		for _, request := range []struct{ method, path, body string }{
			{"POST", "/api/things", `{"name":"x"}`}, {"PUT", "/api/things/7", `{"name":"x"}`}, {"PUT", "/api/things/7/activate", ""}, {"DELETE", "/api/things/7", ""},
		} {
			for _, token := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s %s %s token=%v", name, request.method, request.path, token), func(t *testing.T) {
					headers := append([]string{"Cookie", identity.SessionCookie + "=ada"}, source.headers...)
					if token {
						headers = append(headers, "Authorization", "Bearer ada")
					}
					g := w.call(request.method, request.path, "", request.body, headers...)
					g.T = t
					if source.ok || token {
						g.ok(&map[string]any{})
						return
					}
					g.refused(http.StatusForbidden, "AUTH_002")
				})
			}
		}
	}
	w.call("POST", "/api/open", "", `{"name":"x"}`, "Origin", "https://evil.example").refused(http.StatusForbidden, "AUTH_002")
	w.call("POST", "/api/open", "", `{"name":"x"}`).ok(&map[string]any{})
}
