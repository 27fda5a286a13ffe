package file

import (
	"fmt"
	"io"
	"os"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/destination/jsonl"
)

// rowWriter writes one table's rows to a file. Close writes what is left,
// and leaves the file open.
type rowWriter interface {
	Write(row []any) error
	Close() error
}

// rowReader reads rows back. Read fills row with the values of the columns
// that were asked for and returns io.EOF after the last one.
type rowReader interface {
	Read(row []any) error
	Close() error
}

// newWriter writes rows of t, which has columnPosition already.
func newWriter(w io.Writer, t weir.Table, opts Options) rowWriter {
	switch opts.Format {
	case FormatCSV:
		return newCSVWriter(w, t.Columns, !opts.AllowFormulas)
	case FormatJSONL:
		return newJSONLWriter(w, t.Columns)
	}
	return newParquetWriter(w, t)
}

// newReader reads the named columns of a file of table t; a column that t
// does not have is always nil.
func newReader(f *os.File, t weir.Table, names []string, opts Options) (rowReader, error) {
	pick := make([]int, len(names))
	for i, name := range names {
		pick[i] = t.Column(name)
	}
	switch opts.Format {
	case FormatCSV:
		r, err := newCSVReader(f, t.Columns, !opts.AllowFormulas)
		return &picked{read: r.Read, all: make([]any, len(t.Columns)), pick: pick}, err
	case FormatJSONL:
		r := jsonl.NewReader(f, t.Columns)
		return &picked{read: r.Read, all: make([]any, len(t.Columns)), pick: pick}, nil
	case FormatParquet:
		return newParquetReader(f, t, pick)
	}
	return nil, fmt.Errorf("the format %q cannot be read", opts.Format)
}

// picked reads whole rows and hands out the columns that were asked for.
type picked struct {
	read func(row []any) error
	all  []any
	pick []int
}

func (p *picked) Read(row []any) error {
	if err := p.read(p.all); err != nil {
		return err
	}
	for i, from := range p.pick {
		row[i] = nil
		if from >= 0 {
			row[i] = p.all[from]
		}
	}
	return nil
}

func (p *picked) Close() error { return nil }
