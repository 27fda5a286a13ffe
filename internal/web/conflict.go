package web

import (
	"errors"
	"fmt"
	"time"

	"github.com/weirhq/weir"
)

// seenAt names a state of something, so that a form can say which one it was
// written over.
func seenAt(updated time.Time) string { return fmt.Sprint(updated.UnixMicro()) }

// stillThere tells the second of two people who edit the same thing what to do:
// what they typed is in the form, which is written over the newest state now.
func stillThere(err error) error {
	var e *weir.Error
	if !errors.As(err, &e) || e.Code != weir.CodeConflict {
		return err
	}
	out := *e
	out.Remedy = "What you typed is still here. Save again if it shall stand"
	return &out
}

// changedMeanwhile is the error of a form that was written over another state
// than there is now.
func changedMeanwhile(seen string, updated int64) error {
	if seen == "" || seen == fmt.Sprint(updated) {
		return nil
	}
	return changedBySomebody()
}

// changedBySomebody is what the second of two people is told.
func changedBySomebody() error {
	return stillThere(&weir.Error{Code: weir.CodeConflict, Where: "form", Message: "somebody else has changed it meanwhile"})
}
