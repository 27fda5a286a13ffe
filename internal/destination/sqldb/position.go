package sqldb

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/weirhq/weir"
)

// Weir's own tables in a destination.
const (
	tablesTable     = "_weir_tables"
	positionsTable  = "_weir_positions"
	quarantineTable = "_weir_quarantine"
)

// ownTables are these tables. No column of theirs is ever null.
func ownTables() []weir.Table {
	table := func(name string, key []string, columns ...weir.Column) weir.Table {
		return weir.Table{Name: name, Key: key, Columns: columns}
	}
	text := func(name string) weir.Column { return weir.Column{Name: name, Type: weir.TypeText} }
	whole := func(name string) weir.Column { return weir.Column{Name: name, Type: weir.TypeInt} }
	at := func(name string) weir.Column { return weir.Column{Name: name, Type: weir.TypeTime} }
	return []weir.Table{
		table(tablesTable, []string{"name"}, text("name"), text("dataset"), text("source"), text("mode"), text("layout"), at("made_at")),
		table(positionsTable, []string{"dataset", "log"}, text("dataset"), text("log"), whole("position"), whole("epoch"), text("batch_id"), text("run_id"), at("committed_at")),
		table(quarantineTable, []string{"dataset", "log", "position"}, text("dataset"), text("log"), whole("position"), text("record_key"), text("reason"), text("record"), text("run_id"), at("refused_at")),
	}
}

// place is where a log of a dataset stands.
type place struct {
	known    bool
	position weir.Position
	epoch    int64  // the newest of all editions of the log
	batch    string // id of the last batch
}

func (db *DB) place(ctx context.Context, tx tx, dataset, log string) (p place, err error) {
	err = tx.query(ctx, `SELECT position, epoch, batch_id FROM `+db.engine.table(positionsTable)+` WHERE dataset = $1 AND log = $2`,
		[]any{dataset, log}, func(scan func(...any) error) error {
			p.known = true
			return scan(&p.position, &p.epoch, &p.batch)
		})
	if err != nil {
		return p, err
	}
	err = tx.query(ctx, `SELECT coalesce(max(epoch), 0) FROM `+db.engine.table(positionsTable)+` WHERE dataset = $1 AND (log = $2 OR log LIKE $3)`,
		[]any{dataset, weir.Lineage(log), weir.EditionsOf(log) + "%"}, func(scan func(...any) error) error { return scan(&p.epoch) })
	return p, err
}

// admit decides whether a batch may be loaded now. Done says that the
// database has it already. The transaction must hold the dataset's lock.
func (db *DB) admit(ctx context.Context, tx tx, b weir.Batch) (done bool, err error) {
	at, err := db.place(ctx, tx, b.Dataset, b.Log)
	if err != nil {
		return false, err
	}
	refuse := func(message, remedy string) error {
		return &weir.Error{Code: weir.CodeIntegrity, Where: db.engine.where() + " " + b.Dataset, Message: message, Remedy: remedy}
	}
	switch {
	case b.Epoch < at.epoch:
		return false, refuse(fmt.Sprintf("epoch %d has been followed by epoch %d: another run has taken over", b.Epoch, at.epoch), "Let the other run finish")
	case b.To < b.From:
		return false, refuse(fmt.Sprintf("the batch goes backwards, from %d to %d", b.From, b.To), "")
	case b.To <= at.position && at.known: // a batch of nothing makes the tables of a log that is new here
		return true, nil
	case b.From != at.position:
		return false, refuse(fmt.Sprintf("the batch goes from %d to %d, but the database is at %d", b.From, b.To, at.position), "Run again; it continues where the database is")
	}
	return false, nil
}

// moveOn writes down that the batch is in the database.
func (db *DB) moveOn(ctx context.Context, tx tx, b weir.Batch, id string) error {
	now, _ := db.engine.value(time.Now().UTC().Truncate(time.Microsecond), weir.TypeTime)
	_, err := tx.exec(ctx, `INSERT INTO `+db.engine.table(positionsTable)+` (dataset, log, position, epoch, batch_id, run_id, committed_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`+
		db.engine.orUpdate([]string{"dataset", "log"}, []string{"position", "epoch", "batch_id", "run_id", "committed_at"}),
		b.Dataset, b.Log, int64(b.To), b.Epoch, id, string(b.RunID), now)
	return err
}

// batchID is the same for the same batch, and no other.
func batchID(b weir.Batch) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %q %q %d %d %d %q", b.Dataset, b.Source, b.Log, b.Mode, b.From, b.To, b.Epoch, b.RunID)
	for _, c := range b.Changes {
		_ = binary.Write(h, binary.BigEndian, int64(c.Position)) // a hash takes everything
		fmt.Fprintf(h, "%q %t", c.Key, c.Deleted)
		if len(c.Rows) > 0 && len(c.Rows[0]) > 0 {
			fmt.Fprintf(h, "%v", c.Rows[0][0][len(c.Rows[0][0])-1])
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
