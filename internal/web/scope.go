package web

import (
	"fmt"
	"slices"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// visible is what of a kind somebody may see: everything, for administrators;
// what is their own or shared with them, for others.
func (v *visit) visible(kind store.Kind) (store.ResourceFilter, error) {
	f := store.ResourceFilter{Org: v.who.Org, Kind: kind}
	if v.admin() {
		return f, nil
	}
	var err error
	f.Sharing, err = v.People.Sharing(v.r.Context(), v.who, true, identity.RoleOwner, identity.RoleAdmin, identity.RoleOperator, identity.RoleCollaborator)
	return f, err
}

// searched is what of it has the words in its name that the address asks for, in
// the order that it asks for.
func (v *visit) searched(kind store.Kind) (store.ResourceFilter, error) {
	f, err := v.visible(kind)
	f.Text, f.Sort = v.query().Get("q"), v.query().Get("sort")
	return f, err
}

// ids are those of a kind on which somebody has at least the role; nil is all
// of them, for administrators.
func (v *visit) ids(kind store.Kind, need identity.Role) ([]int64, error) {
	if v.admin() {
		return nil, nil
	}
	ctx := v.r.Context()
	f, err := v.visible(kind)
	if err != nil {
		return nil, err
	}
	all, err := v.Store.ResourceIDs(ctx, f)
	if err != nil {
		return nil, err
	}
	roles, err := v.People.RolesOn(ctx, v.who, all...)
	ids := []int64{}
	for _, r := range all {
		if roles[r.ID].AtLeast(need) {
			ids = append(ids, r.ID)
		}
	}
	return ids, err
}

// sourceNames are the names of flows by their ids, as far as they live.
func (v *visit) sourceNames(ids ...int64) (map[int64]string, error) {
	names := map[int64]string{}
	if len(ids) == 0 {
		return names, nil
	}
	found, _, err := v.Flows.Sources(v.r.Context(), store.ResourceFilter{Org: v.who.Org, IDs: ids})
	for _, s := range found {
		names[s.ID] = s.Name
	}
	return names, err
}

// hideUnseen leaves out the names of those uses that somebody may not look at.
func (v *visit) hideUnseen(uses []store.Use) error {
	seen := map[store.Kind][]int64{}
	for i := range uses {
		u := &uses[i]
		ids, asked := seen[u.Kind]
		if !asked {
			var err error
			if ids, err = v.ids(u.Kind, identity.RoleCollaborator); err != nil {
				return err
			}
			seen[u.Kind] = ids
		}
		if ids != nil && !slices.Contains(ids, u.ID) {
			u.Name = ""
		}
	}
	return nil
}

// useView is something that uses a credential. Only sources have a page, their
// flow's; the Name of what the visitor may not see is "".
type useView struct{ Path, Name, Kind string }

func useViews(uses []store.Use) []useView {
	views := make([]useView, len(uses))
	for i, u := range uses {
		views[i] = useView{Name: u.Name, Kind: string(u.Kind)}
		if u.Kind == store.KindSource {
			views[i].Path = fmt.Sprintf("/flows/%d", u.ID)
		}
	}
	return views
}
