package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

// tokenLife is how long a session of a program lives, in seconds. The SDK
// gets a new token when less than an hour is left of what it was told.
const tokenLife = 24 * 60 * 60

// Token is a session that has begun.
type Token struct {
	AccessToken   string       `json:"access_token"`
	TokenType     string       `json:"token_type"`
	ExpiresIn     int          `json:"expires_in" doc:"Seconds"`
	User          TokenUser    `json:"user"`
	OrgMembership Membership   `json:"org_membership"`
	Org           Organization `json:"org"`
}

// TokenUser is whose session it is.
type TokenUser struct {
	ID           int64        `json:"id"`
	FullName     string       `json:"full_name"`
	Email        string       `json:"email"`
	Org          Organization `json:"org"`
	Impersonated bool         `json:"impersonated"`
	Impersonator *int64       `json:"impersonator"`
}

// Membership is a user's place in an organization.
type Membership struct {
	APIKey  string `json:"api_key" doc:"Always empty: keys are shown once"`
	Status  string `json:"status"`
	IsAdmin bool   `json:"is_admin?"`
}

func (a *API) registerTokens() {
	const tag = "token"
	register(a, Route{Method: http.MethodPost, Path: "/token", Tag: tag, Summary: "Exchange a service key for a session token", Policy: identity.Public(),
		Detail: "The service key is in the header Authorization, as Basic."}, a.token)
	register(a, Route{Method: http.MethodPost, Path: "/token/logout", Tag: tag, Summary: "End the session", Policy: identity.Authenticated()}, a.logout)
}

func (a *API) token(ctx context.Context, _ *struct{}) (*value[Token], error) {
	key := basicKey(request(ctx))
	if key == "" {
		return nil, &weir.Error{Code: weir.CodeAuth, Where: "Authorization", Message: "there is no service key in the header", Remedy: "Send it as Authorization: Basic <service key>"}
	}
	s, err := a.People.ExchangeKey(ctx, key, client(ctx))
	if err != nil {
		return nil, err
	}
	return a.sessionToken(ctx, s)
}

// basicKey finds the service key in the header: as it is, or in base64, alone
// or as the name or password of a user.
func basicKey(r *http.Request) string {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return ""
	}
	text = strings.TrimSpace(text)
	if identity.LooksLikeKey(text) {
		return text
	}
	plain, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return text // ExchangeKey refuses it
	}
	for part := range strings.SplitSeq(string(plain), ":") {
		if identity.LooksLikeKey(part) {
			return part
		}
	}
	return text
}

// sessionToken shows a session that has just begun.
func (a *API) sessionToken(ctx context.Context, s identity.Session) (*value[Token], error) {
	shownOnce(ctx)
	p := s.Principal
	org, err := a.organization(ctx, p.Org)
	if err != nil {
		return nil, err
	}
	return show(Token{
		AccessToken: s.Token.Expose(), TokenType: "Bearer", ExpiresIn: tokenLife,
		User:          TokenUser{ID: p.User, FullName: p.FullName, Email: p.Email, Org: org},
		OrgMembership: Membership{Status: "ACTIVE", IsAdmin: p.Role.AtLeast(identity.RoleAdmin)}, Org: org,
	}), nil
}

// showLink shows a link that was just made.
func (a *API) showLink(user int64, link weir.Secret) Link {
	return Link{Link: link.Expose(), UserID: user, ExpiresAt: momentOf(a.Now().Add(identity.LinkAge))}
}

func (a *API) logout(ctx context.Context, _ *struct{}) (*Done, error) {
	if err := a.People.SignOut(ctx, principal(ctx)); err != nil {
		return nil, err
	}
	return done(), nil
}
