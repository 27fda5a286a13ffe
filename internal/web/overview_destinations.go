package web

import (
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// addDestinations names those that take nothing, or lack what should have come
// long ago.
func (v *visit) addDestinations(o *overviewView, _ []int64) error {
	ids, err := v.ids(store.KindDestination, identity.RoleCollaborator)
	if err != nil {
		return err
	}
	troubled, err := v.Flows.Troubled(v.r.Context(), v.who.Org, ids, needsShown)
	if err != nil {
		return err
	}
	views, err := v.destinationViews(v.r.Context(), troubled, nil)
	for _, d := range views {
		tone, _ := d.Badge()
		o.Needs = append(o.Needs, need{tone, d.Name, d.Hint(), d.Path()})
	}
	return err
}
