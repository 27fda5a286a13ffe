package file

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/weirhq/weir"
)

// load writes a batch: whole files first, then the manifest that makes them
// exist together with the position.
func (c *chain) load(ctx context.Context, b weir.Batch) (weir.Loaded, error) {
	b = identify(b)
	m, done, err := c.admit(b)
	if err != nil || done {
		return weir.Loaded{}, err
	}
	accepted, refused, err := check(b)
	if err != nil {
		return weir.Loaded{}, err
	}
	p := plan(b, m, accepted, c.opts, c.volume.attempt())
	if len(p.entries) > 0 {
		if err := c.announce(nil, p.names()...); err != nil {
			return weir.Loaded{}, err
		}
	}
	for _, e := range p.entries {
		if e, err = c.write(ctx, p, e); err != nil {
			return weir.Loaded{}, err
		}
		m.Added = append(m.Added, e)
	}
	m.Batch = &batch{ID: p.id, From: b.From, To: b.To, RunID: b.RunID, Rows: len(accepted)}
	if err := c.publish(ctx, m); err != nil {
		return weir.Loaded{}, err
	}
	return weir.Loaded{Rows: rows(accepted), Refused: refused}, nil
}

// rows counts what was written. Whether there was a row of what is withheld, the
// files of before would have to say: its deletion is noted, and counted as none.
func rows(changes []weir.Change) (n int) {
	for _, ch := range changes {
		if !ch.Withheld {
			n++
		}
	}
	return n
}

// admit decides whether a batch may be loaded now, and gives the manifest it
// leads to. Done says that the directory has the batch already.
func (c *chain) admit(b weir.Batch) (m manifest, done bool, err error) {
	s := c.state
	if err := c.checkFormat(); err != nil {
		return m, false, err
	}
	if err := checkLayout(b.Layout); err != nil {
		return m, false, err
	}
	if err := checkOwner(s, b); err != nil {
		return m, false, err
	}
	if err := c.claim(b.Layout); err != nil {
		return m, false, err
	}
	at := s.log(b.Log)
	switch {
	case b.Epoch < at.Epoch:
		return m, false, &weir.Error{Code: weir.CodeIntegrity, Message: fmt.Sprintf("epoch %d has been followed by epoch %d: another run has taken over", b.Epoch, at.Epoch),
			Remedy: "Let the other run finish"}
	case b.To <= at.Position && s.Seq > 0:
		return m, true, nil
	case b.From != at.Position || b.To < b.From:
		return m, false, &weir.Error{Code: weir.CodeIntegrity, Message: fmt.Sprintf("the batch goes from %d to %d, but the files are at %d", b.From, b.To, at.Position),
			Remedy: "Run again; it continues where the files are"}
	}
	m = s.follow()
	m.Weir, m.Dataset, m.Source, m.Mode = manifestVersion, b.Dataset, b.Source, string(b.Mode)
	m.Format, m.Formulas = c.opts.Format, c.opts.AllowFormulas && c.opts.Format == FormatCSV
	if s.Seq == 0 || s.Log != b.Log {
		at.Base = s.Highest - int64(b.From)
		m.Duplicate = m.Duplicate || s.Seq > 0 && b.Mode == weir.ModeHistory
	}
	at.Position, at.Epoch = b.To, b.Epoch
	m.Log, m.Highest = b.Log, at.Base+int64(b.To)
	m.Logs = append(slices.DeleteFunc(m.Logs, func(p place) bool { return p.Log == b.Log }), at)
	all := union(s.layout(), b.Layout)
	m.Layout = layoutID(all)
	m.Layouts = map[string]weir.Layout{}
	for _, l := range []weir.Layout{all, b.Layout} {
		if _, known := s.Known[layoutID(l)]; !known {
			m.Layouts[layoutID(l)] = l
		}
	}
	return m, false, nil
}

// checkOwner refuses a batch of another source, mode or key than the files'.
func checkOwner(s *state, b weir.Batch) error {
	if s.Seq == 0 {
		return nil
	}
	conflict := func(message string) error {
		return &weir.Error{Code: weir.CodeConflict, Message: message, Remedy: "Choose another directory"}
	}
	if s.Source != b.Source {
		return conflict("the files here were loaded from another source (" + s.Source + ")")
	}
	if s.Mode != string(b.Mode) {
		return conflict("the files here were loaded in mode " + s.Mode + ", not " + string(b.Mode))
	}
	had := s.layout()
	for _, t := range b.Layout.Tables {
		if o, ok := had.Table(t.Name); ok && !slices.Equal(o.Key, t.Key) {
			return conflict("the primary key of table " + t.Name + " has changed")
		}
	}
	if len(had.Tables) > 0 && had.Tables[0].Name != b.Layout.Tables[0].Name {
		return conflict("the files here are of table " + had.Tables[0].Name + ", not " + b.Layout.Tables[0].Name)
	}
	return nil
}

// check separates the records that files can hold from those they cannot.
// Its errors are faults of the caller.
func check(b weir.Batch) (accepted []weir.Change, refused []weir.Reject, err error) {
	keys := make([][]int, len(b.Layout.Tables))
	for i, t := range b.Layout.Tables {
		keys[i] = keyIndexes(t)
	}
	last := b.From
	for _, ch := range b.Changes {
		if ch.Position <= last || ch.Position > b.To {
			return nil, nil, &weir.Error{Code: weir.CodeIntegrity, Message: fmt.Sprintf("a record at position %d after %d in a batch to %d", ch.Position, last, b.To)}
		}
		last = ch.Position
		if err := checkChange(b.Layout, keys, ch); err != nil {
			refused = append(refused, weir.Reject{Stage: "load", Reason: err.Error(), Key: ch.Key})
			continue
		}
		accepted = append(accepted, ch)
	}
	return accepted, refused, nil
}

func checkChange(l weir.Layout, keys [][]int, ch weir.Change) error {
	if ch.Deleted {
		root := deletionsTable(l.Tables[0])
		if len(ch.RootKey) != len(keys[0]) {
			return fmt.Errorf("table %s: a key of %d values for %d columns", l.Tables[0].Name, len(ch.RootKey), len(keys[0]))
		}
		return checkRow(weir.Table{Name: root.Name, Columns: root.Columns[:len(keys[0])]}, keyIndexes(root), ch.RootKey)
	}
	if len(ch.Rows) != len(l.Tables) || len(ch.Rows[0]) == 0 {
		return fmt.Errorf("rows for %d tables of %d, or no root row", len(ch.Rows), len(l.Tables))
	}
	for i, rows := range ch.Rows {
		for _, row := range rows {
			if err := checkRow(l.Tables[i], keys[i], row); err != nil {
				return err
			}
		}
	}
	return nil
}

// batchPlan is what the files of a batch will be.
type batchPlan struct {
	weir.Batch
	id      string
	base    int64 // added to positions
	changes []weir.Change
	entries []entry
}

// plan decides the files' names, which follow from the batch and its number
// and, where others may be writing, the attempt.
func plan(b weir.Batch, m manifest, accepted []weir.Change, opts Options, attempt string) batchPlan {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %d %d", b.Dataset, b.Source, b.Log, b.Mode, b.From, b.To))
	p := batchPlan{Batch: b, id: hex.EncodeToString(sum[:8]), base: m.Highest - int64(b.To), changes: accepted}
	deletions := false
	has := make([]bool, len(b.Layout.Tables))
	for _, ch := range accepted {
		deletions = deletions || ch.Deleted
		for i, rows := range ch.Rows {
			has[i] = has[i] || len(rows) > 0
		}
	}
	if deletions && b.Mode == weir.ModeHistory {
		has[0], deletions = true, false
	}
	id := layoutID(b.Layout)
	for i, t := range b.Layout.Tables {
		if has[i] {
			p.entries = append(p.entries, entry{Name: fileName(t.Name, b.ExtractedAt, m.Seq, p.id+attempt, opts.Format), Kind: kindRows, Table: t.Name, Layout: id})
		}
	}
	if deletions {
		name := path.Join(ownDir, b.Dataset, fmt.Sprintf("deletions-%010d-%s.%s", m.Seq, p.id+attempt, FormatJSONL))
		p.entries = append(p.entries, entry{Name: name, Kind: kindDeletions, Layout: id})
	}
	return p
}

func (p batchPlan) names() []string {
	var names []string
	for _, e := range p.entries {
		names = append(names, e.Name)
	}
	return names
}

// write writes one file of a batch.
func (c *chain) write(ctx context.Context, p batchPlan, e entry) (entry, error) {
	opts, t := c.opts, deletionsTable(p.Layout.Tables[0])
	if e.Kind == kindDeletions {
		opts.Format = FormatJSONL
	} else {
		t, _ = p.Layout.Table(e.Table)
		t = onDisk(t)
	}
	o, err := newOutput(c.volume, e, t, opts)
	if err != nil {
		return e, err
	}
	if err := p.fill(ctx, o, t); err != nil {
		o.file.abandon()
		return e, err
	}
	return o.finish()
}

// fill writes the rows that belong into a file.
func (p batchPlan) fill(ctx context.Context, o *output, t weir.Table) error {
	i := slices.IndexFunc(p.Layout.Tables, func(t weir.Table) bool { return t.Name == o.Table })
	for _, ch := range p.changes {
		if err := ctx.Err(); err != nil {
			return err
		}
		position := p.base + int64(ch.Position)
		if ch.Deleted {
			// In history mode the root table, and it alone, says so in a row.
			if o.Kind != kindDeletions && (i > 0 || p.Mode != weir.ModeHistory) {
				continue
			}
			if err := o.add(p.deletion(t, ch, position)); err != nil {
				return err
			}
			continue
		}
		if o.Kind == kindDeletions {
			continue
		}
		for _, row := range ch.Rows[i] {
			if err := o.add(append(slices.Clip(row), position)); err != nil {
				return err
			}
		}
	}
	return nil
}

// deletion is the row that says when a record was deleted: its key, the time,
// the run, the position, and nothing else.
func (p batchPlan) deletion(t weir.Table, ch weir.Change, position int64) []any {
	at := time.UnixMicro(p.ExtractedAt).UTC()
	row := make([]any, len(t.Columns))
	for i, c := range t.Columns {
		switch c.Name {
		case columnPosition:
			row[i] = position
		case weir.ColumnDeletedAt, weir.ColumnExtractedAt:
			row[i] = at
		case weir.ColumnRunID:
			row[i] = string(p.RunID)
		}
	}
	for i, k := range t.Key {
		row[t.Column(k)] = ch.RootKey[i]
	}
	return row
}

// deletionsTable is the root table reduced to what a deletion says.
func deletionsTable(root weir.Table) weir.Table {
	t := weir.Table{Name: root.Name, Key: root.Key}
	for _, k := range root.Key {
		t.Columns = append(t.Columns, root.Columns[root.Column(k)])
	}
	t.Columns = append(t.Columns, weir.Column{Name: weir.ColumnDeletedAt, Type: weir.TypeTime}, weir.Column{Name: weir.ColumnRunID, Type: weir.TypeText})
	return onDisk(t)
}
