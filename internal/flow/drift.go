package flow

import (
	"context"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/schema"
	"github.com/weirhq/weir/internal/store"
)

// SchemaChange is one change of what a dataset's records look like.
type SchemaChange struct {
	schema.Notice
	At  int64 // µs
	Run weir.RunID
}

// SchemaChanges gives a page of what has changed in a dataset since its first
// reading, the newest first, and how many changes there are on all pages. One
// whose records rules make has no history of its own: who may see it need not
// know what its source's records hold.
func (s *Service) SchemaChanges(ctx context.Context, d *Dataset, page, size int) ([]SchemaChange, int, error) {
	o, program, err := s.shaped(ctx, d)
	if err != nil || program != nil || o.log.ID == 0 {
		return nil, 0, err
	}
	found, total, err := s.Store.SchemaChanges(ctx, o.log.ID, page, size)
	all := make([]SchemaChange, len(found))
	for i, c := range found {
		all[i] = changed(c)
	}
	return all, total, err
}

func changed(c store.SchemaChange) SchemaChange {
	return SchemaChange{At: c.At, Run: c.Run, Notice: schema.Notice{Kind: schema.NoticeKind(c.Kind), Table: c.Table, Column: c.Column, Path: c.Path,
		Before: weir.Type(c.Before), After: weir.Type(c.After), Other: c.Other}}
}

// kinds are the types of columns as Column.Kind says them.
var kinds = map[weir.Type]string{weir.TypeBool: "boolean", weir.TypeInt: "integer", weir.TypeFloat: "number", weir.TypeText: "text", weir.TypeTime: "time", weir.TypeJSON: "any"}

// Kinds are the column's type before and after the change, in the words of
// Column.Kind; "" where there was none.
func (c SchemaChange) Kinds() (before, after string) { return kinds[c.Before], kinds[c.After] }
