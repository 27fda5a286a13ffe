package web

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

// sharesShown is how many flows are named of those that used a key: the ones that
// used the most.
const sharesShown = 10

// shareView is a part of what was sent.
type shareView struct {
	Title, Path string
	Requests    int
}

// tally is what was sent with one key, by source and by lane.
type tally struct {
	sources map[int64]int
	lanes   map[string]int
}

// addUse adds what was sent in the last hour.
func (v *visit) addUse(views []*budgetView) error {
	if len(views) == 0 {
		return nil
	}
	names, tallies, since := []string{}, make([]tally, len(views)), v.Now().Add(-time.Hour).Unix()/60+1
	for i, b := range views {
		names, tallies[i] = append(names, b.Name), tally{map[int64]int{}, map[string]int{}}
		for m := range int64(60) {
			b.Minutes = append(b.Minutes, ui.Bar{Title: ui.Clock(time.Unix((since+m)*60, 0)), Tone: ui.Good})
		}
	}
	uses, err := v.Store.BudgetUses(v.r.Context(), v.who.Org, since, 1, names...)
	if err != nil {
		return err
	}
	for _, u := range uses {
		i := slices.Index(names, u.Budget)
		views[i].use(u, since)
		tallies[i].sources[u.Source] += u.Requests
		tallies[i].lanes[u.Lane] += u.Requests
	}
	named := []int64{}
	for _, t := range tallies {
		named = append(named, t.most()...)
	}
	flows, err := v.sourceNames(named...)
	for i, b := range views {
		b.Flows, b.Lanes = tallies[i].byFlow(flows), tallies[i].byLane()
	}
	return err
}

// use adds what was sent in a minute.
func (b *budgetView) use(u store.BudgetUse, since int64) {
	b.Sent, b.Refused = b.Sent+u.Requests, b.Refused+u.Refused
	if at := u.Minute - since; at >= 0 && int(at) < len(b.Minutes) {
		bar := &b.Minutes[at]
		if bar.Value += float64(u.Requests); u.Refused > 0 {
			bar.Tone = ui.Bad
		}
	}
}

// largest are the keys of what is counted, the largest first.
func largest[K cmp.Ordered](counted map[K]int) []K {
	return slices.SortedFunc(maps.Keys(counted), func(a, b K) int {
		return cmp.Or(cmp.Compare(counted[b], counted[a]), cmp.Compare(a, b))
	})
}

// most are the sources that used the most; 0 stands for checks and tests.
func (t tally) most() []int64 {
	all := largest(t.sources)
	return all[:min(len(all), sharesShown)]
}

// byFlow are the shares of those, by their names, and what all others used.
func (t tally) byFlow(names map[int64]string) (shares []shareView) {
	rest := 0
	for _, n := range t.sources {
		rest += n
	}
	for _, id := range t.most() {
		one := shareView{Title: "checks and tests", Requests: t.sources[id]}
		if id != 0 {
			one.Title, one.Path = cmp.Or(names[id], "a deleted flow"), fmt.Sprintf("/flows/%d", id)
		}
		shares, rest = append(shares, one), rest-one.Requests
	}
	if others := len(t.sources) - len(shares); others > 0 {
		shares = append(shares, shareView{Title: ui.Plural(int64(others), "other"), Requests: rest})
	}
	return shares
}

func (t tally) byLane() (shares []shareView) {
	for _, lane := range largest(t.lanes) {
		shares = append(shares, shareView{Title: lane, Requests: t.lanes[lane]})
	}
	return shares
}
