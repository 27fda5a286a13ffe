package api

import (
	"context"
	"net/http"
	"time"

	"github.com/weirhq/weir/internal/identity"
)

// ServiceKey is what is known of a key that a program signs in with.
type ServiceKey struct {
	ID         int64   `json:"id"`
	UserID     int64   `json:"user_id"`
	Name       string  `json:"name"`
	Prefix     string  `json:"prefix" doc:"Its first letters, to tell keys apart"`
	Scope      string  `json:"scope" doc:"The most it may do"`
	CreatedAt  string  `json:"created_at"`
	ExpiresAt  string  `json:"expires_at"`
	LastUsedAt *string `json:"last_used_at"`
	RevokedAt  *string `json:"revoked_at"`
	Waits      bool    `json:"waits" doc:"It does nothing until it is confirmed: the server was restored from a backup, and the key may have been revoked since"`
	Key        string  `json:"key,omitzero" doc:"The key itself: in the answer that makes it, and never again"`
}

func showKey(k identity.ServiceKey) ServiceKey {
	return ServiceKey{ID: k.ID, UserID: k.User, Name: k.Name, Prefix: k.Prefix, Scope: string(k.Scope), CreatedAt: moment(k.Created.UnixMicro()), ExpiresAt: moment(k.Expires.UnixMicro()),
		LastUsedAt: timeOrNull(k.Used), RevokedAt: timeOrNull(k.Revoked), Waits: k.Waits}
}

func timeOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return momentOrNull(t.UnixMicro())
}

func (a *API) registerServiceKeys() {
	const tag = "service_keys"
	register(a, Route{Method: http.MethodGet, Path: "/service_keys", Tag: tag, Summary: "List service keys", Policy: signedIn}, a.listKeys)
	register(a, Route{Method: http.MethodPost, Path: "/service_keys", Tag: tag, Summary: "Make a service key, which is shown once", Policy: signedIn, Creates: true,
		Detail: "It needs a proof of who you are within the last 15 minutes."}, a.createKey)
	register(a, Route{Method: http.MethodDelete, Path: "/service_keys/{id}", Tag: tag, Summary: "Revoke a service key", Policy: signedIn}, a.revokeKey)
	register(a, Route{Method: http.MethodPost, Path: "/service_keys/{id}/confirm", Tag: tag, Summary: "Let a key work again that waits since the server was restored", Policy: signedIn,
		Detail: "For whose it is, and for administrators. In a browser it needs a proof of who you are within the last 15 minutes."}, a.confirmKey)
}

func (a *API) listKeys(ctx context.Context, in *struct{ Paging }) (*List[ServiceKey], error) {
	keys, err := a.People.Keys(ctx, principal(ctx))
	shown := make([]ServiceKey, len(keys))
	for i, k := range keys {
		shown[i] = showKey(k)
	}
	return pageOf(ctx, in.Paging, shown), err
}

type createKeyInput struct {
	Body struct {
		Name  name   `json:"name"`
		Scope string `json:"scope,omitzero" enum:"owner,admin,operator,collaborator" doc:"What you may do yourself, when absent"`
		Days  int    `json:"expires_in_days,omitzero" minimum:"1" maximum:"365"`
	}
}

func (a *API) createKey(ctx context.Context, in *createKeyInput) (*value[ServiceKey], error) {
	shownOnce(ctx)
	n := identity.NewKey{Name: string(in.Body.Name), Scope: identity.Role(in.Body.Scope), Expires: time.Duration(in.Body.Days) * 24 * time.Hour}
	if n.Scope == "" {
		n.Scope = principal(ctx).Role
	}
	key, k, err := a.People.CreateKey(ctx, principal(ctx), n)
	if err != nil {
		return nil, err
	}
	out := showKey(k)
	out.Key = key.Expose()
	return show(out), nil
}

func (a *API) revokeKey(ctx context.Context, in *One) (*Done, error) {
	if err := a.People.RevokeKey(ctx, principal(ctx), in.ID); err != nil {
		return nil, err
	}
	return done(), nil
}

func (a *API) confirmKey(ctx context.Context, in *One) (*Done, error) {
	if err := a.People.ConfirmKey(ctx, principal(ctx), in.ID); err != nil {
		return nil, err
	}
	return done(), nil
}
