package pipeline

import (
	"context"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/store"
)

// shape gives a dataset without records its tables, by a batch that holds
// nothing: who joins with them, or looks whether they are there, need not wait
// for the first record. The type of a key cannot be changed later, so only
// keys whose type the connector knows will do.
func (o *outlet) shape(ctx context.Context) error {
	for _, path := range o.endpoint.PrimaryKey {
		if o.endpoint.Columns[path] == "" {
			return nil
		}
	}
	nothing, _ := o.batch(store.LogChunk{}, 0)
	_, err := o.load(ctx, nothing)
	return err
}

// Blank is the batch of nothing with which a destination's filling would begin:
// for a look at whether the destination would take it. Saved is the store's copy
// of the shape, nil before the first record; r is what becomes of records on the
// way, nil for nothing.
func Blank(f *Flow, e *connector.Endpoint, saved []byte, mode weir.Mode, r *Reshaping) (weir.Batch, error) {
	shape, err := Shape(f.Connector, e, saved)
	if r != nil {
		e, shape, err = r.reshaped(f.Connector, e, saved)
	}
	if err != nil {
		return weir.Batch{}, err
	}
	return weir.Batch{Dataset: e.Dataset, Source: r.source(f.sourceName()), Mode: mode, Layout: shape.Layout(mode)}, nil
}
