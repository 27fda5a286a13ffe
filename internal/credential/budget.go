package credential

import (
	"cmp"
	"context"
	"net/http"
	"slices"
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

// name notes which budget a credential's key has.
func (s *Service) name(c *Credential, budget string) {
	c.Budget = budget
	if c.ID == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names[c.ID] = budget
}

// BudgetName names the budget of a credential's key; "" when it leads to no
// API, or has not been used since Weir writes that down.
func (s *Service) BudgetName(c *Credential) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return cmp.Or(s.names[c.ID], c.Budget)
}

// KeyBudget is one key's budget, with the organization's credentials that
// hold the key.
type KeyBudget struct {
	Name        string
	Origin      string
	Credentials []*Credential
	governor.Standing
}

// KeyBudgets gives the budgets of the keys of credentials, in the order of their
// first credential. Two credentials with one key share one budget.
func (s *Service) KeyBudgets(ctx context.Context, all []*Credential) ([]KeyBudget, error) {
	var out []KeyBudget
	var names []string
	for _, c := range all {
		name := s.BudgetName(c)
		if name == "" {
			continue
		}
		if i := slices.Index(names, name); i >= 0 {
			out[i].Credentials = append(out[i].Credentials, c)
			continue
		}
		names, out = append(names, name), append(out, KeyBudget{Name: name, Origin: c.Origin, Credentials: []*Credential{c}})
	}
	if len(out) == 0 {
		return nil, nil
	}
	records, err := s.Store.BudgetRecords(ctx, names...)
	if err != nil {
		return nil, err
	}
	for i := range out {
		limit := 0
		for _, c := range out[i].Credentials {
			if n := cmp.Or(c.limit(), governor.DefaultLimit); limit == 0 || n < limit {
				limit = n
			}
		}
		if out[i].Standing, err = s.Governor.Look(out[i].Name, limit, records[out[i].Name]); err != nil {
			return nil, err
		}
	}
	return out, nil
}
