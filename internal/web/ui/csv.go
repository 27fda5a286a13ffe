package ui

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
)

// CSV writes files for spreadsheets, line by line. A value that a spreadsheet
// would take for a formula gets an apostrophe.
type CSV struct {
	w    *csv.Writer
	line []string // used again
}

// NewCSV writes to w.
func NewCSV(w io.Writer) *CSV { return &CSV{w: csv.NewWriter(w)} }

// Line writes one line.
func (c *CSV) Line(values ...string) error {
	c.line = c.line[:0]
	for _, v := range values {
		c.line = append(c.line, unformula(v))
	}
	return c.w.Write(c.line)
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
	c.w.Flush()
	return c.w.Error()
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
	if trimmed == "" || !strings.ContainsAny(trimmed[:1], "=+-@\t\r") && !strings.HasPrefix(trimmed, "\uff1d") &&
		!strings.HasPrefix(trimmed, "\uff0b") && !strings.HasPrefix(trimmed, "\uff0d") && !strings.HasPrefix(trimmed, "\uff20") {
		return false
	}
	_, err := strconv.ParseFloat(text, 64)
	return err != nil
}
