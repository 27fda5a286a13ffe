package flow

import (
	"context"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/store"
)

// Dataset is what a source yields: records of one shape.
type Dataset struct {
	store.Resource
	DatasetSpec
	Source int64
	Parent int64 // 0 for one that its source yields itself
}

// DatasetSpec is what a dataset is besides its resource.
type DatasetSpec struct {
	Endpoint string `json:"endpoint"` // of the source
	Docs     []Doc  `json:"docs,omitempty"`
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
		all[i] = &Dataset{Resource: r, Source: refs[r.ID][roleSource], Parent: refs[r.ID][roleParent]}
		if err := unpack(r, &all[i].DatasetSpec); err != nil {
			return nil, 0, err
		}
	}
	return all, total, nil
}

// DatasetInput is what a user gives to make a dataset from another one.
type DatasetInput struct {
	Common
	Parent int64
}

// CreateDataset makes a dataset that shows the records of its parent, under a
// name, with documentation and destinations of its own.
func (s *Service) CreateDataset(ctx context.Context, who Actor, in DatasetInput) (*Dataset, error) {
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
	r.Type = parent.Type
	d := &Dataset{Resource: r, DatasetSpec: DatasetSpec{Endpoint: parent.Endpoint}, Source: parent.Source, Parent: parent.ID}
	err = s.Store.Change(ctx, func(tx *store.Tx) error {
		return s.put(ctx, tx, who, &d.Resource, d.DatasetSpec,
			store.Reference{Role: roleSource, Target: d.Source}, store.Reference{Role: roleParent, Target: d.Parent})
	})
	return d, err
}

// UpdateDataset changes a dataset's name, description and tags.
func (s *Service) UpdateDataset(ctx context.Context, who Actor, id int64, edit Edit) (*Dataset, error) {
	err := s.change(ctx, who, store.KindDataset, id, "update", &DatasetSpec{}, func(_ *store.Tx, r *store.Resource) error { return edit.apply(r) })
	if err != nil {
		return nil, err
	}
	return s.Dataset(ctx, who.Org, id)
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
	o, err := s.openDataset(ctx, d)
	if err != nil {
		return nil, 0, err
	}
	shape, err := pipeline.Shape(o.flow.Connector, o.endpoint, o.log.Schema)
	if err != nil {
		return nil, 0, err
	}
	hash := weir.HashOf(o.log.Schema)
	return shape.JSONSchema(), int64(hash[0])<<16 | int64(hash[1])<<8 | int64(hash[2]), nil
}

// Sample is one record as it lies in the log.
type Sample struct {
	store.LogRecord
	Source, Dataset int64
}

// sampleBytes bounds what a look at the log may cost.
const sampleBytes = 4 << 20

// Samples gives the dataset's newest n records, newest first, from the log.
func (s *Service) Samples(ctx context.Context, d *Dataset, n int) ([]Sample, error) {
	o, err := s.openDataset(ctx, d)
	if err != nil || o.log.ID == 0 {
		return nil, err
	}
	var samples []Sample
	for to := o.log.Head; to > 0 && len(samples) < n; {
		from := max(0, to-weir.Position(2*n))
		chunk, err := s.Store.ReadLog(ctx, o.log.ID, from, int(to-from), sampleBytes)
		if err != nil {
			return nil, err
		}
		for i := len(chunk.Records) - 1; i >= 0 && len(samples) < n; i-- {
			if r := chunk.Records[i]; !r.Deleted && r.Position <= to {
				samples = append(samples, Sample{LogRecord: r, Source: o.source.ID, Dataset: d.ID})
			}
		}
		to = from
	}
	return samples, nil
}

// Quarantine gives the dataset's newest n refused records.
func (s *Service) Quarantine(ctx context.Context, d *Dataset, n int) (all []store.Quarantined, total int, err error) {
	o, err := s.openDataset(ctx, d)
	if err != nil || o.log.ID == 0 {
		return nil, 0, err
	}
	open := store.QuarantineFilter{Datasets: []store.DatasetID{o.log.ID}, State: store.QuarantineOpen, Page: 1, Size: n}
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

// CopyDataset makes a dataset that shows the same records.
func (s *Service) CopyDataset(ctx context.Context, who Actor, id int64, name string) (*Dataset, error) {
	d, err := s.Dataset(ctx, who.Org, id)
	if err != nil {
		return nil, err
	}
	if name == "" {
		name = d.Name + " (copy)"
	}
	return s.CreateDataset(ctx, who, DatasetInput{Common: Common{Name: name, Description: d.Description, Tags: d.Tags, CopiedFrom: id}, Parent: id})
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
