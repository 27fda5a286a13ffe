package api

import (
	"context"
	"net/http"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// Org is an organization as its members see it.
type Org struct {
	Organization
	Description string   `json:"description"`
	Status      string   `json:"status"`
	AccessRoles []string `json:"access_roles" nullable:"false"`
	CreatedAt   string   `json:"created_at"`
	UpdatedAt   string   `json:"updated_at"`
}

func (a *API) registerOrgs() {
	const tag = "orgs"
	register(a, Route{Method: http.MethodGet, Path: "/orgs", Tag: tag, Summary: "The organizations that you are in", Policy: signedIn}, a.listOrgs)
	register(a, Route{Method: http.MethodPost, Path: "/orgs", Tag: tag, Summary: "Make another organization, which you own", Policy: identity.InOrg(identity.RoleOwner), Creates: true}, a.createOrg)
	register(a, Route{Method: http.MethodGet, Path: "/orgs/{id}", Tag: tag, Summary: "One of your organizations", Policy: signedIn}, a.org)
	register(a, Route{Method: http.MethodPut, Path: "/orgs/{id}", Tag: tag, Summary: "Change your organization's name, e-mail domain or description", Policy: admin}, a.updateOrg)
	register(a, Route{Method: http.MethodDelete, Path: "/orgs/{id}", Tag: tag, Summary: "Delete your organization", Policy: identity.InOrg(identity.RoleOwner),
		Detail: "Everybody is taken out of it, with teams, keys and links. It must have no credential, source or other thing any more, and you another organization. It needs a proof of who you are within the last 15 minutes."}, a.deleteOrg)
	register(a, Route{Method: http.MethodGet, Path: "/orgs/account_summary", Tag: tag, Summary: "How much your organization has", Policy: signedIn},
		func(ctx context.Context, _ *struct{}) (*value[OrgSummary], error) {
			return a.orgSummary(ctx, &One{ID: principal(ctx).Org})
		})
	register(a, Route{Method: http.MethodGet, Path: "/orgs/{id}/account_summary", Tag: tag, Summary: "How much your organization has", Policy: signedIn}, a.orgSummary)
	register(a, Route{Method: http.MethodGet, Path: "/orgs/{id}/auth_settings", Tag: tag, Summary: "The ways to sign in", Policy: admin}, a.authSettings)
	register(a, Route{Method: http.MethodPut, Path: "/orgs/{id}/auth_settings/{setting_id}", Tag: tag, Summary: "Switch an identity provider on or off", Policy: identity.InOrg(identity.RoleOwner),
		Detail: "It needs a proof of who you are within the last 15 minutes."}, a.updateAuthSetting)
}

func showOrg(o identity.Organization) Org {
	return Org{Organization: Organization{ID: o.ID, Name: o.Name, EmailDomain: orNull(o.Domain)}, Description: o.About, Status: "ACTIVE", AccessRoles: []string{string(o.Role)},
		CreatedAt: momentOf(o.Created), UpdatedAt: momentOf(o.Updated)}
}

func (a *API) listOrgs(ctx context.Context, in *struct{ Paging }) (*List[Org], error) {
	orgs, err := a.People.Organizations(ctx, principal(ctx))
	shown := make([]Org, len(orgs))
	for i, o := range orgs {
		shown[i] = showOrg(o)
	}
	return pageOf(ctx, in.Paging, shown), err
}

func (a *API) org(ctx context.Context, in *One) (*value[Org], error) {
	orgs, err := a.People.Organizations(ctx, principal(ctx))
	for _, o := range orgs {
		if o.ID == in.ID {
			return show(showOrg(o)), err
		}
	}
	if err != nil {
		return nil, err
	}
	return nil, nowhere()
}

// own refuses every organization but the one that the session is in.
func own(ctx context.Context, id int64) error {
	if id != principal(ctx).Org {
		return nowhere()
	}
	return nil
}

type orgBody struct {
	Name   *name   `json:"name,omitzero"`
	Domain *string `json:"email_domain,omitzero" maxLength:"200"`
	About  *text   `json:"description,omitzero"`
}

func (a *API) createOrg(ctx context.Context, in *struct{ Body orgBody }) (*value[Org], error) {
	if in.Body.Name == nil {
		return nil, refuse("name", "an organization needs a name", "Send it")
	}
	o, err := a.People.CreateOrganization(ctx, principal(ctx), identity.Organization{Name: given(in.Body.Name), Domain: given(in.Body.Domain), About: given(in.Body.About)})
	return show(showOrg(o)), err
}

func (a *API) updateOrg(ctx context.Context, in *struct {
	One
	Body orgBody
}) (*value[Org], error) {
	if err := own(ctx, in.ID); err != nil {
		return nil, err
	}
	o, err := a.org(ctx, &in.One)
	if err != nil {
		return nil, err
	}
	n := identity.Organization{Name: o.Body.Name, Domain: given(o.Body.EmailDomain), About: o.Body.Description}
	if in.Body.Name != nil {
		n.Name = given(in.Body.Name)
	}
	if in.Body.Domain != nil {
		n.Domain = *in.Body.Domain
	}
	if in.Body.About != nil {
		n.About = given(in.Body.About)
	}
	if err := a.People.UpdateOrganization(ctx, principal(ctx), n); err != nil {
		return nil, err
	}
	return a.org(ctx, &in.One)
}

func (a *API) deleteOrg(ctx context.Context, in *One) (*Done, error) {
	if err := own(ctx, in.ID); err != nil {
		return nil, err
	}
	if err := a.People.DeleteOrganization(ctx, principal(ctx)); err != nil {
		return nil, err
	}
	return a.forgotten(ctx), nil
}

// Count is how many there are of a kind, in all and by status.
type Count map[string]int

// counts are the contract's groups of counts.
type counts map[string]Count

// Summary is how much a user owns.
type Summary struct {
	Sources      counts `json:"data_sources"`
	DataSets     counts `json:"data_sets"`
	Destinations counts `json:"data_sinks"`
	Lookups      counts `json:"data_maps"`
}

// OrgSummary is how much an organization has.
type OrgSummary struct {
	OrgID        int64  `json:"org_id"`
	Sources      Count  `json:"data_sources"`
	DataSets     counts `json:"data_sets"`
	Destinations Count  `json:"data_sinks"`
	Credentials  Count  `json:"data_credentials"`
	Users        Count  `json:"users"`
}

func countOf(byStatus map[string]int) Count {
	c := Count{"total": 0, "active": 0, "paused": 0}
	for status, n := range byStatus {
		c["total"] += n
		if _, named := c[status]; named {
			c[status] += n
		}
	}
	return c
}

func (a *API) summary(ctx context.Context, user int64) (*Summary, error) {
	n, err := a.Store.Standing(ctx, principal(ctx).Org, user)
	group := func(kind store.Kind) counts { return counts{"counts": countOf(n[kind])} }
	return &Summary{group(store.KindSource), group(store.KindDataset), group(store.KindDestination), group(store.KindLookup)}, err
}

func (a *API) orgSummary(ctx context.Context, in *One) (*value[OrgSummary], error) {
	if err := own(ctx, in.ID); err != nil {
		return nil, err
	}
	n, err := a.Store.Standing(ctx, in.ID, 0)
	if err != nil {
		return nil, err
	}
	users, err := a.People.Users(ctx, principal(ctx))
	people := Count{"total": len(users), "active": 0}
	for _, u := range users {
		if u.Status == identity.Active {
			people["active"]++
		}
	}
	return show(OrgSummary{OrgID: in.ID, Sources: countOf(n[store.KindSource]), DataSets: counts{"counts": countOf(n[store.KindDataset])},
		Destinations: countOf(n[store.KindDestination]), Credentials: Count{"total": countOf(n[store.KindCredential])["total"]}, Users: people}), err
}

// AuthSetting is one way to sign in.
type AuthSetting struct {
	ID      int64  `json:"id" doc:"0 for what is no setting of the organization"`
	Name    string `json:"name"`
	Type    string `json:"type" enum:"password,oidc"`
	Issuer  string `json:"issuer"`
	Enabled bool   `json:"enabled"`
}

func (a *API) authSettings(ctx context.Context, in *One) (*value[[]AuthSetting], error) {
	if err := own(ctx, in.ID); err != nil {
		return nil, err
	}
	stored, err := a.People.StoredProviders(ctx, principal(ctx))
	all := []AuthSetting{{Name: "E-mail and password", Type: "password", Enabled: true}}
	for _, p := range stored {
		all = append(all, showAuthSetting(p))
	}
	return show(all), err
}

func showAuthSetting(p identity.StoredProvider) AuthSetting {
	return AuthSetting{ID: p.ID, Name: p.Name, Type: "oidc", Issuer: p.Issuer, Enabled: p.Enabled}
}

func (a *API) updateAuthSetting(ctx context.Context, in *struct {
	One
	Setting int64 `path:"setting_id"`
	Body    struct {
		Enabled bool `json:"enabled"`
	}
}) (*value[AuthSetting], error) {
	if err := own(ctx, in.ID); err != nil {
		return nil, err
	}
	if in.Setting == 0 {
		return nil, &weir.Error{Code: weir.CodeConflict, Where: "auth setting", Message: "passwords stay, so that an owner can always get in", Remedy: "Switch identity providers on or off"}
	}
	p, err := a.People.UpdateProvider(ctx, principal(ctx), in.Setting, identity.ChangeProvider{Enabled: &in.Body.Enabled})
	return show(showAuthSetting(p)), err
}
