package governor

import (
	"context"
	"sync"
)

// Ledger keeps one small document per key, shared by all processes that may
// use the key. The store implements it in SQLite and Postgres.
type Ledger interface {
	// UpdateBudget replaces the document under key by what change makes of
	// it, as one durable write transaction: no other UpdateBudget of the same
	// key happens between the read and the write. old is nil when there is
	// no document. change may be called again when the transaction is
	// retried; its error aborts the write and is returned.
	UpdateBudget(ctx context.Context, key string, change func(old []byte) (new []byte, err error)) error
}

// MemoryLedger is a Ledger that lives and dies with the process, for dry runs
// and tests. Safe for concurrent use.
type MemoryLedger struct {
	mu        sync.Mutex
	documents map[string][]byte
}

// NewMemoryLedger returns an empty ledger.
func NewMemoryLedger() *MemoryLedger {
	return &MemoryLedger{documents: map[string][]byte{}}
}

// UpdateBudget implements Ledger.
func (l *MemoryLedger) UpdateBudget(ctx context.Context, key string, change func([]byte) ([]byte, error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	changed, err := change(l.documents[key])
	if err != nil {
		return err
	}
	l.documents[key] = changed
	return nil
}
