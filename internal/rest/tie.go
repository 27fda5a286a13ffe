package rest

import (
	"context"
	"time"

	"github.com/weirhq/weir"
)

// drain reads a value that more records share than fit a page: in an
// increment, where one statement can move thousands of records at one time,
// by a walk over the sweep's column within that value; else by passes.
func (k *keyset) drain(ctx context.Context, page *rows, fresh []weir.Record) ([]weir.Record, error) {
	known := &tied{known: map[string]weir.Hash{}, fresh: fresh}
	for key, hash := range k.seen {
		known.known[key] = hash
	}
	for _, r := range page.records {
		known.known[r.Key] = r.Hash
	}
	if k.under.Sweep {
		err := k.passes(ctx, page.last, known)
		return known.fresh, err
	}
	over, at := k.over, stamp(page.last)
	k.over, k.pin = k.last().Keyset.Sweep, map[string]string{over.After: at, over.Before: at}
	defer func() { k.over, k.pin = over, nil }()
	err := k.pinned(ctx, known)
	return known.fresh, err
}

// tied is what is known of the records that share one value.
type tied struct {
	known map[string]weir.Hash
	fresh []weir.Record
}

// add takes the records that are not known as they are, and says how many
// were not known at all.
func (t *tied) add(records []weir.Record) (news int) {
	for _, r := range records {
		if hash, ok := t.known[r.Key]; !ok || hash != r.Hash {
			t.known[r.Key] = r.Hash
			t.fresh = append(t.fresh, r)
			if !ok {
				news++
			}
		}
	}
	return news
}

// pinned walks over the sweep's column. Records move out of the pinned value
// when they change, and come back in a later window; none moves within.
func (k *keyset) pinned(ctx context.Context, known *tied) error {
	var anchor, before time.Time
	for {
		rows, err := k.fetchWindow(ctx, anchor, time.Time{}, 0)
		if err != nil || rows.n == 0 {
			return err
		}
		known.add(rows.records)
		switch {
		case rows.n == k.last().Keyset.Size && rows.first.Equal(rows.last):
			if err := k.passes(ctx, rows.last, known); err != nil {
				return err
			}
			anchor = rows.last.Truncate(tick).Add(tick)
		case rows.n < k.last().Keyset.Size && rows.last.Equal(before):
			return nil
		default:
			anchor, before = rows.last, rows.last
		}
	}
}

// How often in a row a tied value is counted through without news. Two passes
// are the rule; one that counted more records than were met proves that some
// are still hidden: a server that orders ties anew for each page hides a given
// record from one pass in three.
const (
	quietEnough = 2
	quietDoubt  = 15
)

// passes reads the records at one value by counting, the last resort. Ties
// swap between pages, so whole passes are made until two in a row bring
// nothing new; and for longer, while they count more records than were met.
func (k *keyset) passes(ctx context.Context, at time.Time, known *tied) error {
	met := map[string]bool{}
	for quiet, counted := 0, 0; quiet < quietEnough || len(met) < counted && quiet < quietDoubt; quiet++ {
		for counted = 0; ; {
			rows, err := k.fetchWindow(ctx, at, at, counted)
			if err != nil {
				return err
			}
			if rows.n == 0 {
				break
			}
			for _, r := range rows.records {
				met[r.Key] = true
			}
			if known.add(rows.records) > 0 {
				quiet = -1
			}
			if counted += rows.n; counted > 4*(len(known.known)+k.last().Keyset.Size) {
				return k.endlessTie()
			}
		}
	}
	return nil
}

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
