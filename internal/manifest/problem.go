package manifest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/weirhq/weir"
)

// Problem is one thing that is wrong with a file, and what to do about it. It
// never repeats a value, which may be a secret in the wrong place: only names.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line,omitzero"`  // 0 where there is none to name
	Field   string `json:"field,omitzero"` // sources.Bookings.schedule.cron; empty for the file
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitzero"`
}

// String is the problem in one line: file:line: field: message. Remedy.
func (p Problem) String() string {
	var b strings.Builder
	if b.WriteString(p.File); p.Line != 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	b.WriteString(": ")
	if p.Field != "" {
		b.WriteString(p.Field + ": ")
	}
	b.WriteString((&weir.Error{Message: p.Message, Remedy: p.Remedy}).Error())
	return b.String()
}

// Problems are all that is wrong.
type Problems []Problem

// sorted puts them in the order of the files' lines.
func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return ps
}

// place is where a thing stands: its file, and the lines of its fields.
type place struct {
	file  string
	field string // its own name, such as sources.Bookings
	line  int
	lines map[string]int // by field, as in schedule.cron
}

// problem is one with a field of the thing; "" for the thing itself.
func (p place) problem(field, message, remedy string) Problem {
	out := Problem{File: p.file, Line: p.line, Field: p.field, Message: message, Remedy: remedy}
	if field == "" {
		return out
	}
	out.Field = strings.TrimPrefix(out.Field+"."+field, ".")
	for at := field; ; {
		if line := p.lines[at]; line != 0 {
			out.Line = line
			return out
		}
		cut := strings.LastIndexByte(at, '.')
		if cut < 0 {
			return out
		}
		at = at[:cut]
	}
}
