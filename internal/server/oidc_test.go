package server_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

// issuer is an OpenID Connect provider over HTTP: one client, one key, and a
// person who is signed in at it.
type issuer struct {
	*httptest.Server
	key    *rsa.PrivateKey
	secret string

	mu    sync.Mutex
	who   map[string]any
	codes map[string]url.Values // given out, with the request of each
	asked url.Values            // of the last browser
}

func newIssuer(w *world) *issuer {
	w.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	w.must(err)
	i := &issuer{key: key, secret: "the-client-secret-" + rand.Text(), codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(rw http.ResponseWriter, _ *http.Request) {
		i.answer(rw, m{"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"}})
	})
	mux.HandleFunc("GET /keys", func(rw http.ResponseWriter, _ *http.Request) {
		i.answer(rw, m{"keys": []any{m{"kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}}})
	})
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	i.Server = httptest.NewServer(mux)
	w.Cleanup(i.Close)
	return i
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (i *issuer) answer(rw http.ResponseWriter, v any) {
	rw.Header().Set("Content-Type", "application/json")
	b, _ := json.Marshal(v)
	_, _ = rw.Write(b)
}

// authorize sends the browser back with a code.
func (i *issuer) authorize(rw http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	q := r.URL.Query()
	code := rand.Text()
	i.codes[code], i.asked = q, q
	http.Redirect(rw, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusSeeOther)
}

// token checks the client, the code and the verifier, as a provider has to.
func (i *issuer) token(rw http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	asked, found := i.codes[r.PostFormValue("code")]
	delete(i.codes, r.PostFormValue("code"))
	proof := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	id, secret, _ := r.BasicAuth()
	if id == "" {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	if !found || id != "weir" || secret != i.secret || asked.Get("code_challenge") != b64(proof[:]) || asked.Get("redirect_uri") != r.PostFormValue("redirect_uri") {
		http.Error(rw, `{"error":"invalid_grant"}`, http.StatusBadRequest)
		return
	}
	claims := m{"iss": i.URL, "aud": "weir", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(), "nonce": asked.Get("nonce")}
	for k, v := range i.who {
		claims[k] = v
	}
	body, _ := json.Marshal(claims)
	text := b64([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + b64(body)
	sum := sha256.Sum256([]byte(text))
	signature, _ := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, sum[:])
	i.answer(rw, m{"access_token": "x", "token_type": "Bearer", "id_token": text + "." + b64(signature)})
}

// is says who sits before the browser.
func (i *issuer) is(subject, email string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.who = m{"sub": subject, "email": email, "email_verified": true, "name": "Ann Other"}
}

// through takes a browser to the issuer and gives where it is sent back to.
func (b *browser) through(start string) string {
	b.Helper()
	b.headers = map[string]string{"Sec-Fetch-Site": "cross-site"} // as a link from elsewhere is
	res, text := b.do("GET", start, nil)
	if res.StatusCode != http.StatusSeeOther {
		b.Fatalf("start answers %d: %s", res.StatusCode, text)
	}
	for _, c := range res.Cookies() {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.MaxAge > 600 {
			b.Error(c)
		}
	}
	res, err := b.http.Get(res.Header.Get("Location"))
	b.must(err)
	res.Body.Close()
	back, found := strings.CutPrefix(res.Header.Get("Location"), b.url+"/api")
	if !found {
		b.Fatalf("sent back to %q", res.Header.Get("Location"))
	}
	return back
}

func TestSomebodySignsInThroughTheServersProvider(t *testing.T) {
	w := newWorld(t, 1)
	id := newIssuer(w)
	w.config.Provider = &identity.ProviderConfig{Issuer: id.URL, ClientID: "weir", Secret: weir.NewSecret(id.secret), Domains: []string{"Example.com"}, Users: []string{"guest@elsewhere.example"}, Org: 1, CreateUsers: true}
	w.config.ProviderName = "Acme login"
	w.reached()
	b := w.browser()
	ways := b.all("/sign_in")
	if len(ways) != 1 || ways[0]["name"] != "Acme login" {
		t.Fatal(ways)
	}
	start := strings.TrimPrefix(ways[0]["start_url"].(string), "/api")

	id.is("1", "ann@example.com")
	back := b.through(start)
	if q := id.asked; q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" || q.Get("state") == "" || strings.Contains(q.Encode(), id.secret) {
		t.Error(q)
	}
	thief := w.browser()
	if res, text := thief.do("GET", back, nil); res.StatusCode != 401 || len(res.Cookies()) != 1 || !strings.Contains(text, "did not confirm") {
		t.Errorf("in another browser: %d %s", res.StatusCode, text)
	}
	res, text := b.do("GET", back, nil)
	if res.StatusCode != 200 || !strings.Contains(res.Header.Get("Content-Type"), "text/html") || !strings.Contains(text, `url=/`) {
		t.Fatalf("%d %s", res.StatusCode, text)
	}
	b.want(401, "GET", back, nil) // it is good once
	me := b.want(200, "GET", "/session", nil)
	if me["user"].(m)["email"] != "ann@example.com" || me["role"] != "collaborator" {
		t.Error(me)
	}
	first := b.cookie("wst_")
	b.want(200, "GET", b.through(start+"?again=1"), nil)
	if id.asked.Get("prompt") != "login" || id.asked.Get("max_age") != "0" || b.cookie("wst_") == first {
		t.Error(id.asked)
	}
	if status, _ := w.as(first, "GET", "/session"); status != 401 {
		t.Errorf("the session before answers %d", status)
	}
	for _, email := range []string{"guest@elsewhere.example", "Ada@example.com"} {
		id.is(email, email)
		one := w.browser()
		one.want(200, "GET", one.through(start), nil)
		one.want(200, "GET", "/session", nil)
	}
	id.is("9", "eve@elsewhere.example")
	eve := w.browser()
	eve.want(401, "GET", eve.through(start), nil)
	eve.want(401, "GET", "/session", nil)
	refused := w.browser()
	state := strings.TrimPrefix(refused.through(start), "/sign_in/server/callback?")
	q, _ := url.ParseQuery(state)
	refused.want(401, "GET", "/sign_in/server/callback?error=access_denied&state="+q.Get("state"), nil)
	for _, path := range []string{"/sign_in/7/start", "/sign_in/other/start", "/sign_in/07/callback"} {
		w.browser().want(404, "GET", path, nil)
	}
	if strings.Contains(w.log.String(), id.secret) {
		t.Error("the client's secret is in the log")
	}
}

// reached starts the server anew, with the address that it is going to have.
func (w *world) reached() {
	w.Helper()
	var err error
	w.again, err = new(net.ListenConfig).Listen(w.Context(), "tcp", "127.0.0.1:0")
	w.must(err)
	w.config.PublicURL = "http://" + w.again.Addr().String()
	w.restart()
}

// exec writes into the database past the server.
func (w *world) exec(statement string) {
	w.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.dir, "weir.db")+"?_pragma=busy_timeout(10000)")
	w.must(err)
	defer db.Close()
	_, err = db.ExecContext(w.Context(), statement)
	w.must(err)
}

// stored reports whether the text lies anywhere in the server's files.
func (w *world) stored(text string) (found bool) {
	w.Helper()
	files, err := filepath.Glob(filepath.Join(w.dir, "weir.db*"))
	w.must(err)
	for _, f := range files {
		content, err := os.ReadFile(f)
		w.must(err)
		found = found || bytes.Contains(content, []byte(text))
	}
	return found
}

func TestAnOwnerStoresAProviderWhoseSecretIsSealed(t *testing.T) {
	w := newWorld(t, 1)
	w.reached()
	id := newIssuer(w)
	b := w.browser()
	b.signInAs("ada@example.com", adasPassword)
	in := m{"name": "Acme login", "issuer": id.URL, "client_id": "weir", "client_secret": id.secret, "domains": []string{"example.com"}, "create_users": true, "role": "operator"}
	for field, wrong := range map[string]any{"issuer": "http://id.example.com", "domains": []string{}, "client_secret": "", "client_id": "", "role": "owner", "name": ""} {
		bad := m{}
		for k, v := range in {
			bad[k] = v
		}
		bad[field] = wrong
		b.want(400, "POST", "/identity_providers", bad)
	}
	p := b.want(200, "POST", "/identity_providers", in)
	path := "/identity_providers/" + idOf(p)
	if p["redirect_url"] != w.url+"/api/sign_in/"+idOf(p)+"/callback" || p["enabled"] != true {
		t.Error(p)
	}
	if _, text := b.do("GET", "/identity_providers", nil); strings.Contains(text, id.secret) {
		t.Error("the secret is shown")
	}
	if w.stored(id.secret) {
		t.Error("the secret is in the database as it is")
	}
	start := "/sign_in/" + idOf(p) + "/start"
	id.is("1", "ann@example.com")
	ann := w.browser()
	ann.want(200, "GET", ann.through(start), nil)
	if me := ann.want(200, "GET", "/session", nil); me["role"] != "operator" {
		t.Error(me)
	}
	ann.headers = b.headers
	ann.want(403, "POST", "/identity_providers", in)
	ann.want(403, "PUT", path, m{"domains": []string{"evil.example"}})
	ann.want(403, "GET", path, nil)

	// Who is in other organizations, too, does not come in by one organization's provider.
	b.want(200, "POST", "/orgs", m{"name": "Second"})
	id.is("2", "ada@example.com")
	ada := w.browser()
	ada.want(401, "GET", ada.through(start), nil)

	b.want(400, "PUT", path, m{"issuer": "https://id.example.com"}) // another issuer does not get this one's secret
	settings := b.all("/orgs/1/auth_settings")
	if len(settings) != 2 || settings[1]["enabled"] != true {
		t.Error(settings)
	}
	b.want(409, "PUT", "/orgs/1/auth_settings/0", m{"enabled": false})
	b.want(200, "PUT", "/orgs/1/auth_settings/"+idOf(p), m{"enabled": false})
	w.browser().want(404, "GET", start, nil)
	if ways := w.browser().all("/sign_in"); len(ways) != 0 {
		t.Error(ways)
	}
	b.want(200, "PUT", path, m{"enabled": true, "domains": []string{"other.example"}})
	id.is("1", "ann@example.com")
	ann = w.browser()
	ann.want(401, "GET", ann.through(start), nil)
	b.want(200, "DELETE", path, nil)
	b.want(404, "GET", path, nil)
	w.browser().want(404, "GET", start, nil)
	for _, event := range []string{"identity_provider.create", "identity_provider.update", "identity_provider.delete"} {
		if len(w.list("/orgs/1/audit_log?event_filter="+event)) == 0 {
			t.Errorf("%s was not written down", event)
		}
	}
}

// Who writes the database does not let anybody in through a provider.
func TestAProviderWhoseRowWasChangedSignsNobodyIn(t *testing.T) {
	w := newWorld(t, 1)
	w.reached()
	id := newIssuer(w)
	b := w.browser()
	b.signInAs("ada@example.com", adasPassword)
	p := b.want(200, "POST", "/identity_providers", m{"name": "x", "issuer": id.URL, "client_id": "weir", "client_secret": id.secret, "users": []string{"ann@example.com"}, "create_users": true})
	start := "/sign_in/" + idOf(p) + "/start"
	b.want(200, "PUT", "/identity_providers/"+idOf(p), m{"enabled": false})
	w.exec(`UPDATE resource SET status = 'active' WHERE kind = 'identity_provider'`)
	w.browser().want(404, "GET", start, nil)
	b.want(404, "GET", "/identity_providers/"+idOf(p), nil)
	w.exec(`UPDATE resource SET status = 'deactivated' WHERE kind = 'identity_provider'`)
	b.want(200, "PUT", "/identity_providers/"+idOf(p), m{"enabled": true})
	w.exec(`UPDATE resource SET org = org, version = version + 1, spec = '{"origin":"https://evil.example","version":3}' WHERE kind = 'identity_provider'`)
	w.browser().want(404, "GET", start, nil)
}

func idOf(v m) string { return id(v["id"]) }
