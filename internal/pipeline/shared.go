package pipeline

import (
	"sync"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/schema"
)

// shared is a dataset's schema while ingest widens it and deliver reads it.
// A record is observed before it is committed to the log, so the schema
// covers every record that deliver can see.
type shared struct {
	mu     sync.Mutex
	schema *schema.Schema
	first  bool // these are the dataset's first records: what they bring is no drift
}

// observe widens the schema by the records. It returns the schema's new
// serialised form, nil when nothing changed, and the drift: what has changed
// since the dataset's first reading.
func (s *shared) observe(records []weir.Record) (saved []byte, drift []schema.Notice, rejects []weir.Reject, kept []weir.Record, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.schema.Changes()
	kept = records[:0:0]
	for _, r := range records {
		found, err := s.schema.Observe(r)
		if !s.first {
			drift = append(drift, found...)
		}
		if err != nil {
			rejects = append(rejects, weir.Reject{Stage: "schema", Reason: err.Error(), Key: r.Key, Original: r.Data})
			continue
		}
		kept = append(kept, r)
	}
	if s.schema.Changes() == before {
		return nil, drift, rejects, kept, nil
	}
	saved, err = s.schema.Bytes()
	return saved, drift, rejects, kept, err
}
