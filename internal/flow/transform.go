package flow

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/transform"
)

// Transform is rules that several datasets may use.
type Transform struct {
	store.Resource
	TransformSpec
}

// TransformSpec is what a transform is besides its resource.
type TransformSpec struct {
	Rules   []transform.Rule `json:"rules"`
	Edition string           `json:"edition"` // changes with the rules
}

// told is what the audit log says of a change: rules may hold what is to
// stand for secrets, and so stay out of it.
func (spec *TransformSpec) told() map[string]any { return map[string]any{"rules": len(spec.Rules)} }

// TransformInput is what a user gives to make a transform.
type TransformInput struct {
	Common
	Rules []transform.Rule
}

// fieldTransform is the field that errors about rules name.
const fieldTransform = "transform"

// CreateTransform stores rules that datasets can use by their id.
func (s *Service) CreateTransform(ctx context.Context, who Actor, in TransformInput) (*Transform, error) {
	r, err := in.resource(who, store.KindTransform, s.now())
	if err != nil {
		return nil, err
	}
	if err := someRules(in.Rules); err != nil {
		return nil, err
	}
	t := &Transform{Resource: r, TransformSpec: TransformSpec{Rules: in.Rules, Edition: newEdition()}}
	err = s.Store.Change(ctx, func(tx *store.Tx) error { return s.put(ctx, tx, who, &t.Resource, &t.TransformSpec) })
	return t, err
}

// someRules makes sure that rules are right by themselves.
func someRules(rules []transform.Rule) error {
	if len(rules) == 0 {
		return refuse("code", "there is no rule", `Give at least one, such as {"operation": "drop", "spec": {"fields": ["metadata"]}}`)
	}
	_, err := transform.Compile(rules, nil)
	return wrongRules(fieldTransform, err)
}

// Transform reads one of the organization.
func (s *Service) Transform(ctx context.Context, org, id int64) (*Transform, error) {
	r, err := s.Store.Resource(ctx, org, store.KindTransform, id)
	if err != nil {
		return nil, err
	}
	t := &Transform{Resource: r}
	return t, unpack(r, &t.TransformSpec)
}

// Transforms gives the filter's transforms, and how many there are on all
// pages.
func (s *Service) Transforms(ctx context.Context, f store.ResourceFilter) ([]*Transform, int, error) {
	f.Kind = store.KindTransform
	rows, total, err := s.Store.Resources(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	all := make([]*Transform, len(rows))
	for i, r := range rows {
		all[i] = &Transform{Resource: r}
		if err := unpack(r, &all[i].TransformSpec); err != nil {
			return nil, 0, err
		}
	}
	return all, total, nil
}

// TransformEdit is what a user changes of a transform. Nil fields stay.
type TransformEdit struct {
	Edit
	Rules []transform.Rule
}

// MayRerule says whether who asks may give other rules to the datasets that use a
// transform: whoever changes its rules does.
type MayRerule func(ctx context.Context, using []*Dataset) error

// UpdateTransform changes a transform. New rules must be right for every
// dataset that uses them, and bring all of those to their destinations anew. Of
// these datasets may is asked; when they are others meanwhile, it is store.Changed.
func (r *Runner) UpdateTransform(ctx context.Context, who Actor, id int64, edit TransformEdit, may MayRerule) (*Transform, error) {
	t, err := r.flows.Transform(ctx, who.Org, id)
	if err != nil {
		return nil, err
	}
	read, anew := t.Version, edit.Rules != nil && !transform.Equal(edit.Rules, t.Rules)
	var using []*Dataset
	var redo []refill
	if anew {
		if using, err = r.flows.using(ctx, who.Org, id, may); err != nil {
			return nil, err
		}
		if err := someRules(edit.Rules); err != nil {
			return nil, err
		}
		if redo, err = r.flows.affected(ctx, using, edit.Rules); err != nil {
			return nil, err
		}
	}
	spec := &TransformSpec{}
	err = r.flows.change(ctx, who, store.KindTransform, id, "update", spec, func(tx *store.Tx, row *store.Resource) error {
		if anew && row.Version != read {
			return store.Changed(row)
		}
		if err := edit.apply(row); err != nil || !anew {
			return err
		}
		if err := usedBy(ctx, tx, row, using); err != nil {
			return err
		}
		spec.Rules, spec.Edition = edit.Rules, newEdition()
		return r.refill(ctx, tx, who, redo)
	})
	if err != nil {
		return nil, err
	}
	return r.flows.Transform(ctx, who.Org, id)
}

// DeleteTransform takes away a transform that no dataset uses. Of those that do
// may is asked first: an error names them.
func (s *Service) DeleteTransform(ctx context.Context, who Actor, id int64, may MayRerule) error {
	if _, err := s.using(ctx, who.Org, id, may); err != nil {
		return err
	}
	return s.Delete(ctx, who, store.KindTransform, id)
}

// using gives the datasets that use a transform to who may give them other rules.
func (s *Service) using(ctx context.Context, org, id int64, may MayRerule) (all []*Dataset, err error) {
	uses, err := s.Store.Uses(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, u := range uses {
		d, err := s.Dataset(ctx, org, u.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, may(ctx, all)
}

// usedBy makes sure that these datasets use a transform, and no others.
func usedBy(ctx context.Context, tx *store.Tx, t *store.Resource, using []*Dataset) error {
	uses, err := tx.Uses(ctx, t.ID)
	if err == nil && !slices.EqualFunc(uses, using, func(u store.Use, d *Dataset) bool { return u.ID == d.ID }) {
		err = store.Changed(t)
	}
	return err
}

// affected checks other rules of a transform with every dataset that uses it,
// and finds what they change. Errors name datasets by number: whoever changes
// the transform may not see all of them.
func (s *Service) affected(ctx context.Context, using []*Dataset, rules []transform.Rule) (redo []refill, err error) {
	for _, d := range using {
		if err := s.checkRules(ctx, d, rules); err != nil {
			return nil, wrongRules(fmt.Sprintf("dataset %d", d.ID), err)
		}
		more, err := s.refills(ctx, d)
		if err != nil {
			return nil, err
		}
		redo = append(redo, more...)
	}
	return redo, nil
}

// newEdition names rules in a way that no others are named, ever: a
// destination that had these rules, then others, and then these again has
// rows of the others.
func newEdition() string { return rand.Text()[:10] }

// shaping is what becomes of the records of a source's log before they are a
// dataset's: the rules of all datasets on the way, the first one's first.
type shaping struct {
	rules []transform.Rule
	own   int      // of them, those of the dataset itself are from here on
	parts []edited // whose rules they are
}

// edited is something whose rules count, with the edition that was read.
type edited struct {
	kind    store.Kind
	id      int64
	edition string
}

// shaping reads the rules of a dataset and of those that it is made from.
func (s *Service) shaping(ctx context.Context, d *Dataset) (shaping, error) {
	var out shaping
	for at := d; at.Parent != 0; {
		rules := at.Rules
		out.parts = append(out.parts, edited{store.KindDataset, at.ID, at.Edition})
		if at.Transform != 0 {
			t, err := s.Transform(ctx, at.Org, at.Transform)
			if err != nil {
				return out, err
			}
			rules = t.Rules
			out.parts = append(out.parts, edited{store.KindTransform, t.ID, t.Edition})
		}
		if at != d {
			out.own += len(rules)
		}
		out.rules = slices.Concat(rules, out.rules)
		parent, err := s.Dataset(ctx, d.Org, at.Parent)
		if weir.CodeOf(err) == weir.CodeNotFound {
			return out, &weir.Error{Code: weir.CodeConflict, Where: "dataset", Message: "the dataset that it is made from is gone", Remedy: "Restore that, or delete this one"}
		}
		if err != nil {
			return out, err
		}
		at = parent
	}
	return out, nil
}

// ruled reports whether there are rules on the way, or were: a dataset that had
// some keeps its table, and what older rules have made in it makes room for what
// comes without.
func (sh shaping) ruled() bool {
	return len(sh.rules) > 0 || slices.ContainsFunc(sh.parts, func(p edited) bool { return p.edition != "" })
}

// edition names all rules together.
func (sh shaping) edition() string {
	var all []byte
	for _, p := range sh.parts {
		all = append(append(all, p.edition...), ' ')
	}
	sum := weir.HashOf(all)
	return hex.EncodeToString(sum[:8])
}

// edition names the rules on a dataset's way; "" when there were never any.
func (s *Service) edition(ctx context.Context, d *Dataset) (string, error) {
	if d.Parent == 0 {
		return "", nil
	}
	sh, err := s.shaping(ctx, d)
	if err != nil || !sh.ruled() {
		return "", err
	}
	return sh.edition(), nil
}

// compile makes a program of the rules; nil where there were never any. What is
// wrong with one is told by its number in the dataset's own list.
func (sh shaping) compile(key []string) (*transform.Program, error) {
	if !sh.ruled() {
		return nil, nil
	}
	p, err := transform.Compile(sh.rules, key)
	if err == nil {
		return p, nil
	}
	var all WrongRules
	for _, wrong := range transform.AllOf(err) {
		own, place := *wrong, "the rules of the dataset that it is made from"
		if own.Rule > sh.own {
			own.Rule -= sh.own
			place = fieldTransform
		}
		all = append(all, weir.At(place, &own))
	}
	return nil, all.one()
}

// program is what becomes of the records of a dataset's source; nil when they
// stay as they are.
func (s *Service) program(ctx context.Context, d *Dataset, key []string) (*transform.Program, error) {
	if d.Parent == 0 {
		return nil, nil
	}
	sh, err := s.shaping(ctx, d)
	if err != nil {
		return nil, err
	}
	return sh.compile(key)
}

// checkRules makes sure that rules in place of a dataset's own would be right
// for it, and for the datasets that are made from it.
func (s *Service) checkRules(ctx context.Context, d *Dataset, rules []transform.Rule) error {
	o, err := s.openDataset(ctx, d)
	if err != nil {
		return err
	}
	sh, err := s.shaping(ctx, d)
	if err != nil {
		return err
	}
	sh.rules = slices.Concat(sh.rules[:sh.own], rules)
	if _, err := sh.compile(o.endpoint.PrimaryKey); err != nil {
		return err
	}
	return s.checkBelow(ctx, d, sh.rules, o.endpoint.PrimaryKey)
}

// checkBelow makes sure that the datasets that are made from one stay right
// when its rules, with all before them, are others.
func (s *Service) checkBelow(ctx context.Context, d *Dataset, rules []transform.Rule, key []string) error {
	before, err := s.shaping(ctx, d)
	if err != nil {
		return err
	}
	below, err := s.madeFrom(ctx, d)
	if err != nil {
		return err
	}
	for _, child := range below[1:] {
		all, err := s.shaping(ctx, child)
		if err != nil {
			return err
		}
		with := shaping{rules: slices.Concat(rules, all.rules[len(before.rules):])}
		if _, err := with.compile(key); err != nil {
			return wrongRules(fmt.Sprintf("with dataset %d, which is made from it", child.ID), err)
		}
	}
	return nil
}

// madeFrom gives a dataset and all that are made from it, it first.
func (s *Service) madeFrom(ctx context.Context, d *Dataset) ([]*Dataset, error) {
	all := []*Dataset{d}
	for i := 0; i < len(all); i++ {
		if all[i].ID == 0 {
			continue
		}
		uses, err := s.Store.Uses(ctx, all[i].ID)
		if err != nil {
			return nil, err
		}
		for _, u := range uses {
			if u.Role != roleParent {
				continue
			}
			child, err := s.Dataset(ctx, d.Org, u.ID)
			if err != nil {
				return nil, err
			}
			all = append(all, child)
		}
	}
	return all, nil
}

// refill is what must come to destinations anew when rules change.
type refill struct {
	source  *Source
	outlets []outlet
}

// refills finds the active destinations of a dataset and of all that are made
// from it.
func (s *Service) refills(ctx context.Context, d *Dataset) ([]refill, error) {
	below, err := s.madeFrom(ctx, d)
	if err != nil {
		return nil, err
	}
	src, err := s.Source(ctx, d.Org, d.Source)
	if err != nil {
		return nil, err
	}
	all, err := s.outlets(ctx, src, 0)
	if err != nil {
		return nil, err
	}
	one := refill{source: src}
	for _, out := range all {
		if out.log.ID != 0 && slices.ContainsFunc(below, func(d *Dataset) bool { return d.ID == out.dataset.ID }) {
			one.outlets = append(one.outlets, out)
		}
	}
	return []refill{one}, nil
}

// refill asks, in the transaction that changes rules, for what they change to
// be brought to destinations anew.
func (r *Runner) refill(ctx context.Context, tx *store.Tx, who Actor, redo []refill) error {
	for _, one := range redo {
		if len(one.outlets) == 0 {
			continue
		}
		destinations := make([]int64, len(one.outlets))
		for i, out := range one.outlets {
			destinations[i] = out.to
		}
		if err := tx.ResumeRejects(ctx, who.User, r.flows.now(), destinations...); err != nil {
			return err
		}
		if _, err := r.fillIn(ctx, tx, one.source, Order{Source: one.source.ID, LogOnly: true, Why: weir.WhyRules, By: who.User}, one.outlets, pipeline.NewRunID(r.flows.Now())); err != nil {
			return err
		}
	}
	return nil
}

// reshape lets the rules be carried out on the way to the destination.
func (f *filler) reshape(ctx context.Context, d *Dataset, key []string) error {
	if d.Parent == 0 {
		return nil
	}
	sh, err := f.flows.shaping(ctx, d)
	if err != nil {
		return err
	}
	program, err := sh.compile(key)
	f.rules = sh.parts
	if err != nil || program == nil {
		return err
	}
	edition := sh.edition()
	shape, err := f.flows.Store.Shape(ctx, f.to.ID, edition)
	f.filling.Reshaping = &pipeline.Reshaping{Program: program, Dataset: d.table(), Origin: d.origin(), Edition: edition, Schema: shape,
		Save: func(ctx context.Context, shape []byte) error {
			return f.flows.Store.SaveShape(ctx, f.lease, f.to.ID, edition, shape)
		}}
	return err
}

// current reports whether the rules are still those that the filler has. They
// are held until the transaction ends: whoever changes them afterwards
// enqueues another delivery.
func (f *filler) current(ctx context.Context, tx *store.Tx) (bool, error) {
	for _, p := range f.rules {
		r, err := tx.Resource(ctx, f.job.Org, p.kind, p.id)
		if weir.CodeOf(err) == weir.CodeNotFound {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		var edition string
		switch p.kind {
		case store.KindTransform:
			var spec TransformSpec
			err = unpack(r, &spec)
			edition = spec.Edition
		default:
			var spec DatasetSpec
			err = unpack(r, &spec)
			edition = spec.Edition
		}
		if err != nil || edition != p.edition {
			return false, err
		}
	}
	return true, nil
}
