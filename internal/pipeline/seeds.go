package pipeline

import (
	"context"
	"iter"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/rest"
)

// seeds gives the values that an endpoint takes from the records of another:
// one seed for each live record of the one it needs. Endpoints that need
// nothing get nil. They come from the log, at no request.
func (r *runner) seeds(ctx context.Context, e *connector.Endpoint) iter.Seq2[rest.Seed, error] {
	if len(e.Needs) == 0 {
		return nil
	}
	need := e.Needs[0]
	parent := r.ends[need.Endpoint].stream
	return func(yield func(rest.Seed, error) bool) {
		for record, err := range r.flow.Store.Records(ctx, parent.dataset.ID) {
			if err != nil {
				yield(nil, err)
				return
			}
			seed, whole := seedOf(record, need)
			if whole && !yield(seed, nil) {
				return
			}
		}
	}
}

// seedOf takes a need's fields out of a record; not whole when one is null or
// missing, as the organization of somebody who is in none.
func seedOf(record weir.Record, need connector.Need) (rest.Seed, bool) {
	seed := make(rest.Seed, len(need.Fields))
	for name, path := range need.Fields {
		value, ok := rest.Field(record.Data, path)
		if !ok {
			return nil, false
		}
		seed[name] = value
	}
	return seed, true
}
