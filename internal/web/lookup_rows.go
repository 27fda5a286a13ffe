package web

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/lookup"
	"github.com/weirhq/weir/internal/web/ui"
)

// The names of fields that hold a row: a column's value has the column's name
// after the prefix, because a column may be called anything.
const (
	columnPrefix = "column."
	newColumn    = "new_column"
	newValue     = "new_value"
	fieldFile    = "file"
)

// rowView is one row as the form shows it, or one that is about to be made.
type rowView struct {
	*lookupView
	Key     string // "" for a new one
	Seen    string // which state of it the form is written over
	Fields  []ui.Field
	Problem *ui.Problem
	values  lookup.Values
}

// title is what the page of a row is called.
func (r *rowView) title() string {
	if r.Key == "" {
		return "New row"
	}
	return "Row " + r.Key
}

// rowHere is the row of a lookup that a key names; a new one when it names none.
func (v *visit) rowHere(key string) (*rowView, error) {
	ctx, id := v.r.Context(), v.number("id")
	l, err := v.Flows.Lookup(ctx, v.who.Org, id)
	if err != nil {
		return nil, err
	}
	r := &rowView{lookupView: &lookupView{Lookup: l}, Key: key, values: lookup.Values{}}
	if key != "" {
		found, err := v.Store.LookupEntries(ctx, id, key)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, nothingThere()
		}
		e, err := lookup.ReadRow(found[0].Row, l.PrimaryKey, "lookup")
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(found[0].Row)
		r.values, r.Seen = e.Values, hex.EncodeToString(sum[:8])
	}
	r.Fields = rowFields(l, r.values, key == "")
	return r, nil
}

// rowFields are a row's columns, and one that may be added. The key of a row that
// is there stays: another one would be another row.
func rowFields(l *flow.Lookup, values lookup.Values, isNew bool) (fields []ui.Field) {
	for _, name := range lookupColumns(l) {
		isKey := name == l.PrimaryKey
		if isKey && !isNew {
			continue
		}
		fields = append(fields, ui.Field{Name: columnPrefix + name, Title: name, Required: isKey, Long: lookup.MaxRow, Value: lookup.Text(values[name])})
	}
	fields = append(fields, ui.Field{Name: newColumn, Title: "Another column", Help: "Only to add one that no row has yet.", Long: lookup.MaxColumn}, ui.Field{Name: newValue, Title: "Its value", Long: lookup.MaxRow})
	fields[0].Focus = true
	return fields
}

func (v *visit) lookupRow() error {
	r, err := v.rowHere(v.query().Get("key"))
	if err != nil {
		return err
	}
	return v.shown(r.title(), lookupRowPage(r))
}

// typed is the row that was typed.
func (r *rowView) typed(form url.Values) (jsontext.Value, error) {
	row := lookup.Values{}
	for _, name := range lookupColumns(r.Lookup) {
		before := r.values[name]
		if v := lookup.Typed(form.Get(columnPrefix+name), before, r.Columns[name]); v != nil {
			row[name] = v
		}
		if name == r.PrimaryKey && r.Key != "" {
			row[name] = before
		}
	}
	if name := strings.TrimSpace(form.Get(newColumn)); name != "" {
		if _, there := r.Columns[name]; there || name == r.PrimaryKey {
			return nil, &weir.Error{Code: weir.CodeUsage, Where: newColumn, Message: "there is a column of this name", Remedy: "Type its value there"}
		}
		if err := lookup.CheckColumn(name, newColumn); err != nil {
			return nil, err
		}
		if v := lookup.Typed(form.Get(newValue), nil, nil); v != nil {
			row[name] = v
		}
	}
	return json.Marshal(row, json.Deterministic(true))
}

// putLookupRow stores a row, new or changed.
func (v *visit) putLookupRow() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	r, err := v.rowHere(form.Get("key"))
	if err != nil {
		return err
	}
	if err := v.putRow(r, form); err != nil {
		r.Fields = fill(r.Fields, form)
		if r.Problem, err = blame(rowError(err, r.PrimaryKey), r.Fields); err != nil {
			return err
		}
		return v.again(r.title(), lookupRowPage(r))
	}
	if form.Has("another") {
		return v.to(r.Path()+"/row", ui.Good, "Stored. Here is the next one.")
	}
	return v.to(r.Path(), ui.Good, "The row is stored.")
}

func (v *visit) putRow(r *rowView, form url.Values) error {
	if form.Get("seen") != r.Seen {
		return stillThere(&weir.Error{Code: weir.CodeConflict, Where: "form", Message: "somebody else has changed it meanwhile"})
	}
	row, err := r.typed(form)
	if err != nil {
		return err
	}
	if r.Key == "" {
		if err := v.isNew(r, row); err != nil {
			return err
		}
	}
	_, err = v.Flows.PutEntries(v.r.Context(), v.actor(), r.ID, []jsontext.Value{row})
	return err
}

// isNew refuses a new row whose key is there: whoever adds one does not mean to
// write over another.
func (v *visit) isNew(r *rowView, row jsontext.Value) error {
	e, err := lookup.ReadRow(row, r.PrimaryKey, "row")
	if err != nil {
		return err
	}
	found, err := v.Store.LookupEntries(v.r.Context(), r.ID, e.Key)
	if err == nil && len(found) > 0 {
		err = &weir.Error{Code: weir.CodeConflict, Where: columnPrefix + r.PrimaryKey, Message: "there is a row with this key", Remedy: "Change that one, or give another key"}
	}
	return err
}

// placed is the place of a row in errors about several: entries[3].code.
var placed = regexp.MustCompile(`^(?:entries\[(\d+)\]|row)(?:\.(.+))?$`)

// rowError makes an error about a row's column one about the field of it.
func rowError(err error, primary string) error {
	var e *weir.Error
	if !errors.As(err, &e) {
		return err
	}
	at := placed.FindStringSubmatch(e.Where)
	if at == nil {
		return err
	}
	out := *e
	if out.Where = columnPrefix + at[2]; at[2] == "" {
		out.Where = columnPrefix + primary
	}
	return &out
}

// fileError makes an error about a row one about the file that it is in.
func fileError(err error) error {
	var e *weir.Error
	if !errors.As(err, &e) {
		return err
	}
	out := *e
	if at := placed.FindStringSubmatch(e.Where); at != nil {
		n, _ := strconv.Atoi(at[1])
		out.Message = fmt.Sprintf("row %d of the file: %s", n+1, e.Message)
		if at[2] != "" {
			out.Message = fmt.Sprintf("row %d of the file, column %s: %s", n+1, at[2], e.Message)
		}
	}
	if out.Code == weir.CodeUsage {
		out.Where = fieldFile
	}
	return &out
}

// dropLookupRow takes one row away.
func (v *visit) dropLookupRow() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	id := v.number("id")
	n, err := v.Flows.DropEntries(v.r.Context(), v.actor(), id, lookup.Keys{Exact: []string{form.Get("key")}})
	if err == nil && n == 0 {
		return v.to(lookupPath(id), ui.Note, "It was gone already.")
	}
	return v.told(lookupPath(id), "The row is gone.", err)
}

func importFields() []ui.Field {
	return []ui.Field{{Name: fieldFile, Title: "CSV file", Kind: "file", Required: true,
		Help: "A line of column names, and a line for each row, in UTF-8. A row takes the place of the one with its key; an empty cell leaves its column out. All rows are stored, or none."}}
}

// importLookup stores the rows of a file.
func (v *visit) importLookup() error {
	content, err := v.upload(fieldFile)
	var rows []jsontext.Value
	if err == nil {
		rows, err = lookup.ReadCSV(content, fieldFile, ui.FromCSV)
	}
	id := v.number("id")
	if err == nil {
		err = v.Flows.ImportEntries(v.r.Context(), v.actor(), id, rows)
	}
	if err != nil {
		return v.lookupShown(http.StatusUnprocessableEntity, fileError(err))
	}
	return v.to(lookupPath(id), ui.Good, "Stored: "+ui.Plural(int64(len(rows)), "row")+".")
}
