package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"

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
	Span
	EventFilter  string `query:"event_filter" maxLength:"64" doc:"An event, such as credential.use"`
	ChangeFilter string `query:"change_filter" maxLength:"64" doc:"A name in object_changes, such as name: only what says something of it"`
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
	f.Org, f.Action, f.Change, f.Page, f.Number = principal(ctx).Org, in.EventFilter, in.ChangeFilter, in.page(), in.PerPage
	var err error
	if f.From, f.To, err = in.times(); err != nil {
		return nil, err
	}
	f.To = max(0, f.To-1) // the span excludes it
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
	for _, name := range slices.Sorted(maps.Keys(detail)) {
		out.ChangeSummary = append(out.ChangeSummary, fmt.Sprintf("%s: %v", name, detail[name]))
		out.ObjectChanges[name] = []any{nil, detail[name]}
	}
	out.RequestIP, _ = detail["address"].(string) // where it was written down
	return out, nil
}
