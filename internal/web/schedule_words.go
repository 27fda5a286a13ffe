package web

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

// followed are the names of the sources that others follow, by their ids, as far
// as the visitor may know them.
func (v *visit) followed(all ...flow.Times) (map[int64]string, error) {
	names, ids := map[int64]string{}, []int64{}
	for _, t := range all {
		if t.After != 0 {
			ids = append(ids, t.After)
		}
	}
	if len(ids) == 0 {
		return names, nil
	}
	found, _, err := v.Store.Resources(v.r.Context(), store.ResourceFilter{Org: v.who.Org, Kind: store.KindSource, IDs: ids})
	if err != nil {
		return nil, err
	}
	roles, err := v.People.RolesOn(v.r.Context(), v.who, found...)
	for _, r := range found {
		if roles[r.ID] != identity.RoleNone {
			names[r.ID] = r.Name
		}
	}
	return names, err
}

// whenCell is when a source is read, in words.
func whenCell(t flow.Times, names map[int64]string) ui.Cell {
	words := t.Words(names[t.After])
	return ui.Shown(words, whenWords(t, words))
}

// followable are the flows that another one may follow, by name: those that the
// visitor operates, and the one that it follows.
func (v *visit) followable(not int64, now flow.Times) (all []ui.Option, err error) {
	f, err := v.visible(store.KindSource)
	if err != nil {
		return nil, err
	}
	f.Page, f.Number = 1, mostFollowed
	found, _, err := v.Store.Resources(v.r.Context(), f)
	if err != nil {
		return nil, err
	}
	roles, err := v.People.RolesOn(v.r.Context(), v.who, found...)
	for _, r := range found {
		if r.ID != not && roles[r.ID].AtLeast(identity.RoleOperator) {
			all = append(all, ui.Option{Value: fmt.Sprint(r.ID), Title: r.Name})
		}
	}
	slices.SortStableFunc(all, func(a, b ui.Option) int { return strings.Compare(strings.ToLower(a.Title), strings.ToLower(b.Title)) })
	if now.After == 0 || slices.ContainsFunc(all, func(o ui.Option) bool { return o.Value == fmt.Sprint(now.After) }) {
		return all, err
	}
	names, err := v.followed(now)
	return append(all, ui.Option{Value: fmt.Sprint(now.After), Title: cmp.Or(names[now.After], notShared)}), err
}

// mostFollowed is how many flows are offered to be followed; weir sources schedule
// takes any.
const mostFollowed = 500
