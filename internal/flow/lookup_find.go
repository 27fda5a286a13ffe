package flow

import (
	"bytes"
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

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
	plain, small := !strings.ContainsFunc(low, isEscaped), []byte(nil)
	err = s.Store.EachLookupRow(ctx, id, func(row jsontext.Value) error {
		if plain { // most rows need not be read then
			if small = inSmall(small[:0], row); !bytes.Contains(small, []byte(low)) {
				return nil
			}
		}
		if !says(row, l.PrimaryKey, low) {
			return nil
		}
		if total >= first && total < first+number {
			rows = append(rows, row.Clone())
		}
		total++
		return nil
	})
	return rows, total, err
}

// isEscaped reports whether JSON writes a character in another way: a text that has
// it cannot be looked for in a row as it is stored.
func isEscaped(r rune) bool { return r < ' ' || r == '"' || r == '\\' }

// inSmall appends a row in small letters, as strings.ToLower makes them. Every row
// of a lookup comes by, so that it takes no memory of its own.
func inSmall(buf, row []byte) []byte {
	for len(row) > 0 {
		r, size := utf8.DecodeRune(row)
		buf = utf8.AppendRune(buf, unicode.ToLower(r))
		row = row[size:]
	}
	return buf
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
