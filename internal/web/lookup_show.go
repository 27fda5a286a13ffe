package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/lookup"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

// lookupView is a lookup as its page shows it.
type lookupView struct {
	*flow.Lookup
	Rows    ui.Table
	Shown   int // of its columns
	Uses    []useView
	Import  []ui.Field
	Problem *ui.Problem
	Changes bool // the visitor may change it
	Makes   bool // the visitor may make one like it
}

// Path is where its page lies.
func (l *lookupView) Path() string { return lookupPath(l.ID) }

// Facts are what is known of it beside its rows.
func (l *lookupView) Facts() []ui.Fact {
	facts := []ui.Fact{{Title: "Id", Value: ui.Copy(fmt.Sprint(l.ID))}, {Title: "Key column", Value: ui.Copy(l.PrimaryKey)}, {Title: "Rows", Value: ui.Count(int64(l.Entries))},
		{Title: "Their size", Value: ui.Text(ui.Bytes(l.Bytes))}, {Title: "What they are of", Value: ui.Text(l.Type)}, {Title: "Made", Value: ui.Time(micros(l.Created))}}
	if l.EmitDefault {
		facts = append(facts, ui.Fact{Title: "Where a row has nothing", Value: ui.Text(string(l.Defaults))})
	}
	return facts
}

// readers counts the sources that read by each of the lookups.
func (v *visit) readers(all []*flow.Lookup) (map[int64]int64, error) {
	ids, n := make([]int64, len(all)), map[int64]int64{}
	for i, l := range all {
		ids[i] = l.ID
	}
	if len(ids) == 0 {
		return n, nil
	}
	uses, err := v.Store.Uses(v.r.Context(), ids...)
	for _, u := range uses {
		n[u.Target]++
	}
	return n, err
}

// lookupHere is the lookup that the path names, with a page of its rows.
func (v *visit) lookupHere() (*lookupView, error) {
	ctx := v.r.Context()
	l, err := v.Flows.Lookup(ctx, v.who.Org, v.number("id"))
	if err != nil {
		return nil, err
	}
	role, err := v.People.RoleOn(ctx, v.who, store.KindLookup, l.ID)
	if err != nil {
		return nil, err
	}
	view := &lookupView{Lookup: l, Import: importFields(), Changes: role.AtLeast(identity.RoleAdmin), Makes: v.who.Role.AtLeast(identity.RoleOperator)}
	uses, err := v.Store.Uses(ctx, l.ID)
	if err != nil {
		return nil, err
	}
	if err := v.hideUnseen(uses); err != nil {
		return nil, err
	}
	view.Uses = useViews(uses)
	return view, v.addLookupRows(view)
}

func (v *visit) lookup() error {
	if v.exports() {
		return v.exportLookup()
	}
	return v.lookupShown(http.StatusOK, nil)
}

// lookupShown shows the lookup with what is wrong with a file.
func (v *visit) lookupShown(status int, wrong error) error {
	l, err := v.lookupHere()
	if err != nil {
		return err
	}
	if l.Problem, err = blame(wrong, l.Import); err != nil {
		return err
	}
	return v.write(status, l.Name, lookupPage(l))
}

// lookupColumns are a lookup's columns, its key first.
func lookupColumns(l *flow.Lookup) []string {
	names := []string{l.PrimaryKey}
	for name := range l.Columns {
		if name != l.PrimaryKey {
			names = append(names, name)
		}
	}
	slices.Sort(names[1:])
	return names
}

// addLookupRows reads the page of rows that the query asks for.
func (v *visit) addLookupRows(l *lookupView) error {
	ctx, page, text := v.r.Context(), pageNumber(v), v.query().Get("q")
	var rows []jsontext.Value
	var total int
	var err error
	if text == "" {
		rows, total, err = v.Flows.EntryPage(ctx, v.who.Org, l.ID, page, rowsOnAPage)
	} else {
		rows, total, err = v.Flows.FindEntries(ctx, v.who.Org, l.ID, text, page, rowsOnAPage)
	}
	if err != nil {
		return err
	}
	names := lookupColumns(l.Lookup)
	l.Shown = min(columnsShown, len(names))
	t := ui.Table{ID: "rows", Caption: "rows of " + l.Name, Path: l.Path(), Query: v.query(), Total: total, Page: page, PerPage: rowsOnAPage, Filter: "Any value", Export: true, Empty: noLookupRows(l)}
	for _, name := range names[:l.Shown] {
		t.Columns = append(t.Columns, ui.Column{Title: name})
	}
	if l.Changes {
		t.Columns = append(t.Columns, ui.Column{Title: "What can be done", Hidden: true, Numeric: true})
	}
	for _, row := range rows {
		cells, err := l.cells(row, names[:l.Shown])
		if err != nil {
			return err
		}
		t.Rows = append(t.Rows, cells)
	}
	l.Rows = t
	return nil
}

// cells are a row as the table shows it.
func (l *lookupView) cells(row jsontext.Value, names []string) ([]ui.Cell, error) {
	e, err := lookup.ReadRow(row, l.PrimaryKey, "lookup")
	if err != nil {
		return nil, err
	}
	cells := make([]ui.Cell, 0, len(names)+1)
	for _, name := range names {
		cells = append(cells, ui.Words(shortened(lookup.Text(e.Values[name]))))
	}
	if l.Changes {
		cells[0] = ui.Shown(e.Key, ui.Link(l.rowPath(e.Key), e.Key))
		cells = append(cells, ui.Shown("", dropRow(l, e.Key)))
	}
	return cells, nil
}

// rowPath is where one row is changed. A key may hold anything, so it is no part
// of the path.
func (l *lookupView) rowPath(key string) string {
	return l.Path() + "/row?" + url.Values{"key": {key}}.Encode()
}

// exportLookup sends all rows as a file, in the order of their keys. They are read
// some at a time, each time on from the last key: a slow browser holds no part of
// the database open and little memory, and what changes meanwhile leaves no other
// row out.
func (v *visit) exportLookup() error {
	id := v.number("id")
	l, err := v.Flows.Lookup(v.r.Context(), v.who.Org, id)
	if err != nil {
		return err
	}
	names := lookupColumns(l)
	return v.streamed("lookup.csv", func(out *ui.CSV) error {
		if err := out.Line(names...); err != nil {
			return err
		}
		for last := ""; ; {
			some, err := v.Store.LookupAfter(v.r.Context(), id, last, rowsAtOnce)
			if err != nil || len(some) == 0 {
				return err
			}
			if err := lookupLines(out, l, names, some); err != nil {
				return err
			}
			last = some[len(some)-1].Key
			if err := out.Flush(); err != nil {
				return err
			}
		}
	})
}

// lookupLines writes rows of a lookup into a file.
func lookupLines(out *ui.CSV, l *flow.Lookup, names []string, rows []store.LookupEntry) error {
	line := make([]string, len(names))
	for _, row := range rows {
		e, err := lookup.ReadRow(row.Row, l.PrimaryKey, "lookup")
		if err != nil {
			return err
		}
		for i, name := range names {
			line[i] = lookup.Text(e.Values[name])
		}
		if err := out.Line(line...); err != nil {
			return err
		}
	}
	return nil
}
