package identity

import (
	"context"
	"crypto/hmac"
	"sync"

	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/store"
)

// actionSeal is the audit's line about the one time when rows were sealed that
// had no MAC.
const actionSeal = "resource.seal"

// Guard has the database check every resource that it reads: whose it is, what
// it is, and which credential it uses. A row that somebody else has written is
// refused, written down in the audit log, and reported.
//
// The first Guard of a database seals the rows from before there were MACs.
// The audit log remembers that, so that rows without one count for nothing
// ever after; a log that is not as it was written stops the start.
func (s *Service) Guard(ctx context.Context) error {
	done, err := s.db.Audited(ctx, actionSeal)
	if err != nil {
		return err
	}
	s.db.SetGuard(&guard{Service: s, told: map[int64]bool{}})
	if done {
		return nil
	}
	if _, err := s.audit.Verify(ctx); err != nil {
		return err
	}
	return s.db.Change(ctx, func(tx *store.Tx) error {
		n, err := tx.SealUnsealed(ctx)
		if err != nil {
			return err
		}
		return s.audit.AppendTx(ctx, tx, audit.Entry{Action: actionSeal, Kind: "resource", Detail: map[string]any{"rows": n}})
	})
}

// guard is the store's guard.
type guard struct {
	*Service
	mu   sync.Mutex
	told map[int64]bool // forged rows that were reported; each is read again and again
}

// Seal implements store.Guard.
func (g *guard) Seal(r store.Resource) []byte { return g.sealResource(r) }

// Genuine implements store.Guard.
func (g *guard) Genuine(r store.Resource) bool {
	if hmac.Equal(r.MAC, g.sealResource(r)) {
		return true
	}
	g.mu.Lock()
	known := g.told[r.ID]
	g.told[r.ID] = true
	g.mu.Unlock()
	if !known {
		g.reports.Go(func() { g.report(r) })
	}
	return false
}

// report tells of a forged row. It runs on its own: whoever came upon the row
// may be inside the database's one writing transaction.
func (g *guard) report(r store.Resource) {
	ctx := context.Background()
	g.log.ErrorContext(ctx, "a row was not written by Weir and is refused: somebody else writes this database", "table", "resource", "kind", r.Kind, "id", r.ID, "org", r.Org)
	err := g.audit.Append(ctx, audit.Entry{Org: r.Org, Action: "resource.forged", Kind: string(r.Kind), Object: r.ID, Detail: map[string]any{"owner": r.Owner, "credential": r.Credential}})
	if err != nil {
		g.log.ErrorContext(ctx, "the forged row could not be written down in the audit log", "id", r.ID, "error", err)
	}
}

// Close waits for reports that are under way, when nobody reads any more.
func (s *Service) Close() error {
	s.reports.Wait()
	return nil
}
