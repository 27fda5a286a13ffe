package flow

import (
	"context"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/schema"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/transform"
)

// Dataset is what a source yields: records of one shape.
type Dataset struct {
	store.Resource
	DatasetSpec
	Source    int64
	Parent    int64 // 0 for one that its source yields itself
	Transform int64 // whose rules it uses; 0 for its own
}

// DatasetSpec is what a dataset is besides its resource.
type DatasetSpec struct {
	Endpoint string `json:"endpoint"` // of the source
	Docs     []Doc  `json:"docs,omitempty"`

	// Of a dataset that is made from another one:
	Rules   []transform.Rule `json:"rules,omitempty"`   // its own; none where it uses a transform
	Edition string           `json:"edition,omitempty"` // changes with the rules, and with which transform it uses
	Table   string           `json:"table,omitempty"`   // what it is called in destinations, once it had rules
}

// Doc is a piece of documentation.
type Doc struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Type        string `json:"type"` // "md"
	Text        string `json:"text"`
}

// Dataset reads one of the organization.
func (s *Service) Dataset(ctx context.Context, org, id int64) (*Dataset, error) {
	r, err := s.Store.Resource(ctx, org, store.KindDataset, id)
	if err != nil {
		return nil, err
	}
	return s.loadDataset(ctx, r)
}

// DeletedDataset is a dataset that was deleted, as it would come back.
func (s *Service) DeletedDataset(ctx context.Context, r store.Resource) (*Dataset, error) {
	return s.loadDataset(ctx, r)
}

func (s *Service) loadDataset(ctx context.Context, r store.Resource) (*Dataset, error) {
	d := &Dataset{Resource: r}
	if err := unpack(r, &d.DatasetSpec); err != nil {
		return nil, err
	}
	refs, err := s.Store.References(ctx, r.ID)
	for _, ref := range refs {
		switch ref.Role {
		case roleSource:
			d.Source = ref.Target
		case roleParent:
			d.Parent = ref.Target
		case roleTransform:
			d.Transform = ref.Target
		}
	}
	return d, err
}

// Datasets gives the filter's datasets, and how many there are on all pages.
func (s *Service) Datasets(ctx context.Context, f store.ResourceFilter) ([]*Dataset, int, error) {
	f.Kind = store.KindDataset
	rows, total, err := s.Store.Resources(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	refs, err := s.references(ctx, rows)
	if err != nil {
		return nil, 0, err
	}
	all := make([]*Dataset, len(rows))
	for i, r := range rows {
		all[i] = &Dataset{Resource: r, Source: refs[r.ID][roleSource], Parent: refs[r.ID][roleParent], Transform: refs[r.ID][roleTransform]}
		if err := unpack(r, &all[i].DatasetSpec); err != nil {
			return nil, 0, err
		}
	}
	return all, total, nil
}

// DatasetInput is what a user gives to make a dataset from another one.
type DatasetInput struct {
	Common
	Parent    int64
	Rules     []transform.Rule // of its own
	Transform int64            // or those of this one
}

// CreateDataset makes a dataset of its parent's records, as they are or as rules
// make them, under a name, with documentation and destinations of its own. It is
// active when its parent is, and paused when that is.
func (s *Service) CreateDataset(ctx context.Context, who Actor, in DatasetInput) (*Dataset, error) {
	return again(ctx, s, func() (*Dataset, error) { return s.createDataset(ctx, who, in) })
}

func (s *Service) createDataset(ctx context.Context, who Actor, in DatasetInput) (*Dataset, error) {
	d, err := s.CheckDataset(ctx, who, in)
	if err != nil {
		return nil, err
	}
	err = s.Store.Change(ctx, func(tx *store.Tx) error {
		if err := hold(ctx, tx, who.Org, d.references()); err != nil {
			return err
		}
		from, err := tx.Resource(ctx, who.Org, store.KindDataset, d.Parent)
		if err != nil {
			return err
		}
		if err := d.tableStays(ctx, tx); err != nil {
			return err
		}
		d.Status = from.Status // nobody switches it any more before this ends
		return s.put(ctx, tx, who, &d.Resource, d.DatasetSpec, d.references()...)
	})
	return d, err
}

// CheckDataset does what CreateDataset does, but for storing.
func (s *Service) CheckDataset(ctx context.Context, who Actor, in DatasetInput) (*Dataset, error) {
	r, err := in.resource(who, store.KindDataset, s.now())
	if err != nil {
		return nil, err
	}
	if in.Parent == 0 {
		return nil, refuse("parent_data_set_id", "it needs the dataset that it is made from", "Give its id; datasets without a parent come from a source")
	}
	parent, err := s.Dataset(ctx, who.Org, in.Parent)
	if err != nil {
		return nil, weir.At("parent_data_set_id", err)
	}
	r.Type, r.Status = parent.Type, parent.Status
	d := &Dataset{Resource: r, DatasetSpec: DatasetSpec{Endpoint: parent.Endpoint}, Source: parent.Source, Parent: parent.ID}
	return d, s.setRules(ctx, d, in.Rules, in.Transform)
}

func (d *Dataset) references() []store.Reference {
	return []store.Reference{{Role: roleSource, Target: d.Source}, {Role: roleParent, Target: d.Parent}, {Role: roleTransform, Target: d.Transform}}
}

// setRules gives a dataset other rules: of its own, or a transform's, or none.
func (s *Service) setRules(ctx context.Context, d *Dataset, rules []transform.Rule, of int64) error {
	if d.Parent == 0 {
		if len(rules) == 0 && of == 0 {
			return nil
		}
		return refuse(fieldTransform, "it is what its source yields, and stays so", "Make a dataset from it, with the rules")
	}
	if d.Edition == "" && len(rules) == 0 && of == 0 {
		return nil // it never had any
	}
	if len(rules) > 0 && of != 0 {
		return refuse("transform_id", "it has rules of its own, too", "Give one of the two")
	}
	check := rules
	if of != 0 {
		t, err := s.Transform(ctx, d.Org, of)
		if err != nil {
			return weir.At("transform_id", err)
		}
		check = t.Rules
	}
	if len(check) > 0 {
		if err := s.checkRules(ctx, d, check); err != nil {
			return err
		}
	}
	d.Rules, d.Transform, d.Edition = rules, of, newEdition()
	if d.Table != "" {
		return nil
	}
	beside, err := s.Store.EverUsedBy(ctx, store.KindDataset, d.Source)
	if err != nil {
		return err
	}
	d.Table, err = freeTable(d.Name, beside)
	return err
}

// DatasetEdit is what a user changes of a dataset. Nil fields stay.
type DatasetEdit struct {
	Edit
	Rules     *[]transform.Rule // none takes those of a transform away, too
	Transform *int64            // 0 takes rules away
}

// wanted are the rules of the edit.
func (edit DatasetEdit) wanted() (rules []transform.Rule, of int64) {
	if edit.Rules != nil {
		rules = *edit.Rules
	}
	if edit.Transform != nil {
		of = *edit.Transform
	}
	return rules, of
}

// OtherRules reports whether the edit gives a dataset rules that it has not.
func (edit DatasetEdit) OtherRules(d *Dataset) bool {
	rules, of := edit.wanted()
	return (edit.Rules != nil || edit.Transform != nil) && (of != d.Transform || !transform.Equal(rules, d.Rules))
}

// UpdateDataset changes a dataset. With other rules, all its records go to its
// destinations anew, from the log: that costs no request.
func (r *Runner) UpdateDataset(ctx context.Context, who Actor, id int64, edit DatasetEdit) (*Dataset, error) {
	return again(ctx, r.flows, func() (*Dataset, error) { return r.updateDataset(ctx, who, id, edit) })
}

func (r *Runner) updateDataset(ctx context.Context, who Actor, id int64, edit DatasetEdit) (*Dataset, error) {
	d, next, err := r.flows.edited(ctx, who, id, edit)
	if err != nil {
		return nil, err
	}
	if next.Edition == d.Edition {
		return r.flows.UpdateDataset(ctx, who, id, edit.Edit)
	}
	var at places
	if next.Table != d.Table {
		if at, err = r.flows.needTables(ctx, d, next.Table); err != nil {
			return nil, err
		}
	}
	redo, err := r.flows.refills(ctx, d)
	if err != nil {
		return nil, err
	}
	spec := &DatasetSpec{}
	err = r.flows.change(ctx, who, store.KindDataset, id, "update", spec, func(tx *store.Tx, row *store.Resource) error {
		if row.Version != d.Version {
			return store.Changed(row)
		}
		if err := edit.apply(row); err != nil {
			return err
		}
		*spec = next.DatasetSpec
		if err := at.take(ctx, tx, next.held(ctx, tx)); err != nil {
			return err
		}
		if next.Table != d.Table {
			if err := next.tableStays(ctx, tx); err != nil {
				return err
			}
		}
		if err := tx.Refer(ctx, id, next.references()...); err != nil {
			return err
		}
		return r.refill(ctx, tx, who, redo)
	})
	if err != nil {
		return nil, err
	}
	return r.flows.Dataset(ctx, who.Org, id)
}

// CheckDatasetEdit does what UpdateDataset does, but for storing, and gives the
// dataset as it would be.
func (s *Service) CheckDatasetEdit(ctx context.Context, who Actor, id int64, edit DatasetEdit) (*Dataset, error) {
	_, next, err := s.edited(ctx, who, id, edit)
	if err != nil {
		return nil, err
	}
	return next, edit.apply(&next.Resource)
}

// edited is a dataset as it is, and with the rules of an edit: of another edition
// when these are others.
func (s *Service) edited(ctx context.Context, who Actor, id int64, edit DatasetEdit) (d, next *Dataset, err error) {
	if d, err = s.Dataset(ctx, who.Org, id); err != nil {
		return nil, nil, err
	}
	with := *d
	if !edit.OtherRules(d) {
		return d, &with, nil
	}
	rules, of := edit.wanted()
	return d, &with, s.setRules(ctx, &with, rules, of)
}

// UpdateDataset changes a dataset's name, description and tags.
func (s *Service) UpdateDataset(ctx context.Context, who Actor, id int64, edit Edit) (*Dataset, error) {
	err := s.change(ctx, who, store.KindDataset, id, "update", &DatasetSpec{}, func(_ *store.Tx, r *store.Resource) error { return edit.apply(r) })
	if err != nil {
		return nil, err
	}
	return s.Dataset(ctx, who.Org, id)
}

// DeleteDataset pauses a dataset and takes it away, or does neither: one that is
// used is refused, naming what uses it. WasActive says what it was.
func (s *Service) DeleteDataset(ctx context.Context, who Actor, id int64) (wasActive bool, err error) {
	err = s.Store.Change(ctx, func(tx *store.Tx) error {
		r, err := tx.Resource(ctx, who.Org, store.KindDataset, id)
		if err != nil {
			return err
		}
		wasActive = Status(r.Status) == StatusActive
		r.Status = string(StatusPaused)
		return s.remove(ctx, tx, who, &r)
	})
	return wasActive, err
}

// SetDocs replaces a dataset's documentation.
func (s *Service) SetDocs(ctx context.Context, who Actor, id int64, docs []Doc) (*Dataset, error) {
	for i, d := range docs {
		if strings.TrimSpace(d.Name) == "" {
			return nil, refuse("docs", "a document has no name", "Name each")
		}
		if d.Type == "" {
			docs[i].Type = "md"
		}
	}
	spec := &DatasetSpec{}
	err := s.change(ctx, who, store.KindDataset, id, "document", spec, func(*store.Tx, *store.Resource) error {
		spec.Docs = docs
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.Dataset(ctx, who.Org, id)
}

// opened is a dataset with its place in the record log.
type opened struct {
	source   *Source
	flow     *pipeline.Flow
	endpoint *connector.Endpoint
	log      store.Dataset // zero before the first run
}

// shaped is an opened dataset with what becomes of its records; nil for nothing.
func (s *Service) shaped(ctx context.Context, d *Dataset) (*opened, *transform.Program, error) {
	o, err := s.openDataset(ctx, d)
	if err != nil {
		return nil, nil, err
	}
	p, err := s.program(ctx, d, o.endpoint.PrimaryKey)
	return o, p, err
}

// openDataset finds a dataset's log.
func (s *Service) openDataset(ctx context.Context, d *Dataset) (*opened, error) {
	src, err := s.Source(ctx, d.Org, d.Source)
	if err != nil {
		return nil, err
	}
	c, err := s.Credentials.Credential(ctx, d.Org, src.Credential)
	if err != nil {
		return nil, err
	}
	f, p, err := s.reading(src, c)
	if err != nil {
		return nil, err
	}
	o := &opened{source: src, flow: f}
	for _, e := range p.streams {
		if e.ID == d.Endpoint {
			o.endpoint = e
		}
	}
	if o.endpoint == nil {
		return nil, &weir.Error{Code: weir.CodeConflict, Where: "dataset", Message: "its source does not read this endpoint any more", Remedy: "Choose the endpoint in the source again, or delete the dataset"}
	}
	id, err := s.Store.FindSource(ctx, f.SourceSpec())
	if err == nil {
		o.log, err = s.Store.FindDataset(ctx, id, o.endpoint.Dataset)
	}
	if weir.CodeOf(err) == weir.CodeNotFound {
		err = nil
	}
	return o, err
}

// Schema tells what the dataset's records look like: what the connector
// declares, and what was seen since. The number changes with the shape.
func (s *Service) Schema(ctx context.Context, d *Dataset) (schema map[string]any, number int64, err error) {
	o, program, err := s.shaped(ctx, d)
	if err != nil {
		return nil, 0, err
	}
	shape, err := pipeline.Shape(o.flow.Connector, o.endpoint, o.log.Schema)
	if err != nil {
		return nil, 0, err
	}
	known := o.log.Schema
	if program != nil {
		if shape, err = s.reshapedBy(ctx, o, program, shape); err == nil {
			known, err = shape.Bytes()
		}
		if err != nil {
			return nil, 0, err
		}
	}
	hash := weir.HashOf(known)
	return shape.JSONSchema(), int64(hash[0])<<16 | int64(hash[1])<<8 | int64(hash[2]), nil
}

// shapeSamples is how many of the newest records tell the types of what rules
// make.
const shapeSamples = 200

// reshapedBy is what records look like after the rules, as far as the newest
// ones tell.
func (s *Service) reshapedBy(ctx context.Context, o *opened, program *transform.Program, known *schema.Schema) (*schema.Schema, error) {
	after, err := pipeline.Reshape(o.flow.Connector, o.endpoint, program, known)
	if err != nil {
		return nil, err
	}
	var odd error
	err = s.looks.within(ctx, func(ctx context.Context) error {
		return s.newest(ctx, o, func(r store.LogRecord) bool {
			if got := program.Apply(r.Data); got.Data != nil {
				r.Data = got.Data
				_, odd = after.Observe(r.Record)
			}
			return odd == nil
		}, shapeSamples)
	})
	if err == nil {
		err = odd
	}
	return after, err
}

// Sample is one record as it lies in the log.
type Sample struct {
	store.LogRecord
	Source, Dataset int64
}

// sampleBytes bounds what a look at the log may cost.
const sampleBytes = 4 << 20

// mostLooked is how many records a look for samples that a filter lets through
// goes back.
const mostLooked = 10_000

// Samples gives the dataset's newest n records, newest first, from the log.
func (s *Service) Samples(ctx context.Context, d *Dataset, n int) ([]Sample, error) {
	o, program, err := s.shaped(ctx, d)
	if err != nil {
		return nil, err
	}
	if program == nil {
		return s.samples(ctx, d, o, nil, n)
	}
	var samples []Sample
	err = s.looks.within(ctx, func(ctx context.Context) error {
		samples, err = s.samples(ctx, d, o, program, n)
		return err
	})
	return samples, err
}

// samples are the newest n records after the rules of the dataset, if it has
// any.
func (s *Service) samples(ctx context.Context, d *Dataset, o *opened, program *transform.Program, n int) (samples []Sample, err error) {
	err = s.newest(ctx, o, func(r store.LogRecord) bool {
		if program != nil {
			got := program.Apply(r.Data)
			if got.Data == nil {
				return true
			}
			r.Data = got.Data
		}
		samples = append(samples, Sample{LogRecord: r, Source: o.source.ID, Dataset: d.ID})
		return len(samples) < n
	}, max(n, mostLooked))
	return samples, err
}

// newest calls f with at most n of a log's newest records, newest first, until
// it has seen enough or the context ends: f may take its time. Older versions
// of a record that it has come by, and records that are gone, are passed over;
// at most mostLooked of them, so that the keys it remembers are bounded.
func (s *Service) newest(ctx context.Context, o *opened, f func(store.LogRecord) bool, n int) error {
	piece, old := weir.Position(500), mostLooked
	met := map[string]bool{}
	for to := o.log.Head; to > 0 && n > 0; {
		piece = min(piece, weir.Position(max(50, 2*n)))
		from := max(0, to-piece)
		chunk, err := s.Store.ReadLog(ctx, o.log.ID, from, int(to-from), sampleBytes)
		if err != nil {
			return err
		}
		if span := to - from; span > 1 && len(chunk.Records) > 0 && chunk.To < to {
			piece = span / 2 // large records: the chunk ends before the newest ones
			continue
		}
		for i := len(chunk.Records) - 1; i >= 0 && n > 0; i-- {
			r := chunk.Records[i]
			if r.Position > to {
				continue
			}
			if met[r.Key] || r.Deleted {
				met[r.Key] = true
				if old--; old == 0 {
					return nil
				}
				continue
			}
			met[r.Key] = true
			if err := ctx.Err(); err != nil {
				return err
			}
			if n--; !f(r) {
				return nil
			}
		}
		to = from
	}
	return nil
}

// Quarantine gives the dataset's newest n refused records: of one that is made
// from another, those that its own destinations refused.
func (s *Service) Quarantine(ctx context.Context, d *Dataset, n int) (all []store.Quarantined, total int, err error) {
	o, err := s.openDataset(ctx, d)
	if err != nil || o.log.ID == 0 {
		return nil, 0, err
	}
	open := store.QuarantineFilter{Datasets: []store.DatasetID{o.log.ID}, State: store.QuarantineOpen, Page: 1, Size: n}
	if d.Parent != 0 {
		if open.RefusedBy, err = s.destinationIDs(ctx, d); err != nil {
			return nil, 0, err
		}
	}
	if total, err = s.Store.CountQuarantine(ctx, open); err != nil {
		return nil, 0, err
	}
	all, err = s.Store.Quarantined(ctx, open)
	return all, total, err
}

// DatasetsOf gives the datasets of sources of the organization, by source.
func (s *Service) DatasetsOf(ctx context.Context, org int64, sources ...int64) (map[int64][]store.Resource, error) {
	out := map[int64][]store.Resource{}
	if len(sources) == 0 {
		return out, nil
	}
	uses, err := s.Store.Uses(ctx, sources...)
	if err != nil {
		return nil, err
	}
	of, ids := map[int64]int64{}, []int64{}
	for _, u := range uses {
		if u.Role == roleSource {
			of[u.ID], ids = u.Target, append(ids, u.ID)
		}
	}
	rows, _, err := s.Store.Resources(ctx, store.ResourceFilter{Org: org, Kind: store.KindDataset, IDs: ids})
	for _, r := range rows {
		out[of[r.ID]] = append(out[of[r.ID]], r)
	}
	return out, err
}

// DestinationsOf gives the destinations of a dataset of the organization.
func (s *Service) DestinationsOf(ctx context.Context, org, dataset int64) ([]store.Resource, error) {
	return s.below(ctx, org, store.KindDestination, dataset)
}

// DestinationsByDataset gives the destinations of datasets of the organization,
// by dataset.
func (s *Service) DestinationsByDataset(ctx context.Context, org int64, datasets ...int64) (map[int64][]store.Resource, error) {
	out := map[int64][]store.Resource{}
	if len(datasets) == 0 {
		return out, nil
	}
	rows, err := s.below(ctx, org, store.KindDestination, datasets...)
	if err != nil {
		return nil, err
	}
	refs, err := s.references(ctx, rows)
	for _, r := range rows {
		at := refs[r.ID][roleDataset]
		out[at] = append(out[at], r)
	}
	return out, err
}

// Look reads a few of the dataset's records from its source now.
func (s *Service) Look(ctx context.Context, who Actor, d *Dataset, n int) (*pipeline.Preview, error) {
	src, err := s.Source(ctx, d.Org, d.Source)
	if err != nil {
		return nil, err
	}
	spec := src.SourceSpec
	if spec.Manual == nil {
		spec.Endpoints = []string{d.Endpoint}
	}
	return s.Test(ctx, who, spec, src.Credential, n)
}
