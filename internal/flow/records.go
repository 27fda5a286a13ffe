package flow

import (
	"context"
	"iter"

	"github.com/weirhq/weir"
)

// Records yields the newest version of each of a dataset's records, in the order
// of the log, a batch in memory at a time. A record that changes meanwhile comes
// again. A dataset that was never read has none.
func (s *Service) Records(ctx context.Context, d *Dataset) (iter.Seq2[weir.Record, error], error) {
	o, err := s.openDataset(ctx, d)
	if err != nil {
		return nil, err
	}
	if o.log.ID == 0 {
		return func(func(weir.Record, error) bool) {}, nil
	}
	return s.Store.Records(ctx, o.log.ID), nil
}
