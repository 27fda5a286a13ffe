package web

import (
	"github.com/weirhq/weir/internal/store"
)

func (w *Web) registerOverview() { w.show("/{$}", signedIn, (*visit).overview) }

// overview is what somebody sees first: what there is, and what needs them.
func (v *visit) overview() error {
	credentials, total, err := v.Credentials.List(v.r.Context(), store.ResourceFilter{Org: v.who.Org, Page: 1, Number: 100})
	if err != nil {
		return err
	}
	return v.shown("Overview", overviewPage(len(credentials), total))
}
