package sqldb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/weirhq/weir"
)

// refusals are the classes of values that Postgres does not take, in words.
// Its own message may repeat the value, so it is not used.
var refusals = map[string]string{
	"22001": "a text is too long",
	"22003": "a number is out of range",
	"22008": "a time is out of range",
	"22021": "a character is not one of the database's encoding",
	"22P02": "a text is not of the column's type",
	"22P05": "a character cannot be stored",
	"54000": "the row or its key is too large",
	"54001": "JSON is nested too deeply",
}

func (p *postgres) refused(err error) (string, bool) {
	var said *pgconn.PgError
	if !errors.As(err, &said) || !strings.HasPrefix(said.Code, "22") && refusals[said.Code] == "" {
		return "", false
	}
	reason := refusals[said.Code]
	if reason == "" {
		reason = "Postgres does not take a value"
	}
	return fmt.Sprintf("%s (SQLSTATE %s)", reason, said.Code), true
}

// again is true for deadlocks and serialization failures.
func (p *postgres) again(err error) bool {
	var said *pgconn.PgError
	return errors.As(err, &said) && (said.Code == "40P01" || said.Code == "40001")
}

func (p *postgres) explain(err error) error {
	var known *weir.Error
	var said *pgconn.PgError
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.As(err, &said):
		return p.explainSaid(said)
	case errors.Is(err, context.Canceled):
		return context.Canceled
	}
	if isTLS(err) || strings.Contains(err.Error(), "server refused TLS connection") {
		return &weir.Error{Code: weir.CodeConfig, Reason: ReasonTLS, Where: p.shown, Message: "no trusted encrypted connection", Remedy: "Check the server's certificate, or choose another sslmode", Err: errors.New(err.Error())}
	}
	// Only the text of the cause is kept: the driver's error has the password
	// in a field.
	return &weir.Error{Code: weir.CodeTransient, Where: p.shown, Message: "the connection to Postgres failed or was lost", Remedy: "Check that the server runs and can be reached from here", Err: errors.New(err.Error())}
}

// explainSaid classes what Postgres itself has answered.
func (p *postgres) explainSaid(said *pgconn.PgError) error {
	e := &weir.Error{Code: weir.CodeConflict, Where: p.shown, Message: fmt.Sprintf("Postgres said %s: %s", said.Code, weir.Clip(said.Message)), Err: said}
	switch {
	case strings.HasPrefix(said.Code, "28"):
		e.Code, e.Reason, e.Message, e.Remedy = weir.CodeAuth, ReasonPassword, "Postgres does not accept this user and password", "Check the user in the URL and PGPASSWORD"
	case said.Code == "3D000":
		e.Code, e.Reason, e.Remedy = weir.CodeConfig, ReasonDatabase, "Create the database, or name another one"
	case said.Code == "42501":
		e.Code, e.Reason, e.Remedy = weir.CodeConfig, ReasonPermission, "Give the user the right to create and change tables in this schema, or choose another with ?schema="
	case said.Code == "25006":
		e.Code, e.Message, e.Remedy = weir.CodeLocal, "this server is read-only, perhaps a replica", "Name the primary server, and run again"
	case said.Code == "53100":
		e.Code, e.Message, e.Remedy = weir.CodeLocal, "the server's disk is full", "Make room there and run again; what is loaded stays"
	case said.Code == "55P03":
		e.Code, e.Message, e.Remedy = weir.CodeTransient, "another session holds a lock on the tables and does not finish", "Find it in pg_stat_activity, and end it or wait for it"
	case said.Code == "57014":
		e.Code, e.Message = weir.CodeTransient, "the server cancelled a statement"
	case strings.HasPrefix(said.Code, "08"), strings.HasPrefix(said.Code, "40"), strings.HasPrefix(said.Code, "53"), strings.HasPrefix(said.Code, "57P"), said.Code == "25P03":
		e.Code = weir.CodeTransient
	case strings.HasPrefix(said.Code, "22"), strings.HasPrefix(said.Code, "54"):
		e.Code, e.Message = weir.CodeData, fmt.Sprintf("Postgres cannot take the data (SQLSTATE %s)", said.Code)
	case strings.HasPrefix(said.Code, "23"):
		e.Message = fmt.Sprintf("a constraint that Weir did not make refuses the rows: %s on table %s", weir.Clip(said.ConstraintName), weir.Clip(said.TableName))
		e.Remedy = "Drop it, or load into another schema with ?schema="
	case said.Code == "P0001":
		e.Message, e.Remedy = "a trigger on one of Weir's tables raised: "+weir.Clip(said.Message), "Mend or drop the trigger, and run again"
	case said.Code == "0A000", said.Code == "2BP01":
		e.Remedy = "Drop the view or rule that uses the column, run again, and make it anew"
	case strings.HasPrefix(said.Code, "XX"), strings.HasPrefix(said.Code, "58"):
		e.Code = weir.CodeLocal
	}
	return e
}
