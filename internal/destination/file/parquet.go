package file

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/weirhq/weir"
)

// The bounds of a row group, which the writer keeps in memory.
const (
	rowGroupRows  = 100_000
	rowGroupBytes = 16 << 20
)

// ordered is a group of columns in the table's order: parquet.Group is a map
// and would write them alphabetically.
type ordered struct {
	parquet.Group
	names []string
}

// Fields implements parquet.Node.
func (o ordered) Fields() []parquet.Field {
	fields := o.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int {
		return slices.Index(o.names, a.Name()) - slices.Index(o.names, b.Name())
	})
	return fields
}

// parquetSchema is a table's: key columns required, all others optional.
func parquetSchema(t weir.Table) *parquet.Schema {
	o := ordered{Group: parquet.Group{}}
	for _, c := range t.Columns {
		node := parquet.Compressed(parquetNode(c.Type), &parquet.Zstd)
		if !slices.Contains(t.Key, c.Name) && c.Name != columnPosition {
			node = parquet.Optional(node)
		}
		o.Group[c.Name] = node
		o.names = append(o.names, c.Name)
	}
	return parquet.NewSchema(t.Name, o)
}

func parquetNode(t weir.Type) parquet.Node {
	switch t {
	case weir.TypeBool:
		return parquet.Leaf(parquet.BooleanType)
	case weir.TypeInt:
		return parquet.Leaf(parquet.Int64Type)
	case weir.TypeFloat:
		return parquet.Leaf(parquet.DoubleType)
	case weir.TypeTime:
		return parquet.Timestamp(parquet.Microsecond)
	case weir.TypeJSON:
		return parquet.JSON()
	}
	return parquet.String()
}

// parquetWriter writes rows in small groups, so that memory stays flat.
type parquetWriter struct {
	w       *parquet.GenericWriter[any]
	levels  []int // definition level of a value: 1 when the column is optional
	row     parquet.Row
	rows    int
	pending int // bytes since the last row group, roughly
}

func newParquetWriter(w io.Writer, t weir.Table) *parquetWriter {
	levels := make([]int, len(t.Columns))
	for i, c := range t.Columns {
		if !slices.Contains(t.Key, c.Name) && c.Name != columnPosition {
			levels[i] = 1
		}
	}
	return &parquetWriter{levels: levels, w: parquet.NewGenericWriter[any](w, parquetSchema(t),
		parquet.CreatedBy("weir", "1", ""), parquet.DataPageStatistics(true))}
}

// Write implements rowWriter.
func (w *parquetWriter) Write(row []any) error {
	w.row = w.row[:0]
	for i, v := range row {
		value := parquet.NullValue()
		level := w.levels[i]
		switch v := v.(type) {
		case nil:
			level = 0
		case bool:
			value = parquet.BooleanValue(v)
		case int64:
			value = parquet.Int64Value(v)
		case float64:
			value = parquet.DoubleValue(v)
		case time.Time:
			value = parquet.Int64Value(v.UnixMicro())
		case string:
			value = parquet.ByteArrayValue([]byte(v))
			w.pending += len(v)
		}
		w.pending += 8
		w.row = append(w.row, value.Level(0, level, i))
	}
	if _, err := w.w.WriteRows([]parquet.Row{w.row}); err != nil {
		return err
	}
	w.rows++
	if w.rows < rowGroupRows && w.pending < rowGroupBytes {
		return nil
	}
	w.rows, w.pending = 0, 0
	return w.w.Flush()
}

// Close implements rowWriter.
func (w *parquetWriter) Close() error { return w.w.Close() }

// parquetReader reads some columns of a file, value by value, so that the
// others are never touched.
type parquetReader struct {
	types   []weir.Type // of the columns that are read
	pick    []int       // their indexes in the file; -1 for one it has not
	groups  []parquet.RowGroup
	columns []*columnReader
	left    int64 // rows left in the row group
}

func newParquetReader(f *os.File, t weir.Table, pick []int) (*parquetReader, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	p, err := parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, err
	}
	for i, path := range p.Schema().Columns() {
		if i >= len(t.Columns) || len(path) != 1 || path[0] != t.Columns[i].Name {
			return nil, errors.New("the Parquet columns are not those that were written")
		}
	}
	r := &parquetReader{pick: pick, groups: p.RowGroups(), columns: make([]*columnReader, len(pick)), types: make([]weir.Type, len(pick))}
	for i, from := range pick {
		if from >= 0 {
			r.types[i] = t.Columns[from].Type
		}
	}
	return r, nil
}

// Read implements rowReader.
func (r *parquetReader) Read(row []any) error {
	for r.left == 0 {
		if len(r.groups) == 0 {
			return io.EOF
		}
		if err := r.begin(r.groups[0]); err != nil {
			return err
		}
		r.groups = r.groups[1:]
	}
	r.left--
	for i, c := range r.columns {
		row[i] = nil
		if c == nil {
			continue
		}
		v, err := c.next()
		if err != nil {
			return unexpectedEnd(err)
		}
		if row[i], err = goValue(r.types[i], v); err != nil {
			return err
		}
	}
	return nil
}

// begin opens the columns of a row group.
func (r *parquetReader) begin(g parquet.RowGroup) error {
	if err := r.Close(); err != nil {
		return err
	}
	chunks := g.ColumnChunks()
	for i, from := range r.pick {
		if from >= 0 {
			r.columns[i] = &columnReader{pages: chunks[from].Pages()}
		}
	}
	r.left = g.NumRows()
	return nil
}

// Close implements rowReader.
func (r *parquetReader) Close() error {
	var errs []error
	for i, c := range r.columns {
		if c != nil {
			parquet.Release(c.page)
			errs = append(errs, c.pages.Close())
			r.columns[i] = nil
		}
	}
	return errors.Join(errs...)
}

// goValue is a Parquet value as a weir.Row carries it.
func goValue(t weir.Type, v parquet.Value) (any, error) {
	if v.IsNull() {
		return nil, nil
	}
	switch t {
	case weir.TypeBool:
		return v.Boolean(), nil
	case weir.TypeInt:
		return v.Int64(), nil
	case weir.TypeFloat:
		return v.Double(), nil
	case weir.TypeTime:
		return time.UnixMicro(v.Int64()).UTC(), nil
	case weir.TypeText, weir.TypeJSON:
		return string(v.ByteArray()), nil
	}
	return nil, fmt.Errorf("the type %q cannot be read", t)
}

// columnReader reads one column chunk.
type columnReader struct {
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	buffer [256]parquet.Value
	ready  []parquet.Value
}

// next gives the next value. It is valid until the call after it.
func (c *columnReader) next() (parquet.Value, error) {
	for len(c.ready) == 0 {
		if c.values == nil {
			parquet.Release(c.page)
			page, err := c.pages.ReadPage()
			if c.page = page; err != nil {
				return parquet.Value{}, err
			}
			c.values = page.Values()
		}
		n, err := c.values.ReadValues(c.buffer[:])
		c.ready = c.buffer[:n]
		if errors.Is(err, io.EOF) {
			c.values = nil
		} else if err != nil {
			return parquet.Value{}, err
		}
	}
	v := c.ready[0]
	c.ready = c.ready[1:]
	return v, nil
}
