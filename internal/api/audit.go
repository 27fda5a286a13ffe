package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// LogEntry is one line of the audit log. None of its fields is ever null.
type LogEntry struct {
	ID               int64            `json:"id"`
	ItemType         string           `json:"item_type"`
	ItemID           int64            `json:"item_id"`
	Event            string           `json:"event"`
	ChangeSummary    []string         `json:"change_summary" nullable:"false"`
	ObjectChanges    map[string][]any `json:"object_changes"`
	RequestIP        string           `json:"request_ip"`
	RequestUserAgent string           `json:"request_user_agent"`
	RequestURL       string           `json:"request_url"`
	User             map[string]any   `json:"user"`
	OrgID            int64            `json:"org_id"`
	OwnerID          int64            `json:"owner_id"`
	OwnerEmail       string           `json:"owner_email"`
	CreatedAt        string           `json:"created_at"`
}

// audited are the nouns whose objects have an audit log of their own.
var audited = []struct {
	noun string
	kind store.Kind
}{{"data_credentials", store.KindCredential}, {"data_sources", store.KindSource}, {"data_sets", store.KindDataset}, {"data_sinks", store.KindDestination}, {"data_maps", store.KindLookup}, {"transforms", store.KindTransform}, {"projects", store.KindProject}}

// AuditInput chooses entries of the audit log.
type AuditInput struct {
	One
	Paging
	From         string `query:"from" maxLength:"40" doc:"A day or an RFC 3339 time"`
	To           string `query:"to" maxLength:"40"`
	EventFilter  string `query:"event_filter" maxLength:"64" doc:"An event, such as credential.use"`
	ChangeFilter string `query:"change_filter" maxLength:"64"`
}

func (a *API) registerAudit() {
	const tag = "audit_log"
	for _, of := range audited {
		register(a, Route{Method: http.MethodGet, Path: "/" + of.noun + "/{id}/audit_log", Tag: tag, Summary: "What was done to it, newest first", Policy: mayRead(of.kind)},
			func(ctx context.Context, in *AuditInput) (*List[LogEntry], error) {
				return a.auditLog(ctx, in, store.AuditFilter{Kind: string(of.kind), Object: in.ID})
			})
	}
	a.registerOrgAudit("/orgs/{id}/audit_log", "What was done in the organization, newest first", "")
	for _, of := range audited {
		a.registerOrgAudit("/orgs/{id}/"+of.noun+"/audit_log", "What was done to all of them, newest first", of.kind)
	}
	a.registerOrgAudit("/orgs/{id}/users/audit_log", "What was done to users, newest first", "user")
	a.registerOrgAudit("/orgs/{id}/teams/audit_log", "What was done to teams, newest first", identity.KindTeam)
	register(a, Route{Method: http.MethodGet, Path: "/users/{id}/audit_log", Tag: tag, Summary: "What was done to a user, newest first", Policy: signedIn,
		Detail: "For the user, and for administrators."}, a.userAudit)
}

func (a *API) registerOrgAudit(path, summary string, kind store.Kind) {
	register(a, Route{Method: http.MethodGet, Path: path, Tag: "audit_log", Summary: summary, Policy: admin},
		func(ctx context.Context, in *AuditInput) (*List[LogEntry], error) {
			if in.ID != principal(ctx).Org {
				return nil, nowhere()
			}
			return a.auditLog(ctx, in, store.AuditFilter{Kind: string(kind)})
		})
}

// UserAuditInput chooses entries about a user.
type UserAuditInput struct {
	AuditInput
	By flag `query:"by" doc:"What the user did, instead"`
}

func (a *API) userAudit(ctx context.Context, in *UserAuditInput) (*List[LogEntry], error) {
	if _, err := a.People.User(ctx, principal(ctx), in.ID); err != nil {
		return nil, err
	}
	if in.ID != principal(ctx).User {
		if err := a.People.AllowedInOrg(principal(ctx), identity.RoleAdmin); err != nil {
			return nil, err
		}
	}
	if in.By.On {
		return a.auditLog(ctx, &in.AuditInput, store.AuditFilter{Actor: in.ID})
	}
	return a.auditLog(ctx, &in.AuditInput, store.AuditFilter{Kind: "user", Object: in.ID})
}

// auditLog shows the filter's entries of the caller's organization.
func (a *API) auditLog(ctx context.Context, in *AuditInput, f store.AuditFilter) (*List[LogEntry], error) {
	f.Org, f.Action, f.Page, f.Number = principal(ctx).Org, in.EventFilter, in.Page, in.PerPage
	var err error
	if f.From, err = instant("from", in.From); err != nil {
		return nil, err
	}
	if f.To, err = instant("to", in.To); err != nil {
		return nil, err
	}
	entries, total, err := a.Store.AuditPage(ctx, f)
	if err != nil {
		return nil, err
	}
	people := map[int64]Owner{}
	shown := make([]LogEntry, len(entries))
	for i, e := range entries {
		if _, known := people[e.Actor]; !known {
			if people[e.Actor], err = a.person(ctx, e.Actor); err != nil {
				return nil, err
			}
		}
		if shown[i], err = showEntry(e, people[e.Actor]); err != nil {
			return nil, err
		}
	}
	return list(ctx, in.Paging, shown, total), nil
}

// instant reads a day or a time, in µs; 0 for none.
func instant(field, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UnixMicro(), nil
		}
	}
	return 0, refuse(field, "it is not a time", "Write it as 2026-01-31 or 2026-01-31T09:00:00Z")
}

// person is a member of the organization, or Weir itself.
func (a *API) person(ctx context.Context, id int64) (Owner, error) {
	if id == 0 {
		return Owner{FullName: "Weir"}, nil
	}
	m, err := a.Store.Member(ctx, principal(ctx).Org, id)
	return Owner{ID: id, FullName: m.User.FullName, Email: m.User.Email}, missingIsEmpty(err)
}

func showEntry(e store.AuditEntry, by Owner) (LogEntry, error) {
	var detail map[string]any
	if err := json.Unmarshal(e.Detail, &detail); err != nil {
		return LogEntry{}, err
	}
	out := LogEntry{
		ID: e.Seq, ItemType: e.Kind, ItemID: e.Object, Event: e.Action, ChangeSummary: []string{}, ObjectChanges: map[string][]any{},
		User: map[string]any{"id": by.ID, "full_name": by.FullName, "email": by.Email}, OrgID: e.Org, OwnerID: by.ID, OwnerEmail: by.Email, CreatedAt: moment(e.At),
	}
	for name, v := range detail {
		out.ChangeSummary = append(out.ChangeSummary, fmt.Sprintf("%s: %v", name, v))
		out.ObjectChanges[name] = []any{nil, v}
	}
	return out, nil
}

// Accessor is somebody with whom a resource is shared.
type Accessor struct {
	Type        string   `json:"type" enum:"USER,TEAM,ORG"`
	ID          int64    `json:"id,omitzero"`
	Email       string   `json:"email,omitzero" maxLength:"254" doc:"Of a user, instead of the id"`
	OrgID       int64    `json:"org_id,omitzero"`
	AccessRoles []string `json:"access_roles" minItems:"1" maxItems:"4" enum:"owner,admin,operator,collaborator"`
	CreatedAt   string   `json:"created_at,omitzero"`
}

type accessorsInput struct {
	One
	Body struct {
		Accessors []Accessor `json:"accessors" maxItems:"200"`
	}
}

func (a *API) registerAccessors() {
	const tag = "accessors"
	for _, of := range audited {
		path := "/" + of.noun + "/{id}/accessors"
		register(a, Route{Method: http.MethodGet, Path: path, Tag: tag, Summary: "With whom it is shared", Policy: mayRead(of.kind)},
			func(ctx context.Context, in *One) (*value[[]Accessor], error) {
				return a.accessors(ctx, of.kind, in.ID)
			})
		register(a, Route{Method: http.MethodPut, Path: path, Tag: tag, Summary: "Share it with more", Policy: mayChange(of.kind)},
			func(ctx context.Context, in *accessorsInput) (*value[[]Accessor], error) {
				return a.share(ctx, of.kind, in, a.People.Share)
			})
		register(a, Route{Method: http.MethodPost, Path: path, Tag: tag, Summary: "Share it with these and nobody else", Policy: mayChange(of.kind)},
			func(ctx context.Context, in *accessorsInput) (*value[[]Accessor], error) {
				return a.share(ctx, of.kind, in, a.People.ShareOnly)
			})
		register(a, Route{Method: http.MethodDelete, Path: path, Tag: tag, Summary: "Share it with these no more; without a body, with nobody", Policy: mayChange(of.kind)},
			func(ctx context.Context, in *unshareInput) (*value[[]Accessor], error) {
				these := &accessorsInput{One: in.One}
				if in.Body != nil {
					these.Body.Accessors = in.Body.Accessors
				}
				return a.share(ctx, of.kind, these, a.People.Unshare)
			})
	}
}

type unshareInput struct {
	One
	Body *struct {
		Accessors []Accessor `json:"accessors" maxItems:"200"`
	}
}

func (a *API) accessors(ctx context.Context, kind store.Kind, id int64) (*value[[]Accessor], error) {
	found, err := a.People.Accessors(ctx, principal(ctx), kind, id)
	shown := []Accessor{}
	for _, one := range found {
		shown = append(shown, Accessor{Type: one.Kind, ID: one.Who, OrgID: principal(ctx).Org, AccessRoles: []string{string(one.Role)}, CreatedAt: moment(one.Created.UnixMicro())})
	}
	return show(shown), err
}

// share changes with whom something is shared, and shows who that is now.
func (a *API) share(ctx context.Context, kind store.Kind, in *accessorsInput, change func(context.Context, identity.Principal, store.Kind, int64, ...identity.Accessor) error) (*value[[]Accessor], error) {
	with := make([]identity.Accessor, len(in.Body.Accessors))
	for i, one := range in.Body.Accessors {
		who, err := a.whoIs(ctx, one)
		if err != nil {
			return nil, err
		}
		with[i] = identity.Accessor{Kind: one.Type, Who: who, Role: identity.Role(one.AccessRoles[0])}
	}
	if err := change(ctx, principal(ctx), kind, in.ID, with...); err != nil {
		return nil, err
	}
	return a.accessors(ctx, kind, in.ID)
}

// whoIs finds the id of somebody who is named by e-mail.
func (a *API) whoIs(ctx context.Context, one Accessor) (int64, error) {
	switch {
	case one.Type == identity.AccessorOrg:
		return principal(ctx).Org, nil
	case one.ID != 0 || one.Email == "":
		return one.ID, nil
	}
	users, err := a.People.Users(ctx, principal(ctx))
	if err != nil {
		return 0, err
	}
	for _, u := range users {
		if u.Email == one.Email {
			return u.ID, nil
		}
	}
	return 0, refuse("accessors.email", "nobody in the organization has this address", "GET /users lists all")
}
