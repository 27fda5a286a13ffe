package credential

import (
	"cmp"
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/governor"
	"github.com/weirhq/weir/internal/store"
)

// keepUse is how long the statistics of use are kept.
const keepUse = 8 * 24 * time.Hour

// meter counts requests in memory, until Flush writes them down: a write for
// each would cost more than the requests. What a crash loses is statistics.
type meter struct {
	mu   sync.Mutex
	used map[store.BudgetUse]*tally // by everything but the numbers
}

type tally struct{ requests, refused int }

// metered is a budget whose places are counted.
type metered struct {
	weir.Budget
	meter *meter
	use   store.BudgetUse
	now   func() time.Time
}

// Take implements weir.Budget.
func (m *metered) Take(ctx context.Context, lane weir.Lane) (func(weir.Answer), error) {
	done, err := m.Budget.Take(ctx, lane)
	if err != nil {
		return nil, err
	}
	return func(a weir.Answer) {
		done(a)
		if !a.Sent && a.Status == 0 {
			return
		}
		use := m.use
		use.Lane, use.Minute = lane.String(), m.now().Unix()/60
		m.meter.add(use, 1, a.Status == http.StatusTooManyRequests)
	}, nil
}

func (m *meter) add(use store.BudgetUse, n int, refused bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.used[use]
	if t == nil {
		t = &tally{}
		m.used[use] = t
	}
	t.requests += n
	if refused {
		t.refused += n
	}
}

// take gives what was counted, and begins anew.
func (m *meter) take() (uses []store.BudgetUse) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for use, t := range m.used {
		use.Requests, use.Refused = t.requests, t.refused
		uses = append(uses, use)
	}
	clear(m.used)
	return uses
}

// FlushUse writes down what was counted since the last time: one transaction,
// none when nothing was sent.
func (s *Service) FlushUse(ctx context.Context) error {
	uses := s.meter.take()
	if len(uses) == 0 {
		return nil
	}
	err := s.Store.AddBudgetUse(ctx, uses, s.Now().Add(-keepUse).Unix()/60)
	if err == nil {
		return nil
	}
	s.meter.mu.Lock() // counted again with the next
	defer s.meter.mu.Unlock()
	for _, u := range uses {
		t := tally{u.Requests, u.Refused}
		u.Requests, u.Refused = 0, 0
		if more := s.meter.used[u]; more != nil {
			t.requests, t.refused = t.requests+more.requests, t.refused+more.refused
		}
		s.meter.used[u] = &t
	}
	return err
}

// nameBudget writes down which budget a credential's key has, once in the life
// of the process: a credential may be older than that is written down.
func (s *Service) nameBudget(ctx context.Context, c *Credential) error {
	s.mu.Lock()
	known := s.names[c.ID] == c.Budget
	s.mu.Unlock()
	if known {
		return nil
	}
	if err := s.Store.Change(ctx, func(tx *store.Tx) error { return tx.NameBudget(ctx, c.Org, c.ID, c.Budget) }); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names[c.ID] = c.Budget
	return nil
}

// KeyBudget is one key's budget, with the organization's credentials that
// hold the key: two credentials with one key share one budget.
type KeyBudget struct {
	Name        string
	Origin      string
	Credentials []*Credential
	governor.Standing
}

// KeyBudgets gives the filter's budgets in the order of their first
// credential, and how many there are on all pages.
func (s *Service) KeyBudgets(ctx context.Context, f store.BudgetFilter) ([]KeyBudget, int, error) {
	found, total, err := s.Store.KeyBudgets(ctx, f)
	if err != nil || len(found) == 0 {
		return nil, total, err
	}
	var names []string
	var ids []int64
	for _, b := range found {
		names, ids = append(names, b.Name), append(ids, b.Credentials...)
	}
	credentials, _, err := s.List(ctx, store.ResourceFilter{Org: f.Org, IDs: ids})
	if err != nil {
		return nil, 0, err
	}
	byID := map[int64]*Credential{}
	for _, c := range credentials {
		byID[c.ID] = c
	}
	records, err := s.Store.BudgetRecords(ctx, names...)
	if err != nil {
		return nil, 0, err
	}
	out := make([]KeyBudget, len(found))
	for i, b := range found {
		limit := 0
		for _, id := range b.Credentials {
			c := byID[id]
			if c == nil {
				continue // deleted in this moment
			}
			out[i].Credentials = append(out[i].Credentials, c)
			out[i].Origin = c.Origin
			if n := cmp.Or(c.limit(), governor.DefaultLimit); limit == 0 || n < limit {
				limit = n
			}
		}
		out[i].Name = b.Name
		if out[i].Standing, err = s.Governor.Look(b.Name, limit, records[b.Name]); err != nil {
			return nil, 0, err
		}
	}
	return out, total, nil
}
