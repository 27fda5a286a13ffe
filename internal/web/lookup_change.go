package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/lookup"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

const newLookupTitle = "New lookup"

// The fields are called as the REST API calls them, so that errors find them.
func lookupFields(l *flow.Lookup) []ui.Field {
	defaults := string(l.Defaults)
	if defaults == "{}" {
		defaults = ""
	}
	return []ui.Field{
		{Name: "name", Title: "Name", Required: true, Long: 255, Value: l.Name, Focus: true},
		{Name: "map_primary_key", Title: "Key column", Help: "The column whose value tells rows apart, such as team.", Required: true, Long: lookup.MaxColumn, Value: l.PrimaryKey},
		{Name: "description", Title: "Description", Kind: "textarea", Rows: 2, Long: 10_000, Value: l.Description},
		{Name: "data_type", Title: "What the rows are of", Help: "In your words; it is only shown.", Long: 255, Value: l.Type},
		{Name: "data_defaults", Title: "Defaults", Kind: "textarea", Rows: 3, Mono: true, Long: lookup.MaxRow, Value: defaults, Holder: `{"city": "Berlin"}`,
			Help: "Values by column, as JSON, for what a row does not have."},
		{Name: "emit_data_default", Title: "Use the defaults", Kind: "checkbox", Checked: l.EmitDefault},
	}
}

// defaultsIn are the defaults that were typed; none are those of an empty object.
func defaultsIn(form url.Values) jsontext.Value {
	if text := strings.TrimSpace(form.Get("data_defaults")); text != "" {
		return jsontext.Value(text)
	}
	return jsontext.Value("{}")
}

// lookupError makes an error about one of the defaults one about their field.
func lookupError(err error) error {
	var e *weir.Error
	if !errors.As(err, &e) {
		return err
	}
	column, ok := strings.CutPrefix(e.Where, "data_defaults.")
	if !ok {
		return err
	}
	out := *e
	out.Where, out.Message = "data_defaults", column+": "+e.Message
	return &out
}

func (v *visit) newLookup() error {
	return v.shown(newLookupTitle, lookupNewPage(lookupFields(&flow.Lookup{}), nil))
}

func (v *visit) makeLookup() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	l, err := v.Flows.CreateLookup(v.r.Context(), v.actor(), flow.LookupInput{Common: flow.Common{Name: form.Get("name"), Description: form.Get("description")},
		Type: form.Get("data_type"), PrimaryKey: form.Get("map_primary_key"), Defaults: defaultsIn(form), EmitDefault: form.Has("emit_data_default")})
	if err == nil {
		return v.to(lookupPath(l.ID), ui.Good, "The lookup is made. Put rows into it.")
	}
	fields := fill(lookupFields(&flow.Lookup{}), form)
	problem, err := blame(lookupError(err), fields)
	if err != nil {
		return err
	}
	return v.again(newLookupTitle, lookupNewPage(fields, problem))
}

func (v *visit) editLookup() error {
	l, err := v.Flows.Lookup(v.r.Context(), v.who.Org, v.number("id"))
	if err != nil {
		return err
	}
	return v.lookupEdited(http.StatusOK, l, lookupFields(l), nil)
}

func (v *visit) lookupEdited(status int, l *flow.Lookup, fields []ui.Field, problem *ui.Problem) error {
	return v.write(status, "Change "+l.Name, lookupEditPage(l, fields, problem))
}

// changeLookup changes everything of a lookup but its rows.
func (v *visit) changeLookup() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	ctx := v.r.Context()
	l, err := v.Flows.Lookup(ctx, v.who.Org, v.number("id"))
	if err != nil {
		return err
	}
	name, text, kind, key, emit := form.Get("name"), form.Get("description"), form.Get("data_type"), form.Get("map_primary_key"), form.Has("emit_data_default")
	err = changedMeanwhile(form.Get("seen"), l.Updated)
	if err == nil {
		_, err = v.Flows.UpdateLookup(ctx, v.actor(), l.ID, flow.LookupEdit{Edit: flow.Edit{Name: &name, Description: &text}, Type: &kind, PrimaryKey: &key, Defaults: defaultsIn(form), EmitDefault: &emit})
	}
	if err == nil {
		return v.to(lookupPath(l.ID), ui.Good, "Saved.")
	}
	fields := fill(lookupFields(l), form)
	problem, err := blame(lookupError(err), fields)
	if err != nil {
		return err
	}
	return v.lookupEdited(http.StatusUnprocessableEntity, l, fields, problem)
}

// copyLookup makes one of the visitor's own with the same rows.
func (v *visit) copyLookup() error {
	ctx := v.r.Context()
	if err := v.People.Authorize(ctx, v.who, maker, 0); err != nil {
		return err
	}
	made, err := v.Flows.CopyLookup(ctx, v.actor(), v.number("id"), flow.Copying{})
	if err != nil {
		return v.told(lookupPath(v.number("id")), "", err)
	}
	return v.to(lookupPath(made.ID), ui.Good, "This is the copy, with all rows.")
}

// deleteLookup deletes one that nothing reads by.
func (v *visit) deleteLookup() error {
	id := v.number("id")
	if err := v.Flows.Delete(v.r.Context(), v.actor(), store.KindLookup, id); err != nil {
		return v.told(lookupPath(id), "", err)
	}
	return v.to("/lookups", ui.Good, fmt.Sprintf("Deleted. weir lookups restore %d brings it back.", id))
}
