package store

import (
	"context"
	"database/sql"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
)

// EventType says what kind of thing happened.
type EventType string

// The types of events. Package notify says of each to whom it is told, and how.
const (
	FlowFailed           EventType = "flow_failed"
	FlowRecovered        EventType = "flow_recovered"
	DeliveryFailed       EventType = "delivery_failed" // into a destination
	DeliveryRecovered    EventType = "delivery_recovered"
	DeletionsHeld        EventType = "deletions_held" // more than the brake lets through
	RecordsQuarantined   EventType = "records_quarantined"
	SchemaChanged        EventType = "schema_changed"
	DatasetDetected      EventType = "dataset_detected"
	CredentialFailed     EventType = "credential_failed"   // #nosec G101 -- names of types, as are the next
	CredentialVerified   EventType = "credential_verified" // #nosec G101 -- again
	CredentialExpiring   EventType = "credential_expiring" // #nosec G101 -- a name
	BudgetOvercommitted  EventType = "budget_overcommitted"
	ResourceShared       EventType = "resource_shared"
	MemberAdded          EventType = "member_added"
	MemberRoleChanged    EventType = "member_role_changed"
	NotificationsGivenUp EventType = "notifications_given_up"
)

// The topics of conditions.
const (
	TopicFailing     = "failing"
	TopicHeld        = "held"
	TopicQuarantine  = "quarantine"
	TopicExpiring    = "expiring"
	TopicUndelivered = "undelivered"
)

// Event is something that happened and that people may want to know.
type Event struct {
	ID       int64
	Org      int64
	Type     EventType
	At       int64 // µs
	Actor    int64 // whose doing it is, and who need not be told; 0 for Weir itself
	Kind     Kind  // what it is about; "" for nothing
	Resource int64
	Source   int64 // of whose flow the resource is a part; 0 for none
	Name     string
	Message  string
	Run      weir.RunID
	To       []Addressee // empty for everybody who may look at the resource

	// Topic makes the event the beginning of a condition, or with Over its end:
	// while the resource is in that condition the beginning is not told again,
	// unless State differs. An end without a Type ends it silently.
	Topic, State string
	Over         bool
}

// Addressee is whom an event is for by name.
type Addressee struct {
	Kind string `json:"kind"` // as of an accessor: USER, TEAM or ORG
	Who  int64  `json:"who"`
}

// RaiseEvent writes an event, unless its condition says that there is nothing
// new. It is told once the transaction is committed.
func (t *Tx) RaiseEvent(ctx context.Context, e Event) (raised bool, err error) {
	if e.Topic != "" {
		if news, err := t.turn(ctx, e); err != nil || !news || e.Type == "" {
			return false, err
		}
	}
	to, err := json.Marshal(e.To)
	if err != nil {
		return false, err
	}
	_, err = t.tx.ExecContext(ctx, `INSERT INTO event (org, type, at, actor, kind, resource, source, name, message, run, addressees)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		e.Org, string(e.Type), e.At, e.Actor, string(e.Kind), e.Resource, e.Source, printable(e.Name), printable(e.Message), string(e.Run), string(to))
	return err == nil, err
}

// turn moves the event's condition, and reports whether that changed anything.
func (t *Tx) turn(ctx context.Context, e Event) (changed bool, err error) {
	var done sql.Result
	if e.Over {
		done, err = t.tx.ExecContext(ctx, `DELETE FROM event_condition WHERE kind = $1 AND resource = $2 AND topic = $3`, string(e.Kind), e.Resource, e.Topic)
	} else {
		done, err = t.tx.ExecContext(ctx, `INSERT INTO event_condition (kind, resource, topic, org, state, since) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (kind, resource, topic) DO UPDATE SET state = excluded.state, since = excluded.since WHERE event_condition.state <> excluded.state`,
			string(e.Kind), e.Resource, e.Topic, e.Org, e.State, e.At)
	}
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n > 0, err
}

// dropConditions forgets the conditions of a resource that is deleted: brought
// back, it is told of anew.
func (t *Tx) dropConditions(ctx context.Context, kind Kind, id int64) error {
	_, err := t.tx.ExecContext(ctx, `DELETE FROM event_condition WHERE kind = $1 AND resource = $2`, string(kind), id)
	return err
}

const eventColumns = `e.id, e.org, e.type, e.at, e.actor, e.kind, e.resource, e.source, e.name, e.message, e.run, e.addressees`

// fields are where the columns go; the last one is to be read as JSON into To.
func (e *Event) fields(addressees *string) []any {
	return []any{&e.ID, &e.Org, &e.Type, &e.At, &e.Actor, &e.Kind, &e.Resource, &e.Source, &e.Name, &e.Message, &e.Run, addressees}
}

func scanEvent(row scanner, more ...any) (e Event, err error) {
	var to string
	if err = row.Scan(append(e.fields(&to), more...)...); err != nil {
		return e, err
	}
	return e, json.Unmarshal([]byte(to), &e.To)
}

// UntoldEvents gives the oldest n events that have not been told.
func (db *DB) UntoldEvents(ctx context.Context, n int) (all []Event, err error) {
	err = db.each(ctx, func(rows *sql.Rows) error {
		e, err := scanEvent(rows)
		all = append(all, e)
		return err
	}, `SELECT `+eventColumns+` FROM event e WHERE e.told = 0 ORDER BY e.id LIMIT $1`, n)
	return all, err
}

// TellEvent marks an event as told at µs. It reports false for one that
// somebody else has told: then nothing must be written for it.
func (t *Tx) TellEvent(ctx context.Context, id, at int64) (first bool, err error) {
	done, err := t.tx.ExecContext(ctx, `UPDATE event SET told = $2 WHERE id = $1 AND told = 0`, id, at)
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n == 1, err
}

// forgetAtOnce is how many old events one transaction removes.
const forgetAtOnce = 500

// ForgetEvents removes events from before µs, with what was told of them. One
// that is still on its way to somebody, or was given up, stays.
func (db *DB) ForgetEvents(ctx context.Context, before int64) (forgotten int, err error) {
	err = db.Change(ctx, func(t *Tx) error {
		var ids []int64
		err := t.each(ctx, func(rows *sql.Rows) error {
			var id int64
			err := rows.Scan(&id)
			ids = append(ids, id)
			return err
		}, `SELECT e.id FROM event e WHERE e.at < $1 AND e.told <> 0 AND NOT EXISTS
			(SELECT 1 FROM dispatch_event de JOIN dispatch d ON d.id = de.dispatch WHERE de.event = e.id AND d.status <> $2) ORDER BY e.id LIMIT $3`, before, DispatchSent, forgetAtOnce)
		if forgotten = len(ids); err != nil || forgotten == 0 {
			return err
		}
		c := &conditions{}
		these := among(c, "event", ids)
		for _, statement := range []string{`DELETE FROM notice WHERE ` + these, `DELETE FROM dispatch_event WHERE ` + these} {
			if _, err := t.tx.ExecContext(ctx, statement, c.args...); err != nil {
				return err
			}
		}
		if _, err := t.tx.ExecContext(ctx, `DELETE FROM dispatch WHERE status = $1 AND NOT EXISTS (SELECT 1 FROM dispatch_event de WHERE de.dispatch = dispatch.id)`, DispatchSent); err != nil {
			return err
		}
		c = &conditions{}
		these = among(c, "id", ids)
		_, err = t.tx.ExecContext(ctx, `DELETE FROM event WHERE `+these, c.args...) // #nosec G202 -- placeholders
		return err
	})
	return forgotten, err
}
