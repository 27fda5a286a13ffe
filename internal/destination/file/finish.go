package file

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path"
	"slices"

	"github.com/weirhq/weir"
)

// manyFiles is how many files of a table are left as they are when none of
// their rows is out of date; more are merged.
const manyFiles = 16

// finish brings every table to one row a record: rows of versions that were
// replaced go, deletions are written into their rows, many files become few.
// New files are published by a manifest that removes the old ones.
func (c *chain) finish(ctx context.Context) error {
	history := c.state.Mode == string(weir.ModeHistory)
	settled := !slices.ContainsFunc(c.state.Live, func(e entry) bool { return e.Kind != kindMerged })
	if settled || history && !c.state.Duplicate {
		return nil
	}
	v, err := c.survey(ctx)
	if err != nil {
		return err
	}
	m := c.state.follow()
	m.Duplicate = false
	mg := &merge{chain: c, verdict: v, attempt: c.volume.attempt()}
	for _, t := range c.state.layout().Tables {
		inputs := c.inputs(t.Name)
		if !c.worthwhile(inputs, v) {
			continue
		}
		if err := mg.table(ctx, t, inputs); err != nil {
			return err
		}
		for _, e := range inputs {
			m.Removed = append(m.Removed, e.Name)
		}
	}
	m.Added = mg.added
	for _, e := range c.state.Live {
		if e.Kind == kindDeletions {
			m.Removed = append(m.Removed, e.Name)
		}
	}
	m = c.state.complete(m)
	for i := range m.Added {
		m.Added[i].Kind = kindMerged
	}
	if err := c.publish(ctx, m); err != nil {
		return err
	}
	return c.unsettled // readers by pattern would find what was merged
}

// inputs are the live files of a table.
func (c *chain) inputs(table string) []entry {
	var in []entry
	for _, e := range c.state.Live {
		if e.Table == table {
			in = append(in, e)
		}
	}
	return in
}

// worthwhile decides whether a table's files are rewritten.
func (c *chain) worthwhile(inputs []entry, v verdict) bool {
	if len(inputs) == 0 {
		return false
	}
	if !v.nothing() || len(inputs) > manyFiles {
		return true
	}
	return slices.ContainsFunc(inputs, func(e entry) bool { return e.Layout != c.state.Layout })
}

// merge writes a dataset's merged files.
type merge struct {
	chain   *chain
	verdict verdict
	names   []string // announced
	added   []entry
	out     *output // nil until a row needs it
	parts   int     // of the table
	attempt string
}

// table rewrites one table in its newest layout.
func (g *merge) table(ctx context.Context, t weir.Table, inputs []entry) error {
	g.parts = 0
	t = onDisk(t)
	dir := path.Dir(inputs[len(inputs)-1].Name) // the newest file's month
	for _, e := range inputs {
		if err := g.file(ctx, t, dir, e); err != nil {
			if g.out != nil {
				g.out.file.abandon()
			}
			return err
		}
	}
	return g.close()
}

// file copies what lives on of one file.
func (g *merge) file(ctx context.Context, t weir.Table, dir string, e entry) error {
	if err := g.chain.verify(e); err != nil {
		return err
	}
	f, err := g.chain.volume.open(e.Name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	had, _ := g.chain.state.Known[e.Layout].Table(e.Table)
	had = onDisk(had)
	r, err := newReader(f, had, names, g.chain.opts)
	if err != nil {
		return g.chain.unreadable(e, err)
	}
	defer func() { _ = r.Close() }()
	from, to := typesOf(had, names), typesOf(t, names)
	deletedAt := t.Column(weir.ColumnDeletedAt)
	row := make([]any, len(names))
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := r.Read(row); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return g.chain.unreadable(e, err)
		}
		position, _ := row[len(row)-1].(int64)
		if g.verdict.isDead(position) {
			continue
		}
		for i, v := range row {
			row[i] = convert(v, from[i], to[i])
		}
		if at, ok := g.verdict.deletedAt(position); ok && deletedAt >= 0 && row[deletedAt] == nil {
			row[deletedAt] = at
		}
		if err := g.add(t, dir, row); err != nil {
			return err
		}
	}
}

// add writes a row to the file at hand, and begins another when it is full.
func (g *merge) add(t weir.Table, dir string, row []any) error {
	c := g.chain
	if g.out != nil && g.out.Bytes >= c.opts.MaxFileBytes {
		if err := g.close(); err != nil {
			return err
		}
	}
	if g.out == nil {
		sum := sha256.Sum256([]byte("merge " + c.state.Hash))
		name := mergedName(dir, c.state.Seq+1, hex.EncodeToString(sum[:8])+g.attempt, g.parts, c.opts.Format)
		if err := c.announce(g.names, name); err != nil {
			return err
		}
		out, err := newOutput(c.volume, entry{Name: name, Kind: kindMerged, Table: t.Name, Layout: c.state.Layout}, t, c.opts)
		if err != nil {
			return err
		}
		g.out, g.names, g.parts = out, append(g.names, name), g.parts+1
	}
	return g.out.add(row)
}

// close finishes the file at hand.
func (g *merge) close() error {
	if g.out == nil {
		return nil
	}
	e, err := g.out.finish()
	g.out = nil
	if err == nil {
		g.added = append(g.added, e)
	}
	return err
}

// verify reads a file whole and compares its hash, so that damage is found
// before the sound original is replaced by a copy of the damage.
func (c *chain) verify(e entry) error {
	f, err := c.volume.open(e.Name)
	if err != nil {
		return c.unreadable(e, err)
	}
	defer func() { _ = f.Close() }()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != e.SHA256 {
		return c.unreadable(e, errors.New("the hash differs"))
	}
	return nil
}
