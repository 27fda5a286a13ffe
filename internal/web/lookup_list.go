package web

import (
	"fmt"
	"net/http"

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
	f, err := v.visible(store.KindLookup)
	if err != nil {
		return err
	}
	f.Number = rowsOnAPage
	all, total, err := v.Flows.Lookups(v.r.Context(), f)
	if err != nil {
		return err
	}
	uses, err := v.readers(all)
	if err != nil {
		return err
	}
	may := v.who.Role.AtLeast(identity.RoleOperator)
	t := ui.Table{ID: "lookups", Caption: "lookups", Path: "/lookups", Query: v.query(), Total: total, Page: f.Page, PerPage: f.Number, Filter: "Name", Export: true, Empty: noLookups(may),
		Columns: []ui.Column{{Title: "Lookup", Wide: true}, {Title: "Key"}, {Title: "Rows", Numeric: true}, {Title: "Columns", Numeric: true}, {Title: "Sources", Numeric: true}, {Title: "Changed"}}}
	for _, l := range all {
		at := micros(l.Updated)
		t.Rows = append(t.Rows, []ui.Cell{ui.Shown(l.Name, ui.Link(lookupPath(l.ID), l.Name)), ui.Words(l.PrimaryKey), ui.Figure(int64(l.Entries)),
			ui.Figure(int64(len(l.Columns))), ui.Figure(uses[l.ID]), ui.Shown(at.UTC().Format("2006-01-02 15:04:05"), ui.Ago(at, v.Now()))})
	}
	if v.query().Get("format") == "csv" {
		return v.list(lookupsTitle, t, nil)
	}
	return v.write(http.StatusOK, lookupsTitle, lookupsPage(t, may))
}
