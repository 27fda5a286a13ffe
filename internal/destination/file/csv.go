package file

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/destination/jsonl"
)

// csvWriter writes RFC 4180: a header, commas, CRLF, UTF-8 without a mark.
// Null is an empty field; empty text is a quoted empty field, which
// encoding/csv could neither write nor tell apart.
type csvWriter struct {
	w       *bufio.Writer
	columns []weir.Column
	guard   bool
	begun   bool
}

func newCSVWriter(w io.Writer, columns []weir.Column, guard bool) *csvWriter {
	return &csvWriter{w: bufio.NewWriterSize(w, 64<<10), columns: columns, guard: guard}
}

// Write implements rowWriter.
func (w *csvWriter) Write(row []any) error {
	w.header()
	for i, c := range w.columns {
		if i > 0 {
			_ = w.w.WriteByte(',')
		}
		v := row[i]
		if v == nil {
			continue
		}
		s := text(v)
		// JSON text begins with { [ " a letter or a number: never a formula.
		if w.guard && c.Type == weir.TypeText {
			s = guard(s)
		}
		w.field(s)
	}
	_, err := w.w.WriteString("\r\n")
	return err
}

// header writes the first line once. bufio keeps the first error.
func (w *csvWriter) header() {
	if w.begun {
		return
	}
	w.begun = true
	for i, c := range w.columns {
		if i > 0 {
			_ = w.w.WriteByte(',')
		}
		w.field(c.Name)
	}
	_, _ = w.w.WriteString("\r\n")
}

// field writes a field that is not null, quoted when it needs to be.
func (w *csvWriter) field(s string) {
	if s != "" && !strings.ContainsAny(s, ",\"\r\n") && s[0] != ' ' && s[len(s)-1] != ' ' {
		_, _ = w.w.WriteString(s)
		return
	}
	_ = w.w.WriteByte('"')
	for {
		before, after, found := strings.Cut(s, `"`)
		_, _ = w.w.WriteString(before)
		if !found {
			break
		}
		_, _ = w.w.WriteString(`""`)
		s = after
	}
	_ = w.w.WriteByte('"')
}

// Close implements rowWriter.
func (w *csvWriter) Close() error {
	w.header()
	return w.w.Flush()
}

// csvReader reads what csvWriter writes.
type csvReader struct {
	r       *bufio.Reader
	columns []weir.Column
	guard   bool
	field   []byte
}

// errCSV is a file that csvWriter did not write.
var errCSV = errors.New("the CSV is malformed")

func newCSVReader(r io.Reader, columns []weir.Column, guard bool) (*csvReader, error) {
	c := &csvReader{r: bufio.NewReaderSize(r, 64<<10), columns: columns, guard: guard}
	for i, column := range columns {
		name, err := c.next(i == len(columns)-1)
		if err != nil {
			return nil, unexpectedEnd(err)
		}
		if name == nil || *name != column.Name {
			return nil, fmt.Errorf("%w: the header is not the one that was written", errCSV)
		}
	}
	return c, nil
}

// Read fills row with typed values; io.EOF after the last row.
func (c *csvReader) Read(row []any) error {
	for i, column := range c.columns {
		s, err := c.next(i == len(c.columns)-1)
		if err != nil {
			if i > 0 {
				err = unexpectedEnd(err)
			}
			return err
		}
		row[i] = nil
		switch {
		case s == nil:
		case column.Type == weir.TypeText && c.guard:
			row[i] = unguard(*s)
		case column.Type == weir.TypeText, column.Type == weir.TypeJSON:
			row[i] = *s
		default:
			if row[i], err = jsonl.ParseText(column.Type, *s); err != nil {
				return fmt.Errorf("column %s: %w", column.Name, err)
			}
		}
	}
	return nil
}

// next reads one field and the separator after it: CRLF for the last field
// of a line, else a comma. Nil is null.
func (c *csvReader) next(last bool) (*string, error) {
	first, err := c.r.ReadByte()
	if err != nil {
		return nil, err
	}
	if first != '"' {
		return c.plain(first, last)
	}
	c.field = c.field[:0]
	for {
		part, err := c.r.ReadSlice('"')
		c.field = append(c.field, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return nil, unexpectedEnd(err)
		}
		b, err := c.r.ReadByte()
		if err != nil {
			return nil, unexpectedEnd(err)
		}
		if b == '"' {
			continue // the first of the two is in the field already
		}
		s := string(c.field[:len(c.field)-1])
		return &s, c.separator(b, last)
	}
}

// plain reads the rest of a field that is not quoted.
func (c *csvReader) plain(b byte, last bool) (*string, error) {
	c.field = c.field[:0]
	for b != ',' && b != '\r' {
		c.field = append(c.field, b)
		var err error
		if b, err = c.r.ReadByte(); err != nil {
			return nil, unexpectedEnd(err)
		}
	}
	if len(c.field) == 0 {
		return nil, c.separator(b, last)
	}
	s := string(c.field)
	return &s, c.separator(b, last)
}

// separator checks the byte after a field.
func (c *csvReader) separator(b byte, last bool) error {
	if !last {
		if b != ',' {
			return errCSV
		}
		return nil
	}
	if b != '\r' {
		return errCSV
	}
	b, err := c.r.ReadByte()
	if err == nil && b != '\n' {
		err = errCSV
	}
	return unexpectedEnd(err)
}

// unexpectedEnd turns an end inside a row into an error that is not the end.
func unexpectedEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
