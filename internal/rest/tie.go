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

// add takes the records that are not known yet and says how many they were.
func (t *tied) add(records []weir.Record) (news int) {
	for _, r := range records {
		if hash, ok := t.known[r.Key]; !ok || hash != r.Hash {
			t.known[r.Key] = r.Hash
			t.fresh = append(t.fresh, r)
			news++
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

// quietPasses is how many passes in a row must bring nothing new. A server
// that orders ties anew for each page hides a given record from a whole pass
// with a chance below 0.37, whatever the number of pages; from twelve, below
// 0.00001.
const quietPasses = 12

// passes reads the records at one value by counting, the last resort: ties
// swap between pages, so whole passes are made until nothing new has come for
// long.
func (k *keyset) passes(ctx context.Context, at time.Time, known *tied) error {
	for quiet := 0; quiet < quietPasses; quiet++ {
		for skip := 0; ; {
			rows, err := k.fetchWindow(ctx, at, at, skip)
			if err != nil {
				return err
			}
			if rows.n == 0 {
				break
			}
			if known.add(rows.records) > 0 {
				quiet = -1
			}
			skip += rows.n
		}
	}
	return nil
}
