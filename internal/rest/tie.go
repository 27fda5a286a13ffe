package rest

import (
	"context"
	"errors"
	"time"

	"github.com/weirhq/weir"
)

// How often in a row a tied value is counted through without news. Two passes
// are the rule; one that counted more records than were met proves that some
// are still hidden. A record of 37 in pages of ten is missed by one in three
// passes, and by two in a row often enough to be seen in tests.
const (
	quietEnough = 2
	quietDoubt  = 15
)

// endlessTie is said when counting through one value does not come to an end.
func (k *keyset) endlessTie() error {
	return &weir.Error{Code: weir.CodeCapability, Where: "answer", Message: "the list of one " + k.over.Field + " does not end, so the server does not heed " + k.last().Keyset.SkipParam}
}

// capFloor is the smallest page that a server may have cut on its own: a
// shorter one that holds a single value is taken for the end without asking.
const capFloor = 10

// hidesMore asks what comes after a last page that holds nothing but one
// value. A server with pages smaller than the size asked for would show the
// same records of a large tie for ever, and the rest of it and of the list
// would be lost; this is the only case in which that looks like the end.
func (k *keyset) hidesMore(ctx context.Context, page *rows) (bool, error) {
	if page.n < capFloor || !page.first.Equal(page.last) {
		return false, nil
	}
	next, err := k.fetchWindow(ctx, page.last, k.bound(), page.n)
	if err != nil {
		return false, err
	}
	return next.n > 0, nil
}

// errUnruly marks a page that is not what was asked for.
var errUnruly = errors.New("rest: a page that breaks the rules")

// unrulyTries is how often such a page is asked for. The server looks up ids
// first and records after (read in its source): one that changes in between
// stands out of order once, a filter that is ignored is ignored each time.
const unrulyTries = 3

// fetchWindow reads one page, again when a record moved while the server
// answered.
func (k *keyset) fetchWindow(ctx context.Context, from, to time.Time, skip int) (*rows, error) {
	for try := 1; ; try++ {
		rows, err := k.askWindow(ctx, from, to, skip)
		if err == nil || try == unrulyTries || !errors.Is(err, errUnruly) {
			return rows, err
		}
	}
}
