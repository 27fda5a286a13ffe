package store

import (
	"errors"

	"github.com/weirhq/weir"
)

// Fault is in the chain of an error that is about this database itself. Its
// text may name the file or the server: it is for who runs Weir, on the command
// line and in the log. Users are shown what ForUsers makes of it.
type Fault struct{ cause error }

// Error is what the driver said.
func (f *Fault) Error() string { return f.cause.Error() }

// Unwrap gives the driver's error.
func (f *Fault) Unwrap() error { return f.cause }

// fault marks an engine's explanation of a driver's error.
func fault(explained, cause error) error {
	var e *weir.Error
	if errors.As(explained, &e) && e.Code != weir.CodeCancelled {
		e.Err = &Fault{cause}
	}
	return explained
}

// ForUsers is the error as users may see it: of a fault of this database only
// that there is one.
func ForUsers(err error) error {
	var f *Fault
	if !errors.As(err, &f) {
		return err
	}
	out := &weir.Error{Code: weir.CodeLocal, Message: "the server's own database cannot do this now", Remedy: "Try again later; whoever runs the server finds the cause in its log", Err: err}
	if code := weir.CodeOf(err); code == weir.CodeIntegrity || code == weir.CodeInternal {
		out.Code = code
	}
	return out
}
