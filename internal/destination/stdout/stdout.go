// Package stdout is the destination that prints: one JSON object a line for
// each record, meant for jq and for pipes.
//
//	{"dataset":"bookings","record":{"id":7,"title":"Call","_weir_hash":"…","booking_attendees":[{"booking_id":7,…}]}}
//
// The record has every column of the root table, and under each child table's
// name the array of its rows (also when it is empty). Types are those of the
// JSONL files. A deleted record has only its key, _weir_deleted_at and
// _weir_run_id. Nothing is remembered between runs: who opens it says at
// which position each log starts.
package stdout

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/destination/jsonl"
)

// Destination prints to one writer. It is safe for concurrent use; the lines
// of a batch stay together.
type Destination struct {
	start func(log, dataset string) weir.Position

	mu     sync.Mutex
	w      *bufio.Writer
	broken error // the first failed write: what came through is not known
	at     map[place]place
}

// place is a log of a dataset, and as a value how far it has been printed.
type place struct {
	log, dataset string
	position     weir.Position
	epoch        int64
}

// New prints to w. Start says where a log begins that this destination has
// not printed from yet; nil means from its beginning.
func New(w io.Writer, start func(log, dataset string) weir.Position) *Destination {
	if start == nil {
		start = func(string, string) weir.Position { return 0 }
	}
	return &Destination{start: start, w: bufio.NewWriterSize(w, 64<<10), at: map[place]place{}}
}

// Position says how far this process has printed.
func (d *Destination) Position(_ context.Context, log, dataset string) (weir.Position, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.place(log, dataset).position, nil
}

func (d *Destination) place(log, dataset string) place {
	key := place{log: log, dataset: dataset}
	p, ok := d.at[key]
	if !ok {
		p = key
		p.position = d.start(log, dataset)
		d.at[key] = p
	}
	for _, other := range d.at {
		if other.dataset == dataset && weir.Lineage(other.log) == weir.Lineage(log) {
			p.epoch = max(p.epoch, other.epoch)
		}
	}
	return p
}

// Load prints a batch. A batch that was printed before prints nothing.
// CodeIntegrity when it does not start at the position or its epoch is older
// than the last one's; CodeLocal when the writer fails, and from then on.
func (d *Destination) Load(ctx context.Context, b weir.Batch) (weir.Loaded, error) {
	if err := ctx.Err(); err != nil {
		return weir.Loaded{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.place(b.Log, b.Dataset)
	switch {
	case d.broken != nil:
		return weir.Loaded{}, d.broken
	case b.Epoch < p.epoch:
		return weir.Loaded{}, integrity(fmt.Sprintf("epoch %d has been followed by epoch %d: another run has taken over", b.Epoch, p.epoch))
	case b.To <= p.position && b.To > b.From:
		return weir.Loaded{}, nil
	case b.From != p.position || b.To < b.From:
		return weir.Loaded{}, integrity(fmt.Sprintf("the batch goes from %d to %d, but %d is printed", b.From, b.To, p.position))
	}
	var loaded weir.Loaded
	for _, ch := range b.Changes {
		line, err := appendLine(nil, b, ch)
		if err != nil {
			loaded.Refused = append(loaded.Refused, weir.Reject{Stage: "load", Reason: err.Error(), Key: ch.Key})
			continue
		}
		loaded.Rows++
		if _, err := d.w.Write(append(line, '\n')); err != nil {
			return weir.Loaded{}, d.failed(err)
		}
	}
	if err := d.w.Flush(); err != nil {
		return weir.Loaded{}, d.failed(err)
	}
	p.position, p.epoch = b.To, b.Epoch
	d.at[place{log: b.Log, dataset: b.Dataset}] = p
	return loaded, nil
}

// Close flushes. The writer stays open; it belongs to the caller.
func (d *Destination) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.broken != nil {
		return nil // reported by the Load that failed
	}
	if err := d.w.Flush(); err != nil {
		return d.failed(err)
	}
	return nil
}

// failed remembers that the writer is gone: a second try would print lines twice.
func (d *Destination) failed(err error) error {
	d.broken = &weir.Error{Code: weir.CodeLocal, Where: "standard output", Message: "the lines could not be written: " + bare(err),
		Remedy: "Check the program or file that reads them, and run again", Err: err}
	return d.broken
}

// bare is the system's words without the path that precedes them.
func bare(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

func integrity(message string) error {
	return &weir.Error{Code: weir.CodeIntegrity, Where: "standard output", Message: message, Remedy: "Run again"}
}

// appendLine appends the line of one record.
func appendLine(dst []byte, b weir.Batch, ch weir.Change) ([]byte, error) {
	dst = append(dst, `{"dataset":`...)
	dst, err := jsontext.AppendQuote(dst, b.Dataset)
	if err != nil {
		return dst, err
	}
	dst = append(dst, `,"record":`...)
	if ch.Deleted {
		dst, err = appendDeletion(dst, b, ch)
		return append(dst, '}'), err
	}
	if len(ch.Rows) != len(b.Layout.Tables) || len(ch.Rows[0]) != 1 {
		return dst, fmt.Errorf("rows for %d tables of %d, or not one root row", len(ch.Rows), len(b.Layout.Tables))
	}
	root := b.Layout.Tables[0]
	if dst, err = appendRow(dst, root, ch.Rows[0][0]); err != nil {
		return dst, err
	}
	dst = dst[:len(dst)-1] // the brace: the children go inside
	for i, t := range b.Layout.Tables[1:] {
		dst = append(dst, ',')
		if dst, err = jsontext.AppendQuote(dst, childName(root, t.Name)); err != nil {
			return dst, err
		}
		dst = append(dst, ':', '[')
		for n, row := range ch.Rows[i+1] {
			if n > 0 {
				dst = append(dst, ',')
			}
			if dst, err = appendRow(dst, t, row); err != nil {
				return dst, err
			}
		}
		dst = append(dst, ']')
	}
	return append(dst, '}', '}'), nil
}

// appendRow appends a row after checking what would break the line.
func appendRow(dst []byte, t weir.Table, row []any) ([]byte, error) {
	if len(row) != len(t.Columns) {
		return dst, fmt.Errorf("table %s: a row of %d values for %d columns", t.Name, len(row), len(t.Columns))
	}
	for i, c := range t.Columns {
		s, ok := row[i].(string)
		if ok && !utf8.ValidString(s) {
			return dst, fmt.Errorf("table %s, column %s: the text is not UTF-8", t.Name, c.Name)
		}
		if ok && c.Type == weir.TypeJSON && !jsontext.Value(s).IsValid() {
			return dst, fmt.Errorf("table %s, column %s: the text is not JSON", t.Name, c.Name)
		}
	}
	dst, err := jsonl.AppendRow(dst, t.Columns, row)
	if err != nil {
		err = fmt.Errorf("table %s, %w", t.Name, err)
	}
	return dst, err
}

// appendDeletion appends the key of a record that is gone, and when and by
// which run that was found.
func appendDeletion(dst []byte, b weir.Batch, ch weir.Change) ([]byte, error) {
	root := b.Layout.Tables[0]
	key := root.Identity()
	if len(ch.RootKey) < len(key) {
		return dst, fmt.Errorf("table %s: a key of %d values for %d columns", root.Name, len(ch.RootKey), len(key))
	}
	t := weir.Table{Name: root.Name}
	for _, k := range key {
		i := root.Column(k)
		if i < 0 {
			return dst, fmt.Errorf("table %s: its key column %s is missing", root.Name, k)
		}
		t.Columns = append(t.Columns, root.Columns[i])
	}
	t.Columns = append(t.Columns, weir.Column{Name: weir.ColumnRunID, Type: weir.TypeText}, weir.Column{Name: weir.ColumnDeletedAt, Type: weir.TypeTime})
	return appendRow(dst, t, append(slices.Clone(ch.RootKey[:len(key)]), string(b.RunID), time.UnixMicro(b.ExtractedAt).UTC()))
}

// childName is a child table's name in its record; should a column have the
// same name, it gets underscores until it is free.
func childName(root weir.Table, name string) string {
	for root.Column(name) >= 0 {
		name += "_"
	}
	return name
}
