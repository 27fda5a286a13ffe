package file

import (
	"strings"
	"unicode/utf8"
)

// guard puts an apostrophe before text that a spreadsheet would run as a
// formula when it opens the CSV file. Spreadsheets show the text after it.
// unguard is its inverse: text that had an apostrophe by itself in front of a
// formula gets another one.
func guard(s string) string {
	if isFormula(s) {
		return "'" + s
	}
	return s
}

func unguard(s string) string {
	if rest, ok := strings.CutPrefix(s, "'"); ok && isFormula(rest) {
		return rest
	}
	return s
}

// isFormula reports text whose first character is one that a spreadsheet
// takes for a formula's (= + - @ tab CR LF, also full-width), or is so once
// the blanks, quotes and marks that spreadsheets drop are gone.
func isFormula(s string) bool {
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch r {
		case '=', '+', '-', '@', '\t', '\r', '\n', '\x00',
			'\uff1d', '\uff0b', '\uff0d', '\uff20', // full-width = + - @
			'\u2212', '\ufe62', '\ufe63', '\ufe66', '\ufe6b': // minus sign, small + - = @
			return true
		case ' ', '\'', '"', '\u00a0', '\u3000', '\ufeff', '\u200b', '\u200e', '\u200f', '\u2060',
			'\v', '\f', '\u0085':
			s = s[n:]
		default:
			return false
		}
	}
	return false
}
