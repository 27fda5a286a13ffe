package sqldb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/weirhq/weir"
)

// mariadb is the engine of MariaDB and MySQL.
type mariadb struct {
	db        *sql.DB
	database  string
	shown     string
	maria     bool   // which of the two
	collation string // of all text: exact, and blanks at the end count
	padded    bool   // there is no such collation: blanks at the end of a key do not count
}

// Limits of a MySQL session. A server that sees nothing of us for five minutes
// ends the transaction, so that nobody waits for a dead process. ANSI_QUOTES
// lets identifiers be quoted as they are elsewhere; strict modes make an error
// of what would be cut or bent.
var mysqlSession = map[string]string{
	"sql_mode":                 "'ANSI_QUOTES,STRICT_ALL_TABLES,STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
	"time_zone":                "'+00:00'",
	"autocommit":               "0", // or what follows a change of a table would be committed one by one
	"wait_timeout":             "300",
	"lock_wait_timeout":        "30",
	"innodb_lock_wait_timeout": "10",
}

// lockSeconds is how long another session's batch is waited for.
const lockSeconds = 30

// openMySQL opens the pool behind a mysql:// URL.
func openMySQL(ctx context.Context, address string, o Options) (engine, error) {
	config, err := mysqlConfig(address, o)
	if err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, mysqlAddress
	}
	m := &mariadb{db: sql.OpenDB(connector), database: config.DBName, shown: fmt.Sprintf("mysql://%s@%s/%s", config.User, config.Addr, config.DBName)}
	m.db.SetMaxOpenConns(connections)
	m.db.SetMaxIdleConns(connections)
	m.db.SetConnMaxIdleTime(time.Minute)
	if err := m.choose(ctx); err != nil {
		_ = m.db.Close() // the first error is the one to tell
		return nil, m.explain(err)
	}
	return m, nil
}

// choose finds out which server this is, and its best collation.
func (m *mariadb) choose(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*connectTimeout)
	defer cancel()
	var about string
	if err := m.db.QueryRowContext(ctx, "SELECT version()").Scan(&about); err != nil {
		return err
	}
	m.maria = strings.Contains(strings.ToLower(about), "mariadb")
	m.collation, m.padded = "utf8mb4_bin", true
	rows, err := m.db.QueryContext(ctx, "SELECT collation_name FROM information_schema.collations WHERE collation_name IN ('utf8mb4_nopad_bin', 'utf8mb4_0900_bin')") //nolint:rowserrcheck // eachRow checks it
	if err != nil {
		return err
	}
	defer rows.Close()
	return eachRow(rows, func(scan func(...any) error) error {
		m.padded = false
		return scan(&m.collation)
	})
}

func (m *mariadb) where() string            { return m.shown }
func (m *mariadb) close() error             { return m.db.Close() }
func (m *mariadb) table(name string) string { return quote(m.database) + "." + quote(name) }
func (m *mariadb) stage(name string) string { return m.table(name) }
func (m *mariadb) stageEnd() string         { return m.tableEnd() }
func (m *mariadb) oneByOne() bool           { return true }

func (m *mariadb) tableEnd() string {
	return " ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE " + m.collation
}

// A key's columns together have 3,072 bytes in InnoDB's index, at four for a
// character and eight for what is no text.
const (
	keyBytes    = 3072
	longestText = 512 // characters of text in a key, at most
	hashText    = 64
)

// keyText is how many characters each text in a table's key may have, but for
// Weir's own hash.
func keyText(t weir.Table) int {
	room, texts := keyBytes, 0
	for _, k := range t.Key {
		switch i := t.Column(k); {
		case k == weir.ColumnHash:
			room -= 4 * hashText
		case i >= 0 && (t.Columns[i].Type == weir.TypeText || t.Columns[i].Type == weir.TypeJSON):
			texts++
		default:
			room -= 8
		}
	}
	return min(longestText, room/4/max(texts, 1))
}

func (m *mariadb) columnType(t weir.Table, c weir.Column) string {
	isKey := slices.Contains(t.Key, c.Name)
	switch c.Type {
	case weir.TypeBool:
		return "boolean"
	case weir.TypeInt:
		return "bigint"
	case weir.TypeFloat:
		return "double"
	case weir.TypeTime:
		return "datetime(6)"
	case weir.TypeJSON:
		if !isKey {
			return "json"
		}
	}
	switch {
	case isKey && c.Name == weir.ColumnHash:
		return fmt.Sprintf("varchar(%d)", hashText)
	case isKey:
		return fmt.Sprintf("varchar(%d)", keyText(t))
	}
	return "longtext"
}

// definition spells MariaDB's JSON out: as JSON, a column would have another
// collation than the texts beside it, and could not be joined to one.
func (m *mariadb) definition(t weir.Table, c weir.Column, name string) string {
	if is := m.columnType(t, c); is != "json" || !m.maria {
		return quote(name) + " " + is
	}
	return fmt.Sprintf("%s longtext CHECK (json_valid(%s))", quote(name), quote(name))
}

func (m *mariadb) value(v any, t weir.Type) (any, int) {
	switch v := v.(type) {
	case time.Time:
		return v.UTC().Format("2006-01-02 15:04:05.000000"), 0 // the driver takes the year 1 for no time
	case string:
		s, invalid := validUTF8(v)
		if t == weir.TypeJSON {
			s, n := withoutNULEscape(s)
			return s, invalid + n
		}
		return s, invalid
	}
	return v, 0
}

func (m *mariadb) checkKey(text string) string {
	if m.padded && strings.HasSuffix(text, " ") {
		return "this MySQL takes no key that ends in a blank"
	}
	return ""
}

// makeTables makes tables under other names and renames all of them at once.
func (m *mariadb) makeTables(tables []weir.Table) []string {
	var drop, create, rename []string
	for _, t := range tables {
		building := m.table(t.Name + "_new")
		drop = append(drop, "DROP TABLE IF EXISTS "+building)
		create = append(create, createTable(m, building, t, columnNames(t.Columns)))
		rename = append(rename, building+" TO "+m.table(t.Name))
	}
	return append(slices.Concat(drop, create), "RENAME TABLE "+strings.Join(rename, ", "))
}

// mayWrite makes a table and drops it again: grants have too many forms to be
// read.
func (m *mariadb) mayWrite(ctx context.Context, _ string) error {
	t, err := m.begin(ctx)
	if err != nil {
		return err
	}
	defer t.rollback()
	if err := t.lock(ctx, "may write"); err != nil {
		return err
	}
	probe := m.table("_weir_check")
	for _, statement := range []string{
		"DROP TABLE IF EXISTS " + probe, "CREATE TABLE " + probe + " (a int PRIMARY KEY)" + m.tableEnd(), "INSERT INTO " + probe + " VALUES (1)",
		"ALTER TABLE " + probe + " ADD COLUMN b int", "UPDATE " + probe + " SET b = 1", "DELETE FROM " + probe, "DROP TABLE " + probe,
		"CREATE TEMPORARY TABLE " + probe + " (a int)" + m.tableEnd(), "DROP TEMPORARY TABLE " + probe,
	} {
		if _, err := t.exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// lockName is a name for GET_LOCK, which are the server's and not the
// database's, and have 64 characters at most.
func (m *mariadb) lockName(name string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q", m.database, name))
	return "weir_" + hex.EncodeToString(sum[:16])
}
