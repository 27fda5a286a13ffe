package web

import (
	"slices"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

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
	f.Text, f.Page, f.Number = "", 0, 0
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
