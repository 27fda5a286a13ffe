package sqldb

import (
	"context"
	"errors"

	"modernc.org/sqlite"

	"github.com/weirhq/weir"
)

// SQLite's primary result codes that matter here.
const (
	sqlitePerm       = 3
	sqliteBusy       = 5
	sqliteLocked     = 6
	sqliteReadOnly   = 8
	sqliteInterrupt  = 9
	sqliteIOErr      = 10
	sqliteCorrupt    = 11
	sqliteFull       = 13
	sqliteCantOpen   = 14
	sqliteTooBig     = 18
	sqliteConstraint = 19
	sqliteMismatch   = 20
	sqliteNotADB     = 26
)

// sqliteIOErrShmSize is the extended code of a disk without room for the index
// of the write-ahead log.
const sqliteIOErrShmSize = 19<<8 | sqliteIOErr

// primary is the primary result code of SQLite's error, 0 for another error.
// No room is always sqliteFull.
func primary(err error) int {
	var e *sqlite.Error
	switch {
	case !errors.As(err, &e):
		return 0
	case e.Code() == sqliteIOErrShmSize:
		return sqliteFull
	}
	return e.Code() & 0xff
}

func (l *lite) refused(err error) (string, bool) {
	switch primary(err) {
	case sqliteTooBig:
		return "SQLite does not take a value of this size", true
	case sqliteMismatch:
		return "SQLite does not take a value of this type", true
	}
	return "", false
}

// again is never true: a writer that has begun is the only one.
func (l *lite) again(error) bool { return false }

func (l *lite) explain(err error) error {
	var known *weir.Error
	switch {
	case err == nil, errors.As(err, &known):
		return err
	case errors.Is(err, context.Canceled), primary(err) == sqliteInterrupt:
		return context.Canceled
	}
	e := &weir.Error{Code: weir.CodeLocal, Where: l.path, Message: weir.Clip(err.Error()), Err: err}
	switch primary(err) {
	case sqliteBusy, sqliteLocked:
		e.Code, e.Message, e.Remedy = weir.CodeTransient, "another program is writing to the file and does not finish", "Close it, or wait for it"
	case sqliteFull:
		e.Message, e.Remedy = "the disk is full", "Make room and run again; what is in the file stays"
	case sqliteNotADB:
		e.Code, e.Message, e.Remedy = weir.CodeConflict, "this file is not a SQLite database, and it is left alone", "Name another file"
	case sqliteCorrupt:
		e.Code, e.Message, e.Remedy = weir.CodeConflict, "the database is damaged", "Restore a backup, or name another file"
	case sqliteReadOnly, sqliteCantOpen, sqlitePerm, sqliteIOErr:
		e.Remedy = "Check the disk and the permissions of the file and its directory"
	case sqliteConstraint:
		e.Code, e.Remedy = weir.CodeConflict, "Somebody has added a constraint, an index or a trigger to a table of Weir's: remove it"
	}
	return e
}
