package api

import (
	"context"
	"net/http"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

// Session is who is signed in, and for how long.
type Session struct {
	ID           int64        `json:"id"`
	Kind         string       `json:"kind" doc:"browser, or api for one that was got with a service key"`
	User         Owner        `json:"user"`
	Org          Organization `json:"org"`
	Role         string       `json:"role" doc:"In the organization"`
	ProvedUntil  *string      `json:"proved_until" doc:"Until when keys may be made without a new proof of who you are; null when one is needed"`
	CSRFToken    string       `json:"csrf_token,omitzero" doc:"For clients that keep the session in a cookie and do not say where a request comes from: the header X-Weir-CSRF"`
	ServiceKeyID *int64       `json:"service_key_id"`
}

// SessionInfo is one of a user's sessions.
type SessionInfo struct {
	ID           int64  `json:"id"`
	Kind         string `json:"kind"`
	ServiceKeyID *int64 `json:"service_key_id"`
	CreatedAt    string `json:"created_at"`
	SeenAt       string `json:"seen_at" doc:"The last request, to a minute"`
	ExpiresAt    string `json:"expires_at"`
	IP           string `json:"request_ip"`
	UserAgent    string `json:"request_user_agent"`
	Current      bool   `json:"current"`
}

func (a *API) registerSession() {
	const tag = "session"
	register(a, Route{Method: http.MethodPost, Path: "/session", Tag: tag, Summary: "Sign in with e-mail and password", Policy: identity.Public(),
		Detail: "For browsers: the session is in the cookie __Host-weir, and the browser is remembered in another. Programs exchange a service key at /token."}, a.signIn)
	register(a, Route{Method: http.MethodGet, Path: "/session", Tag: tag, Summary: "Who is signed in", Policy: signedIn}, a.session)
	register(a, Route{Method: http.MethodDelete, Path: "/session", Tag: tag, Summary: "Sign out", Policy: signedIn}, a.signOut)
	register(a, Route{Method: http.MethodPost, Path: "/session/proof", Tag: tag, Summary: "Prove again who you are, with the password", Policy: signedIn,
		Detail: "What answers AUTH_004 works for 15 minutes afterwards. The session is a new one."}, a.prove)
	register(a, Route{Method: http.MethodPut, Path: "/session/org", Tag: tag, Summary: "Go on in another of your organizations", Policy: signedIn,
		Detail: "Of a browser alone. The session is a new one."}, a.switchOrg)
	register(a, Route{Method: http.MethodGet, Path: "/sessions", Tag: tag, Summary: "Your sessions in the organization, newest first", Policy: signedIn}, a.listSessions)
	register(a, Route{Method: http.MethodDelete, Path: "/sessions", Tag: tag, Summary: "End all of your sessions, this one too, and forget your browsers", Policy: signedIn}, a.endSessions)
	register(a, Route{Method: http.MethodDelete, Path: "/sessions/{id}", Tag: tag, Summary: "End one of your sessions", Policy: signedIn}, a.endSession)
	register(a, Route{Method: http.MethodPut, Path: "/users/current/password", Tag: tag, Summary: "Change your password", Policy: signedIn,
		Detail: "All of your sessions end, and your browsers are forgotten; a browser that asks gets a new session."}, a.changePassword)
}

type signInInput struct {
	Body struct {
		Email    string `json:"email" maxLength:"254"`
		Password string `json:"password" maxLength:"1024"`
		OrgID    int64  `json:"org_id,omitzero" doc:"One of your organizations; the oldest when absent"`
	}
}

func (a *API) signIn(ctx context.Context, in *signInInput) (*value[Session], error) {
	r := request(ctx)
	if err := a.Cookies.Allow(r); err != nil {
		return nil, err
	}
	s, err := a.People.SignIn(ctx, identity.SignIn{Email: in.Body.Email, Password: weir.NewSecret(in.Body.Password), Org: in.Body.OrgID, Before: a.Cookies.Session(r), Client: client(ctx)})
	if err != nil {
		return nil, err
	}
	return a.begun(ctx, s)
}

// begun gives a session that has just begun to the browser, in a cookie and
// nowhere else.
func (a *API) begun(ctx context.Context, s identity.Session) (*value[Session], error) {
	cookies := a.Cookies.Begin(request(ctx), s)
	out, err := a.showSession(ctx, s.Principal, cookies[0].Value)
	if err != nil {
		return nil, err
	}
	for _, c := range cookies {
		setCookie(ctx, c)
	}
	return show(out), nil
}

func (a *API) showSession(ctx context.Context, p identity.Principal, cookie string) (Session, error) {
	org, err := a.organization(ctx, p.Org)
	out := Session{ID: p.Session, Kind: string(p.Kind), User: Owner{ID: p.User, FullName: p.FullName, Email: p.Email}, Org: org, Role: string(p.Role), ServiceKeyID: idOrNull(p.Key)}
	if a.People.Recent(p) == nil {
		out.ProvedUntil = timeOrNull(p.Proved.Add(identity.ProofAge))
	}
	if cookie != "" {
		out.CSRFToken = a.People.CSRF(cookie)
	}
	return out, err
}

func (a *API) session(ctx context.Context, _ *struct{}) (*value[Session], error) {
	out, err := a.showSession(ctx, principal(ctx), from(ctx).cookie)
	return show(out), err
}

func (a *API) signOut(ctx context.Context, _ *struct{}) (*Done, error) {
	if err := a.People.SignOut(ctx, principal(ctx)); err != nil {
		return nil, err
	}
	return a.forgotten(ctx), nil
}

// forgotten makes the browser forget a session that has ended.
func (a *API) forgotten(ctx context.Context) *Done {
	if from(ctx).cookie != "" {
		setCookie(ctx, a.Cookies.End(request(ctx)))
	}
	return done()
}

type proofInput struct {
	Body struct {
		Password string `json:"password" maxLength:"1024"`
	}
}

func (a *API) prove(ctx context.Context, in *proofInput) (*value[Session], error) {
	if err := a.browser(ctx); err != nil {
		return nil, err
	}
	s, err := a.People.Reauthenticate(ctx, principal(ctx), from(ctx).cookie, weir.NewSecret(in.Body.Password), client(ctx))
	if weir.CodeOf(err) == weir.CodeAuth { // who asks is still signed in
		err = &weir.Error{Code: weir.CodeForbidden, Where: "password", Message: "it is wrong", Remedy: "Type the one you signed in with", Err: identity.ErrNotRecent}
	}
	if err != nil {
		return nil, err
	}
	return a.begun(ctx, s)
}

// browser refuses what only makes sense for a session in a cookie: the new
// one would be nowhere.
func (a *API) browser(ctx context.Context) error {
	if from(ctx).cookie == "" {
		return &weir.Error{Code: weir.CodeForbidden, Where: "session", Message: "this is for browsers, whose session is in a cookie", Remedy: "Sign in with POST /session"}
	}
	return nil
}

type switchInput struct {
	Body struct {
		OrgID int64 `json:"org_id"`
	}
}

func (a *API) switchOrg(ctx context.Context, in *switchInput) (*value[Session], error) {
	if err := a.browser(ctx); err != nil {
		return nil, err
	}
	s, err := a.People.Switch(ctx, principal(ctx), in.Body.OrgID, client(ctx))
	if err != nil {
		return nil, err
	}
	return a.begun(ctx, s)
}

func (a *API) listSessions(ctx context.Context, in *struct{ Paging }) (*List[SessionInfo], error) {
	all, err := a.People.Sessions(ctx, principal(ctx))
	shown := make([]SessionInfo, len(all))
	for i, s := range all {
		shown[i] = SessionInfo{ID: s.ID, Kind: string(s.Kind), ServiceKeyID: idOrNull(s.Key), CreatedAt: momentOf(s.Created), SeenAt: momentOf(s.Seen), ExpiresAt: momentOf(s.Expires),
			IP: s.Address, UserAgent: s.Agent, Current: s.Current}
	}
	return pageOf(ctx, in.Paging, shown), err
}

// momentOf is a time as the API writes it.
func momentOf(t time.Time) string { return moment(t.UnixMicro()) }

func (a *API) endSession(ctx context.Context, in *One) (*Done, error) {
	all, err := a.People.Sessions(ctx, principal(ctx))
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if s.ID != in.ID {
			continue
		}
		if err := a.People.EndSession(ctx, principal(ctx), in.ID); err != nil {
			return nil, err
		}
		if s.Current {
			return a.forgotten(ctx), nil
		}
		return done(), nil
	}
	return nil, nowhere()
}

func (a *API) endSessions(ctx context.Context, _ *struct{}) (*Done, error) {
	if err := a.People.SignOutEverywhere(ctx, principal(ctx)); err != nil {
		return nil, err
	}
	return a.forgotten(ctx), nil
}

type passwordInput struct {
	Body struct {
		Current  string `json:"password_current,omitzero" maxLength:"1024" doc:"Of a user who has one"`
		Password string `json:"password" maxLength:"1024"`
	}
}

func (a *API) changePassword(ctx context.Context, in *passwordInput) (*value[Session], error) {
	if err := a.browser(ctx); err != nil {
		return nil, err
	}
	s, err := a.People.ChangePassword(ctx, principal(ctx), weir.NewSecret(in.Body.Current), weir.NewSecret(in.Body.Password), client(ctx))
	if err != nil {
		return nil, err
	}
	return a.begun(ctx, s)
}
