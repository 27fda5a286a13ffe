package file

import (
	"bufio"
	"io"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/destination/jsonl"
)

// jsonlWriter writes one JSON object a line.
type jsonlWriter struct {
	w       *bufio.Writer
	columns []weir.Column
	line    []byte
}

func newJSONLWriter(w io.Writer, columns []weir.Column) *jsonlWriter {
	return &jsonlWriter{w: bufio.NewWriterSize(w, 64<<10), columns: columns}
}

// Write implements rowWriter.
func (w *jsonlWriter) Write(row []any) error {
	var err error
	if w.line, err = jsonl.AppendRow(w.line[:0], w.columns, row); err != nil {
		return err
	}
	_, err = w.w.Write(append(w.line, '\n'))
	return err
}

// Close implements rowWriter.
func (w *jsonlWriter) Close() error { return w.w.Flush() }
