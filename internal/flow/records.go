package flow

import (
	"context"
	"iter"

	"github.com/weirhq/weir"
)

// Records yields the newest version of each of a dataset's records, in the order
// of the log, a batch in memory at a time. A record that changes meanwhile comes
// again. A dataset that was never read has none. What a filter keeps back, and
// what rules cannot be carried out on, is left out.
func (s *Service) Records(ctx context.Context, d *Dataset) (iter.Seq2[weir.Record, error], error) {
	o, program, err := s.shaped(ctx, d)
	if err != nil {
		return nil, err
	}
	if o.log.ID == 0 {
		return func(func(weir.Record, error) bool) {}, nil
	}
	all := s.Store.Records(ctx, o.log.ID)
	if program == nil {
		return all, nil
	}
	return func(yield func(weir.Record, error) bool) {
		for r, err := range all {
			if err == nil {
				err = ctx.Err() // the store need not look at it within a batch
			}
			if err == nil {
				got := program.Apply(r.Data)
				if got.Data == nil {
					continue
				}
				r.Data = got.Data
			}
			if !yield(r, err) {
				return
			}
		}
	}, nil
}
