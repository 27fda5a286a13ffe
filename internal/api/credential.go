package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// Credential is a stored key or login, without its secrets.
type Credential struct {
	ID                 int64             `json:"id"`
	Name               string            `json:"name"`
	Description        string            `json:"description"`
	Owner              Owner             `json:"owner"`
	Org                Organization      `json:"org"`
	AccessRoles        []string          `json:"access_roles"`
	CredentialsType    string            `json:"credentials_type" doc:"How one speaks to it: rest, postgres, mysql, s3, sqlite, file."`
	CredentialsVersion string            `json:"credentials_version" doc:"One more with each replacement of the secret."`
	NonSecure          map[string]any    `json:"credentials_non_secure_data"`
	Connector          *Connector        `json:"connector"`
	APIKeys            []any             `json:"api_keys"`
	VerifiedStatus     string            `json:"verified_status" doc:"VERIFIED, UNVERIFIED, FAILED, or UNKNOWN after a rotation that was cut short."`
	VerifiedAt         *string           `json:"verified_at"`
	VerifiedReason     string            `json:"verified_reason,omitempty" doc:"Of a failure, for programs."`
	VerifiedMessage    string            `json:"verified_message,omitempty" doc:"Of a failure, in words."`
	ExpiresAt          *string           `json:"expires_at"`
	Account            *Account          `json:"account" doc:"Whose key it is."`
	SecretFields       []string          `json:"secret_fields" doc:"Which secrets are set. None is ever shown."`
	Vendor             *vendor           `json:"vendor"`
	TemplateConfig     map[string]string `json:"template_config"`
	AuthTemplate       map[string]any    `json:"auth_template"`
	Referenced         Referenced        `json:"referenced_resource_ids"`
	CopiedFromID       *int64            `json:"copied_from_id"`
	Tags               []string          `json:"tags"`
	Managed            bool              `json:"managed"`
	CreatedAt          string            `json:"created_at"`
	UpdatedAt          string            `json:"updated_at"`
}

// Account is whose key a credential holds.
type Account struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Email        string `json:"email"`
	TimeZone     string `json:"time_zone"`
	Organization string `json:"organization,omitempty"`
}

// Referenced is what uses a credential.
type Referenced struct {
	Sources []int64 `json:"data_sources"`
	Sinks   []int64 `json:"data_sinks"`
}

// credentialInput is the body that makes or changes a credential: its values
// in the contract's own words (credentials), or by a vendor's template.
type credentialInput struct {
	Name           *name          `json:"name,omitzero"`
	Description    *text          `json:"description,omitzero"`
	Type           string         `json:"credentials_type,omitzero" maxLength:"64" doc:"cal_com_api, rest, postgres, mysql, s3, sqlite or file"`
	Credentials    map[string]any `json:"credentials,omitzero" doc:"Replaces all values at once"`
	TemplateConfig map[string]any `json:"template_config,omitzero" doc:"The fields of the vendor's auth template"`
	Vendor         string         `json:"vendor,omitzero" maxLength:"64" doc:"The vendor by its name, such as cal_com_api, instead of vendor_id"`
	VendorID       int64          `json:"vendor_id,omitzero"`
	AuthTemplateID int64          `json:"auth_template_id,omitzero"`
	Version        string         `json:"credentials_version,omitzero" maxLength:"16"`
	Tags           tags           `json:"tags,omitzero" maxItems:"100"`
	OtherAccount   bool           `json:"confirm_other_account,omitzero" doc:"The new key may be of another account"`
}

func (a *API) registerCredentials() {
	const tag = "Credentials"
	read, change := mayRead(store.KindCredential), mayChange(store.KindCredential)
	register(a, Route{Method: http.MethodGet, Path: "/data_credentials", Tag: tag, Summary: "List credentials", Policy: signedIn}, a.listCredentials)
	register(a, Route{Method: http.MethodPost, Path: "/data_credentials", Tag: tag, Summary: "Validate a credential and store it", Policy: maker, Creates: true}, a.createCredential)
	register(a, Route{Method: http.MethodGet, Path: "/data_credentials/{id}", Tag: tag, Summary: "One credential", Policy: read}, a.credential)
	register(a, Route{Method: http.MethodPut, Path: "/data_credentials/{id}", Tag: tag, Summary: "Change a credential, or replace its secret", Policy: change}, a.updateCredential)
	register(a, Route{Method: http.MethodDelete, Path: "/data_credentials/{id}", Tag: tag, Summary: "Delete a credential that nothing uses", Policy: change}, a.deleteCredential)
	register(a, Route{Method: http.MethodPost, Path: "/data_credentials/{id}/restore", Tag: tag, Summary: "Bring a deleted credential back, without its secrets", Policy: mayRestore(store.KindCredential)}, a.restoreCredential)
	register(a, Route{Method: http.MethodPost, Path: "/data_credentials/{id}/copy", Tag: tag, Summary: "Copy a credential", Policy: change, Creates: true}, a.copyCredential)
	register(a, Route{Method: http.MethodPost, Path: "/data_credentials/{id}/rotate", Tag: tag, Summary: "Let the service make a new key", Policy: change, Creates: true}, a.rotateCredential)
	register(a, Route{Method: http.MethodGet, Path: "/data_credentials/{id}/probe", Tag: tag, Summary: "Ask the service whether the credential is good", Policy: mayOperate(store.KindCredential)}, a.probeCredential)
	register(a, Route{Method: http.MethodPost, Path: "/data_credentials/{id}/probe/tree", Tag: tag, Summary: "What can be read with it", Policy: mayOperate(store.KindCredential)}, a.probeTree)
	register(a, Route{Method: http.MethodPost, Path: "/data_credentials/{id}/probe/sample", Tag: tag, Summary: "Test a source before it is stored", Policy: mayOperate(store.KindCredential)}, a.probeSample)
}

// actor is on whose behalf a request acts.
func actor(ctx context.Context) credential.Actor {
	p := principal(ctx)
	return credential.Actor{Org: p.Org, User: p.User}
}

// ListInput is the input of lists of resources.
type ListInput struct {
	Paging
	AccessRole string `query:"access_role" enum:"owner,collaborator,operator,admin,member,all" doc:"owner, which is also what is meant without it, lists what is one's own; all what one may see, and to administrators everything"`
}

// ofAll is the input for lists of what happened, which show all that one may see
// unless they are asked for less.
func (in ListInput) ofAll() ListInput {
	if in.AccessRole == "" {
		in.AccessRole = "all"
	}
	return in
}

// filter is what of the organization a list shows: by default what is one's
// own; with all, whatever one may see, which is everything to administrators.
func (a *API) filter(ctx context.Context, in ListInput, kind store.Kind) (store.ResourceFilter, error) {
	p := principal(ctx)
	f := store.ResourceFilter{Org: p.Org, Kind: kind, Page: in.page(), Number: in.PerPage}
	switch role := identity.Role(in.AccessRole); {
	case in.AccessRole == "all" && p.Role.AtLeast(identity.RoleAdmin):
	case in.AccessRole == "" || in.AccessRole == "owner":
		f.Owner = p.User
	default:
		own := in.AccessRole == "all"
		sharing, err := a.People.Sharing(ctx, p, own, atLeast(role)...)
		if err != nil {
			return f, err
		}
		f.Sharing = sharing
	}
	return f, nil
}

// atLeast are the roles that a list of what is shared in a role shows.
func atLeast(role identity.Role) (roles []identity.Role) {
	for _, r := range []identity.Role{identity.RoleOwner, identity.RoleAdmin, identity.RoleOperator, identity.RoleCollaborator} {
		if !role.Valid() || r.AtLeast(role) {
			roles = append(roles, r)
		}
	}
	return roles
}

type credentialList struct {
	ListInput
	Type string `query:"credentials_type" maxLength:"64" doc:"A connection type such as rest, or a vendor such as cal_com_api."`
}

func (a *API) listCredentials(ctx context.Context, in *credentialList) (*List[Credential], error) {
	f, err := a.filter(ctx, in.ListInput, store.KindCredential)
	if err != nil {
		return nil, err
	}
	if in.Type != "" {
		f.Types = []string{}
		for _, k := range a.Credentials.Kinds() {
			if k.Name == in.Type || k.Connection == in.Type {
				f.Types = append(f.Types, k.Name)
			}
		}
		if len(f.Types) == 0 {
			return list(ctx, in.Paging, []Credential{}, 0), nil
		}
	}
	found, total, err := a.Credentials.List(ctx, f)
	if err != nil {
		return nil, err
	}
	shown, err := a.showCredentials(ctx, found...)
	return list(ctx, in.Paging, shown, total), err
}

// showCredentials puts credentials into the contract's shape.
func (a *API) showCredentials(ctx context.Context, all ...*credential.Credential) ([]Credential, error) {
	ids, resources := make([]int64, len(all)), make([]store.Resource, len(all))
	for i, c := range all {
		ids[i], resources[i] = c.ID, c.Resource
	}
	common, err := a.common(ctx, resources...)
	if err != nil {
		return nil, err
	}
	used := map[int64]*Referenced{}
	for _, id := range ids {
		used[id] = &Referenced{Sources: []int64{}, Sinks: []int64{}}
	}
	if len(ids) > 0 {
		uses, err := a.Credentials.Users(ctx, ids...)
		if err != nil {
			return nil, err
		}
		for _, u := range uses {
			switch u.Kind {
			case store.KindSource:
				used[u.Target].Sources = append(used[u.Target].Sources, u.ID)
			case store.KindDestination:
				used[u.Target].Sinks = append(used[u.Target].Sinks, u.ID)
			}
		}
	}
	shown := make([]Credential, len(all))
	for i, c := range all {
		shown[i] = a.showCredential(c, common, *used[c.ID])
	}
	return shown, nil
}

func (a *API) showCredential(c *credential.Credential, common *common, used Referenced) Credential {
	out := Credential{
		ID: c.ID, Name: c.Name, Description: c.Description, Owner: common.owner(c.Owner), Org: common.org, AccessRoles: common.roles(c.ID),
		CredentialsType: c.Kind.Connection, CredentialsVersion: fmt.Sprint(c.SecretVersion), NonSecure: nonSecure(c), Connector: a.connectorOf(c.Kind),
		APIKeys: []any{}, VerifiedStatus: strings.ToUpper(string(c.Status())), VerifiedAt: momentOrNull(c.VerifiedAt), VerifiedReason: c.Reason, VerifiedMessage: c.Problem,
		ExpiresAt: momentOrNull(c.ExpiresAt), SecretFields: some(c.SetFields()), Vendor: a.vendorOf(c.Kind), TemplateConfig: c.Settings,
		AuthTemplate: map[string]any{}, Referenced: used, CopiedFromID: idOrNull(c.CopiedFrom), Tags: some(c.Tags), CreatedAt: moment(c.Created), UpdatedAt: moment(c.Updated),
	}
	if out.TemplateConfig == nil {
		out.TemplateConfig = map[string]string{}
	}
	if c.Kind.Connector != nil {
		out.AuthTemplate = a.templateOf(c.Kind)
	}
	if c.Account != nil {
		account := Account(*c.Account)
		out.Account = &account
	}
	return out
}

// nonSecure is what of a credential is no secret, in the contract's words.
func nonSecure(c *credential.Credential) map[string]any {
	out := map[string]any{}
	for field, value := range c.Settings {
		out[field] = value
	}
	if c.Kind.Connection == "rest" {
		out["auth.type"] = "NONE"
		if len(c.Secrets) > 0 {
			out["auth.type"], out["api.key.include.mode"], out["api.key.auth.key"] = "API_KEY", "HEADER", "Authorization"
		}
		out["test.method"], out["test.content.type"], out["ignore.ssl.cert.validation"] = "GET", "application/json", false
		out["jwt.enabled"], out["hmac.enabled"] = false, false
		switch {
		case c.Kind.Connector != nil:
			out["test.url"] = c.Origin + c.Kind.Connector.Check.Path
		case c.Settings["test_path"] != "":
			out["test.url"] = c.Origin + c.Settings["test_path"]
		}
	}
	return out
}

func (a *API) oneCredential(ctx context.Context, c *credential.Credential, err error) (*value[Credential], error) {
	if err != nil {
		return nil, err
	}
	shown, err := a.showCredentials(ctx, c)
	if err != nil {
		return nil, err
	}
	return show(shown[0]), nil
}

func (a *API) credential(ctx context.Context, in *One) (*value[Credential], error) {
	c, err := a.Credentials.Credential(ctx, actor(ctx).Org, in.ID)
	return a.oneCredential(ctx, c, err)
}

// visibleCredentials shows those of the credentials that the caller may see:
// whoever has a source shared with them has not its credential.
func (a *API) visibleCredentials(ctx context.Context, ids ...int64) ([]Credential, error) {
	visible := []*credential.Credential{}
	for _, id := range ids {
		err := a.Identity.Authorize(ctx, principal(ctx), mayRead(store.KindCredential), id)
		if err == nil {
			var c *credential.Credential
			if c, err = a.Credentials.Credential(ctx, actor(ctx).Org, id); err == nil {
				visible = append(visible, c)
			}
		}
		switch weir.CodeOf(err) {
		case "", weir.CodeForbidden, weir.CodeNotFound:
		default:
			return nil, err
		}
	}
	return a.showCredentials(ctx, visible...)
}

// nestedCredential is what stands inside a source or destination; nil for one
// that the caller may not see.
func (a *API) nestedCredential(ctx context.Context, id int64) (*Credential, error) {
	shown, err := a.visibleCredentials(ctx, id)
	if err != nil || len(shown) == 0 {
		return nil, err
	}
	return &shown[0], nil
}

type createCredentialInput struct {
	DryRun flag `query:"dry_run" doc:"Validate and store nothing."`
	Body   credentialInput
}

func (a *API) createCredential(ctx context.Context, in *createCredentialInput) (*value[Credential], error) {
	kind, values, err := a.credentialValues(in.Body)
	if err != nil {
		return nil, err
	}
	input := credential.Input{Kind: kind, Values: values, Tags: in.Body.Tags}
	input.Name, input.Description = given(in.Body.Name), given(in.Body.Description)
	create := a.Credentials.Create
	if in.DryRun.On {
		create = a.Credentials.Test
	}
	c, err := create(ctx, actor(ctx), input)
	return a.oneCredential(ctx, c, validation(blameWire(err, in.Body)))
}

type updateCredentialInput struct {
	One
	Body credentialInput
}

func (a *API) updateCredential(ctx context.Context, in *updateCredentialInput) (*value[Credential], error) {
	change := credential.Change{Name: changed(in.Body.Name), Description: changed(in.Body.Description), Tags: in.Body.Tags, OtherAccount: in.Body.OtherAccount}
	before, err := a.Credentials.Credential(ctx, actor(ctx).Org, in.ID)
	if err != nil {
		return nil, err
	}
	if err := a.sameKind(before.Kind, in.Body); err != nil {
		return nil, err
	}
	if in.Body.Credentials != nil || in.Body.TemplateConfig != nil {
		if change.Values, err = valuesOf(before.Kind, in.Body); err != nil {
			return nil, err
		}
	}
	c, err := a.Credentials.Update(ctx, actor(ctx), in.ID, change)
	return a.oneCredential(ctx, c, validation(blameWire(err, in.Body)))
}

// sameKind refuses to make a credential one of another kind: what uses it would
// be of another kind, too.
func (a *API) sameKind(is *credential.Kind, in credentialInput) error {
	if in.VendorID == 0 && in.AuthTemplateID == 0 && in.Vendor == "" && (in.Type == "" || in.Type == is.Connection) {
		return nil
	}
	k, err := a.kindOf(in)
	if err == nil && k != is {
		err = refuse("credentials_type", "a credential stays of its kind", "Make another one")
	}
	return err
}

func (a *API) deleteCredential(ctx context.Context, in *One) (*Done, error) {
	if err := a.Credentials.Delete(ctx, actor(ctx), in.ID); err != nil {
		return nil, err
	}
	return done(), nil
}

func (a *API) restoreCredential(ctx context.Context, in *One) (*value[Credential], error) {
	c, err := a.Credentials.Restore(ctx, actor(ctx), in.ID)
	return a.oneCredential(ctx, c, err)
}

func (a *API) copyCredential(ctx context.Context, in *copyInput) (*value[Credential], error) {
	how, err := a.copyingOne(ctx, in, store.KindCredential)
	if err != nil {
		return nil, err
	}
	made, err := a.Credentials.Copy(ctx, actor(ctx), in.ID, how.Copying)
	if err != nil {
		return nil, validation(err)
	}
	c, err := a.Credentials.Credential(ctx, actor(ctx).Org, made.ID)
	return a.oneCredential(ctx, c, err)
}

type rotateInput struct {
	One
	Body *struct {
		Days int `json:"days,omitempty" minimum:"1" maximum:"3650" doc:"How long the new key lives; 90 when absent."`
	}
}

func (a *API) rotateCredential(ctx context.Context, in *rotateInput) (*value[Credential], error) {
	days := 0
	if in.Body != nil {
		days = in.Body.Days
	}
	c, err := a.Credentials.Rotate(ctx, actor(ctx), in.ID, days)
	return a.oneCredential(ctx, c, validation(err))
}
