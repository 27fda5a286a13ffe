package api

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// value is an output that is one JSON value.
type value[T any] struct{ Body T }

// show answers with v.
func show[T any](v T) *value[T] { return &value[T]{v} }

// Owner is whose something is.
type Owner struct {
	ID       int64  `json:"id"`
	FullName string `json:"full_name"`
	Email    string `json:"email"`
}

// Organization is the tenant that something belongs to.
type Organization struct {
	ID               int64   `json:"id"`
	Name             string  `json:"name"`
	EmailDomain      *string `json:"email_domain"`
	Email            *string `json:"email"`
	ClientIdentifier *string `json:"client_identifier"`
	OrgWebhookHost   *string `json:"org_webhook_host"`
}

// Connector says how one speaks to a service.
type Connector struct {
	ID                  int64  `json:"id"`
	Type                string `json:"type"`
	ConnectionType      string `json:"connection_type"`
	Name                string `json:"name"`
	Description         string `json:"description"`
	NexsetAPICompatible bool   `json:"nexset_api_compatible"`
}

// DataSetBrief is a dataset as it stands inside other resources.
type DataSetBrief struct {
	ID          int64  `json:"id"`
	OwnerID     int64  `json:"owner_id"`
	OrgID       int64  `json:"org_id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Status      string `json:"status"`
	Version     int64  `json:"version"`
	CreatedAt   string `json:"created_at"`
	UpdatedAt   string `json:"updated_at"`
}

// RunInfo is one run as it stands inside a source.
type RunInfo struct {
	ID        int64  `json:"id" doc:"When it began, in milliseconds since 1970."`
	CreatedAt string `json:"created_at"`
}

// moment is a time as the API writes it; µs since 1970.
func moment(us int64) string {
	return time.UnixMicro(us).UTC().Format("2006-01-02T15:04:05.000Z")
}

// momentOrNull is nil for a time that never was.
func momentOrNull(us int64) *string {
	if us == 0 {
		return nil
	}
	text := moment(us)
	return &text
}

// orNull is nil for an empty text.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// idOrNull is nil for 0.
func idOrNull(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

// some is never null.
func some[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

// connectorOf describes a kind of credential as a connector.
func (a *API) connectorOf(k *credential.Kind) *Connector {
	out := &Connector{Type: k.Connection, ConnectionType: k.Connection, Name: k.Title, Description: k.Description}
	if v := a.vendorOf(k); v != nil {
		out.ID = v.ID
	} else {
		out.ID = hashed("connector", k.Name)
	}
	return out
}

// vendorOf names the vendor of a kind; nil for one that is nobody's.
func (a *API) vendorOf(k *credential.Kind) *vendor {
	for i := range a.catalogue.vendors {
		if k.Connector != nil && a.catalogue.vendors[i].Name == k.Name {
			return &a.catalogue.vendors[i]
		}
	}
	return nil
}

// brief is a dataset as others show it.
func brief(r store.Resource) DataSetBrief {
	return DataSetBrief{
		ID: r.ID, OwnerID: r.Owner, OrgID: r.Org, Name: r.Name, Description: r.Description, Status: statusOf(r.Status), Version: r.Version,
		CreatedAt: moment(r.Created), UpdatedAt: moment(r.Updated),
	}
}

// statuses are the domain's words in the contract's.
var statuses = map[string]string{"init": "INIT", "active": "ACTIVE", "paused": "PAUSED"}

func statusOf(status string) string { return statuses[status] }

// inBody puts the place in the body before the field that an error is about.
func inBody(err error, prefix string) error {
	var e *weir.Error
	if prefix == "" || !errors.As(err, &e) || e.Where == "" || e.Where == "name" || strings.Contains(e.Where, ".") || strings.Contains(e.Where, " ") {
		return err
	}
	e.Where = prefix + e.Where
	return err
}

// objectOf is v as a JSON object.
func objectOf(v any) (object, error) {
	b, err := json.Marshal(v, json.Deterministic(true))
	return b, err
}

// common is what the resources of one answer share, read once.
type common struct {
	org    Organization
	owners map[int64]Owner
	access map[int64]identity.Role
}

// common reads the organization, the owners, and what the caller may do.
func (a *API) common(ctx context.Context, resources ...store.Resource) (*common, error) {
	p := principal(ctx)
	org, err := a.organization(ctx, p.Org)
	if err != nil {
		return nil, err
	}
	c := &common{org: org, owners: map[int64]Owner{}}
	if c.access, err = a.People.RolesOn(ctx, p, resources...); err != nil {
		return nil, err
	}
	for _, r := range resources {
		if _, known := c.owners[r.Owner]; known {
			continue
		}
		m, err := a.Store.Member(ctx, p.Org, r.Owner)
		if err != nil && weir.CodeOf(err) != weir.CodeNotFound {
			return nil, err
		}
		c.owners[r.Owner] = Owner{ID: r.Owner, FullName: m.User.FullName, Email: m.User.Email}
	}
	return c, nil
}

func (c *common) owner(id int64) Owner { return c.owners[id] }

// roles are what the caller may do with a resource.
func (c *common) roles(id int64) []string {
	if role := c.access[id]; role != "" {
		return []string{string(role)}
	}
	return []string{}
}

// organization shows one in the contract's shape.
func (a *API) organization(ctx context.Context, id int64) (Organization, error) {
	o, err := a.Store.Organization(ctx, id)
	return Organization{ID: o.ID, Name: o.Name, EmailDomain: orNull(o.Domain), ClientIdentifier: orNull(fmt.Sprintf("org-%d", o.ID))}, err
}

// given is a text of an input, "" when it was left out.
func given[T ~string](t *T) string {
	if t == nil {
		return ""
	}
	return string(*t)
}

// changed is a text of an input, nil when it was left out.
func changed[T ~string](t *T) *string {
	if t == nil {
		return nil
	}
	s := string(*t)
	return &s
}

// hashed numbers what has a name and no row, as the catalogue does.
func hashed(kind, name string) int64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(kind + ":" + name)) // a hash takes everything
	return int64(h.Sum32()&0x7fffffff | 1<<30)
}

// The policies that most routes have.
var (
	signedIn = identity.Authenticated()
	writing  = signedIn.Writing()                    // changes what is one's own
	maker    = identity.InOrg(identity.RoleOperator) // makes credentials and flows
	admin    = identity.InOrg(identity.RoleAdmin)
)

// mayRead, mayOperate and mayChange are about the resource that a path names.
func mayRead(kind store.Kind) identity.Policy {
	return identity.Access(kind, identity.RoleCollaborator)
}
func mayOperate(kind store.Kind) identity.Policy { return identity.Access(kind, identity.RoleOperator) }
func mayChange(kind store.Kind) identity.Policy  { return identity.Access(kind, identity.RoleAdmin) }

// mayRestore lets in who could have deleted it.
func mayRestore(kind store.Kind) identity.Policy { return mayChange(kind).Gone() }

// at names the field that an error is about. What the caller may not know of
// is a wrong value of that field.
func at(field string, err error) error {
	switch weir.CodeOf(err) {
	case "":
		return nil
	case weir.CodeNotFound:
		return refuse(field, "there is none with this id", "List what there is, and give the id of one")
	}
	return weir.At(field, err)
}

// missingIsEmpty lets what is not there any more be shown as nothing.
func missingIsEmpty(err error) error {
	if weir.CodeOf(err) == weir.CodeNotFound {
		return nil
	}
	return err
}
