package weir

import (
	"context"
	"errors"
	"strings"
)

// Code is the class of an Error. The list is closed: what to do about an
// error (retry, pause, stop, quarantine) and how it leaves the program (exit
// code, later HTTP status) follow from the code alone.
type Code string

// The codes, with what the class means and what becomes of it.
const (
	CodeUsage      Code = "usage"      // the command or a value in it is wrong; the user mends it
	CodeConfig     Code = "config"     // a file or setting is wrong; the user mends it
	CodeAuth       Code = "auth"       // the key is unknown, expired or revoked; stop after one
	CodeForbidden  Code = "forbidden"  // the key is good but may not do this; skip it
	CodeNotFound   Code = "not_found"  // what was named does not exist
	CodeThrottled  Code = "throttled"  // the server said 429; everything on the key waits
	CodeNotSent    Code = "not_sent"   // no byte reached the server; safe to retry
	CodeTransient  Code = "transient"  // 5xx, timeout, cut body of a read; retry the same page
	CodeCapability Code = "capability" // the answer is not what the API promises; stop, nothing moves
	CodeData       Code = "data"       // a record or request was refused as such; quarantine
	CodeIntegrity  Code = "integrity"  // an own invariant is broken (epoch, hash, position); stop
	CodeConflict   Code = "conflict"   // somebody else holds or made what is needed; the user decides
	CodeLocal      Code = "local"      // disk full, database down; resumes when mended
	CodeCancelled  Code = "cancelled"  // the user stopped it; resumes later
	CodeInternal   Code = "internal"   // a fault of ours
)

// exitCodes is the one table from code to the CLI's exit code: 0 done,
// 1 failed, 2 usage, 3 configuration, 4 authentication, 5 not found,
// 6 upstream.
var exitCodes = map[Code]int{
	CodeUsage: 2, CodeConfig: 3, CodeAuth: 4, CodeForbidden: 4, CodeNotFound: 5,
	CodeThrottled: 6, CodeNotSent: 6, CodeTransient: 6, CodeCapability: 6,
}

// ExitCode is what a command that ends with this class of error exits with.
func (c Code) ExitCode() int {
	if n, ok := exitCodes[c]; ok {
		return n
	}
	return 1
}

// Retryable reports whether the same read may simply be tried again.
func (c Code) Retryable() bool {
	return c == CodeNotSent || c == CodeTransient || c == CodeThrottled
}

// Error is every error a user can meet. It says where it happened, what
// happened and what to do next, and never holds a secret or a query string.
type Error struct {
	Code    Code
	Reason  string // finer than Code, for programs: "key_expired"; may be empty
	Where   string // "calcom bookings page 3", "--to"; innermost place first named
	Message string // what happened, in plain words
	Remedy  string // what to do next, in the imperative; may be empty
	Err     error  // the cause, for errors.Is and the debug log; not printed
}

// Error joins where, message and remedy into one line.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Where != "" {
		b.WriteString(e.Where + ": ")
	}
	b.WriteString(e.Message)
	if e.Remedy != "" {
		if !strings.HasSuffix(e.Message, "?") {
			b.WriteString(".")
		}
		b.WriteString(" " + e.Remedy)
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// At returns err with place put before where it happened. An error that is
// not an *Error becomes CodeInternal, with its text kept as the cause only.
func At(place string, err error) error {
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) {
		return &Error{Code: CodeOf(err), Where: place, Message: err.Error(), Err: err}
	}
	out := *e
	if e.Where == "" || place == "" {
		out.Where = place + e.Where
	} else {
		out.Where = place + ": " + e.Where
	}
	return &out
}

// CodeOf gives the class of any error: CodeInternal for a foreign one,
// CodeCancelled for a cancelled context, "" for nil.
func CodeOf(err error) Code {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	case errors.Is(err, context.Canceled):
		return CodeCancelled
	}
	return CodeInternal
}
