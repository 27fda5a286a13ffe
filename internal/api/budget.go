package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/store"
)

// Budget is what a key may spend, and who spends it.
type Budget struct {
	ID          int64           `json:"id" doc:"Of the first credential that holds the key"`
	Credentials []CredentialRef `json:"credentials" nullable:"false" doc:"All of the organization that hold the key"`
	Shared      bool            `json:"shared" doc:"Several credentials hold one key, and share this budget"`
	Origin      string          `json:"origin"`

	Limit           int            `json:"limit" doc:"Requests in a window that are kept to now"`
	ConfiguredLimit int            `json:"configured_limit" doc:"What the credential says; the service may have said less"`
	WindowSeconds   int            `json:"window_seconds"`
	Used            int            `json:"used" doc:"Places taken in this window, by all processes"`
	Free            int            `json:"free"`
	FreeAt          string         `json:"free_at" doc:"When the next request can be sent"`
	AllFreeAt       string         `json:"all_free_at" doc:"When the whole limit is there again, if nothing is sent meanwhile"`
	Reserved        map[string]int `json:"reserved" doc:"Places kept for a lane now"`
	Waiting         map[string]int `json:"waiting" doc:"Requests that wait in this process, by lane"`
	UsedByOthers    int            `json:"used_by_others" doc:"In a window, by others than Weir"`
	Blocked         bool           `json:"blocked" doc:"The service has refused a request: everything waits until free_at"`

	LastHour BudgetUse `json:"last_hour" doc:"By minute"`
	LastDay  BudgetUse `json:"last_day" doc:"By hour"`
}

// CredentialRef names a credential.
type CredentialRef struct {
	ID   int64  `json:"id"`
	Name string `json:"name" doc:"Empty when you may not look at it"`
}

// BudgetUse is what the organization sent with a key. It is written down every
// few seconds, so the newest may be missing.
type BudgetUse struct {
	Requests int            `json:"requests"`
	Refused  int            `json:"refused" doc:"Answers 429"`
	Slices   []UseSlice     `json:"slices" nullable:"false" doc:"Oldest first; those without a request are left out"`
	Sources  []UseSource    `json:"by_source" nullable:"false" doc:"The busiest first"`
	Lanes    map[string]int `json:"by_lane"`
}

// UseSlice is what was sent in a slice of time.
type UseSlice struct {
	From     string `json:"from"`
	Requests int    `json:"requests"`
	Refused  int    `json:"refused"`
}

// UseSource is what was sent for one source.
type UseSource struct {
	DataSourceID *int64 `json:"data_source_id" doc:"null for checks and tests"`
	Requests     int    `json:"requests"`
}

func (a *API) registerBudgets() {
	register(a, Route{Method: http.MethodGet, Path: "/budgets", Tag: "budgets", Summary: "What each key may spend, and who spends it", Policy: signedIn}, a.budgets)
}

func (a *API) budgets(ctx context.Context, in *struct{ ListInput }) (*List[Budget], error) {
	ids, err := a.visible(ctx, in.ListInput.ofAll(), store.KindCredential)
	if err != nil {
		return nil, err
	}
	if in.offset() >= farthest {
		return list[Budget](ctx, in.Paging, nil, 0), nil
	}
	found, total, err := a.Credentials.KeyBudgets(ctx, store.BudgetFilter{Org: actor(ctx).Org, Credentials: ids, Page: in.page(), Size: in.PerPage})
	if err != nil {
		return nil, err
	}
	shown, at := make([]Budget, len(found)), map[string]int{}
	var names []string
	for i := range found {
		shown[i], at[found[i].Name], names = a.showBudget(&found[i], ids), i, append(names, found[i].Name)
	}
	now := a.Now()
	for _, span := range []struct {
		back  time.Duration
		slice int
		of    func(*Budget) *BudgetUse
	}{{time.Hour, 1, func(b *Budget) *BudgetUse { return &b.LastHour }}, {24 * time.Hour, 60, func(b *Budget) *BudgetUse { return &b.LastDay }}} {
		uses, err := a.Store.BudgetUses(ctx, actor(ctx).Org, now.Add(-span.back).Unix()/60, span.slice, names...)
		if err != nil {
			return nil, err
		}
		for _, u := range uses {
			span.of(&shown[at[u.Budget]]).add(u)
		}
	}
	for i := range shown {
		shown[i].LastHour.sort()
		shown[i].LastDay.sort()
	}
	return list(ctx, in.Paging, shown, total), nil
}

func (a *API) showBudget(b *credential.KeyBudget, visible []int64) Budget {
	out := Budget{
		Credentials: a.refs(b.Credentials, visible), Shared: len(b.Credentials) > 1, Origin: b.Origin, Limit: b.Limit, ConfiguredLimit: b.Configured,
		WindowSeconds: int(b.Window.Seconds()), Used: b.Used, Free: max(0, b.Limit-b.Used), FreeAt: moment(b.Next.UnixMicro()), AllFreeAt: moment(b.AllFree.UnixMicro()),
		Reserved: map[string]int{}, Waiting: map[string]int{}, UsedByOthers: b.Others, Blocked: b.Blocked, LastHour: noUse(), LastDay: noUse(),
	}
	if len(out.Credentials) > 0 {
		out.ID = out.Credentials[0].ID
	}
	if b.Reserved > 0 {
		out.Reserved["interactive"] = b.Reserved
	}
	for lane, n := range b.Waiting {
		out.Waiting[lane.String()] = n
	}
	return out
}

// refs names credentials, those alone that are visible; nil is all of them.
func (a *API) refs(all []*credential.Credential, visible []int64) []CredentialRef {
	out := []CredentialRef{}
	for _, c := range all {
		ref := CredentialRef{ID: c.ID}
		if visible == nil || slices.Contains(visible, c.ID) {
			ref.Name = c.Resource.Name
		}
		out = append(out, ref)
	}
	return out
}

func noUse() BudgetUse {
	return BudgetUse{Slices: []UseSlice{}, Sources: []UseSource{}, Lanes: map[string]int{}}
}

// add adds what was sent in one slice, for one source and lane; slices come in
// order.
func (u *BudgetUse) add(one store.BudgetUse) {
	u.Requests += one.Requests
	u.Refused += one.Refused
	u.Lanes[one.Lane] += one.Requests
	from := moment(one.Minute * 60_000_000)
	if n := len(u.Slices); n == 0 || u.Slices[n-1].From != from {
		u.Slices = append(u.Slices, UseSlice{From: from})
	}
	last := &u.Slices[len(u.Slices)-1]
	last.Requests += one.Requests
	last.Refused += one.Refused
	i := slices.IndexFunc(u.Sources, func(s UseSource) bool {
		return s.DataSourceID == nil && one.Source == 0 || s.DataSourceID != nil && *s.DataSourceID == one.Source
	})
	if i < 0 {
		i = len(u.Sources)
		u.Sources = append(u.Sources, UseSource{DataSourceID: idOrNull(one.Source)})
	}
	u.Sources[i].Requests += one.Requests
}

func (u *BudgetUse) sort() {
	slices.SortStableFunc(u.Sources, func(a, b UseSource) int { return cmp.Compare(b.Requests, a.Requests) })
}
