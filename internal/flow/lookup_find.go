package flow

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir/internal/lookup"
	"github.com/weirhq/weir/internal/store"
)

// FindEntries gives one page of those rows of a lookup that have the text in any
// of their values, whatever its case, in the order of their keys, and how many
// of them there are. Rows are looked through one by one: a lookup has at most
// 16 MiB of them.
func (s *Service) FindEntries(ctx context.Context, org, id int64, text string, page, number int) (rows []jsontext.Value, total int, err error) {
	l, err := s.Lookup(ctx, org, id)
	if err != nil {
		return nil, 0, err
	}
	low, first := strings.ToLower(text), (page-1)*number
	err = s.Store.EachLookupEntry(ctx, id, func(e store.LookupEntry) error {
		if !mayHold(e.Row, low) || !says(e.Row, l.PrimaryKey, low) {
			return nil
		}
		if total >= first && total < first+number {
			rows = append(rows, slices.Clone(e.Row))
		}
		total++
		return nil
	})
	return rows, total, err
}

// mayHold reports whether a row can have the text, which is in small letters: most
// rows need not be read then. What JSON writes in another way is not looked for.
func mayHold(row []byte, low string) bool {
	if strings.ContainsFunc(low, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' }) {
		return true
	}
	return bytes.Contains(bytes.ToLower(row), []byte(low))
}

// says reports whether a value of a row has the text.
func says(row jsontext.Value, primary, low string) bool {
	e, err := lookup.ReadRow(row, primary, "lookup")
	if err != nil {
		return false
	}
	for _, v := range e.Values {
		if strings.Contains(strings.ToLower(lookup.Text(v)), low) {
			return true
		}
	}
	return false
}

// ImportEntries stores the rows of a file, each in place of the one that has its
// key: all of them, or none, however many they are.
func (s *Service) ImportEntries(ctx context.Context, who Actor, id int64, rows []jsontext.Value) error {
	spec := &LookupSpec{}
	return s.change(ctx, who, store.KindLookup, id, "put_entries", spec, func(tx *store.Tx, _ *store.Resource) error {
		entries, err := lookup.ReadFile(fieldEntries, rows, spec.PrimaryKey)
		if err != nil {
			return err
		}
		return s.putAll(ctx, tx, id, spec, entries)
	})
}

// putAll stores rows and counts them.
func (s *Service) putAll(ctx context.Context, tx *store.Tx, id int64, spec *LookupSpec, entries []lookup.Entry) error {
	keys := make([]string, len(entries))
	for i, e := range entries {
		keys[i] = e.Key
	}
	replaced, err := tx.LookupEntries(ctx, id, keys...)
	if err != nil {
		return err
	}
	if err := spec.count(fieldEntries, replaced, entries); err != nil {
		return err
	}
	return tx.PutLookupEntries(ctx, id, stored(entries)...)
}
