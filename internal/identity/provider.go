package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/store"
)

// ProviderConfig describes an OpenID Connect provider. Whoever configures it
// lets it vouch for every e-mail address of the domains.
type ProviderConfig struct {
	Issuer      string
	ClientID    string
	Secret      weir.Secret
	RedirectURL string   // of this server, where the provider sends browsers back to
	Domains     []string // of the e-mail addresses that may sign in
	Users       []string // e-mail addresses that may sign in besides; one of both is needed
	Org         int64    // the organization that is signed in to
	CreateUsers bool     // whether who is unknown becomes a member
	Role        Role     // of those; RoleNone for RoleCollaborator, and never RoleOwner
	// Confined keeps out who belongs to other organizations, too: whoever has
	// configured the provider for one could be them in all.
	Confined bool
	Client   *http.Client
}

// Provider signs users in who prove to somebody else who they are: with an
// authorization code, PKCE, a state that is good once and in one browser, and
// a nonce. It is safe for concurrent use.
type Provider struct {
	s      *Service
	config ProviderConfig

	mu    sync.Mutex
	found *oidc.Provider // nil until the provider has answered once
}

// flowAge is how long somebody may take to sign in at the provider.
const flowAge = 10 * time.Minute

// Provider returns a way to sign in. It asks the provider nothing before
// somebody uses it, so a server starts while the provider is down.
func (s *Service) Provider(c ProviderConfig) (*Provider, error) {
	bad := func(message string) error {
		return &weir.Error{Code: weir.CodeConfig, Where: "identity provider", Message: message, Remedy: "Complete its configuration"}
	}
	if c.Role == RoleNone {
		c.Role = RoleCollaborator
	}
	switch {
	case c.Issuer == "" || c.ClientID == "" || c.RedirectURL == "":
		return nil, bad("issuer, client id or redirect URL is missing")
	case len(c.Domains) == 0 && len(c.Users) == 0:
		return nil, bad("it says of no e-mail domain or address that it may sign in")
	case c.Org == 0 || c.Client == nil:
		return nil, bad("organization or HTTP client is missing")
	case !c.Role.Valid() || c.Role == RoleOwner:
		return nil, bad("new users cannot have this role")
	}
	c.Domains, c.Users = lower(c.Domains), lower(c.Users)
	return &Provider{s: s, config: c}, nil
}

func lower(texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = strings.ToLower(strings.TrimSpace(t))
	}
	return out
}

// Redirect is where a browser goes to sign in.
type Redirect struct {
	URL     string
	Browser weir.Secret // to keep in a cookie until the browser is back
}

// Callback is what a browser brings back.
type Callback struct {
	State, Code string // of the query
	Browser     string // of the cookie
	Before      string // the session token that the browser had; its session ends
	Client      Client
}

// Start begins a sign-in. Again asks the provider to let the user type the
// password, or whatever it has, even when they are signed in there.
func (p *Provider) Start(ctx context.Context, again bool) (Redirect, error) {
	config, _, err := p.discover(ctx)
	if err != nil {
		return Redirect{}, err
	}
	state, browser, now := stateForm.make(), browserForm.make(), p.s.now()
	err = p.s.db.Change(ctx, func(tx *store.Tx) error {
		return tx.PutFlow(ctx, digest(state), digest(browser), now.UnixMicro(), now.Add(-flowAge).UnixMicro())
	})
	if err != nil {
		return Redirect{}, err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(p.derived("nonce", state)), oauth2.S256ChallengeOption(p.derived("verifier", state))}
	if again {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	url := config.AuthCodeURL(state, options...)
	return Redirect{URL: url, Browser: weir.NewSecret(browser)}, nil
}

// derived makes the nonce and PKCE's verifier of a state, so that the database
// holds neither. They are of this provider: what began at one does not end at
// another.
func (p *Provider) derived(what, state string) string {
	h := hmac.New(sha256.New, p.s.pepper)
	h.Write([]byte("oidc\x00" + what + "\x00" + p.config.Issuer + "\x00" + p.config.ClientID + "\x00" + state))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// discover asks the provider where its pages and keys are, until it has
// answered once.
func (p *Provider) discover(ctx context.Context) (*oauth2.Config, *oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil {
		// The provider keeps the context for later: it must not end with this request.
		found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.config.Client), p.config.Issuer)
		if err != nil {
			return nil, nil, &weir.Error{Code: weir.CodeTransient, Where: "identity provider", Message: "it does not say how to sign in", Remedy: "Check the issuer's address, or try again later", Err: err}
		}
		p.found = found
	}
	return &oauth2.Config{ClientID: p.config.ClientID, ClientSecret: p.config.Secret.Expose(), Endpoint: p.found.Endpoint(),
		RedirectURL: p.config.RedirectURL, Scopes: []string{oidc.ScopeOpenID, "email", "profile"}}, p.found, nil
}

// Finish ends a sign-in. Whatever is wrong with it is CodeAuth.
func (p *Provider) Finish(ctx context.Context, back Callback) (Session, error) {
	if err := p.arrived(ctx, back); err != nil {
		return Session{}, err
	}
	who, err := p.ask(ctx, back)
	if err != nil {
		return Session{}, err
	}
	known, err := p.s.deviceAccount(ctx, back.Client)
	if err != nil {
		return Session{}, err
	}
	var out Session
	entered := false
	err = p.s.db.Change(ctx, func(tx *store.Tx) error {
		var m store.Member
		if m, entered, err = p.member(ctx, tx, who); err != nil {
			return err
		}
		if !entered {
			return p.s.audit.AppendTx(ctx, tx, audit.Entry{Org: p.config.Org, Action: "user.sign_in_failed", Kind: "user", Object: m.User.ID,
				Detail: map[string]any{"address": back.Client.address(), "way": "provider"}})
		}
		if err := p.s.endToken(ctx, tx, back.Before); err != nil {
			return err
		}
		row := store.Session{Kind: string(Browser), Scope: string(RoleOwner), Proved: p.proved(who)}
		if out, err = p.s.begin(ctx, tx, m, row, back.Client); err != nil {
			return err
		}
		if out.Device, err = p.s.meet(ctx, tx, m.User.ID, known == m.User.ID, back.Client); err != nil {
			return err
		}
		return p.s.audit.AppendTx(ctx, tx, audit.Entry{Org: m.Membership.Org, Actor: m.User.ID, Action: "user.sign_in", Kind: "session", Object: out.Principal.Session,
			Detail: map[string]any{"address": back.Client.address(), "way": "provider"}})
	})
	if err == nil && !entered {
		err = &weir.Error{Code: weir.CodeAuth, Where: "sign-in", Message: "this account may not sign in here", Remedy: "Ask an administrator to add you"}
	}
	return out, err
}

// arrived uses up the state, which must have begun in the same browser.
func (p *Provider) arrived(ctx context.Context, back Callback) error {
	if !stateForm.fits(back.State) || !browserForm.fits(back.Browser) {
		return unproved()
	}
	good := false
	err := p.s.db.Change(ctx, func(tx *store.Tx) error {
		browser, at, found, err := tx.TakeFlow(ctx, digest(back.State))
		good = found && p.s.now().Sub(time.UnixMicro(at)) < flowAge && subtle.ConstantTimeCompare(browser, digest(back.Browser)) == 1
		return err
	})
	if err == nil && !good {
		err = unproved()
	}
	return err
}

func unproved() error {
	return &weir.Error{Code: weir.CodeAuth, Where: "sign-in", Message: "the identity provider did not confirm who you are", Remedy: "Begin again at the sign-in page"}
}

// proved is when the user proved to the provider who they are, where it says
// so: a sign-in that it waved through is no fresh proof.
func (p *Provider) proved(who claims) int64 {
	now := p.s.now()
	if at := time.Unix(who.Proved, 0); who.Proved > 0 && at.Before(now) {
		return at.UnixMicro()
	}
	return now.UnixMicro()
}

// claims are what a provider says of somebody.
type claims struct {
	Subject  string `json:"sub"`
	Email    string `json:"email"`
	Verified bool   `json:"email_verified"`
	Name     string `json:"name"`
	Proved   int64  `json:"auth_time"` // seconds; 0 where it says nothing
}

// ask changes the code into what the provider says of the user. The cause of
// a failure is not kept: it may hold a token.
func (p *Provider) ask(ctx context.Context, back Callback) (who claims, err error) {
	config, found, err := p.discover(ctx)
	if err != nil {
		return who, err
	}
	refuse := func(stage string) (claims, error) {
		p.s.log.WarnContext(ctx, "an identity provider's answer was refused", "stage", stage)
		return claims{}, unproved()
	}
	ctx = oidc.ClientContext(ctx, p.config.Client)
	tokens, err := config.Exchange(ctx, back.Code, oauth2.VerifierOption(p.derived("verifier", back.State)))
	if err != nil {
		return refuse("code")
	}
	raw, _ := tokens.Extra("id_token").(string)
	token, err := found.VerifierContext(ctx, &oidc.Config{ClientID: p.config.ClientID, Now: p.s.now}).Verify(ctx, raw)
	if err != nil {
		return refuse("token")
	}
	if !hmac.Equal([]byte(token.Nonce), []byte(p.derived("nonce", back.State))) {
		return refuse("nonce")
	}
	if err := token.Claims(&who); err != nil || who.Subject == "" {
		return refuse("claims")
	}
	return who, nil
}

// exposed is a secret that is sealed with the rest of a configuration, or was.
func exposed(s weir.Secret) string { return s.Expose() }

// vouched reports whether the provider may speak for the e-mail address.
func (p *Provider) vouched(login string, verified bool) bool {
	_, domain, ok := strings.Cut(login, "@")
	return ok && verified && (slices.Contains(p.config.Domains, domain) || slices.Contains(p.config.Users, login))
}

// member gives who somebody is here: known from an earlier time, by the
// e-mail address, or new.
func (p *Provider) member(ctx context.Context, tx *store.Tx, who claims) (m store.Member, ok bool, err error) {
	email, login, err := emailAddress(who.Email)
	if err != nil || !p.vouched(login, who.Verified) {
		return m, false, nil //nolint:nilerr // who has no good address is nobody here
	}
	id, known, err := tx.Identity(ctx, p.config.Issuer, who.Subject)
	if err != nil || known && !p.s.genuine(ctx, "identity", id.User, id.MAC, p.s.sealIdentity(id)) {
		return m, false, err
	}
	if !known {
		if m, ok, err = p.meet(ctx, tx, who, email, login); err != nil || !ok {
			return m, false, err
		}
		id = store.Identity{Issuer: p.config.Issuer, Subject: who.Subject, User: m.User.ID, Created: p.s.now().UnixMicro()}
	}
	if m, ok, err = p.enterable(ctx, tx, id.User); err != nil || !ok || known {
		return m, ok, err
	}
	id.MAC = p.s.sealIdentity(id)
	return m, true, tx.PutIdentity(ctx, id)
}

// enterable gives the user's place in the provider's organization, if it is
// one to sign in to.
func (p *Provider) enterable(ctx context.Context, tx *store.Tx, user int64) (m store.Member, ok bool, err error) {
	m, err = tx.Member(ctx, p.config.Org, user)
	if weir.CodeOf(err) == weir.CodeNotFound {
		return m, false, nil
	}
	if err != nil || m.User.Status != Active || m.Membership.Status != Active || !p.s.genuineMember(ctx, m) {
		return m, false, err
	}
	if p.config.Confined {
		all, err := tx.Memberships(ctx, user)
		return m, len(all) == 1, err
	}
	return m, true, nil
}

// meet finds by its address, or makes, a user who comes for the first time.
func (p *Provider) meet(ctx context.Context, tx *store.Tx, who claims, email, login string) (m store.Member, ok bool, err error) {
	u, found, err := tx.UserByLogin(ctx, login)
	if err != nil {
		return m, false, err
	}
	if found {
		return store.Member{User: u}, p.s.genuineUser(ctx, u), nil
	}
	if !p.config.CreateUsers {
		return m, false, nil
	}
	name := printable(who.Name, maxName)
	if name == "" {
		name, _, _ = strings.Cut(email, "@")
	}
	u = store.User{Login: login, Email: email, FullName: name, Status: Active, Created: p.s.now().UnixMicro()}
	if m, err = p.s.join(ctx, tx, p.config.Org, &u, p.config.Role); err != nil {
		return m, false, err
	}
	return m, true, p.s.audit.AppendTx(ctx, tx, audit.Entry{Org: p.config.Org, Action: "user.create", Kind: "user", Object: u.ID, Detail: map[string]any{"role": string(p.config.Role), "way": "provider"}})
}
