package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/weirhq/weir"
)

// The statuses of what a run brings to a destination.
const (
	deliveryPending = "pending" // the run waits for it
	deliveryDone    = "done"
	deliveryFailed  = "failed"
)

// RunDelivery is what a run brings to one destination.
type RunDelivery struct {
	Run         weir.RunID
	Destination int64
	Stream      string    // the endpoint whose records go there
	Log         DatasetID // that they lie in; 0 when nobody says
	Upto        weir.Position
	Status      string
	Written     int
	Quarantined int
	Filtered    int    // kept back by the dataset's rules
	Place       string // the destination as shown to users; never with a password
	Problem     string
}

// RunDeliveries gives what the runs bring to destinations.
func (db *DB) RunDeliveries(ctx context.Context, runs ...weir.RunID) (all []RunDelivery, err error) {
	if len(runs) == 0 {
		return nil, nil
	}
	ids := make([]string, len(runs))
	for i, r := range runs {
		ids[i] = string(r)
	}
	c := &conditions{}
	c.and(among(c, "run", ids))
	err = db.each(ctx, func(rows *sql.Rows) error {
		var d RunDelivery
		err := rows.Scan(&d.Run, &d.Destination, &d.Stream, &d.Upto, &d.Status, &d.Written, &d.Quarantined, &d.Filtered, &d.Place, &d.Problem)
		all = append(all, d)
		return err
	}, `SELECT run, destination, stream, upto, status, written, quarantined, filtered, place, problem FROM run_delivery`+c.text.String()+` ORDER BY run, destination`, c.args...)
	return all, err
}

// Filled says how far a destination has come, in which log: a copy of what the
// destination itself knows.
func (db *DB) Filled(ctx context.Context, destination int64) (log string, at weir.Position, err error) {
	err = db.read.QueryRowContext(ctx, `SELECT log, position FROM delivery WHERE id = $1`, destination).Scan(&log, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return "", 0, nil
	}
	return log, at, db.explain(ctx, err)
}

// Await makes a run wait until a destination has come to a position of the
// dataset's log, unless it has. It reports whether the run waits. With ask it
// waits in any case: the destination itself is asked, which somebody may have
// emptied.
//
// The destination is held until the transaction ends: a delivery that comes to
// its end meanwhile either has, and then another one can be enqueued, or sees
// that the run waits.
func (t *Tx) Await(ctx context.Context, org int64, d RunDelivery, log string, ask bool) (waits bool, err error) {
	var at weir.Position
	var in string
	if err := t.deliveryRow(ctx, org, d.Destination); err != nil {
		return false, err
	}
	if err := t.filledFrom(ctx, d.Destination, d.Log, log); err != nil {
		return false, err
	}
	err = t.tx.QueryRowContext(ctx, `SELECT log, position FROM delivery WHERE id = $1`+t.db.engine.forUpdate(), d.Destination).Scan(&in, &at)
	if err != nil {
		return false, err
	}
	waits = ask || in != log || at < d.Upto
	d.Status = deliveryDone
	if waits {
		d.Status = deliveryPending
	}
	_, err = t.tx.ExecContext(ctx, `INSERT INTO run_delivery (run, destination, org, stream, upto, status) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (run, destination) DO UPDATE SET upto = excluded.upto, status = excluded.status`, string(d.Run), d.Destination, org, d.Stream, d.Upto, d.Status)
	return waits, err
}

// newestEpoch is the greatest that any owner has had: a place keeps the epoch of
// whoever filled it last, be it another destination, or a source by itself.
const newestEpoch = `(SELECT max(o.epoch) FROM (SELECT coalesce(max(epoch), 0) AS epoch FROM source UNION ALL SELECT coalesce(max(epoch), 0) FROM delivery) o)`

// deliveryRow makes sure that a destination has its row.
func (t *Tx) deliveryRow(ctx context.Context, org, destination int64) error {
	_, err := t.tx.ExecContext(ctx, `INSERT INTO delivery (id, org, epoch) SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT), `+newestEpoch+`
		WHERE NOT EXISTS (SELECT 1 FROM delivery WHERE id = $1) ON CONFLICT (id) DO NOTHING`, destination, org) // #nosec G202 -- words of ours
	return err
}

// filledFrom notes from which log a destination is filled, and by which name.
func (t *Tx) filledFrom(ctx context.Context, destination int64, log DatasetID, name string) error {
	if log == 0 {
		return nil
	}
	_, err := t.tx.ExecContext(ctx, `UPDATE delivery SET dataset = $2, wanted = $3 WHERE id = $1 AND (dataset <> $2 OR wanted <> $3)`, destination, log, name)
	return err
}

// Load is a batch that a destination has.
type Load struct {
	Org, Flow   int64
	Destination int64
	Run         weir.RunID // whose records they are
	Stream      string
	Place       string
	Log         string
	To          weir.Position
	Written     int
	Quarantined int
	Rejects     []int64 // the ids of what is quarantined
	Filtered    int
	At          int64 // µs
}

// SaveLoad writes down that a destination has a batch: for the run whose
// records it holds, or that waits for them if that is later. An owner that has
// been replaced is refused with CodeIntegrity.
func (db *DB) SaveLoad(ctx context.Context, lease *Term, load Load) error {
	return db.Change(ctx, func(tx *Tx) error {
		l := load
		done, err := tx.tx.ExecContext(ctx, `UPDATE delivery SET log = $3, position = $4 WHERE id = $1 AND epoch = $2`, l.Destination, lease.Epoch, l.Log, l.To)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, lease.Hold(ctx, tx))
		}
		if err := tx.took(ctx, l); err != nil {
			return err
		}
		var waiting sql.NullString
		// The run that wanted it, be it over: not the one that read the records, long ago.
		if err := tx.tx.QueryRowContext(ctx, `SELECT max(run) FROM run_delivery WHERE destination = $1 AND status IN ('pending', 'failed')`, l.Destination).Scan(&waiting); err != nil {
			return err
		}
		l.Run = max(l.Run, weir.RunID(waiting.String))
		if l.Run != "" {
			if err := tx.late(ctx, l); err != nil {
				return err
			}
			if err := counts(ctx, tx.tx, l.Run, l.Rejects); err != nil {
				return err
			}
			_, err = tx.tx.ExecContext(ctx, `INSERT INTO run_delivery (run, destination, org, stream, upto, status, written, quarantined, place, filtered) VALUES ($1, $2, $3, $4, 0, 'open', $5, $6, $7, $8)
				ON CONFLICT (run, destination) DO UPDATE SET written = run_delivery.written + excluded.written, quarantined = run_delivery.quarantined + excluded.quarantined,
					filtered = run_delivery.filtered + excluded.filtered, place = excluded.place`,
				string(l.Run), l.Destination, l.Org, l.Stream, l.Written, l.Quarantined, l.Place, l.Filtered)
			if err != nil {
				return err
			}
		}
		return tx.AnnounceRun(ctx, l.Org, l.Flow, l.Run)
	})
}

// late adds a batch to a run that is over already, as when its destination could
// not be filled before. Else the run is held: it does not end before the batch
// is among what it counts.
func (t *Tx) late(ctx context.Context, l Load) error {
	if err := t.holdRuns(ctx, `id = $1`, string(l.Run)); err != nil {
		return err
	}
	r := Run{ID: l.Run}
	err := t.tx.QueryRowContext(ctx, `UPDATE run SET written = written + $2, quarantined = quarantined + $3, filtered = filtered + $4 WHERE id = $1 AND ended <> 0 RETURNING org, number, started`,
		string(l.Run), l.Written, l.Quarantined, l.Filtered).Scan(&r.Org, &r.Number, &r.Started)
	if isNoRows(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return addPart(ctx, t.tx, &r, RunPart{Part: l.Destination, Kind: KindDestination, Records: l.Written, Errors: l.Quarantined})
}

// settle ends what waited for the destination to come this far.
func (t *Tx) settle(ctx context.Context, l Load) error {
	late, err := t.arrivedFrom(ctx, l, deliveryFailed)
	if err != nil {
		return err
	}
	if _, err := t.arrivedFrom(ctx, l, deliveryPending); err != nil {
		return err
	}
	if err := t.endRuns(ctx, l.Flow, l.At); err != nil {
		return err
	}
	if late > 0 {
		if err := t.caughtUp(ctx, l.Flow, l.At); err != nil {
			return err
		}
	}
	return t.AnnounceRun(ctx, l.Org, l.Flow, l.Run)
}

// arrivedFrom ends what was in that state until the destination came this far, and
// says how many that were.
func (t *Tx) arrivedFrom(ctx context.Context, l Load, status string) (int64, error) {
	done, err := t.tx.ExecContext(ctx, `UPDATE run_delivery SET status = $4, problem = '', place = $3 WHERE destination = $1 AND status = $5 AND upto <= $2`, l.Destination, l.To, l.Place, deliveryDone, status)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

// Arrived ends the wait of the runs that lacked no more than what the
// destination has now, and reports whether that is the end of the log: then
// nothing is appended until the transaction ends.
func (t *Tx) Arrived(ctx context.Context, lease *Term, d DatasetID, l Load) (end bool, err error) {
	done, err := t.tx.ExecContext(ctx, `UPDATE delivery SET log = $3, position = $4 WHERE id = $1 AND epoch = $2`, l.Destination, lease.Epoch, l.Log, l.To)
	if err != nil {
		return false, err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return false, errors.Join(err, lease.Hold(ctx, t))
	}
	if err := errors.Join(t.filledFrom(ctx, l.Destination, d, l.Log), t.took(ctx, l)); err != nil {
		return false, err
	}
	var head weir.Position
	if err := t.tx.QueryRowContext(ctx, `SELECT head FROM dataset WHERE id = $1`+t.db.engine.forUpdate(), d).Scan(&head); err != nil {
		return false, err
	}
	return head <= l.To, t.settle(ctx, l)
}

// FailDelivery notes that a destination could not be filled: the runs that
// wait for it wait no longer. It is tried again all the same.
func (t *Tx) FailDelivery(ctx context.Context, l Load, problem string) error {
	// Held as in Await: no run begins to wait meanwhile.
	if _, err := t.tx.ExecContext(ctx, `UPDATE delivery SET org = org WHERE id = $1`, l.Destination); err != nil {
		return err
	}
	if l.Flow == 0 { // the destination is gone, and nobody can say whose it was
		err := t.tx.QueryRowContext(ctx, `SELECT coalesce(max(r.resource), 0) FROM run r JOIN run_delivery d ON d.run = r.id WHERE d.destination = $1 AND d.status = 'pending'`, l.Destination).Scan(&l.Flow)
		if err != nil {
			return err
		}
	}
	if _, err := t.tx.ExecContext(ctx, `UPDATE run_delivery SET status = 'failed', problem = $2, place = $3 WHERE destination = $1 AND status = 'pending'`, l.Destination, printable(problem), l.Place); err != nil {
		return err
	}
	if err := t.endRuns(ctx, l.Flow, l.At); err != nil {
		return err
	}
	return t.AnnounceRun(ctx, l.Org, l.Flow, l.Run)
}

// delivered writes down what each destination took of a run that is over.
func (t *Tx) delivered(ctx context.Context, r *Run, at int64) error {
	var all []RunDelivery
	err := t.each(ctx, func(rows *sql.Rows) error {
		var d RunDelivery
		err := rows.Scan(&d.Destination, &d.Stream, &d.Status, &d.Written, &d.Quarantined, &d.Filtered, &d.Place, &d.Problem)
		all = append(all, d)
		return err
	}, `SELECT destination, stream, status, written, quarantined, filtered, place, problem FROM run_delivery WHERE run = $1 ORDER BY destination`, string(r.ID))
	if err != nil {
		return err
	}
	problem, errors, failed := "", 0, int64(0)
	for _, d := range all {
		part, line := RunPart{Part: d.Destination, Kind: KindDestination, Records: d.Written, Errors: d.Quarantined}, d.line(at)
		if d.Status == deliveryFailed {
			part.Errors++
			problem, failed = d.Problem, d.Destination
		}
		errors += part.Errors
		if err := addPart(ctx, t.tx, r, part); err != nil {
			return err
		}
		if err := say(ctx, t.tx, r, line); err != nil {
			return err
		}
	}
	if errors == 0 {
		return nil
	}
	if problem == "" {
		problem = asideWords(errors)
	}
	return degradeHealth(ctx, t.tx, r, errors, problem, failed, at)
}

// line tells what became of a delivery.
func (d RunDelivery) line(at int64) RunLine {
	severity := SeverityInfo
	switch {
	case d.Status == deliveryFailed:
		severity = SeverityError
	case d.Quarantined > 0:
		severity = SeverityWarning
	}
	return RunLine{At: at, Part: d.Destination, Kind: KindDestination, Severity: severity, Type: LineLog,
		Text: DeliveryWords(d.Stream, d.Place, d.Written, d.Quarantined, d.Filtered, d.Problem)}
}

// DeliveryWords say what became of a delivery. One whose destination could not
// be looked at has no place.
func DeliveryWords(stream, place string, written, quarantined, filtered int, problem string) string {
	if place != "" {
		stream += " to " + place
		problem = strings.TrimPrefix(problem, place+": ") // it is named already
	}
	kept := ""
	if filtered > 0 {
		kept = fmt.Sprintf(", %d filtered", filtered)
	}
	return strings.TrimSpace(fmt.Sprintf("%s: %d written, %d quarantined%s. %s", stream, written, quarantined, kept, problem))
}
