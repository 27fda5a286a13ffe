package store

import "testing"

// Two destinations that failed catch up at the same instant: each transaction still
// sees the other one's as failed when it begins.
func TestAFlowIsHealthyAgainWhenItsDestinationsCatchUpAtTheSameInstant(t *testing.T) {
	db := mustOpen(t, urls(t)["postgres"](t))
	ctx := t.Context()
	db.mustExec(t, `INSERT INTO run (id, org, epoch, started, ended, status, outcome, resource) VALUES ('r', 1, 1, 1, 2, 'partial', 'succeeded', 7)`)
	db.mustExec(t, `INSERT INTO run_delivery (run, destination, org, stream, upto, status, problem) VALUES ('r', 8, 1, 'bookings', 5, 'failed', 'no room'), ('r', 9, 1, 'bookings', 5, 'failed', 'no room')`)
	db.mustExec(t, `INSERT INTO flow_health (resource, org, health, run, errors, summary) VALUES (7, 1, 'degraded', 'r', 2, 'no room')`)
	arrived := func(tx *Tx, destination int64) error {
		if _, err := tx.arrivedFrom(ctx, Load{Destination: destination, To: 5}, deliveryFailed); err != nil {
			return err
		}
		return tx.caughtUp(ctx, 7, 3)
	}
	other := make(chan error, 1)
	err := db.Change(ctx, func(tx *Tx) error {
		if err := arrived(tx, 8); err != nil {
			return err
		}
		go func() { other <- db.Change(ctx, func(tx *Tx) error { return arrived(tx, 9) }) }()
		for waiting := false; !waiting; { // for this transaction
			err := db.read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&waiting)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-other; err != nil {
		t.Fatal(err)
	}
	var health string
	var errors int
	if err := db.read.QueryRowContext(ctx, `SELECT health, errors FROM flow_health WHERE resource = 7`).Scan(&health, &errors); err != nil || Health(health) != HealthGood || errors != 0 {
		t.Errorf("it is %s with %d errors, %v", health, errors, err)
	}
}
