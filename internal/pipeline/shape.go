package pipeline

import (
	"context"

	"github.com/weirhq/weir/internal/store"
)

// shape gives a dataset without records its tables, by a batch that holds
// nothing: who joins with them, or looks whether they are there, need not wait
// for the first record. The type of a key cannot be changed later, so only
// keys whose type the connector knows will do.
func (s *stream) shape(ctx context.Context) error {
	for _, path := range s.endpoint.PrimaryKey {
		if s.endpoint.Columns[path] == "" {
			return nil
		}
	}
	nothing, _ := s.batch(store.LogChunk{}, 0)
	_, err := s.load(ctx, nothing)
	return err
}
