package identity

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/store"
)

// StoredProvider is an identity provider that an owner has configured.
type StoredProvider struct {
	ID          int64
	Name        string
	Issuer      string
	ClientID    string
	Domains     []string
	Users       []string
	CreateUsers bool
	Role        Role
	Enabled     bool
	RedirectURL string // what to register at the provider
	Created     time.Time
	Updated     time.Time
}

// ChangeProvider says what to change about a stored provider; nil leaves a
// thing as it is.
type ChangeProvider struct {
	Name, Issuer, ClientID *string
	Secret                 weir.Secret // empty leaves it
	Domains, Users         *[]string
	CreateUsers, Enabled   *bool
	Role                   *Role
}

// sealedProvider is the whole configuration, as it is sealed: who writes the
// database can neither read the client's secret nor let anybody in by
// changing an address or a domain.
type sealedProvider struct {
	Issuer   string   `json:"issuer"`
	ClientID string   `json:"client_id"`
	Secret   string   `json:"secret"`
	Domains  []string `json:"domains"`
	Users    []string `json:"users"`
	Create   bool     `json:"create"`
	Role     Role     `json:"role"`
	Enabled  bool     `json:"enabled"`
}

// providerField is the one secret of a stored provider.
const providerField = "configuration"

// providerSpec is what lies beside it in clear.
type providerSpec struct {
	Origin  string `json:"origin"`
	Version int64  `json:"version"` // of the sealed configuration
}

func (c sealedProvider) config(org int64) ProviderConfig {
	return ProviderConfig{Issuer: c.Issuer, ClientID: c.ClientID, Secret: weir.NewSecret(c.Secret), Domains: c.Domains, Users: c.Users, Org: org, CreateUsers: c.Create, Role: c.Role, Confined: true}
}

func (c ChangeProvider) apply(to *sealedProvider, name *string) {
	set(name, c.Name)
	set(&to.Issuer, c.Issuer)
	set(&to.ClientID, c.ClientID)
	set(&to.Domains, c.Domains)
	set(&to.Users, c.Users)
	set(&to.Create, c.CreateUsers)
	set(&to.Role, c.Role)
	set(&to.Enabled, c.Enabled)
	if !c.Secret.IsZero() {
		to.Secret = exposed(c.Secret)
	}
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// status is what a row says in clear. It can only switch a provider off: one
// that is off inside is not opened by a row that says otherwise.
func (c sealedProvider) status() string {
	if c.Enabled {
		return Active
	}
	return Deactivated
}

// openProvider opens the configuration of a row.
func (s *Service) openProvider(ctx context.Context, r store.Resource) (c sealedProvider, err error) {
	var spec providerSpec
	if err := json.Unmarshal(r.Spec, &spec); err != nil {
		return c, err
	}
	sealed, err := s.db.Secrets(ctx, r.Org, r.ID)
	if err != nil {
		return c, err
	}
	if len(sealed) != 1 {
		return c, &weir.Error{Code: weir.CodeIntegrity, Where: "identity provider", Message: "its configuration is not there", Remedy: "Delete it and add it again"}
	}
	value, err := s.ways.Sealer.OpenFor(providerBinding(r, spec), sealed[0])
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(exposed(value)), &c); err != nil {
		return c, &weir.Error{Code: weir.CodeIntegrity, Where: "identity provider", Message: "its configuration cannot be read"} // the cause may hold a secret
	}
	if r.Status == Active && !c.Enabled {
		return c, noWay()
	}
	return c, nil
}

func providerBinding(r store.Resource, spec providerSpec) weir.Binding {
	return weir.Binding{Org: r.Org, Credential: r.ID, Field: providerField, Version: spec.Version, Kind: string(store.KindProvider), Origin: spec.Origin}
}

// show describes a stored provider without its secret.
func (s *Service) showProvider(r store.Resource, c sealedProvider) StoredProvider {
	back, _ := s.redirectURL(formatID(r.ID)) // "" where nobody has said how the server is reached
	return StoredProvider{ID: r.ID, Name: r.Name, Issuer: c.Issuer, ClientID: c.ClientID, Domains: c.Domains, Users: c.Users, CreateUsers: c.Create, Role: c.Role,
		Enabled: c.Enabled, RedirectURL: back, Created: moment(r.Created), Updated: moment(r.Updated)}
}

// StoredProviders gives those of the organization, to its administrators.
func (s *Service) StoredProviders(ctx context.Context, p Principal) ([]StoredProvider, error) {
	if err := s.AllowedInOrg(p, RoleAdmin); err != nil {
		return nil, err
	}
	rows, _, err := s.db.Resources(ctx, store.ResourceFilter{Org: p.Org, Kind: store.KindProvider})
	if err != nil {
		return nil, err
	}
	all := make([]StoredProvider, len(rows))
	for i, r := range rows {
		c, err := s.openProvider(ctx, r)
		if err != nil {
			return nil, err
		}
		all[i] = s.showProvider(r, c)
	}
	return all, nil
}

// StoredProvider gives one, to the organization's administrators.
func (s *Service) StoredProvider(ctx context.Context, p Principal, id int64) (StoredProvider, error) {
	if err := s.AllowedInOrg(p, RoleAdmin); err != nil {
		return StoredProvider{}, err
	}
	r, err := s.db.Resource(ctx, p.Org, store.KindProvider, id)
	if err != nil {
		return StoredProvider{}, err
	}
	c, err := s.openProvider(ctx, r)
	if err != nil {
		return StoredProvider{}, err
	}
	return s.showProvider(r, c), nil
}

// mayConfigure is asked before anybody changes who vouches for users: owners
// who have just proved who they are.
func (s *Service) mayConfigure(p Principal) error {
	if err := s.AllowedInOrg(p, RoleOwner); err != nil {
		return err
	}
	return s.Recent(p)
}

// AddProvider stores a provider of the organization, as its owners may. It
// never makes owners, and lets in nobody who belongs to other organizations.
func (s *Service) AddProvider(ctx context.Context, p Principal, change ChangeProvider) (StoredProvider, error) {
	if err := s.mayConfigure(p); err != nil {
		return StoredProvider{}, err
	}
	r := store.Resource{Org: p.Org, Owner: p.User, Kind: store.KindProvider, Type: "oidc", Created: s.now().UnixMicro(), Spec: []byte("{}")}
	c := sealedProvider{Enabled: true, Role: RoleCollaborator}
	change.apply(&c, &r.Name)
	if err := s.checkProvider(&r, &c); err != nil {
		return StoredProvider{}, err
	}
	err := s.db.Change(ctx, func(tx *store.Tx) error {
		r.ID, r.Version = 0, 0
		if err := tx.CreateResource(ctx, &r, false); err != nil {
			return err
		}
		return s.sealProvider(ctx, tx, p, &r, c, 1, "identity_provider.create")
	})
	if err != nil {
		return StoredProvider{}, err
	}
	return s.showProvider(r, c), nil
}

// UpdateProvider changes a stored provider. Another issuer gets another
// secret: the one that is stored goes to the issuer it was given for.
func (s *Service) UpdateProvider(ctx context.Context, p Principal, id int64, change ChangeProvider) (StoredProvider, error) {
	if err := s.mayConfigure(p); err != nil {
		return StoredProvider{}, err
	}
	r, err := s.db.Resource(ctx, p.Org, store.KindProvider, id)
	if err != nil {
		return StoredProvider{}, err
	}
	c, err := s.openProvider(ctx, r)
	if err != nil {
		return StoredProvider{}, err
	}
	if change.Issuer != nil && *change.Issuer != c.Issuer && change.Secret.IsZero() {
		return StoredProvider{}, usage("client_secret", "the stored secret is for another issuer", "Send the secret that the new one has given you")
	}
	var spec providerSpec
	if err := json.Unmarshal(r.Spec, &spec); err != nil {
		return StoredProvider{}, err
	}
	change.apply(&c, &r.Name)
	if err := s.checkProvider(&r, &c); err != nil {
		return StoredProvider{}, err
	}
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		now := r // UpdateResource refuses when somebody else was faster
		if err := s.sealProvider(ctx, tx, p, &now, c, spec.Version+1, "identity_provider.update"); err != nil {
			return err
		}
		r.Updated = now.Updated
		return nil
	})
	if err != nil {
		return StoredProvider{}, err
	}
	return s.showProvider(r, c), nil
}

// DropProvider removes a stored provider and its secret. Who signed in with it
// stays signed in, and keeps the account.
func (s *Service) DropProvider(ctx context.Context, p Principal, id int64) error {
	if err := s.mayConfigure(p); err != nil {
		return err
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		r, err := tx.Resource(ctx, p.Org, store.KindProvider, id)
		if err != nil {
			return err
		}
		r.Deleted = s.now().UnixMicro()
		r.Updated = r.Deleted
		if err := tx.UpdateResource(ctx, &r); err != nil {
			return err
		}
		if err := tx.DropSecrets(ctx, id); err != nil {
			return err
		}
		return s.audit.AppendTx(ctx, tx, audit.Entry{Org: p.Org, Actor: p.User, Action: "identity_provider.delete", Kind: string(store.KindProvider), Object: id})
	})
}

// checkProvider refuses a configuration with which nobody could sign in, or
// that is not what it seems.
func (s *Service) checkProvider(r *store.Resource, c *sealedProvider) (err error) {
	if r.Name, err = named("name", r.Name); err != nil {
		return err
	}
	c.Domains, c.Users = lower(c.Domains), lower(c.Users)
	if i := slices.IndexFunc(c.Domains, func(d string) bool { return d == "" || strings.ContainsAny(d, "@ /*") || !strings.Contains(d, ".") }); i >= 0 {
		return usage("domains", "it is no domain of e-mail addresses", "Write it as example.com")
	}
	for _, u := range c.Users {
		if _, _, err := emailAddress(u); err != nil {
			return weir.At("users", err)
		}
	}
	if c.Secret == "" {
		return usage("client_secret", "it is missing", "Send the one that the provider has given you")
	}
	issuer, err := url.Parse(c.Issuer)
	if err != nil || issuer.Host == "" || issuer.User != nil || issuer.RawQuery != "" || issuer.Fragment != "" {
		return usage("issuer", "it is no address of a provider", "Write it as https://accounts.example.com, as the provider's own documentation does")
	}
	if _, err := s.reach(formatID(r.ID), c.config(r.Org), false); err != nil {
		return err
	}
	r.Spec, err = json.Marshal(providerSpec{Origin: issuer.Scheme + "://" + issuer.Host})
	return err
}

// sealProvider writes the row and its sealed configuration.
func (s *Service) sealProvider(ctx context.Context, tx *store.Tx, p Principal, r *store.Resource, c sealedProvider, version int64, action string) error {
	var spec providerSpec
	if err := json.Unmarshal(r.Spec, &spec); err != nil {
		return err
	}
	spec.Version = version
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if r.Spec, err = json.Marshal(spec); err != nil {
		return err
	}
	r.Status, r.Updated = c.status(), s.now().UnixMicro()
	sealed, err := s.ways.Sealer.Seal(providerBinding(*r, spec), weir.NewSecret(string(text)))
	if err != nil {
		return err
	}
	if err := tx.UpdateResource(ctx, r); err != nil {
		return err
	}
	if err := tx.PutSecret(ctx, sealed); err != nil {
		return err
	}
	return s.audit.AppendTx(ctx, tx, audit.Entry{Org: p.Org, Actor: p.User, Action: action, Kind: string(store.KindProvider), Object: r.ID,
		Detail: map[string]any{"name": r.Name, "issuer": c.Issuer, "domains": c.Domains, "users": len(c.Users), "create_users": c.Create, "role": string(c.Role), "enabled": c.Enabled}})
}
