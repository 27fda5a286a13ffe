package flow

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/store"
)

// Source is what to read, and with which credential.
type Source struct {
	store.Resource
	SourceSpec
}

// SourceSpec is what a source is besides its resource: endpoints of the
// credential's connector with their parameters, or a configuration by hand.
type SourceSpec struct {
	Endpoints []string          `json:"endpoints,omitempty"` // ids; each yields a dataset
	Params    map[string]string `json:"params,omitempty"`
	Manual    *rest.Config      `json:"manual,omitempty"`   // instead of endpoints
	Schedule  string            `json:"schedule,omitempty"` // Quartz's seven fields; "" for when it is asked for
	Zone      string            `json:"zone,omitempty"`     // of the schedule: an IANA name; "" for UTC
	After     int64             `json:"after,omitempty"`    // the source after whose runs this one is read
	// SweepHours is how old the last whole reading may be before everything is
	// read again; 0 for a day.
	SweepHours int `json:"sweep_hours,omitempty"`
	// Lookups are by whose rows the steps of Manual read, by the step's key:
	// each row makes the step's requests, with its columns as macros.
	Lookups map[string]int64 `json:"lookups,omitempty"`
	// Given is what the user configured, in the words of whoever took it, so
	// that it can be shown again as it was.
	Given jsontext.Value `json:"given,omitempty"`
}

// SourceInput is what a user gives to make a source.
type SourceInput struct {
	Common
	SourceSpec
	Credential int64
}

// plan is a source resolved: whose connector, and which of its endpoints.
type plan struct {
	connector *connector.Definition
	streams   []*connector.Endpoint // with what they need, in order
	chosen    map[string]bool       // ids of those that were asked for
	configs   map[string]rest.Config
}

// manualID is the id of a manual configuration's one endpoint.
const manualID = "records"

// resolve checks a source against its credential: the endpoints exist, their
// parameters are right, a manual configuration can be read.
func (spec *SourceSpec) resolve(c *credential.Credential) (*plan, error) {
	if !c.Kind.Source {
		return nil, refuse("data_credentials_id", fmt.Sprintf("a %s credential serves no source", c.Kind.Title), "Choose a credential of an API")
	}
	if spec.Manual != nil {
		return spec.resolveManual(c)
	}
	d := c.Kind.Connector
	switch {
	case d == nil:
		return nil, refuse("source_config", "a REST source needs its configuration", "Give rest.iterations, or choose a credential of a connector")
	case len(spec.Endpoints) == 0:
		return nil, refuse("vendor_endpoint_id", "the source says not what to read", "Choose an endpoint, or configure one by hand in rest.iterations")
	}
	p := &plan{connector: d, chosen: map[string]bool{}}
	var err error
	if p.streams, err = d.WithNeeds(spec.Endpoints); err != nil {
		return nil, about("endpoint", err)
	}
	for _, id := range spec.Endpoints {
		p.chosen[id] = true
	}
	for _, e := range p.streams {
		if _, err := d.Expand(e.ID, c.Origin, spec.Params); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// resolveManual makes a connector of one endpoint from a configuration.
func (spec *SourceSpec) resolveManual(c *credential.Credential) (*plan, error) {
	config := *spec.Manual
	config.BaseURL = c.Origin
	if err := onlyReads(c, config); err != nil {
		return nil, err
	}
	if _, err := rest.NewSource(config, nil); err != nil {
		return nil, weir.At("source_config", err)
	}
	e := &connector.Endpoint{ID: manualID, Dataset: manualID, Title: "Records", PrimaryKey: config.PrimaryKey, VersionField: config.VersionField, Iteration: config.Steps[len(config.Steps)-1].Iteration}
	return &plan{
		connector: &connector.Definition{Name: c.Kind.Name, Title: c.Kind.Title, Endpoints: []connector.Endpoint{*e}},
		streams:   []*connector.Endpoint{e}, chosen: map[string]bool{manualID: true}, configs: map[string]rest.Config{manualID: config},
	}, nil
}

// onlyReads refuses a source that would make a connector's service do
// something: a POST with a Cal.com key books meetings, and one to the right
// path answers with a new key. The same service is no other by a credential of
// the kind rest.
func onlyReads(c *credential.Credential, config rest.Config) error {
	for _, step := range config.Steps {
		if (c.Kind.Connector != nil || slices.Contains(c.Kind.Services, c.Origin)) && step.Method != http.MethodGet {
			return refuse("source_config.rest.iterations", "a source only reads: step "+step.Key+" is no GET", "Use GET; an API whose reads are POSTs needs a credential of the kind rest")
		}
	}
	return nil
}

// usable gives the credential that a source or destination is to use, unless
// it would fail at once.
func (s *Service) usable(ctx context.Context, org, id int64) (*credential.Credential, error) {
	if id == 0 {
		return nil, refuse("data_credentials_id", "it needs a credential", "Choose one, or make one first")
	}
	c, err := s.Credentials.Credential(ctx, org, id)
	if err != nil {
		return nil, weir.At("data_credentials_id", err)
	}
	if status := c.Status(); status == credential.StatusFailed || status == credential.StatusUnknown {
		return nil, &weir.Error{Code: weir.CodeConflict, Reason: c.Reason, Where: "data_credentials_id", Message: "this credential does not serve: " + c.Problem, Remedy: "Replace its secret, then try again"}
	}
	return c, nil
}

// CheckSource does what CreateSource does, but for storing.
func (s *Service) CheckSource(ctx context.Context, who Actor, in SourceInput) (*Source, error) {
	src, _, err := s.draft(ctx, who, in)
	return src, err
}

// draft is the source that an input describes, and how it resolves.
func (s *Service) draft(ctx context.Context, who Actor, in SourceInput) (*Source, *plan, error) {
	r, err := in.resource(who, store.KindSource, s.now())
	if err != nil {
		return nil, nil, err
	}
	c, err := s.usable(ctx, who.Org, in.Credential)
	if err != nil {
		return nil, nil, err
	}
	p, err := in.resolve(c)
	if err != nil {
		return nil, nil, err
	}
	if err := s.checkTimes(ctx, who.Org, 0, &in.SourceSpec); err != nil {
		return nil, nil, err
	}
	if err := s.haveLookups(ctx, who.Org, in.Lookups); err != nil {
		return nil, nil, err
	}
	r.Type, r.Credential = c.Type, c.ID
	return &Source{Resource: r, SourceSpec: in.SourceSpec}, p, nil
}

// CreateSource stores a source and the datasets that it will yield.
func (s *Service) CreateSource(ctx context.Context, who Actor, in SourceInput) (*Source, error) {
	src, p, err := s.draft(ctx, who, in)
	if err != nil {
		return nil, err
	}
	return src, s.Store.Change(ctx, func(tx *store.Tx) error { return s.putSource(ctx, tx, who, src, p) })
}

// putSource stores a new source and its datasets.
func (s *Service) putSource(ctx context.Context, tx *store.Tx, who Actor, src *Source, p *plan) error {
	if err := s.put(ctx, tx, who, &src.Resource, src.SourceSpec, src.references()...); err != nil {
		return err
	}
	if err := s.timetable(ctx, tx, src); err != nil {
		return err
	}
	return s.yield(ctx, tx, who, src, p)
}

// fieldMapID is the field that errors about a source's lookups name.
const fieldMapID = "source_config.rest.iterations.map.id"

// haveLookups makes sure that the lookups are there.
func (s *Service) haveLookups(ctx context.Context, org int64, lookups map[string]int64) error {
	for _, key := range slices.Sorted(maps.Keys(lookups)) {
		if _, err := s.Lookup(ctx, org, lookups[key]); err != nil {
			return about(fieldMapID, err)
		}
	}
	return nil
}

// references are what the source uses.
func (src *Source) references() []store.Reference {
	uses := []store.Reference{{Role: roleCredential, Target: src.Credential}}
	for _, id := range src.lookups() {
		uses = append(uses, store.Reference{Role: roleLookup, Target: id})
	}
	return uses
}

// lookups are the ids of those that the source reads by, each once.
func (src *Source) lookups() []int64 {
	return slices.Compact(slices.Sorted(maps.Values(src.Lookups)))
}

// yield makes the datasets of a source that it does not have yet.
func (s *Service) yield(ctx context.Context, tx *store.Tx, who Actor, src *Source, p *plan) error {
	has := map[string]bool{}
	uses, err := tx.Uses(ctx, src.ID)
	if err != nil {
		return err
	}
	for _, u := range uses {
		r, err := tx.Resource(ctx, src.Org, store.KindDataset, u.ID)
		if err != nil {
			return err
		}
		var spec DatasetSpec
		if err := unpack(r, &spec); err != nil {
			return err
		}
		has[spec.Endpoint] = true
	}
	for _, e := range p.streams {
		if !p.chosen[e.ID] || has[e.ID] {
			continue
		}
		name := src.Name
		if len(p.chosen) > 1 || src.Name == "" {
			name = src.Name + ": " + e.Title
		}
		d := store.Resource{Org: src.Org, Owner: src.Owner, Kind: store.KindDataset, Type: e.Dataset, Name: name, Description: e.Description, Status: src.Status, Created: s.now()}
		if err := s.put(ctx, tx, who, &d, DatasetSpec{Endpoint: e.ID}, store.Reference{Role: roleSource, Target: src.ID}); err != nil {
			return err
		}
	}
	return nil
}

// Source reads one of the organization.
func (s *Service) Source(ctx context.Context, org, id int64) (*Source, error) {
	r, err := s.Store.Resource(ctx, org, store.KindSource, id)
	if err != nil {
		return nil, err
	}
	return loadSource(r)
}

func loadSource(r store.Resource) (*Source, error) {
	src := &Source{Resource: r}
	return src, unpack(r, &src.SourceSpec)
}

// Sources gives the filter's sources, and how many there are on all pages.
func (s *Service) Sources(ctx context.Context, f store.ResourceFilter) ([]*Source, int, error) {
	f.Kind = store.KindSource
	rows, total, err := s.Store.Resources(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	all := make([]*Source, len(rows))
	for i, r := range rows {
		if all[i], err = loadSource(r); err != nil {
			return nil, 0, err
		}
	}
	return all, total, nil
}

// SourceEdit is what a user changes of a source. Nil fields stay; a new Spec
// replaces the old one whole.
type SourceEdit struct {
	Edit
	Spec       *SourceSpec
	Credential *int64
	// Version is the one that Spec was made of; 0 when it was made of none.
	Version int64
}

// UpdateSource changes a source, unless somebody else has changed what the
// edit was made of: that is CodeConflict. Datasets that it no longer yields stay, with
// what they hold.
func (s *Service) UpdateSource(ctx context.Context, who Actor, id int64, edit SourceEdit) (*Source, error) {
	return again(ctx, s, func() (*Source, error) { return s.updateSource(ctx, who, id, edit) })
}

func (s *Service) updateSource(ctx context.Context, who Actor, id int64, edit SourceEdit) (*Source, error) {
	src, err := s.Source(ctx, who.Org, id)
	if err != nil {
		return nil, err
	}
	if edit.Version != 0 && edit.Version != src.Version {
		return nil, asRead(store.Changed(&src.Resource))
	}
	read := src.Version
	var p *plan
	if edit.Spec != nil || edit.Credential != nil {
		if edit.Spec != nil {
			src.SourceSpec = *edit.Spec
		}
		if edit.Credential != nil {
			src.Credential = *edit.Credential
		}
		c, err := s.usable(ctx, who.Org, src.Credential)
		if err != nil {
			return nil, err
		}
		if p, err = src.resolve(c); err != nil {
			return nil, err
		}
		if err := s.haveLookups(ctx, who.Org, src.Lookups); err != nil {
			return nil, err
		}
		if err := s.checkTimes(ctx, who.Org, id, &src.SourceSpec); err != nil {
			return nil, err
		}
		src.Type = c.Type
	}
	if err := s.storeSource(ctx, who, src, edit, read, p); err != nil {
		return nil, err
	}
	return s.Source(ctx, who.Org, id)
}

// storeSource writes an edited source back, unless it is another one by now than
// the one that was read: that is CodeConflict. p is nil when nothing of its spec
// was edited.
func (s *Service) storeSource(ctx context.Context, who Actor, src *Source, edit SourceEdit, read int64, p *plan) error {
	var spec SourceSpec
	return s.changeAs(ctx, who, store.KindSource, src.ID, &spec, func(tx *store.Tx, r *store.Resource) (verb string, detail map[string]any, err error) {
		before := &Source{Resource: *r, SourceSpec: spec}
		if err := edit.apply(r); err != nil {
			return "", nil, err
		}
		if (p != nil || edit.Version != 0) && r.Version != read { // what was checked and put together is of another source
			return "", nil, store.Changed(r)
		}
		if p == nil {
			verb, detail = (&Source{Resource: *r, SourceSpec: spec}).changed(before)
			return verb, detail, nil
		}
		spec, r.Type, r.Credential = src.SourceSpec, src.Type, src.Credential
		src.Resource = *r
		if err := hold(ctx, tx, src.Org, src.references()); err != nil {
			return "", nil, err
		}
		if err := tx.Refer(ctx, src.ID, src.references()...); err != nil {
			return "", nil, err
		}
		if err := s.timetable(ctx, tx, src); err != nil {
			return "", nil, err
		}
		verb, detail = src.changed(before)
		return verb, detail, s.yield(ctx, tx, who, src, p)
	})
}

// name tells the logs of sources of one account apart.
func (src *Source) name() string { return fmt.Sprintf("source %d", src.ID) }

// reading describes the source to the pipeline, with nothing to read with yet.
func (s *Service) reading(src *Source, c *credential.Credential) (*pipeline.Flow, *plan, error) {
	p, err := src.resolve(c)
	if err != nil {
		return nil, nil, err
	}
	f := &pipeline.Flow{
		Org: src.Org, Name: src.name(), Resource: src.ID, Connector: p.connector, BaseURL: c.Origin, Store: s.Store, Params: src.Params, Configs: p.configs,
		Streams: p.streams, Logger: s.Logger.With("org", src.Org, "source", src.ID), Now: s.Now, SweepEvery: time.Duration(src.SweepHours) * time.Hour,
	}
	if c.Account != nil {
		f.Account = *c.Account
	}
	return f, p, nil
}

// readingNow is reading with the rows of the source's lookups, as they are now.
func (s *Service) readingNow(ctx context.Context, src *Source, c *credential.Credential) (*pipeline.Flow, *plan, error) {
	f, p, err := s.reading(src, c)
	if err != nil {
		return nil, nil, err
	}
	for id, config := range p.configs {
		if p.configs[id], err = s.withRows(ctx, src.Org, config, src.Lookups); err != nil {
			return nil, nil, err
		}
	}
	return f, p, nil
}
