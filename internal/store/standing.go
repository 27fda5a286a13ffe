package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/weirhq/weir"
)

// Standing is how a destination stands: how far it has come in its dataset's
// log, and since when it takes nothing. All times are in µs.
type Standing struct {
	Awaited  bool          // something was to go there once; else the rest of it is zero
	Position weir.Position // as far as it is known here; the truth is in the destination
	Head     weir.Position // of the log's newest record
	Took     int64         // when it last took records; 0 never
	Failing  int64         // since when it takes nothing; 0 while it does
	Class    weir.Code     // of what it failed of
	Problem  string        // the same in words, with what to do next
	Failures int           // how often in a row it took nothing; 0 while it takes what there is
	RetryAt  int64         // when it is tried again; 0 when nobody knows
	Lacks    int64         // when the oldest change was read that it does not have; 0 when it has all
}

// Behind is how many changes the destination lacks. Those that newer ones have
// replaced count, too, though it may never get them.
func (s Standing) Behind() int64 { return max(0, int64(s.Head-s.Position)) }

// standingFrom joins a delivery with its log, in which "at" is how far the
// destination has come: a position in a log of another name means nothing.
const standingFrom = ` LEFT JOIN (SELECT x.id, d.id AS log, d.head, CASE WHEN x.log = x.wanted THEN x.position ELSE 0 END AS at
		FROM delivery x JOIN dataset d ON d.id = x.dataset) l ON l.id = v.id`

// lacks is when the oldest change was read that a destination does not have.
const lacks = `CASE WHEN l.head > l.at THEN (SELECT b.extracted_at FROM record_batch b WHERE b.dataset = l.log AND b.last > l.at ORDER BY b.last LIMIT 1) END`

// Standings says how destinations stand. One that nothing was ever to go to is
// not in the answer.
func (db *DB) Standings(ctx context.Context, destinations ...int64) (map[int64]Standing, error) {
	all := map[int64]Standing{}
	if len(destinations) == 0 {
		return all, nil
	}
	c := &conditions{}
	c.and(amongIDs("v.id", destinations))
	return all, db.each(ctx, func(rows *sql.Rows) error {
		var id int64
		var s Standing
		err := rows.Scan(&id, &s.Awaited, &s.Took, &s.Failing, &s.Class, &s.Problem, &s.Failures, &s.RetryAt, &s.Head, &s.Position, &s.Lacks)
		all[id] = s
		return err
	}, `SELECT v.id, v.dataset <> 0, v.took, v.failing, v.class, v.problem, v.failures, v.retry_at, coalesce(l.head, 0), coalesce(l.at, 0), coalesce(`+lacks+`, 0) FROM delivery v`+standingFrom+c.text.String(), c.args...)
}

// Troubled are the destinations of an organization that are active and take
// nothing, or lack what was read before, in µs; those that fail are first. They
// are of these, nil for all, and at most so many.
func (db *DB) Troubled(ctx context.Context, org int64, among []int64, before int64, most int) (ids []int64, err error) {
	c := &conditions{}
	c.and("r.org = %s", org)
	c.and("r.kind = %s", KindDestination)
	c.and("r.deleted = 0 AND r.status = 'active' AND (v.failing > 0 OR "+lacks+" < %s)", before)
	if among != nil {
		c.and(amongIDs("r.id", among))
	}
	err = db.each(ctx, func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT r.id FROM delivery v JOIN resource r ON r.id = v.id`+standingFrom+c.text.String()+` ORDER BY CASE v.failing WHEN 0 THEN 1 ELSE 0 END, v.failing, r.id`+fmt.Sprintf(` LIMIT %d`, most), c.args...)
	return ids, err
}

// heldBack says that a destination's dataset is paused.
const heldBack = `EXISTS (SELECT 1 FROM reference f JOIN resource d ON d.id = f.target WHERE f.resource = r.id AND f.role = 'dataset' AND d.status = 'paused')`

// The states in which active destinations are counted.
const (
	DestinationFailing = "failing"
	DestinationBehind  = "behind" // it lacks something, and does not fail
	DestinationCurrent = "current"
	DestinationWaiting = "waiting" // nothing goes there: its dataset is paused, or nothing was to go there yet
)

// DestinationGauges is how all active destinations stand.
type DestinationGauges struct {
	Number  map[string]int64 // by state
	Failing int64            // since when the one fails that has failed longest, µs; 0 for none
	Lacks   int64            // when the oldest change was read that one lacks which does not fail, µs; 0 for none
}

// DestinationGauges counts the active destinations of all organizations.
func (db *DB) DestinationGauges(ctx context.Context) (g DestinationGauges, err error) {
	g.Number = map[string]int64{DestinationFailing: 0, DestinationBehind: 0, DestinationCurrent: 0, DestinationWaiting: 0}
	return g, db.each(ctx, func(rows *sql.Rows) error {
		var state string
		var n, failing, oldest int64
		err := rows.Scan(&state, &n, &failing, &oldest)
		g.Number[state] = n
		switch state {
		case DestinationFailing:
			g.Failing = failing
		case DestinationBehind:
			g.Lacks = oldest
		}
		return err
	}, `SELECT s.state, count(*), coalesce(min(s.failing), 0), coalesce(min(s.lacks), 0) FROM (SELECT v.failing,
			CASE WHEN v.failing > 0 THEN 'failing' WHEN coalesce(v.dataset, 0) = 0 OR `+heldBack+` THEN 'waiting' WHEN l.head > l.at THEN 'behind' ELSE 'current' END AS state, `+lacks+` AS lacks
			FROM resource r LEFT JOIN delivery v ON v.id = r.id`+standingFrom+`
			WHERE r.kind = 'destination' AND r.status = 'active' AND r.deleted = 0) s GROUP BY s.state`)
}

// took writes down that a destination takes what there is: at the time it took
// records, when there were some.
func (t *Tx) took(ctx context.Context, l Load) error {
	took := int64(0)
	if l.Written > 0 {
		took = l.At
	}
	_, err := t.tx.ExecContext(ctx, `UPDATE delivery SET failing = 0, class = '', problem = '', failures = 0, retry_at = 0, took = CASE WHEN took < $2 THEN $2 ELSE took END WHERE id = $1 AND (failing <> 0 OR took < $2)`, l.Destination, took)
	return err
}

// Failed writes down why a destination takes nothing, and when it is tried
// again, µs; 0 when nobody knows. Since when it fails stays.
func (t *Tx) Failed(ctx context.Context, l Load, class weir.Code, problem string, again int64) error {
	if err := t.deliveryRow(ctx, l.Org, l.Destination); err != nil {
		return err
	}
	_, err := t.tx.ExecContext(ctx, `UPDATE delivery SET failing = CASE failing WHEN 0 THEN CAST($2 AS BIGINT) ELSE failing END, class = $3, problem = $4, failures = failures + 1, retry_at = $5 WHERE id = $1`,
		l.Destination, l.At, string(class), printable(problem), again)
	return err
}

// Elsewhere forgets how a destination stood: it leads to another place, or
// something else goes there. Whoever fills it now is replaced, or what the old
// place has would be written down as the new one's.
func (t *Tx) Elsewhere(ctx context.Context, destination int64) error {
	_, err := t.tx.ExecContext(ctx, `UPDATE delivery SET epoch = `+newestEpoch+` + 1, lease_until = 0, log = '', position = 0, wanted = '', dataset = 0, took = 0, failing = 0, class = '', problem = '', failures = 0, retry_at = 0 WHERE id = $1`, destination)
	return err
}
