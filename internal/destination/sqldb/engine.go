package sqldb

import (
	"context"

	"github.com/weirhq/weir"
)

// engine is what differs between the databases. Statements are the same text
// for all, with $1, $2, … for values, but for those of its dialect.
type engine interface {
	dialect
	// where names the database for people, without a password.
	where() string
	begin(ctx context.Context) (tx, error)
	close() error

	// table and stage are a name as SQL: in the place of the tables, and among
	// the session's temporary ones.
	table(name string) string
	stage(name string) string
	// stageEnd follows the columns of a CREATE TEMPORARY TABLE.
	stageEnd() string
	// columnType is the type of a column of a table, as describe tells it.
	columnType(t weir.Table, c weir.Column) string
	// definition is how such a column is made, under a name.
	definition(t weir.Table, c weir.Column, name string) string
	// tableEnd follows the columns of a CREATE TABLE.
	tableEnd() string
	// makeTables are the statements that make tables, all or none of them.
	makeTables(tables []weir.Table) []string
	// oneByOne says that each change of a table is committed by itself, at
	// once and with all that went before it in the transaction.
	oneByOne() bool
	// value gives the driver's form of a value that check has let through,
	// and how many characters it had to replace.
	value(v any, t weir.Type) (any, int)
	// checkKey says why a text cannot be in a key; "" when it can.
	checkKey(text string) string
	// describe tells what tables and views of these names there are.
	describe(ctx context.Context, tx tx, names []string) (map[string]actual, error)
	// alter adds the columns that wide has more than have and changes the types
	// of those that differ, keeping their values. An engine that commits one by
	// one does it in one step, or leaves no trace that hinders another try.
	alter(ctx context.Context, tx tx, have, wide weir.Table) error

	// mayWrite says why the user cannot make tables; schema is as in a URL's query.
	mayWrite(ctx context.Context, schema string) error

	// refused says in words why the database would not take a value; ok is
	// false for every other error.
	refused(err error) (reason string, ok bool)
	// again reports whether the transaction may simply be run again.
	again(err error) bool
	// explain turns a driver's error into one with a class and a remedy.
	explain(err error) error
}

// tx is one transaction that may write.
type tx interface {
	// lock waits until no other transaction holds the name. It ends with the
	// transaction.
	lock(ctx context.Context, name string) error
	exec(ctx context.Context, statement string, args ...any) (int64, error)
	query(ctx context.Context, statement string, args []any, each func(scan func(...any) error) error) error
	// fill puts rows into a temporary table that is empty.
	fill(ctx context.Context, stage string, columns []weir.Column, rows [][]any) error
	// commit's error is an unknownOutcome when nobody can tell from here
	// whether the database has committed.
	commit(ctx context.Context) error
	rollback()
}

// cursor is what the rows of both drivers are.
type cursor interface {
	Next() bool
	Scan(into ...any) error
	Err() error
}

// eachRow goes through rows, and leaves closing them to who opened them.
func eachRow(rows cursor, each func(scan func(...any) error) error) error {
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// unknownOutcome is a commit whose answer was lost.
type unknownOutcome struct{ error }

func (u unknownOutcome) Unwrap() error { return u.error }

// actual is a table as it is in the database.
type actual struct {
	view    bool
	columns map[string]string // type by name, as columnType writes them
	unique  [][]string        // columns of each unique index that covers all rows
}
