package store

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestOfTwoChangesThatWaitForEachOtherBothAreMade(t *testing.T) {
	db := mustOpen(t, urls(t)["postgres"](t))
	db.mustExec(t, `CREATE TABLE pair (id BIGINT PRIMARY KEY, n BIGINT NOT NULL)`)
	db.mustExec(t, `INSERT INTO pair VALUES (1, 0), (2, 0)`)
	var both sync.WaitGroup // each has its first row before either asks for its second
	both.Add(2)
	var calls atomic.Int32
	change := func(first, second int64) error {
		begun := false
		return db.Change(t.Context(), func(tx *Tx) error {
			calls.Add(1)
			const add = `UPDATE pair SET n = n + 1 WHERE id = $1`
			if _, err := tx.tx.ExecContext(t.Context(), add, first); err != nil {
				return err
			}
			if !begun {
				begun = true
				both.Done()
				both.Wait()
			}
			_, err := tx.tx.ExecContext(t.Context(), add, second)
			return err
		})
	}
	other := make(chan error, 1)
	go func() { other <- change(2, 1) }()
	if err := change(1, 2); err != nil {
		t.Error(err)
	}
	if err := <-other; err != nil {
		t.Error(err)
	}
	var sum int
	if err := db.read.QueryRowContext(t.Context(), `SELECT sum(n) FROM pair`).Scan(&sum); err != nil || sum != 4 || calls.Load() < 3 {
		t.Errorf("%d changes in %d calls, %v", sum, calls.Load(), err)
	}
}
