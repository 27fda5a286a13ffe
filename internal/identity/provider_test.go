package identity_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

// provider is an OpenID Connect provider in memory.
type provider struct {
	*httptest.Server
	key *rsa.PrivateKey
	now func() time.Time

	mu     sync.Mutex
	who    map[string]any        // whom it signs in
	forge  func(map[string]any)  // what it gets wrong
	codes  map[string]url.Values // given out, with the request of each
	signer *rsa.PrivateKey
}

func newProvider(w *world) *provider {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	w.must(err)
	p := &provider{key: key, signer: key, now: w.clock.Now, codes: map[string]url.Values{}, forge: func(map[string]any) {}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(rw http.ResponseWriter, _ *http.Request) {
		answer(rw, map[string]any{"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"}})
	})
	mux.HandleFunc("GET /keys", func(rw http.ResponseWriter, _ *http.Request) {
		answer(rw, map[string]any{"keys": []any{map[string]any{"kty": "RSA", "kid": "1", "alg": "RS256", "use": "sig",
			"n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}}})
	})
	mux.HandleFunc("POST /token", p.token)
	p.Server = httptest.NewServer(mux)
	w.Cleanup(p.Close)
	return p
}

func answer(rw http.ResponseWriter, v any) {
	rw.Header().Set("Content-Type", "application/json")
	b, _ := json.Marshal(v)
	_, _ = rw.Write(b)
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// authorize is what a browser does at the provider: it gives the query that
// the browser comes back with.
func (p *provider) authorize(to string, who map[string]any) url.Values {
	u, _ := url.Parse(to)
	p.mu.Lock()
	defer p.mu.Unlock()
	code := rand.Text()
	p.codes[code], p.who = u.Query(), who
	return url.Values{"code": {code}, "state": {u.Query().Get("state")}}
}

// token checks the code and the verifier, as a provider has to.
func (p *provider) token(rw http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	asked, found := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	proof := sha256.Sum256([]byte(r.PostFormValue("verifier") + r.PostFormValue("code_verifier")))
	if !found || asked.Get("code_challenge_method") != "S256" || asked.Get("code_challenge") != b64(proof[:]) || asked.Get("redirect_uri") != r.PostFormValue("redirect_uri") {
		http.Error(rw, `{"error":"invalid_grant"}`, http.StatusBadRequest)
		return
	}
	claims := map[string]any{"iss": p.URL, "aud": "weir", "iat": p.now().Unix(), "exp": p.now().Add(time.Minute).Unix(), "nonce": asked.Get("nonce")}
	for k, v := range p.who {
		claims[k] = v
	}
	p.forge(claims)
	answer(rw, map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": p.sign(claims)})
}

func (p *provider) sign(claims map[string]any) string {
	body, _ := json.Marshal(claims)
	text := b64([]byte(`{"alg":"RS256","kid":"1"}`)) + "." + b64(body)
	sum := sha256.Sum256([]byte(text))
	signature, _ := rsa.SignPKCS1v15(rand.Reader, p.signer, crypto.SHA256, sum[:])
	return text + "." + b64(signature)
}

func person(subject, email string) map[string]any {
	return map[string]any{"sub": subject, "email": email, "email_verified": true, "name": "Ann Other"}
}

func (w *world) provider(p *provider, create bool) *identity.Provider {
	w.Helper()
	way, err := w.s.Provider(identity.ProviderConfig{Issuer: p.URL, ClientID: "weir", Secret: secret("client secret"), RedirectURL: "https://weir.example/back",
		Domains: []string{"Example.com"}, Org: 1, CreateUsers: create, Client: p.Client()})
	w.must(err)
	return way
}

// through signs somebody in through the provider.
func (w *world) through(way *identity.Provider, p *provider, who map[string]any) (identity.Session, error) {
	w.Helper()
	to, err := way.Start(w.Context(), false)
	w.must(err)
	q := p.authorize(to.URL, who)
	return way.Finish(w.Context(), identity.Callback{State: q.Get("state"), Code: q.Get("code"), Browser: to.Browser.Expose(), Client: home})
}

func TestAProviderSignsInWhoIsKnownAndMakesWhoIsNotWhereAsked(t *testing.T) {
	onBoth(t, func(w *world) {
		owner := w.owner().Principal
		p := newProvider(w)
		s, err := w.through(w.provider(p, false), p, person("1", "Owner@example.com"))
		w.must(err)
		if got, err := w.authenticate(s.Token); err != nil || got.User != owner.User || got.Role != identity.RoleOwner {
			w.Error(got, err)
		}
		w.must(w.s.Recent(s.Principal))
		s, err = w.through(w.provider(p, false), p, person("1", "renamed@example.com"))
		if err != nil || s.Principal.User != owner.User {
			w.Error("known by subject, not by address", err)
		}
		_, err = w.through(w.provider(p, false), p, person("2", "ann@example.com"))
		w.refused(err, weir.CodeAuth)
		s, err = w.through(w.provider(p, true), p, person("2", "ann@example.com"))
		if err != nil || s.Principal.Role != identity.RoleCollaborator || s.Principal.FullName != "Ann Other" {
			w.Error(s.Principal, err)
		}
		w.must(w.s.Deactivate(w.Context(), owner, s.Principal.User))
		_, err = w.through(w.provider(p, true), p, person("2", "ann@example.com"))
		w.refused(err, weir.CodeAuth)
	})
}

func TestAProviderVouchesForItsDomainsAlone(t *testing.T) {
	onBoth(t, func(w *world) {
		w.owner()
		p := newProvider(w)
		unverified := person("4", "owner@example.com")
		unverified["email_verified"] = false
		for _, who := range []map[string]any{person("3", "ann@elsewhere.com"), person("3", "ann@evil.example.com"), person("3", ""), person("3", "owner@example.com@elsewhere.com"), unverified} {
			_, err := w.through(w.provider(p, true), p, who)
			w.refused(err, weir.CodeAuth)
		}
	})
}

func TestAProvidersAnswerThatIsNotQuiteRightSignsNobodyIn(t *testing.T) {
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	w := onSQLite(t, cheap)
	w.owner()
	p := newProvider(w)
	for name, wrong := range map[string]func(map[string]any){
		"nonce":    func(c map[string]any) { c["nonce"] = "another" },
		"audience": func(c map[string]any) { c["aud"] = "another" },
		"issuer":   func(c map[string]any) { c["iss"] = "https://another.example" },
		"expired":  func(c map[string]any) { c["exp"] = w.clock.Now().Add(-time.Second).Unix() },
		"subject":  func(c map[string]any) { c["sub"] = "" },
		"key":      func(map[string]any) { p.signer = other },
	} {
		t.Run(name, func(t *testing.T) {
			p.forge = wrong
			_, err := w.through(w.provider(p, true), p, person("1", "owner@example.com"))
			if weir.CodeOf(err) != weir.CodeAuth {
				t.Error(err)
			}
			p.signer = p.key
		})
	}
}

func TestAStateIsGoodOnceInItsOwnBrowserForTenMinutes(t *testing.T) {
	onBoth(t, func(w *world) {
		w.owner()
		p := newProvider(w)
		way := w.provider(p, false)
		begin := func() identity.Callback {
			to, err := way.Start(w.Context(), false)
			w.must(err)
			q := p.authorize(to.URL, person("1", "owner@example.com"))
			return identity.Callback{State: q.Get("state"), Code: q.Get("code"), Browser: to.Browser.Expose(), Client: home}
		}
		good, another := begin(), begin()
		stolen := good
		stolen.Browser = another.Browser
		_, err := way.Finish(w.Context(), stolen)
		w.refused(err, weir.CodeAuth)
		_, err = way.Finish(w.Context(), good) // used up by the thief
		w.refused(err, weir.CodeAuth)
		_, err = way.Finish(w.Context(), another)
		w.must(err)
		_, err = way.Finish(w.Context(), another)
		w.refused(err, weir.CodeAuth)
		late := begin()
		w.clock.Advance(10 * time.Minute)
		_, err = way.Finish(w.Context(), late)
		w.refused(err, weir.CodeAuth)
		_, err = way.Finish(w.Context(), identity.Callback{})
		w.refused(err, weir.CodeAuth)
	})
}

// A sign-in that began at one provider does not end at another, though both
// know its state.
func TestASignInEndsAtTheProviderWhereItBegan(t *testing.T) {
	onBoth(t, func(w *world) {
		w.owner()
		p := newProvider(w)
		began := w.provider(p, false)
		other, err := w.s.Provider(identity.ProviderConfig{Issuer: p.URL, ClientID: "another", Secret: secret("client secret"), RedirectURL: "https://weir.example/back",
			Domains: []string{"example.com"}, Org: 1, Client: p.Client()})
		w.must(err)
		to, err := began.Start(w.Context(), false)
		w.must(err)
		q := p.authorize(to.URL, person("1", "owner@example.com"))
		p.forge = func(claims map[string]any) { claims["aud"] = "another" }
		_, err = other.Finish(w.Context(), identity.Callback{State: q.Get("state"), Code: q.Get("code"), Browser: to.Browser.Expose(), Client: home})
		w.refused(err, weir.CodeAuth)
	})
}

func TestAProviderThatIsDownStopsOnlyWhoWantsIt(t *testing.T) {
	w := onSQLite(t, cheap)
	w.owner()
	p := newProvider(w)
	way := w.provider(p, false)
	p.Close()
	_, err := way.Start(w.Context(), false)
	w.refused(err, weir.CodeTransient)
	_, err = w.signIn("owner@example.com", password, home)
	w.must(err)
}

func TestAProviderThatIsHalfConfiguredIsRefused(t *testing.T) {
	w := onSQLite(t, cheap)
	whole := identity.ProviderConfig{Issuer: "https://id.example", ClientID: "weir", RedirectURL: "https://weir.example/back", Domains: []string{"example.com"}, Org: 1, Client: http.DefaultClient}
	_, err := w.s.Provider(whole)
	w.must(err)
	for i, spoil := range []func(*identity.ProviderConfig){
		func(c *identity.ProviderConfig) { c.Issuer = "" }, func(c *identity.ProviderConfig) { c.ClientID = "" },
		func(c *identity.ProviderConfig) { c.Domains = nil }, func(c *identity.ProviderConfig) { c.Org = 0 },
		func(c *identity.ProviderConfig) { c.Client = nil }, func(c *identity.ProviderConfig) { c.Role = identity.RoleOwner },
	} {
		c := whole
		spoil(&c)
		if _, err := w.s.Provider(c); weir.CodeOf(err) != weir.CodeConfig {
			t.Error(i, fmt.Sprint(err))
		}
	}
}
