package web

import (
	"fmt"

	"github.com/a-h/templ"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

const lookupsTitle = "Lookups"

func (w *Web) registerLookups() {
	see, change := identity.Access(store.KindLookup, identity.RoleCollaborator), identity.Access(store.KindLookup, identity.RoleAdmin)
	w.show("/lookups", signedIn, (*visit).lookups)
	w.show("/lookups/new", maker, (*visit).newLookup)
	w.do("/lookups/new", maker, (*visit).makeLookup)
	w.show("/lookups/{id}", see, (*visit).lookup)
	w.do("/lookups/{id}/copy", see, (*visit).copyLookup)
	w.show("/lookups/{id}/edit", change, (*visit).editLookup)
	w.do("/lookups/{id}/edit", change, (*visit).changeLookup)
	w.do("/lookups/{id}/delete", change, (*visit).deleteLookup)
	w.show("/lookups/{id}/row", change, (*visit).lookupRow)
	w.do("/lookups/{id}/row", change, (*visit).putLookupRow)
	w.do("/lookups/{id}/row/delete", change, (*visit).dropLookupRow)
	w.do("/lookups/{id}/import", change, (*visit).importLookup)
}

func lookupPath(id int64) string { return fmt.Sprintf("/lookups/%d", id) }

// lookups is the list of all that somebody may see.
func (v *visit) lookups() error {
	f, err := v.searched(store.KindLookup)
	if err != nil {
		return err
	}
	may := v.who.Role.AtLeast(identity.RoleOperator)
	t := ui.Table{ID: "lookups", Caption: "lookups", Path: "/lookups", Filter: "Name", Export: true, Empty: noLookups(may),
		Columns: []ui.Column{{Name: "name", Title: "Lookup", Wide: true}, {Title: "Key"}, {Title: "Rows", Numeric: true}, {Title: "Columns", Numeric: true}, {Title: "Sources", Numeric: true}, {Name: "changed", Title: "Changed"}}}
	return v.listed(lookupsTitle, t, func(page, number int) ([][]ui.Cell, int, error) {
		f.Page, f.Number = page, number
		all, total, err := v.Flows.Lookups(v.r.Context(), f)
		if err != nil {
			return nil, 0, err
		}
		rows, err := v.lookupRows(all)
		return rows, total, err
	}, func(t ui.Table) templ.Component { return lookupsPage(t, may) })
}

// lookupRows are lookups as their list shows them.
func (v *visit) lookupRows(all []*flow.Lookup) ([][]ui.Cell, error) {
	uses, err := v.readers(all)
	rows := make([][]ui.Cell, len(all))
	for i, l := range all {
		rows[i] = []ui.Cell{ui.Shown(l.Name, ui.Link(lookupPath(l.ID), l.Name)), ui.Words(l.PrimaryKey), ui.Figure(int64(l.Entries)),
			ui.Figure(int64(len(l.Columns))), ui.Figure(uses[l.ID]), ui.SinceAt(micros(l.Updated), v.Now())}
	}
	return rows, err
}
