package sqldb

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/weirhq/weir"
)

// mysqlTx is one transaction on a connection of its own. The session commits
// nothing by itself; a change of a table commits what went before it, and the
// next statement begins anew. The locks are the session's and outlive that.
type mysqlTx struct {
	engine *mariadb
	conn   *sql.Conn
	done   bool
}

func (m *mariadb) begin(ctx context.Context) (tx, error) {
	conn, err := m.db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	t := &mysqlTx{engine: m, conn: conn}
	// Without locks of gaps, which make deadlocks of unrelated rows. It ends
	// what the session last read as well.
	for _, statement := range []string{"ROLLBACK", "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"} {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			t.rollback()
			return nil, err
		}
	}
	return t, nil
}

// lock takes a lock of the session: also a dataset that has no row anywhere
// yet is loaded by one session at a time.
func (t *mysqlTx) lock(ctx context.Context, name string) error {
	var got sql.NullInt64
	if err := t.conn.QueryRowContext(ctx, fmt.Sprintf("SELECT GET_LOCK('%s', %d)", t.engine.lockName(name), lockSeconds)).Scan(&got); err != nil {
		return err
	}
	if got.Int64 == 1 {
		return nil
	}
	return &weir.Error{Code: weir.CodeTransient, Where: t.engine.shown, Message: "another session is loading and does not finish", Remedy: "Find it with SHOW PROCESSLIST, and end it or wait for it"}
}

var placeholder = regexp.MustCompile(`\$(\d+)`)

// positional writes $1, $2, … as ?, with the arguments in the order of use.
func positional(statement string, args []any) (string, []any) {
	if len(args) == 0 {
		return statement, nil
	}
	var used []any
	statement = placeholder.ReplaceAllStringFunc(statement, func(p string) string {
		n, _ := strconv.Atoi(p[1:])
		used = append(used, args[n-1])
		return "?"
	})
	return statement, used
}

func (t *mysqlTx) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	statement, args = positional(statement, args)
	r, err := t.conn.ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (t *mysqlTx) query(ctx context.Context, statement string, args []any, each func(func(...any) error) error) error {
	statement, args = positional(statement, args)
	rows, err := t.conn.QueryContext(ctx, statement, args...) //nolint:rowserrcheck // eachRow does
	if err != nil {
		return err
	}
	defer rows.Close()
	return eachRow(rows, each)
}

// statementBytes is about how long an INSERT becomes: servers take 16 MB, and
// beyond some hundred kilobytes a longer one brings nothing.
const statementBytes = 256 << 10

func (t *mysqlTx) fill(ctx context.Context, stage string, columns []weir.Column, rows [][]any) error {
	head := fmt.Sprintf("INSERT INTO %s (%s) VALUES ", t.engine.stage(stage), quoteAll(columnNames(columns)))
	one := "(" + strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ") + ")"
	for len(rows) > 0 {
		var args []any
		var values bytes.Buffer
		size, n := 0, 0
		for n < len(rows) && (n == 0 || size < statementBytes) && len(args)+len(columns) <= 60_000 {
			if n > 0 {
				values.WriteString(", ")
			}
			values.WriteString(one)
			args = append(args, rows[n]...)
			size += rowBytes(rows[n])
			n++
		}
		if _, err := t.conn.ExecContext(ctx, head+values.String(), args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// rowBytes is about how long a row is as SQL.
func rowBytes(row []any) int {
	n := 0
	for _, v := range row {
		n += 12
		if s, ok := v.(string); ok {
			n += len(s)
		}
	}
	return n
}

// commit's answer is final only when the server could still choose.
func (t *mysqlTx) commit(ctx context.Context) error {
	_, err := t.conn.ExecContext(ctx, "COMMIT")
	if err == nil {
		t.release()
		return nil
	}
	t.drop()
	if t.engine.again(err) {
		return err
	}
	return unknownOutcome{err}
}

// rollback gives up the transaction and the locks.
func (t *mysqlTx) rollback() {
	if t.done {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	if _, err := t.conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		t.drop()
		return
	}
	t.release()
}

// release gives back the locks and the connection.
func (t *mysqlTx) release() {
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	if _, err := t.conn.ExecContext(ctx, "DO RELEASE_ALL_LOCKS()"); err != nil {
		t.drop()
		return
	}
	t.done = true
	_ = t.conn.Close() // goes back to the pool
}

// drop closes the connection itself: the server ends the transaction and the
// locks of a session that is gone.
func (t *mysqlTx) drop() {
	t.done = true
	_ = t.conn.Raw(func(any) error { return driver.ErrBadConn }) // what the pool takes as the end of it
	if err := t.conn.Close(); err != nil && !errors.Is(err, sql.ErrConnDone) {
		return
	}
}
