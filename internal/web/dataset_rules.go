package web

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/manifest"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/transform"
	"github.com/weirhq/weir/internal/web/ui"
)

// registerTransforms are the pages on which rules are written and tried. Trying
// stores nothing, and is asked for with the form as it stands.
func (w *Web) registerTransforms() {
	operate, change := identity.Access(store.KindDataset, identity.RoleOperator), identity.Access(store.KindDataset, identity.RoleAdmin)
	w.show("/datasets/{id}/derive", operate, (*visit).newDerived)
	w.do("/datasets/{id}/derive", operate, (*visit).makeDerived)
	w.show("/datasets/{id}/rules", change, (*visit).editRules)
	w.do("/datasets/{id}/rules", change, (*visit).changeRules)
}

// transformView is the page of rules: those of a dataset, or of one to be made.
type transformView struct {
	of      *flow.Dataset // whose rules they are; nil for a new one
	from    *flow.Dataset // whose records they are carried out on
	fields  []ui.Field
	problem *ui.Problem
	tried   []triedRecord
	sums    string // what became of the records, in words

	warnings []string // what of the rules is most likely not meant so
}

// triedRecord is one record before and after the rules.
type triedRecord struct {
	Outcome string
	Tone    ui.Tone
	Name    string // what tells it apart
	Reason  string // why it failed; "" where it did not
	Changes []change
}

// change is one field that differs. A text that is not there is "".
type change struct{ Field, Before, After string }

// previewed is how many records a page tries rules on.
const previewed = 10

const rulesHolder = "- filter: row.status == \"accepted\"\n- require: row.end > row.start\n- drop: [metadata]\n- compute: {field: hours, expression: row.duration / 60}"

func rulesField(text string) ui.Field {
	return ui.Field{Name: "rules", Title: "Rules", Kind: "textarea", Rows: 10, Mono: true, Long: 100_000, Value: text, Holder: rulesHolder,
		Help: "One on a line, carried out in their order: " + strings.Join(transform.Operations(), ", ") + "."}
}

func derivedFields() []ui.Field {
	return []ui.Field{{Name: "name", Title: "Name", Required: true, Long: 255, Focus: true, Help: "With rules of its own, its table is called so, too."}, rulesField("")}
}

func (r *transformView) path() string {
	if r.of != nil {
		return datasetPath(r.of.ID) + "/rules"
	}
	return datasetPath(r.from.ID) + "/derive"
}

func (r *transformView) title() string {
	if r.of != nil {
		return "Rules of " + r.of.Name
	}
	return "New dataset from " + r.from.Name
}

// here is where its page began.
func (r *transformView) here() *flow.Dataset {
	if r.of != nil {
		return r.of
	}
	return r.from
}

func (v *visit) newDerived() error {
	d, err := v.Flows.Dataset(v.r.Context(), v.who.Org, v.number("id"))
	if err != nil {
		return err
	}
	return v.transformShown(http.StatusOK, &transformView{from: d, fields: derivedFields()})
}

func (v *visit) transformShown(status int, r *transformView) error {
	return v.write(status, r.title(), transformPage(r))
}

// makeDerived makes a dataset, or tries its rules.
func (v *visit) makeDerived() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	ctx := v.r.Context()
	from, err := v.Flows.Dataset(ctx, v.who.Org, v.number("id"))
	if err != nil {
		return err
	}
	r := &transformView{from: from, fields: fill(derivedFields(), form)}
	rules, err := parsedRules(form)
	if err != nil || form.Get("do") == "try" {
		return v.tryRules(r, rules, err)
	}
	if err := v.People.Authorize(ctx, v.who, maker, 0); err != nil {
		return err
	}
	made, err := v.Flows.CreateDataset(ctx, v.actor(), flow.DatasetInput{Common: flow.Common{Name: form.Get("name")}, Parent: from.ID, Rules: rules})
	if err != nil {
		return v.rulesAgain(r, err)
	}
	return v.ruled(made, "The dataset is made. It has the newest records already; give it a destination.")
}

// rulesHere reads the dataset that the path names, and the one whose records
// its rules are carried out on, for who may see those.
func (v *visit) rulesHere() (*transformView, error) {
	ctx := v.r.Context()
	d, err := v.Flows.Dataset(ctx, v.who.Org, v.number("id"))
	if err != nil {
		return nil, err
	}
	if d.Parent == 0 {
		return nil, &weir.Error{Code: weir.CodeConflict, Where: "dataset", Message: "it is what its source yields, and stays so", Remedy: "Make a dataset from it, with the rules"}
	}
	if err := v.rights().TryRules(ctx, v.who, d); err != nil {
		return nil, err
	}
	from, err := v.Flows.Dataset(ctx, v.who.Org, d.Parent)
	if err != nil {
		return nil, err
	}
	text, err := v.rulesText(d)
	if err != nil {
		return nil, err
	}
	return &transformView{of: d, from: from, fields: []ui.Field{rulesField(text)}}, nil
}

// rulesText are the rules of a dataset as YAML.
func (v *visit) rulesText(d *flow.Dataset) (string, error) {
	rules, err := v.Flows.RulesOf(v.r.Context(), d)
	return manifest.WriteRules(rules), err
}

func (v *visit) editRules() error {
	r, err := v.rulesHere()
	if err != nil {
		return err
	}
	return v.transformShown(http.StatusOK, r)
}

// changeRules gives a dataset other rules, or tries them.
func (v *visit) changeRules() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	r, err := v.rulesHere()
	if err != nil {
		return err
	}
	r.fields = fill(r.fields, form)
	rules, err := parsedRules(form)
	if err == nil && form.Get("do") != "try" {
		err = changedMeanwhile(form.Get("seen"), r.of.Updated)
	}
	if err != nil || form.Get("do") == "try" {
		return v.tryRules(r, rules, err)
	}
	edit := flow.DatasetEdit{Rules: &rules}
	if err := v.rights().Rules(v.r.Context(), v.who, r.of, edit); err != nil {
		return err
	}
	d, err := v.Runner.UpdateDataset(v.r.Context(), v.actor(), r.of.ID, edit)
	if err != nil {
		return v.rulesAgain(r, err)
	}
	return v.ruled(d, "Saved. All records go to its destinations anew, without a request.")
}

// ruled goes on to a dataset whose rules were saved, and says of them what was
// most likely not meant so.
func (v *visit) ruled(d *flow.Dataset, done string) error {
	warnings := v.Flows.WarnRules(v.r.Context(), d)
	if len(warnings) == 0 {
		return v.to(datasetPath(d.ID), ui.Good, done)
	}
	said := weir.Clip("It is saved, but look at " + warnings[0])
	if more := len(warnings) - 1; more > 0 {
		said += fmt.Sprintf(" And %d more: try the rules to see all.", more)
	}
	return v.to(datasetPath(d.ID), ui.Warn, said)
}

// parsedRules are the rules that were typed. All that is wrong with them is told.
func parsedRules(form url.Values) ([]transform.Rule, error) {
	rules, problems := manifest.ParseRules("", []byte(form.Get("rules")))
	if len(problems) == 0 {
		return rules, nil
	}
	var all flow.WrongRules
	for _, p := range problems {
		all = append(all, &weir.Error{Code: weir.CodeUsage, Where: "rules", Message: fmt.Sprintf("line %d: %s", p.Line, p.Message), Remedy: p.Remedy})
	}
	return nil, all
}

// rulesAgain shows the page with what is wrong: of several rules, all of it.
func (v *visit) rulesAgain(r *transformView, wrong error) error {
	var several flow.WrongRules
	if errors.As(wrong, &several) && len(several) > 0 {
		var lines []string
		for _, one := range several {
			var e *weir.Error
			if errors.As(one, &e) {
				lines = append(lines, (&weir.Error{Where: strings.TrimPrefix(strings.TrimPrefix(e.Where, "rules"), "transform: "), Message: e.Message, Remedy: e.Remedy}).Error())
			}
		}
		wrong = &weir.Error{Code: weir.CodeUsage, Where: "rules", Message: strings.Join(lines, " ")}
	}
	var err error
	if r.problem, err = blame(v.named(wrong), r.fields); err != nil {
		return err
	}
	return v.transformShown(http.StatusUnprocessableEntity, r)
}

// tryRules shows what the rules would make of the newest records.
func (v *visit) tryRules(r *transformView, rules []transform.Rule, wrong error) error {
	if wrong != nil {
		return v.rulesAgain(r, wrong)
	}
	found, err := v.Flows.PreviewRules(v.r.Context(), r.from, rules, previewed)
	if err != nil {
		return v.rulesAgain(r, err)
	}
	key, sums := v.keyOf(r.from.Endpoint), map[string]int{}
	r.warnings = found.Warnings
	for _, one := range found.Records {
		t := triedOf(one, key)
		sums[t.Outcome]++
		r.tried = append(r.tried, t)
	}
	r.sums = "There is no record yet to try them on."
	if n := len(found.Records); n > 0 {
		r.sums = fmt.Sprintf("Of the newest %d: %d changed, %d the same, %d filtered out, %d failed.", n, sums["changed"], sums["the same"], sums["filtered out"], sums["failed"])
	}
	return v.transformShown(http.StatusOK, r)
}

func triedOf(r flow.RuledRecord, key []string) triedRecord {
	t := triedRecord{Outcome: "the same", Tone: ui.Plain}
	for _, f := range members(r.Before) {
		if slices.Contains(key, f.name) {
			t.Name = strings.TrimSpace(t.Name + " " + short(f.value))
		}
	}
	switch r.After.Outcome {
	case transform.Changed:
		t.Outcome, t.Tone, t.Changes = "changed", ui.Good, differences("", r.Before, r.After.Data)
	case transform.Filtered:
		t.Outcome = "filtered out"
	case transform.Failed:
		t.Outcome, t.Tone, t.Reason = "failed", ui.Bad, r.After.Reason
	}
	return t
}

// mostDifferences is how many fields of one record the page of rules shows that
// differ.
const mostDifferences = 50

// differences are the fields that are others in two records, in the order of
// their names: those within objects, and within lists that stay as long as they
// are, by themselves.
func differences(path string, before, after jsontext.Value) (all []change) {
	switch {
	case bytes.Equal(before, after):
	case before.Kind() == '{' && after.Kind() == '{':
		was, is := members(before), members(after)
		for _, name := range namesOf(was, is) {
			all = append(all, differences(strings.TrimPrefix(path+"."+name, "."), valueOf(was, name), valueOf(is, name))...)
		}
	case before.Kind() == '[' && after.Kind() == '[' && len(elements(before)) == len(elements(after)):
		is := elements(after)
		for i, was := range elements(before) {
			all = append(all, differences(fmt.Sprintf("%s[%d]", path, i), was, is[i])...)
		}
	default:
		all = []change{{Field: path, Before: whole(string(before)), After: whole(string(after))}}
	}
	return all[:min(len(all), mostDifferences)]
}

// namesOf are the names in either of two objects, sorted.
func namesOf(objects ...[]member) (names []string) {
	for _, one := range objects {
		for _, f := range one {
			names = append(names, f.name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// valueOf is a field's value; nil where there is none.
func valueOf(object []member, name string) jsontext.Value {
	for _, f := range object {
		if f.name == name {
			return f.value
		}
	}
	return nil
}

// wholeBytes is how much of one value the page of rules holds: ten records of
// any size must not make it as large.
const wholeBytes = 10_000

// whole is a value as it is, but for one that is larger than a page should be.
func whole(text string) string {
	if len(text) <= wholeBytes {
		return text
	}
	return strings.ToValidUTF8(text[:wholeBytes], "") + fmt.Sprintf("… and %s more", ui.Bytes(int64(len(text)-wholeBytes)))
}
