package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/weirhq/weir"
)

// The states of a reject in quarantine.
const (
	QuarantineOpen     = "open"
	QuarantineReplayed = "replayed" // it is in the log, on its way to the destinations
	QuarantineDropped  = "dropped"  // somebody decided that nobody needs it; its bytes are kept
)

// Quarantined is a reject in quarantine.
type Quarantined struct {
	weir.Reject
	ID          int64
	Dataset     DatasetID
	Destination int64      // the configured one that refused it; 0 for none
	Run         weir.RunID // that set it aside; others may count it, too
	At          int64      // µs
	State       string
	Settled     int64 // when it was replayed or dropped, µs; 0 while it is open
	SettledBy   int64 // user
}

// Quarantine keeps rejects that a destination handed back, at µs, and gives their
// ids. Destination is the configured one that did, 0 for none.
func (db *DB) Quarantine(ctx context.Context, d DatasetID, destination int64, run weir.RunID, at int64, rejects []weir.Reject) (ids []int64, err error) {
	err = db.change(ctx, func(tx *sql.Tx) error {
		org, err := orgOf(ctx, tx, d)
		if err != nil {
			return err
		}
		q := Quarantined{Dataset: d, Destination: destination, Run: run, At: at}
		if ids, err = quarantine(ctx, tx, org, q, rejects); err != nil {
			return err
		}
		if destination != 0 {
			return nil // which run counts them is known when the batch is written down
		}
		if err := counts(ctx, tx, run, ids); err != nil {
			return err
		}
		return count(ctx, tx, org, run, d, Counts{Quarantined: len(rejects)})
	})
	return ids, err
}

// countsAtOnce is how many counted rejects one statement writes or removes.
const countsAtOnce = 500

// counts notes that a run counts rejects among its own.
func counts(ctx context.Context, tx *sql.Tx, run weir.RunID, rejects []int64) error {
	if run == "" {
		return nil
	}
	for some := range slices.Chunk(rejects, countsAtOnce) {
		rows, args := make([]string, len(some)), []any{string(run)}
		for i, id := range some {
			args = append(args, id)
			rows[i] = fmt.Sprintf("($1, $%d)", len(args))
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO quarantine_run (run, reject) VALUES `+strings.Join(rows, ", ")+` ON CONFLICT (run, reject) DO NOTHING`, args...); err != nil { // #nosec G202 -- placeholders
			return err
		}
	}
	return nil
}

// ForgetCounts forgets which rejects were counted by runs from before one, so that
// what is refused in every run does not fill the store. That a run set one aside is
// never forgotten.
func (db *DB) ForgetCounts(ctx context.Context, before weir.RunID) error {
	for {
		var forgotten int64
		err := db.change(ctx, func(tx *sql.Tx) error {
			done, err := tx.ExecContext(ctx, `DELETE FROM quarantine_run WHERE (run, reject) IN (SELECT n.run, n.reject FROM quarantine_run n LEFT JOIN quarantine q ON q.id = n.reject
				WHERE n.run < $1 AND (q.run IS NULL OR q.run <> n.run) ORDER BY n.run, n.reject LIMIT $2)`, string(before), countsAtOnce)
			if err == nil {
				forgotten, err = done.RowsAffected()
			}
			return err
		})
		if err != nil || forgotten < countsAtOnce {
			return err
		}
	}
}

// quarantine keeps rejects, and gives their ids. What is refused in every run is
// there once: what was dropped stays dropped, and what was replayed in vain is open
// again.
func quarantine(ctx context.Context, tx *sql.Tx, org int64, q Quarantined, rejects []weir.Reject) (ids []int64, err error) {
	for _, r := range rejects {
		original := r.Original
		if original == nil {
			original = []byte{}
		}
		var id int64
		var state string
		err := tx.QueryRowContext(ctx, `SELECT id, state FROM quarantine WHERE dataset = $1 AND key = $2 AND stage = $3 AND reason = $4 AND original = $5 AND destination = $6
			ORDER BY id DESC LIMIT 1`, q.Dataset, []byte(r.Key), printable(r.Stage), printable(r.Reason), original, q.Destination).Scan(&id, &state)
		switch {
		case isNoRows(err):
			err = tx.QueryRowContext(ctx, `INSERT INTO quarantine (org, dataset, destination, run, at, stage, reason, key, original) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id`,
				org, q.Dataset, q.Destination, string(q.Run), q.At, printable(r.Stage), printable(r.Reason), []byte(r.Key), original).Scan(&id)
		case err == nil && state == QuarantineReplayed:
			_, err = tx.ExecContext(ctx, `UPDATE quarantine SET state = $2, run = $3, at = $4, settled = 0, settled_by = 0 WHERE id = $1`, id, QuarantineOpen, string(q.Run), q.At)
		}
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// printable makes text that every text column takes: a reject must never be
// refused by its quarantine.
func printable(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// QuarantineFilter chooses rejects. Zero fields choose all.
type QuarantineFilter struct {
	Org         int64       // 0 for any: whoever asks knows the datasets
	Datasets    []DatasetID // only of these; nil for all
	IDs         []int64
	Destination int64
	RefusedBy   []int64 // only what these destinations refused; nil for all
	Stage       string
	Reason      string  // a part of it, whatever the case
	Explained   []int64 // destinations on whose way the reasons of rules are searched; nil for all
	State       string
	Run         string // that set them aside
	CountedBy   string // run that counts them, be they set aside before
	From, To    int64  // µs; To is excluded
	Before      int64  // only those with a lower id, which come after it; 0 for all

	Page, Size int // from 1; how many on a page, 0 for all
}

func (f QuarantineFilter) conditions() *conditions {
	c := &conditions{}
	if f.Org != 0 {
		c.and("q.org = %s", f.Org)
	}
	if f.State != "" {
		c.and("q.state = %s", f.State)
	}
	if f.Datasets != nil {
		c.and(amongIDs("q.dataset", f.Datasets))
	}
	if f.IDs != nil {
		c.and(amongIDs("q.id", f.IDs))
	}
	if f.Destination != 0 {
		c.and("q.destination = %s", f.Destination)
	}
	if f.RefusedBy != nil {
		c.and(amongIDs("q.destination", f.RefusedBy))
	}
	if f.Stage != "" {
		c.and("q.stage = %s", f.Stage)
	}
	if f.Reason != "" {
		c.and(`lower(q.reason) LIKE %s ESCAPE '\'`, contains(f.Reason))
		if f.Explained != nil {
			c.and("(q.stage <> 'transform' OR " + amongIDs("q.destination", f.Explained) + ")")
		}
	}
	if f.Run != "" {
		c.and("q.run = %s", f.Run)
	}
	if f.CountedBy != "" {
		c.and("q.id IN (SELECT n.reject FROM quarantine_run n WHERE n.run = %s)", f.CountedBy)
	}
	if f.From != 0 {
		c.and("q.at >= %s", f.From)
	}
	if f.To != 0 {
		c.and("q.at < %s", f.To)
	}
	if f.Before != 0 {
		c.and("q.id < %s", f.Before)
	}
	return c
}

// contains is a LIKE pattern for a part of a text in lower case.
func contains(part string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(part)) + "%"
}

// CountQuarantine counts the filter's rejects.
func (db *DB) CountQuarantine(ctx context.Context, f QuarantineFilter) (n int, err error) {
	c := f.conditions()
	err = db.read.QueryRowContext(ctx, `SELECT count(*) FROM quarantine q`+c.text.String(), c.args...).Scan(&n)
	return n, db.explain(ctx, err)
}

// Quarantined gives the filter's rejects, newest first, with their bytes.
func (db *DB) Quarantined(ctx context.Context, f QuarantineFilter) (newest []Quarantined, err error) {
	c := f.conditions()
	query := quarantineRows + c.text.String() + ` ORDER BY q.id DESC`
	if f.Size > 0 {
		query += fmt.Sprintf(" LIMIT %d OFFSET %d", f.Size, (f.Page-1)*f.Size)
	}
	err = db.each(ctx, scanQuarantined(&newest), query, c.args...)
	return newest, err
}

// QuarantinedAfter gives up to number of the filter's rejects with higher ids than
// one, the lowest first, with their bytes.
func (db *DB) QuarantinedAfter(ctx context.Context, f QuarantineFilter, id int64, number int) (oldest []Quarantined, err error) {
	c := f.conditions()
	c.and("q.id > %s", id)
	query := quarantineRows + c.text.String() + fmt.Sprintf(" ORDER BY q.id LIMIT %d", number)
	err = db.each(ctx, scanQuarantined(&oldest), query, c.args...)
	return oldest, err
}

const quarantineRows = `SELECT q.id, q.dataset, q.destination, q.run, q.at, q.stage, q.reason, q.key, q.original, q.state, q.settled, q.settled_by FROM quarantine q`

func scanQuarantined(all *[]Quarantined) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var q Quarantined
		var key []byte
		err := rows.Scan(&q.ID, &q.Dataset, &q.Destination, &q.Run, &q.At, &q.Stage, &q.Reason, &key, &q.Original, &q.State, &q.Settled, &q.SettledBy)
		q.Key = string(key)
		*all = append(*all, q)
		return err
	}
}

// Origin is the configured source and dataset of a log.
type Origin struct {
	Source, Dataset int64
	Name            string // of the dataset
	Endpoint        string // its name in the log
}

// Origins gives the configured datasets of logs; a log whose dataset was
// deleted is not in the answer.
func (db *DB) Origins(ctx context.Context, logs ...DatasetID) (map[DatasetID]Origin, error) {
	c := &conditions{}
	c.and(amongIDs("d.id", logs))
	out := map[DatasetID]Origin{}
	return out, db.each(ctx, func(rows *sql.Rows) error {
		var id DatasetID
		var o Origin
		err := rows.Scan(&id, &o.Source, &o.Dataset, &o.Name, &o.Endpoint)
		out[id] = o
		return err
	}, `SELECT d.id, s.resource, r.id, r.name, d.name`+fromLogs+c.text.String()+notMade+` ORDER BY r.id DESC`, c.args...)
}

// notMade leaves out the datasets that are made from others: the log that they
// read is not theirs, and has what their rules hide.
const notMade = ` AND NOT EXISTS (SELECT 1 FROM reference p WHERE p.resource = r.id AND p.role = 'parent')`

const fromLogs = ` FROM dataset d JOIN source s ON s.id = d.source JOIN reference f ON f.target = s.resource AND f.role = 'source'
	JOIN resource r ON r.id = f.resource AND r.kind = 'dataset' AND r.type = d.name AND r.deleted = 0`

// LogsOf gives the logs of configured datasets, and with them those of
// sources. A dataset that is made from another one has none.
func (db *DB) LogsOf(ctx context.Context, org int64, datasets, sources []int64) (logs []DatasetID, err error) {
	c := &conditions{}
	c.and("r.org = %s", org)
	if datasets != nil {
		c.and(amongIDs("r.id", datasets))
	}
	if sources != nil {
		c.and(amongIDs("s.resource", sources))
	}
	logs = []DatasetID{}
	err = db.each(ctx, func(rows *sql.Rows) error {
		var id DatasetID
		err := rows.Scan(&id)
		logs = append(logs, id)
		return err
	}, `SELECT DISTINCT d.id`+fromLogs+c.text.String()+notMade, c.args...)
	return logs, err
}
