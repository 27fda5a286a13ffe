package ui

import (
	"bufio"
	"io"
	"strconv"
	"strings"
)

// CSV writes files for spreadsheets, line by line. A value that a spreadsheet
// would take for a formula gets an apostrophe.
type CSV struct {
	w *bufio.Writer
}

// csvChunk is how much of a file is sent at once.
const csvChunk = 64 << 10

// NewCSV writes to w.
func NewCSV(w io.Writer) *CSV { return &CSV{w: bufio.NewWriterSize(w, csvChunk)} }

// Line writes one line.
func (c *CSV) Line(values ...string) error {
	for i, v := range values {
		if i > 0 {
			_ = c.w.WriteByte(',') // an error stays: the end of the line tells it
		}
		_, _ = c.w.WriteString(field(unformula(v)))
	}
	return c.w.WriteByte('\n')
}

// Rows writes the plain text of a table's rows.
func (c *CSV) Rows(rows [][]Cell) error {
	values := []string{}
	for _, row := range rows {
		values = values[:0]
		for _, cell := range row {
			values = append(values, cell.Text)
		}
		if err := c.Line(values...); err != nil {
			return err
		}
	}
	return nil
}

// Flush sends what was written.
func (c *CSV) Flush() error {
	return c.w.Flush()
}

// field is a value as it stands in a line. Whatever a spreadsheet may take for
// the end of a value is inside quotes: there are some to which that is a
// semicolon or a tab, and what comes after it would be a value of its own.
func field(text string) string {
	if text == "" || text != `\.` && !strings.ContainsAny(text, ",;\t\r\n\"") && text[0] != ' ' {
		return text
	}
	return `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
}

// unformula keeps a spreadsheet from computing what somebody typed. What has
// apostrophes before a formula by itself gets one more, so that FromCSV finds out
// what it was.
func unformula(text string) string {
	if isFormula(strings.TrimLeft(text, "'")) {
		return "'" + text
	}
	return text
}

// FromCSV is what a value of such a file was.
func FromCSV(text string) string {
	if rest, quoted := strings.CutPrefix(text, "'"); quoted && isFormula(strings.TrimLeft(rest, "'")) {
		return rest
	}
	return text
}

// isFormula reports whether a spreadsheet would compute a text that is no number.
func isFormula(text string) bool {
	trimmed := strings.TrimLeft(text, " \u00a0\u3000")
	if trimmed == "" || !strings.ContainsAny(trimmed[:1], "=+-@\t\r\n") && !strings.HasPrefix(trimmed, "\uff1d") &&
		!strings.HasPrefix(trimmed, "\uff0b") && !strings.HasPrefix(trimmed, "\uff0d") && !strings.HasPrefix(trimmed, "\uff20") {
		return false
	}
	_, err := strconv.ParseFloat(text, 64)
	return err != nil
}
