package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
)

// Kind is a kind of resource.
type Kind string

// The kinds of resources.
const (
	KindCredential  Kind = "credential"
	KindSource      Kind = "source"
	KindDataset     Kind = "dataset"
	KindDestination Kind = "destination"
	KindProject     Kind = "project"
	// KindRejectExport copies what is set aside of a user's datasets into files.
	KindRejectExport Kind = "quarantine_export"
	KindLookup       Kind = "lookup"
	KindTransform    Kind = "transform"
	KindChannel      Kind = "channel"
	KindProvider     Kind = "identity_provider"
)

// Resource is something that a user makes and owns. What all kinds have in
// common is in columns; Spec holds the rest, as the service of its kind
// writes it.
type Resource struct {
	ID          int64 // never used twice
	Node        int64 // its number in flow trees; 0 for a kind that is in none
	Org, Owner  int64
	Kind        Kind
	Type        string // of its kind: "cal_com_api", "postgres"
	Name        string
	Description string
	Status      string
	Spec        jsontext.Value // a JSON object
	Tags        []string
	Version     int64 // 1, and one more with each update
	CopiedFrom  int64 // 0 when it is no copy
	Created     int64 // µs
	Updated     int64 // µs
	Deleted     int64 // µs; 0 while it lives
	Credential  int64 // that it uses; 0 for none. Refer sets it
	MAC         []byte
}

// Reference says that a resource uses another one.
type Reference struct {
	Resource int64
	Role     string // RoleCredential, "dataset", "parent"
	Target   int64
}

// RoleCredential is the role of the credential that a resource uses.
const RoleCredential = "credential"

const resourceColumns = `r.id, coalesce(n.id, 0), r.org, r.owner, r.kind, r.type, r.name, r.description, r.status, r.spec, r.tags,
	r.version, r.copied_from, r.created, r.updated, r.deleted,
	coalesce((SELECT min(f.target) FROM reference f WHERE f.resource = r.id AND f.role = '` + RoleCredential + `'), 0), r.mac`

const fromResource = ` FROM resource r LEFT JOIN node n ON n.resource = r.id`

func scanResource(row interface{ Scan(...any) error }) (r Resource, err error) {
	var tags string
	err = row.Scan(&r.ID, &r.Node, &r.Org, &r.Owner, &r.Kind, &r.Type, &r.Name, &r.Description, &r.Status, (*[]byte)(&r.Spec), &tags,
		&r.Version, &r.CopiedFrom, &r.Created, &r.Updated, &r.Deleted, &r.Credential, &r.MAC)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal([]byte(tags), &r.Tags); err != nil {
		r.Tags, r.MAC = nil, nil // not a row of ours: one such must not break a list
	}
	return r, nil
}

func tagsColumn(tags []string) (string, error) {
	b, err := json.Marshal(tags) // nil is []
	return string(b), err
}

// CreateResource stores a new resource and gives its id, and its node when
// inTree says that its kind has one.
func (t *Tx) CreateResource(ctx context.Context, r *Resource, inTree bool) error {
	tags, err := tagsColumn(r.Tags)
	if err != nil {
		return err
	}
	keep(t, r)
	r.Version, r.Updated = 1, r.Created
	err = t.tx.QueryRowContext(ctx, `INSERT INTO resource (org, owner, kind, type, name, description, status, spec, tags, version, copied_from, created, updated)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $11, $11) RETURNING id`,
		r.Org, r.Owner, r.Kind, r.Type, r.Name, r.Description, r.Status, []byte(r.Spec), tags, r.CopiedFrom, r.Created).Scan(&r.ID)
	if err != nil {
		return err
	}
	sealed := *r
	sealed.Credential = 0 // until Refer
	if err := t.seal(ctx, sealed); err != nil || !inTree {
		return err
	}
	if r.Kind == KindSource { // a flow of which no run has ended has a health, too
		_, err := t.tx.ExecContext(ctx, `INSERT INTO flow_health (resource, org) VALUES ($1, $2)`, r.ID, r.Org)
		if err != nil {
			return err
		}
	}
	return t.tx.QueryRowContext(ctx, `INSERT INTO node (resource) VALUES ($1) RETURNING id`, r.ID).Scan(&r.Node)
}

// UpdateResource writes the resource back, one version on, unless it has
// changed since it was read: that is CodeConflict. A row that somebody else
// has written is CodeIntegrity.
func (t *Tx) UpdateResource(ctx context.Context, r *Resource) error {
	tags, err := tagsColumn(r.Tags)
	if err != nil {
		return err
	}
	now, err := t.genuineRow(ctx, r.ID)
	if err != nil {
		return err
	}
	keep(t, r)
	r.Org, r.Kind, r.Credential = now.Org, now.Kind, now.Credential
	done, err := t.tx.ExecContext(ctx, `UPDATE resource SET owner = $3, type = $4, name = $5, description = $6, status = $7, spec = $8, tags = $9,
		version = version + 1, updated = $10, deleted = $11, mac = $12 WHERE id = $1 AND version = $2`,
		r.ID, r.Version, r.Owner, r.Type, r.Name, r.Description, r.Status, []byte(r.Spec), tags, r.Updated, r.Deleted, t.db.mac(*r))
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 1 {
		r.Version++
		if err == nil && r.Kind == KindSource {
			_, err = t.tx.ExecContext(ctx, `UPDATE flow_health SET deleted = $2 WHERE resource = $1 AND deleted <> $2`, r.ID, deletedColumn(r.Deleted != 0))
		}
		if err == nil && r.Deleted != 0 {
			err = t.dropConditions(ctx, r.Kind, r.ID)
		}
		return err
	}
	return Changed(r)
}

// ReasonChanged says that somebody came between reading and writing.
const ReasonChanged = "changed_meanwhile"

// Changed is the error about a resource that somebody has changed since it was
// read: CodeConflict, for ReasonChanged.
func Changed(r *Resource) error {
	return &weir.Error{Code: weir.CodeConflict, Reason: ReasonChanged, Where: fmt.Sprintf("%s %d", r.Kind, r.ID),
		Message: "somebody else has changed it meanwhile; nothing was written", Remedy: "Look at it again, and repeat the change"}
}

// Unchanged holds resources, which were read before the transaction, against other
// writers, in the order of their ids. One that is gone or was written since is
// Changed: what was decided on it may hold no more.
func (t *Tx) Unchanged(ctx context.Context, read ...Resource) error {
	for _, r := range slices.SortedFunc(slices.Values(read), func(a, b Resource) int { return cmp.Compare(a.ID, b.ID) }) {
		now, err := t.Resource(ctx, r.Org, r.Kind, r.ID)
		if weir.CodeOf(err) == weir.CodeNotFound || err == nil && now.Version != r.Version {
			return Changed(&r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// noResource is the answer for every id that one cannot see: whether it never
// existed, was deleted, or is another organization's.
func noResource(kind Kind, id int64) error {
	return &weir.Error{Code: weir.CodeNotFound, Where: fmt.Sprintf("%s %d", kind, id), Message: "there is none with this id"}
}

// Resource reads one living resource of the organization inside the
// transaction, and holds it against other writers.
func (t *Tx) Resource(ctx context.Context, org int64, kind Kind, id int64) (Resource, error) {
	r, err := scanResource(t.tx.QueryRowContext(ctx, `SELECT `+resourceColumns+fromResource+` WHERE r.id = $1 AND r.org = $2 AND r.kind = $3 AND r.deleted = 0`+t.db.engine.updating("r"), id, org, kind))
	if isNoRows(err) {
		return r, noResource(kind, id)
	}
	if err != nil {
		return r, err
	}
	return r, t.db.refuseForged(r)
}

// Resource reads one living resource of the organization. Anything else is
// CodeNotFound, and one that Weir has not written is CodeIntegrity.
func (db *DB) Resource(ctx context.Context, org int64, kind Kind, id int64) (Resource, error) {
	return db.resource(ctx, org, kind, id, ` AND r.deleted = 0`)
}

// ResourceByID is Resource for any kind.
func (db *DB) ResourceByID(ctx context.Context, org, id int64) (Resource, error) {
	r, err := scanResource(db.read.QueryRowContext(ctx, `SELECT `+resourceColumns+fromResource+` WHERE r.id = $1 AND r.org = $2 AND r.deleted = 0`, id, org))
	if isNoRows(err) {
		return r, noResource("resource", id)
	}
	if err != nil {
		return r, db.explain(ctx, err)
	}
	return r, db.refuseForged(r)
}

// DeletedResource reads one that was deleted and can be restored.
func (db *DB) DeletedResource(ctx context.Context, org int64, kind Kind, id int64) (Resource, error) {
	return db.resource(ctx, org, kind, id, ` AND r.deleted <> 0`)
}

// NotDeleted says of what DeletedResource has not found that it lives, if it does:
// CodeConflict. Otherwise it gives that error back.
func (db *DB) NotDeleted(ctx context.Context, org int64, kind Kind, id int64, err error) error {
	if weir.CodeOf(err) != weir.CodeNotFound {
		return err
	}
	if _, lives := db.Resource(ctx, org, kind, id); lives != nil {
		return err
	}
	return &weir.Error{Code: weir.CodeConflict, Reason: "not_deleted", Where: fmt.Sprintf("%s %d", kind, id), Message: "it is not deleted", Remedy: "There is nothing to bring back; use it as it is"}
}

func (db *DB) resource(ctx context.Context, org int64, kind Kind, id int64, and string) (Resource, error) {
	r, err := scanResource(db.read.QueryRowContext(ctx, `SELECT `+resourceColumns+fromResource+` WHERE r.id = $1 AND r.org = $2 AND r.kind = $3`+and, id, org, kind))
	if isNoRows(err) {
		return r, noResource(kind, id)
	}
	if err != nil {
		return r, db.explain(ctx, err)
	}
	return r, db.refuseForged(r)
}

// ResourceFilter chooses living resources of one organization and kind. Zero
// fields choose all.
type ResourceFilter struct {
	Org     int64
	Kind    Kind
	Types   []string
	Status  string
	Owner   int64
	Sharing *Sharing // of others, what is shared with somebody
	IDs     []int64
	Text    string // part of the name, in any case
	Deleted bool   // those that were deleted, instead
	Sort    string // one of resourceOrders, after a - for the other way round; else in the order of their ids

	Page, Number int // from 1; how many on a page, 0 for all
}

// resourceOrders are the orders in which resources can be listed.
var resourceOrders = map[string]string{"name": "lower(r.name)", "state": "r.status", "kind": "r.type", "made": "r.created", "changed": "r.updated"}

// Sharing chooses what is shared with a user through accessors of one of the
// roles: with the user, one of the teams, or the whole organization.
type Sharing struct {
	User  int64
	Teams []int64
	Roles []string
	Own   bool // what the user owns, too
}

// conditions builds the WHERE of a filter.
type conditions struct {
	text strings.Builder
	args []any
}

func (c *conditions) and(format string, args ...any) {
	marks := make([]any, len(args))
	for i, a := range args {
		c.args = append(c.args, a)
		marks[i] = fmt.Sprintf("$%d", len(c.args))
	}
	if c.text.Len() == 0 {
		c.text.WriteString(" WHERE ")
	} else {
		c.text.WriteString(" AND ")
	}
	fmt.Fprintf(&c.text, format, marks...)
}

// among is "column IN ($1, $2 …)".
func among[T any](c *conditions, column string, values []T) string {
	marks := make([]string, len(values))
	for i, v := range values {
		c.args = append(c.args, v)
		marks[i] = fmt.Sprintf("$%d", len(c.args))
	}
	if len(marks) == 0 {
		return "1 = 0"
	}
	return column + " IN (" + strings.Join(marks, ", ") + ")"
}

// amongIDs is "column IN (1, 2 …)" for ids, which may be very many: as
// parameters they would take SQLite a time that grows with their square.
func amongIDs[T ~int64](column string, ids []T) string {
	if len(ids) == 0 {
		return "1 = 0"
	}
	text := make([]byte, 0, 8*len(ids))
	for i, id := range ids {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendInt(text, int64(id), 10)
	}
	return column + " IN (" + string(text) + ")"
}

func (f ResourceFilter) conditions() *conditions {
	c := &conditions{}
	c.and("r.org = %s", f.Org)
	c.and("r.kind = %s", f.Kind)
	if f.Deleted {
		c.and("r.deleted <> 0")
	} else {
		c.and("r.deleted = 0")
	}
	if len(f.Types) > 0 {
		c.and(among(c, "r.type", f.Types))
	}
	if f.IDs != nil {
		c.and(amongIDs("r.id", f.IDs))
	}
	if f.Status != "" {
		c.and("r.status = %s", f.Status)
	}
	if f.Text != "" {
		c.and(`lower(r.name) LIKE %s ESCAPE '\'`, "%"+strings.ToLower(literally.Replace(f.Text))+"%")
	}
	if f.Owner != 0 {
		c.and("r.owner = %s", f.Owner)
	}
	if f.Sharing != nil {
		f.Sharing.add(c)
	}
	return c
}

// literally keeps the characters of a pattern from meaning anything.
var literally = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func (s *Sharing) add(c *conditions) {
	c.args = append(c.args, s.User)
	user := fmt.Sprintf("$%d", len(c.args))
	who := "a.kind = 'USER' AND a.who = " + user + " OR a.kind = 'ORG'"
	if len(s.Teams) > 0 {
		who += " OR a.kind = 'TEAM' AND " + among(c, "a.who", s.Teams)
	}
	shared := "EXISTS (SELECT 1 FROM accessor a WHERE a.resource = r.id AND (" + who + ") AND " + among(c, "a.role", s.Roles) + ")"
	if s.Own {
		shared = "(r.owner = " + user + " OR " + shared + ")"
	}
	c.and(shared)
}

// Resources gives the filter's resources in the order of their ids, and how
// many there are on all pages. Those that Weir has not written are left out.
func (db *DB) Resources(ctx context.Context, f ResourceFilter) (all []Resource, total int, err error) {
	c := f.conditions()
	where := c.text.String()
	if f.Number > 0 {
		if err := db.read.QueryRowContext(ctx, `SELECT count(*) FROM resource r`+where, c.args...).Scan(&total); err != nil {
			return nil, 0, db.explain(ctx, err)
		}
	}
	query := `SELECT ` + resourceColumns + fromResource + where + ` ORDER BY ` + orderOf(resourceOrders, f.Sort) + `r.id`
	if f.Number > 0 {
		query += fmt.Sprintf(" LIMIT %d OFFSET %d", f.Number, (f.Page-1)*f.Number)
	}
	all = []Resource{}
	err = db.each(ctx, func(rows *sql.Rows) error {
		r, err := scanResource(rows)
		if err == nil && db.genuine(r) {
			all = append(all, r)
		}
		return err
	}, query, c.args...)
	if f.Number == 0 {
		total = len(all)
	}
	return all, total, err
}

// ResourceIDs gives the filter's resources with nothing but their ids, owners
// and organization, which is what a look at rights needs. Those that Weir has
// not written are left out: whose they are is what somebody may have changed.
func (db *DB) ResourceIDs(ctx context.Context, f ResourceFilter) (all []Resource, err error) {
	c := f.conditions()
	err = db.eachGenuine(ctx, func(r Resource) error {
		all = append(all, Resource{ID: r.ID, Owner: r.Owner, Org: f.Org, Kind: f.Kind})
		return nil
	}, c.text.String(), c.args...)
	return all, err
}

// EachResource hands f the living resources of a kind in every organization,
// in the order of their ids, but for those that Weir has not written.
func (db *DB) EachResource(ctx context.Context, kind Kind, f func(Resource) error) error {
	return db.eachGenuine(ctx, f, ` WHERE r.kind = $1 AND r.deleted = 0`, kind)
}

// ResourcesOfAll gives all organizations' living resources of a kind in that
// state, in the order of their ids, but for those that Weir has not written.
func (db *DB) ResourcesOfAll(ctx context.Context, kind Kind, status string) (all []Resource, err error) {
	err = db.eachGenuine(ctx, func(r Resource) error {
		all = append(all, r)
		return nil
	}, ` WHERE r.kind = $1 AND r.status = $2 AND r.deleted = 0`, kind, status)
	return all, err
}

// eachGenuine hands f whole rows that Weir has written, in the order of their ids.
func (db *DB) eachGenuine(ctx context.Context, f func(Resource) error, where string, args ...any) error {
	return db.each(ctx, func(rows *sql.Rows) error {
		r, err := scanResource(rows)
		if err != nil || !db.genuine(r) {
			return err
		}
		return f(r)
	}, `SELECT `+resourceColumns+fromResource+where+` ORDER BY r.id`, args...)
}

// Refer replaces everything that a resource uses.
func (t *Tx) Refer(ctx context.Context, resource int64, to ...Reference) error {
	r, err := t.genuineRow(ctx, resource)
	if err != nil {
		return err
	}
	r.Credential = 0
	if _, err := t.tx.ExecContext(ctx, `DELETE FROM reference WHERE resource = $1`, resource); err != nil {
		return err
	}
	for _, ref := range to {
		if ref.Target == 0 {
			continue
		}
		if _, err := t.tx.ExecContext(ctx, `INSERT INTO reference (resource, role, target) VALUES ($1, $2, $3)`, resource, ref.Role, ref.Target); err != nil {
			return err
		}
		if ref.Role == RoleCredential {
			r.Credential = ref.Target
		}
	}
	return t.seal(ctx, r)
}

// Uses gives what living resources use the targets, for which kind they are,
// in the order of their ids.
func (db *DB) Uses(ctx context.Context, targets ...int64) (uses []Use, err error) {
	c := &conditions{}
	c.and("r.deleted = 0")
	c.and(amongIDs("f.target", targets))
	err = db.each(ctx, func(rows *sql.Rows) error {
		var u Use
		err := rows.Scan(&u.Target, &u.Role, &u.ID, &u.Kind, &u.Name, &u.Status)
		uses = append(uses, u)
		return err
	}, usesQuery+c.text.String()+` ORDER BY r.id`, c.args...)
	return uses, err
}

// UsedBy gives the living resources of a kind that use one of the targets, in the
// order of their ids. It holds none of them.
func (t *Tx) UsedBy(ctx context.Context, kind Kind, targets ...int64) ([]Resource, error) {
	return t.resources(ctx, ` WHERE r.deleted = 0 AND r.kind = $1 AND r.id IN (SELECT resource FROM reference WHERE `+amongIDs("target", targets)+`)`, kind)
}

// EverUsedBy gives the resources of a kind that use a target, deleted ones too, in
// the order of their ids.
func (t *Tx) EverUsedBy(ctx context.Context, kind Kind, target int64) ([]Resource, error) {
	return t.resources(ctx, everUsedBy, target, kind)
}

// EverUsedBy is Tx.EverUsedBy outside of a transaction.
func (db *DB) EverUsedBy(ctx context.Context, kind Kind, target int64) (all []Resource, err error) {
	err = db.each(ctx, func(rows *sql.Rows) error {
		r, err := scanResource(rows)
		all = append(all, r)
		return err
	}, `SELECT `+resourceColumns+fromResource+everUsedBy+` ORDER BY r.id`, target, kind)
	return all, err
}

const everUsedBy = ` WHERE r.id IN (SELECT resource FROM reference WHERE target = $1) AND r.kind = $2`

// ResourcesOfType gives an organization's living resources of a kind and type, in
// the order of their ids. It holds none of them.
func (t *Tx) ResourcesOfType(ctx context.Context, org int64, kind Kind, of string) ([]Resource, error) {
	return t.resources(ctx, ` WHERE r.org = $1 AND r.kind = $2 AND r.type = $3 AND r.deleted = 0`, org, kind, of)
}

// HoldType holds an organization's living resources of a kind and type against
// other writers, in the order of their ids.
func (t *Tx) HoldType(ctx context.Context, org int64, kind Kind, of string) error {
	return t.each(ctx, func(*sql.Rows) error { return nil },
		`SELECT r.id FROM resource r WHERE r.org = $1 AND r.kind = $2 AND r.type = $3 AND r.deleted = 0 ORDER BY r.id`+t.db.engine.updating("r"), org, kind, of)
}

// Versions gives the versions of those of the resources that live.
func (t *Tx) Versions(ctx context.Context, ids ...int64) (map[int64]int64, error) {
	out := map[int64]int64{}
	return out, t.each(ctx, func(rows *sql.Rows) error {
		var id, version int64
		err := rows.Scan(&id, &version)
		out[id] = version
		return err
	}, `SELECT r.id, r.version FROM resource r WHERE r.deleted = 0 AND `+amongIDs("r.id", ids))
}

// Uses is DB.Uses inside the transaction.
func (t *Tx) Uses(ctx context.Context, target int64) (uses []Use, err error) {
	err = t.each(ctx, func(rows *sql.Rows) error {
		var u Use
		err := rows.Scan(&u.Target, &u.Role, &u.ID, &u.Kind, &u.Name, &u.Status)
		uses = append(uses, u)
		return err
	}, usesQuery+` WHERE r.deleted = 0 AND f.target = $1 ORDER BY r.id`, target)
	return uses, err
}

const usesQuery = `SELECT f.target, f.role, r.id, r.kind, r.name, r.status FROM reference f JOIN resource r ON r.id = f.resource`

// Use is one resource that uses a target.
type Use struct {
	Target int64
	Role   string
	ID     int64
	Kind   Kind
	Name   string
	Status string
}

// References gives what the resources use.
func (db *DB) References(ctx context.Context, resources ...int64) (refs []Reference, err error) {
	c := &conditions{}
	c.and(amongIDs("resource", resources))
	err = db.each(ctx, func(rows *sql.Rows) error {
		var r Reference
		err := rows.Scan(&r.Resource, &r.Role, &r.Target)
		refs = append(refs, r)
		return err
	}, `SELECT resource, role, target FROM reference`+c.text.String()+` ORDER BY resource, role, target`, c.args...)
	return refs, err
}

// NodeResource gives the living resource of a node of the organization.
func (db *DB) NodeResource(ctx context.Context, org, node int64) (Resource, error) {
	r, err := scanResource(db.read.QueryRowContext(ctx, `SELECT `+resourceColumns+fromResource+` WHERE n.id = $1 AND r.org = $2 AND r.deleted = 0`, node, org))
	if isNoRows(err) {
		return r, noResource("flow", node)
	}
	if err != nil {
		return r, db.explain(ctx, err)
	}
	return r, db.refuseForged(r)
}
