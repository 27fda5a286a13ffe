package server_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir/internal/identity"
)

// browser is a client with cookies, that says where its requests come from as
// browsers do.
type browser struct {
	*world
	http    *http.Client
	headers map[string]string
}

func (w *world) browser() *browser {
	w.Helper()
	jar, err := cookiejar.New(nil)
	w.must(err)
	return &browser{world: w, http: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
		headers: map[string]string{"Sec-Fetch-Site": "same-origin"}}
}

// do makes a request, and gives the answer with its text.
func (b *browser) do(method, path string, in any) (*http.Response, string) {
	b.Helper()
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		b.must(err)
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(context.WithoutCancel(b.Context()), method, b.url+"/api"+path, body)
	b.must(err)
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range b.headers {
		req.Header.Set(name, value)
	}
	res, err := b.http.Do(req)
	b.must(err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	b.must(err)
	return res, string(text)
}

// want is do with a status, and gives the answer's object.
func (b *browser) want(status int, method, path string, in any) (out m) {
	b.Helper()
	res, text := b.do(method, path, in)
	if res.StatusCode != status {
		b.Fatalf("%s %s answers %d, want %d: %s", method, path, res.StatusCode, status, text)
	}
	_ = json.Unmarshal([]byte(text), &out) // a list is none of out's business
	return out
}

const adasPassword = "correct horse battery"

func (b *browser) signInAs(email, password string) m {
	b.Helper()
	return b.want(200, "POST", "/session", m{"email": email, "password": password})
}

// cookie is the value of the browser's cookie whose value begins so.
func (b *browser) cookie(begins string) string {
	b.Helper()
	u, err := url.Parse(b.url)
	b.must(err)
	for _, c := range b.http.Jar.Cookies(u) {
		if strings.HasPrefix(c.Value, begins) {
			return c.Value
		}
	}
	return ""
}

func TestABrowserSignsInAndOutWithACookieThatNoScriptCanRead(t *testing.T) {
	w := newWorld(t, 1)
	b := w.browser()
	b.want(401, "GET", "/session", nil)
	b.want(401, "POST", "/session", m{"email": "ada@example.com", "password": "wrong wrong wrong"})
	res, text := b.do("POST", "/session", m{"email": "ADA@example.com", "password": adasPassword})
	if res.StatusCode != 200 || strings.Contains(text, b.cookie("wst_")) || strings.Contains(text, "wdv_") {
		t.Fatalf("%d %s", res.StatusCode, text)
	}
	if len(res.Cookies()) != 2 {
		t.Fatal(res.Cookies())
	}
	for _, c := range res.Cookies() {
		if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.Secure || strings.HasPrefix(c.Name, "__Host-") || !strings.HasSuffix(c.Name, w.url[strings.LastIndex(w.url, ":")+1:]) {
			t.Errorf("on loopback without TLS: %v", c)
		}
	}
	me := b.want(200, "GET", "/session", nil)
	if me["user"].(m)["email"] != "ada@example.com" || me["role"] != "owner" || me["kind"] != "browser" || me["proved_until"] == nil || me["csrf_token"] == "" {
		t.Error(me)
	}
	token := b.cookie("wst_")
	b.want(200, "DELETE", "/session", nil)
	b.want(401, "GET", "/session", nil)
	if status, _ := w.as(token, "GET", "/session"); status != 401 || b.cookie("wst_") != "" || b.cookie("wdv_") == "" {
		t.Errorf("after signing out: %d, cookies %q %q", status, b.cookie("wst_"), b.cookie("wdv_"))
	}
}

func TestOverHTTPSTheCookiesBelongToThisHostAlone(t *testing.T) {
	w := newWorld(t, 1)
	w.config.PublicURL = "https://weir.example.com"
	w.restart()
	res, text := w.browser().do("POST", "/session", m{"email": "ada@example.com", "password": adasPassword})
	if res.StatusCode != 200 || len(res.Cookies()) != 2 {
		t.Fatal(res.StatusCode, text)
	}
	for _, c := range res.Cookies() {
		if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || !strings.HasPrefix(c.Name, "__Host-weir") {
			t.Error(c)
		}
	}
}

func TestABrowserWhoseSessionCouldBeReadOnTheWayGetsNone(t *testing.T) {
	w := newWorld(t, 1)
	req, err := http.NewRequestWithContext(t.Context(), "POST", w.url+"/api/session", strings.NewReader(`{"email":"ada@example.com","password":"`+adasPassword+`"}`))
	w.must(err)
	req.Host = "weir.example.com:8080"
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	w.must(err)
	defer res.Body.Close()
	if text, _ := io.ReadAll(res.Body); res.StatusCode != 400 || !strings.Contains(string(text), "--public-url") || len(res.Cookies()) != 0 {
		t.Errorf("%d %s", res.StatusCode, text)
	}
}

// restart makes the server anew with the changed configuration, on the same files.
func (w *world) restart() {
	w.Helper()
	changed := w.config
	w.configured = &changed
	w.start()
}

// A session's id is new whenever somebody signs in, proves who they are,
// changes the password or the organization; the old one opens nothing.
func TestTheSessionsIdIsNewWhenWhatItMayDoIsNew(t *testing.T) {
	w := newWorld(t, 1)
	b := w.browser()
	var last string
	fresh := func(what string, do func()) {
		t.Helper()
		do()
		token := b.cookie("wst_")
		if token == last || len(token) != len("wst_")+43+1+6 {
			t.Errorf("after %s: %q, before %q", what, token, last)
		}
		if status, _ := w.as(last, "GET", "/session"); last != "" && status != 401 {
			t.Errorf("after %s the old id answers %d", what, status)
		}
		last = token
	}
	fresh("signing in", func() { b.signInAs("ada@example.com", adasPassword) })
	fresh("signing in again", func() { b.signInAs("ada@example.com", adasPassword) })
	fresh("a proof", func() { b.want(200, "POST", "/session/proof", m{"password": adasPassword}) })
	b.want(403, "POST", "/session/proof", m{"password": "wrong wrong wrong"})
	fresh("changing the password", func() {
		b.want(200, "PUT", "/users/current/password", m{"password_current": adasPassword, "password": "another good password"})
	})
	org := b.want(200, "POST", "/orgs", m{"name": "Second", "email_domain": "second.example"})
	fresh("changing the organization", func() { b.want(200, "PUT", "/session/org", m{"org_id": org["id"]}) })
	if me := b.want(200, "GET", "/session", nil); me["org"].(m)["name"] != "Second" {
		t.Error(me)
	}
	b.want(401, "POST", "/session", m{"email": "ada@example.com", "password": adasPassword})
}

// What takes somebody's rights away counts at their next request, with a
// cookie, with a token and with a service key.
func TestWhatEndsASessionCountsAtTheNextRequest(t *testing.T) {
	w := newWorld(t, 1)
	owner := w.browser()
	owner.signInAs("ada@example.com", adasPassword)
	for name, end := range map[string]func(id string, b *browser){
		"role":       func(id string, _ *browser) { owner.want(200, "PUT", "/users/"+id, m{"role": "collaborator"}) },
		"deactivate": func(id string, _ *browser) { owner.want(200, "PUT", "/users/"+id+"/deactivate", nil) },
		"lock":       func(id string, _ *browser) { owner.want(200, "PUT", "/users/"+id+"/lock", nil) },
		"remove":     func(id string, _ *browser) { owner.want(200, "DELETE", "/users/"+id, nil) },
		"everywhere": func(_ string, b *browser) { b.want(200, "DELETE", "/sessions", nil) },
		"password": func(_ string, b *browser) {
			b.want(200, "PUT", "/users/current/password", m{"password_current": "a good long password", "password": "another good password"})
			b.want(200, "DELETE", "/session", nil)
		},
	} {
		email := name + "@example.com"
		created := owner.want(200, "POST", "/users", m{"email": email, "full_name": name, "role": "operator", "password": "a good long password"})
		b := w.browser()
		b.signInAs(email, "a good long password")
		key := b.want(200, "POST", "/service_keys", m{"name": "k"})["key"].(string)
		program := w.exchange(key, 200)
		for _, token := range []string{b.cookie("wst_"), program} {
			if status, _ := w.as(token, "GET", "/users/current"); status != 200 {
				t.Errorf("%s: before, %d", name, status)
			}
		}
		cookie := b.cookie("wst_")
		end(id(created["id"]), b)
		for what, token := range map[string]string{"cookie": cookie, "key's session": program} {
			if status, _ := w.as(token, "GET", "/users/current"); status != 401 {
				t.Errorf("%s: afterwards the %s answers %d", name, what, status)
			}
		}
		switch name {
		case "role", "everywhere", "password":
			w.exchange(key, 200) // a key may do at most what its user may, and is revoked by itself
		default:
			w.exchange(key, 401)
		}
	}
}

// exchange gets a session for a service key.
func (w *world) exchange(key string, status int) string {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), "POST", w.url+"/api/token", nil)
	w.must(err)
	req.Header.Set("Authorization", "Basic "+key)
	res, err := http.DefaultClient.Do(req)
	w.must(err)
	defer res.Body.Close()
	var out struct {
		Token string `json:"access_token"`
	}
	text, err := io.ReadAll(res.Body)
	w.must(err)
	if res.StatusCode != status {
		w.Fatalf("the key is answered %d, want %d: %s", res.StatusCode, status, text)
	}
	_ = json.Unmarshal(text, &out)
	return out.Token
}

// Keys, links and providers need a proof of the last quarter of an hour;
// without one the answer is AUTH_004, and it works again after a proof.
func TestKeyOperationsOverHTTPNeedAFreshProof(t *testing.T) {
	clock := &movable{now: time.Now()}
	w := newWorld(t, 1)
	w.config.Now = clock.Now
	w.restart()
	b := w.browser()
	b.signInAs("ada@example.com", adasPassword)
	clock.advance(identity.ProofAge)
	created := b.want(200, "POST", "/users", m{"email": "bob@example.com", "full_name": "Bob"})
	stale := map[string]any{"/service_keys": m{"name": "k"}, "/users/" + id(created["id"]) + "/link": m{},
		"/identity_providers": m{"name": "x", "issuer": "https://id.example.com", "client_id": "weir", "client_secret": "s", "domains": []string{"example.com"}}}
	for path, body := range stale {
		if got := b.want(403, "POST", path, body); got["error_code"] != "AUTH_004" {
			t.Error(path, got)
		}
	}
	if me := b.want(200, "GET", "/session", nil); me["proved_until"] != nil {
		t.Error(me)
	}
	b.want(200, "POST", "/session/proof", m{"password": adasPassword})
	b.want(200, "POST", "/service_keys", m{"name": "k"})
	// A service key proves nothing, however fresh.
	w.token = w.exchange(b.want(200, "POST", "/service_keys", m{"name": "k2"})["key"].(string), 200)
	if got := w.call(403, "POST", "/service_keys", m{"name": "k3"}); got["error_code"] != "AUTH_004" {
		t.Error(got)
	}
}

func TestALinkSetsAPasswordOnceAndSignsIn(t *testing.T) {
	w := newWorld(t, 1)
	owner := w.browser()
	owner.signInAs("ada@example.com", adasPassword)
	created := owner.want(200, "POST", "/users", m{"email": "bob@example.com", "full_name": "Bob", "admin": true})
	if created["role"] != "admin" || created["invited"] != true {
		t.Error(created)
	}
	first := created["password_link"].(m)["link"].(string)
	link := owner.want(200, "POST", "/users/"+id(created["id"])+"/link", nil)["link"].(string)
	bob := w.browser()
	bob.want(401, "POST", "/links/check", m{"link": first}) // a newer one took its place
	if got := bob.want(200, "POST", "/links/check", m{"link": link}); got["email"] != "bob@example.com" {
		t.Error(got)
	}
	bob.want(400, "POST", "/links/accept", m{"link": link, "password": "short"})
	if got := bob.want(200, "POST", "/links/accept", m{"link": link, "password": "bobs good password"}); got["role"] != "admin" {
		t.Error(got)
	}
	bob.want(200, "GET", "/session", nil)
	w.browser().want(401, "POST", "/links/accept", m{"link": link, "password": "eves good password"})
	sessions := bob.all("/sessions")
	if len(sessions) != 1 || sessions[0]["current"] != true || sessions[0]["request_ip"] != "127.0.0.1" {
		t.Error(sessions)
	}
	another := w.browser()
	another.signInAs("bob@example.com", "bobs good password")
	for _, s := range bob.all("/sessions") {
		if s["current"] == false {
			bob.want(200, "DELETE", "/sessions/"+id(s["id"]), nil)
		}
	}
	another.want(401, "GET", "/session", nil)
	owner.want(404, "DELETE", "/sessions/"+id(bob.all("/sessions")[0]["id"]), nil)
	bob.want(200, "GET", "/session", nil)
}

func (b *browser) all(path string) (out []m) {
	b.Helper()
	res, text := b.do("GET", path, nil)
	if res.StatusCode != 200 {
		b.Fatalf("%s answers %d: %s", path, res.StatusCode, text)
	}
	b.decode([]byte(text), &out)
	return out
}
