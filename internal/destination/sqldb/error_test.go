package sqldb

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/weirhq/weir"
)

func TestWhatPostgresSaysHasAClass(t *testing.T) {
	p := &postgres{shown: "postgres://u@h:5432/db"}
	for state, want := range map[string]weir.Code{
		"28P01": weir.CodeAuth, "28000": weir.CodeAuth, "3D000": weir.CodeConfig, "42501": weir.CodeConfig, "25006": weir.CodeLocal, "53100": weir.CodeLocal,
		"53300": weir.CodeTransient, "57P01": weir.CodeTransient, "57P03": weir.CodeTransient, "08006": weir.CodeTransient, "40P01": weir.CodeTransient, "55P03": weir.CodeTransient,
		"57014": weir.CodeTransient, "23514": weir.CodeConflict, "P0001": weir.CodeConflict, "0A000": weir.CodeConflict, "22003": weir.CodeData, "XX000": weir.CodeLocal,
	} {
		said := &pgconn.PgError{Code: state, Message: "words"}
		err := p.explain(fmt.Errorf("wrapped: %w", said))
		var e *weir.Error
		if !errors.As(err, &e) || e.Code != want || !strings.HasPrefix(e.Where, p.shown) {
			t.Errorf("%s: got %v of class %s, want %s", state, err, weir.CodeOf(err), want)
		}
		if got := p.again(said); got != strings.HasPrefix(state, "40") {
			t.Errorf("%s: again is %t", state, got)
		}
	}
}

func TestAReasonHoldsNoValue(t *testing.T) {
	p := &postgres{}
	for _, state := range []string{"22003", "22P02", "22ZZZ", "54000"} {
		reason, ok := p.refused(&pgconn.PgError{Code: state, Message: `invalid input syntax: "the value"`})
		if !ok || strings.Contains(reason, "the value") {
			t.Errorf("%s: %q, %t", state, reason, ok)
		}
	}
	if _, ok := p.refused(&pgconn.PgError{Code: "23505"}); ok {
		t.Error("a user's constraint is no reason to set a record aside")
	}
}

// A database may be anybody's, and what it says reaches terminals and logs.
func TestWhatADatabaseSaysIsShortAndHasNoControlCharacters(t *testing.T) {
	said := "\x1b[2J\u202e\xff" + strings.Repeat("words\n", 1<<18)
	p, m := &postgres{shown: "postgres://h/db"}, &mariadb{shown: "mysql://h/db"}
	for what, err := range map[string]error{
		"Postgres":           p.explain(&pgconn.PgError{Code: "XX000", Message: said}),
		"a Postgres trigger": p.explain(&pgconn.PgError{Code: "P0001", Message: said}),
		"a constraint":       p.explain(&pgconn.PgError{Code: "23514", ConstraintName: said, TableName: said}),
		"MySQL":              m.explain(&mysql.MySQLError{Number: 9999, Message: said}),
		"a MySQL trigger":    m.explain(&mysql.MySQLError{Number: 1644, SQLState: [5]byte{'4', '5', '0', '0', '0'}, Message: said}),
	} {
		if text := err.Error(); len(text) > 1500 || strings.ContainsAny(text, "\x1b\u202e\n") || !utf8.ValidString(text) {
			t.Errorf("%s: %d bytes, %.80q", what, len(text), text)
		}
	}
}
