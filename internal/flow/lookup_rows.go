package flow

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/lookup"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/store"
)

func stored(entries []lookup.Entry) []store.LookupEntry {
	out := make([]store.LookupEntry, len(entries))
	for i, e := range entries {
		out[i] = store.LookupEntry{Key: e.Key, Row: e.Row}
	}
	return out
}

// count takes the rows that go off the spec's figures and adds those that
// come, unless the lookup would be too large.
func (spec *LookupSpec) count(field string, gone []store.LookupEntry, come []lookup.Entry) error {
	if spec.Columns == nil {
		spec.Columns = lookup.Columns{}
	}
	for _, e := range gone {
		entry, err := lookup.ReadRow(e.Row, spec.PrimaryKey, field)
		if err != nil {
			return &weir.Error{Code: weir.CodeIntegrity, Where: "lookup", Message: "a row that is stored cannot be read", Err: err}
		}
		spec.Columns.Add(entry.Values, -1)
		spec.Bytes -= int64(len(e.Row))
	}
	for _, e := range come {
		spec.Columns.Add(e.Values, 1)
		spec.Bytes += int64(len(e.Row))
	}
	spec.Entries += len(come) - len(gone)
	return lookup.CheckSize(field, spec.Entries, spec.Bytes, spec.Columns)
}

// PutEntries stores rows, each in place of the one that has its key, and gives
// them as they are stored: all of them, or none.
func (s *Service) PutEntries(ctx context.Context, who Actor, id int64, rows []jsontext.Value) (out []jsontext.Value, err error) {
	spec := &LookupSpec{}
	err = s.change(ctx, who, store.KindLookup, id, "put_entries", spec, func(tx *store.Tx, _ *store.Resource) error {
		entries, err := lookup.Read(fieldEntries, rows, spec.PrimaryKey)
		if err != nil {
			return err
		}
		out = nil
		for _, e := range entries {
			out = append(out, e.Row)
		}
		return s.putAll(ctx, tx, id, spec, entries)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// DropEntries takes the rows that the keys mean away, and says how many. Keys
// that the lookup does not have are no error.
func (s *Service) DropEntries(ctx context.Context, who Actor, id int64, keys lookup.Keys) (n int, err error) {
	spec := &LookupSpec{}
	err = s.change(ctx, who, store.KindLookup, id, "drop_entries", spec, func(tx *store.Tx, _ *store.Resource) error {
		gone, err := meant(ctx, tx, id, keys)
		if err != nil {
			return err
		}
		names := make([]string, len(gone))
		for i, e := range gone {
			names[i] = e.Key
		}
		n = len(gone)
		if err := spec.count(fieldEntries, gone, nil); err != nil {
			return err
		}
		return tx.DropLookupEntries(ctx, id, names...)
	})
	return n, err
}

// rowReader is the store, or a transaction of it.
type rowReader interface {
	LookupEntries(ctx context.Context, lookup int64, keys ...string) ([]store.LookupEntry, error)
	EachLookupEntry(ctx context.Context, lookup int64, f func(store.LookupEntry) error) error
}

// meant gives the rows that keys mean, each once: those of the patterns in the
// order of their keys, then those that were named and no pattern fits.
func meant(ctx context.Context, from rowReader, id int64, keys lookup.Keys) (found []store.LookupEntry, err error) {
	if len(keys.Patterns) > 0 {
		err = from.EachLookupEntry(ctx, id, func(e store.LookupEntry) error {
			if keys.Fits(e.Key) {
				found = append(found, e)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	named, err := from.LookupEntries(ctx, id, keys.Exact...)
	for _, e := range named {
		if !keys.Fits(e.Key) {
			found = append(found, e)
		}
	}
	return found, err
}

// Entries gives the rows that the keys mean. For a key that is not there the
// defaults stand, when the lookup says so; otherwise nothing does.
func (s *Service) Entries(ctx context.Context, org, id int64, keys lookup.Keys) ([]jsontext.Value, error) {
	l, err := s.Lookup(ctx, org, id)
	if err != nil {
		return nil, err
	}
	found, err := meant(ctx, s.Store, id, keys)
	if err != nil {
		return nil, err
	}
	rows, there := make([]jsontext.Value, 0, len(found)), map[string]bool{}
	for _, e := range found {
		rows, there[e.Key] = append(rows, e.Row), true
	}
	if !l.EmitDefault {
		return rows, nil
	}
	for _, key := range keys.Exact {
		if there[key] {
			continue
		}
		row, err := lookup.Default(key, l.PrimaryKey, l.defaults())
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// EntryPage gives one page of a lookup's rows in the order of their keys, and
// how many there are.
func (s *Service) EntryPage(ctx context.Context, org, id int64, page, number int) ([]jsontext.Value, int, error) {
	l, err := s.Lookup(ctx, org, id)
	if err != nil {
		return nil, 0, err
	}
	entries, err := s.Store.LookupPage(ctx, id, page, number)
	rows := make([]jsontext.Value, len(entries))
	for i, e := range entries {
		rows[i] = e.Row
	}
	return rows, l.Entries, err
}

// macros are what each row of a lookup stands for in a source's templates, as
// the rows are now.
func (s *Service) macros(ctx context.Context, org, id int64) ([]map[string]string, error) {
	l, err := s.Lookup(ctx, org, id)
	if err != nil {
		return nil, err
	}
	rows, defaults := make([]map[string]string, 0, l.Entries), l.defaults()
	err = s.Store.EachLookupEntry(ctx, id, func(e store.LookupEntry) error {
		row, err := lookup.ReadRow(e.Row, l.PrimaryKey, "lookup")
		rows = append(rows, lookup.Macros(row.Values, defaults))
		return err
	})
	return rows, err
}

// withRows is a configuration whose steps have the rows of their lookups.
func (s *Service) withRows(ctx context.Context, org int64, c rest.Config, lookups map[string]int64) (rest.Config, error) {
	steps := make([]rest.Step, len(c.Steps))
	copy(steps, c.Steps)
	for i := range steps {
		id := lookups[steps[i].Key]
		if id == 0 {
			continue
		}
		rows, err := s.macros(ctx, org, id)
		if err != nil {
			return c, weir.At("step "+steps[i].Key, err)
		}
		steps[i].Lookup = rows
	}
	c.Steps = steps
	return c, nil
}
