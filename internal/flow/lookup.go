package flow

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir/internal/lookup"
	"github.com/weirhq/weir/internal/store"
)

// Lookup is a table of rows, of which one column is the key. Its rows are
// apart from it.
type Lookup struct {
	store.Resource // Type is what the user says the rows are of
	LookupSpec
}

// LookupSpec is what a lookup is besides its resource.
type LookupSpec struct {
	PrimaryKey  string         `json:"primary_key"` // the column that is the key
	Defaults    jsontext.Value `json:"defaults,omitempty"`
	EmitDefault bool           `json:"emit_default,omitempty"` // the defaults stand for what is not there

	// What the rows amount to, counted with each change of them.
	Entries int            `json:"entries"`
	Bytes   int64          `json:"bytes"`
	Columns lookup.Columns `json:"columns"`
}

// told is what the audit log says of a change.
func (spec *LookupSpec) told() map[string]any { return map[string]any{"entries": spec.Entries} }

// LookupInput is what a user gives to make a lookup.
type LookupInput struct {
	Common
	Type, PrimaryKey string
	Defaults         jsontext.Value
	EmitDefault      bool
	Rows             []jsontext.Value
}

// The fields that errors about lookups name.
const (
	fieldKey      = "map_primary_key"
	fieldDefaults = "data_defaults"
	fieldRows     = "data_map"
	fieldEntries  = "entries"
)

// check refuses a key column or defaults that cannot be.
func (spec *LookupSpec) check() error {
	if spec.PrimaryKey == "" {
		return refuse(fieldKey, "a lookup needs the column that is its key", "Name it")
	}
	if err := lookup.CheckColumn(spec.PrimaryKey, fieldKey); err != nil {
		return err
	}
	_, err := lookup.ReadDefaults(spec.Defaults, fieldDefaults)
	return err
}

// defaults are the values for what a row does not have; nil when they are not
// to be used.
func (spec *LookupSpec) defaults() lookup.Values {
	if !spec.EmitDefault {
		return nil
	}
	values, _ := lookup.ReadDefaults(spec.Defaults, fieldDefaults) // they were good when they were stored
	return values
}

// CreateLookup stores a lookup with its first rows.
func (s *Service) CreateLookup(ctx context.Context, who Actor, in LookupInput) (*Lookup, error) {
	r, err := in.resource(who, store.KindLookup, s.now())
	if err != nil {
		return nil, err
	}
	r.Type = in.Type
	l := &Lookup{Resource: r, LookupSpec: LookupSpec{PrimaryKey: in.PrimaryKey, Defaults: in.Defaults, EmitDefault: in.EmitDefault, Columns: lookup.Columns{}}}
	if err := l.check(); err != nil {
		return nil, err
	}
	entries, err := lookup.Read(fieldRows, in.Rows, in.PrimaryKey)
	if err != nil {
		return nil, err
	}
	if err := l.count(fieldRows, nil, entries); err != nil {
		return nil, err
	}
	err = s.Store.Change(ctx, func(tx *store.Tx) error {
		if err := s.put(ctx, tx, who, &l.Resource, &l.LookupSpec); err != nil {
			return err
		}
		return tx.PutLookupEntries(ctx, l.ID, stored(entries)...)
	})
	return l, err
}

// Lookup reads one of the organization, without its rows.
func (s *Service) Lookup(ctx context.Context, org, id int64) (*Lookup, error) {
	r, err := s.Store.Resource(ctx, org, store.KindLookup, id)
	if err != nil {
		return nil, err
	}
	l := &Lookup{Resource: r}
	return l, unpack(r, &l.LookupSpec)
}

// Lookups gives the filter's lookups, and how many there are on all pages.
func (s *Service) Lookups(ctx context.Context, f store.ResourceFilter) ([]*Lookup, int, error) {
	f.Kind = store.KindLookup
	rows, total, err := s.Store.Resources(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	all := make([]*Lookup, len(rows))
	for i, r := range rows {
		all[i] = &Lookup{Resource: r}
		if err := unpack(r, &all[i].LookupSpec); err != nil {
			return nil, 0, err
		}
	}
	return all, total, nil
}

// LookupEdit is what a user changes of a lookup. Nil fields stay; new Rows
// replace all that there are.
type LookupEdit struct {
	Edit
	Type, PrimaryKey *string
	Defaults         jsontext.Value
	EmitDefault      *bool
	Rows             []jsontext.Value
}

func (e *LookupEdit) applyTo(spec *LookupSpec, r *store.Resource) error {
	if e.Type != nil {
		r.Type = *e.Type
	}
	if e.PrimaryKey != nil {
		spec.PrimaryKey = *e.PrimaryKey
	}
	if e.Defaults != nil {
		spec.Defaults = e.Defaults
	}
	if e.EmitDefault != nil {
		spec.EmitDefault = *e.EmitDefault
	}
	if err := spec.check(); err != nil {
		return err
	}
	return e.apply(r)
}

// UpdateLookup changes a lookup. Another key column is refused unless every row
// has a key there that no other has.
func (s *Service) UpdateLookup(ctx context.Context, who Actor, id int64, edit LookupEdit) (*Lookup, error) {
	spec := &LookupSpec{}
	err := s.change(ctx, who, store.KindLookup, id, "update", spec, func(tx *store.Tx, r *store.Resource) error {
		before := spec.PrimaryKey
		if err := edit.applyTo(spec, r); err != nil {
			return err
		}
		switch {
		case edit.Rows != nil:
			entries, err := lookup.Read(fieldRows, edit.Rows, spec.PrimaryKey)
			if err != nil {
				return err
			}
			return s.refill(ctx, tx, id, spec, entries)
		case spec.PrimaryKey != before:
			return s.rekey(ctx, tx, id, spec)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s.Lookup(ctx, who.Org, id)
}

// rekey finds every row's key in another column.
func (s *Service) rekey(ctx context.Context, tx *store.Tx, id int64, spec *LookupSpec) error {
	var entries []lookup.Entry
	seen := map[string]bool{}
	err := tx.EachLookupEntry(ctx, id, func(e store.LookupEntry) error {
		entry, err := lookup.ReadRow(e.Row, spec.PrimaryKey, fieldKey)
		if err != nil || seen[entry.Key] {
			return refuse(fieldKey, "not every row has a key of its own in this column", "Send the rows anew with it, as "+fieldRows)
		}
		seen[entry.Key] = true
		entries = append(entries, entry)
		return nil
	})
	if err != nil {
		return err
	}
	return s.refill(ctx, tx, id, spec, entries)
}

// refill replaces all rows.
func (s *Service) refill(ctx context.Context, tx *store.Tx, id int64, spec *LookupSpec, entries []lookup.Entry) error {
	spec.Entries, spec.Bytes, spec.Columns = 0, 0, lookup.Columns{}
	if err := spec.count(fieldRows, nil, entries); err != nil {
		return err
	}
	if err := tx.ClearLookup(ctx, id); err != nil {
		return err
	}
	return tx.PutLookupEntries(ctx, id, stored(entries)...)
}
