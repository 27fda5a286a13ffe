package api

import (
	"context"
	"net/http"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

// Provider is an identity provider of the organization, without its secret.
type Provider struct {
	ID          int64    `json:"id"`
	Name        string   `json:"name"`
	Type        string   `json:"type"`
	Issuer      string   `json:"issuer"`
	ClientID    string   `json:"client_id"`
	Domains     []string `json:"domains" nullable:"false"`
	Users       []string `json:"users" nullable:"false"`
	CreateUsers bool     `json:"create_users"`
	Role        string   `json:"role"`
	Enabled     bool     `json:"enabled"`
	RedirectURL string   `json:"redirect_url" doc:"Register it at the provider"`
	CreatedAt   string   `json:"created_at"`
	UpdatedAt   string   `json:"updated_at"`
}

func showProvider(p identity.StoredProvider) Provider {
	return Provider{ID: p.ID, Name: p.Name, Type: "oidc", Issuer: p.Issuer, ClientID: p.ClientID, Domains: some(p.Domains), Users: some(p.Users), CreateUsers: p.CreateUsers,
		Role: string(p.Role), Enabled: p.Enabled, RedirectURL: p.RedirectURL, CreatedAt: momentOf(p.Created), UpdatedAt: momentOf(p.Updated)}
}

func (a *API) registerProviders() {
	const tag, detail = "identity_providers", "It needs a proof of who you are within the last 15 minutes."
	owner := identity.InOrg(identity.RoleOwner)
	register(a, Route{Method: http.MethodGet, Path: "/identity_providers", Tag: tag, Summary: "The organization's identity providers", Policy: admin}, a.listProviders)
	register(a, Route{Method: http.MethodPost, Path: "/identity_providers", Tag: tag, Summary: "Let an OpenID Connect provider sign users in", Policy: owner, Creates: true, Detail: detail}, a.createProvider)
	register(a, Route{Method: http.MethodGet, Path: "/identity_providers/{id}", Tag: tag, Summary: "One of them", Policy: admin}, a.provider)
	register(a, Route{Method: http.MethodPut, Path: "/identity_providers/{id}", Tag: tag, Summary: "Change one", Policy: owner, Detail: detail}, a.updateProvider)
	register(a, Route{Method: http.MethodDelete, Path: "/identity_providers/{id}", Tag: tag, Summary: "Remove one, and its secret", Policy: owner, Detail: detail}, a.deleteProvider)
}

type providerBody struct {
	Name        *name          `json:"name,omitzero"`
	Issuer      *string        `json:"issuer,omitzero" maxLength:"500" doc:"As the provider's documentation has it, such as https://accounts.google.com"`
	ClientID    *string        `json:"client_id,omitzero" maxLength:"500"`
	Secret      string         `json:"client_secret,omitzero" maxLength:"1000" doc:"It is sealed, and never shown again"`
	Domains     *[]string      `json:"domains,omitzero" maxItems:"100" doc:"Of e-mail addresses that may sign in"`
	Users       *[]string      `json:"users,omitzero" maxItems:"1000" doc:"E-mail addresses that may sign in besides"`
	CreateUsers *bool          `json:"create_users,omitzero" doc:"Whether somebody who is unknown becomes a user"`
	Role        *identity.Role `json:"role,omitzero" enum:"admin,operator,collaborator" doc:"Of those"`
	Enabled     *bool          `json:"enabled,omitzero"`
}

func (b providerBody) change() identity.ChangeProvider {
	return identity.ChangeProvider{Name: changed(b.Name), Issuer: b.Issuer, ClientID: b.ClientID, Secret: weir.NewSecret(b.Secret), Domains: b.Domains, Users: b.Users,
		CreateUsers: b.CreateUsers, Enabled: b.Enabled, Role: b.Role}
}

func (a *API) listProviders(ctx context.Context, in *struct{ Paging }) (*List[Provider], error) {
	all, err := a.People.StoredProviders(ctx, principal(ctx))
	shown := make([]Provider, len(all))
	for i, p := range all {
		shown[i] = showProvider(p)
	}
	return pageOf(ctx, in.Paging, shown), err
}

func (a *API) createProvider(ctx context.Context, in *struct{ Body providerBody }) (*value[Provider], error) {
	p, err := a.People.AddProvider(ctx, principal(ctx), in.Body.change())
	return show(showProvider(p)), err
}

func (a *API) provider(ctx context.Context, in *One) (*value[Provider], error) {
	p, err := a.People.StoredProvider(ctx, principal(ctx), in.ID)
	return show(showProvider(p)), err
}

func (a *API) updateProvider(ctx context.Context, in *struct {
	One
	Body providerBody
}) (*value[Provider], error) {
	p, err := a.People.UpdateProvider(ctx, principal(ctx), in.ID, in.Body.change())
	return show(showProvider(p)), err
}

func (a *API) deleteProvider(ctx context.Context, in *One) (*Done, error) {
	if err := a.People.DropProvider(ctx, principal(ctx), in.ID); err != nil {
		return nil, err
	}
	return done(), nil
}
