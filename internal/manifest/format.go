package manifest

import (
	"regexp"
	"strings"

	"github.com/go-json-experiment/json"
)

// printer writes nodes as YAML, the same nodes always in the same way.
type printer struct{ strings.Builder }

// fields writes a mapping, indented by depth levels.
func (p *printer) fields(depth int, fields []field) {
	indent := strings.Repeat("  ", depth)
	for _, f := range fields {
		for _, line := range f.note {
			p.WriteString(strings.TrimRight(indent+"# "+line, " ") + "\n")
		}
		if f.name == "" {
			continue // a comment alone
		}
		p.WriteString(indent + scalar(f.name) + ":")
		p.value(depth, f.value)
	}
}

// value writes what stands after a colon, and ends the line.
func (p *printer) value(depth int, n *node) {
	switch {
	case n.form == formFields && len(n.fields) == 0:
		p.WriteString(" {}\n")
	case n.form == formFields:
		p.WriteString("\n")
		p.fields(depth+1, n.fields)
	case n.form == formList && n.flat():
		p.WriteString(" " + flow(n) + "\n")
	case n.form == formList:
		p.WriteString("\n")
		for _, one := range n.list {
			p.item(depth+1, one)
		}
	default:
		p.WriteString(" " + literal(n) + "\n")
	}
}

// item writes one of a list.
func (p *printer) item(depth int, n *node) {
	indent := strings.Repeat("  ", depth)
	if n.form != formFields || len(n.fields) == 0 {
		p.WriteString(indent + "-")
		p.value(depth, n)
		return
	}
	var inner printer
	inner.fields(depth+1, n.fields)
	p.WriteString(indent + "- " + strings.TrimPrefix(inner.String(), indent+"  "))
}

// flat reports whether a list is written on one line.
func (n *node) flat() bool {
	for _, one := range n.list {
		if one.form == formFields && len(one.fields) > 0 || one.form == formList && len(one.list) > 0 {
			return false
		}
	}
	return true
}

func flow(n *node) string {
	parts := make([]string, len(n.list))
	for i, one := range n.list {
		switch one.form {
		case formFields:
			parts[i] = "{}"
		case formList:
			parts[i] = "[]"
		default:
			parts[i] = literal(one)
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func literal(n *node) string {
	switch n.form {
	case formNull:
		return "null"
	case formText:
		return scalar(n.text)
	}
	return n.text
}

// bare is text that needs no quotes anywhere in YAML, and nobody reads as
// anything else.
var (
	bare     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_./@+-]*( [A-Za-z0-9_./@+-]+)*$`)
	reserved = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|y|n|null|nan|inf)$`)
)

// scalar is a text as it is written: with quotes where it needs any.
func scalar(text string) string {
	if bare.MatchString(text) && !reserved.MatchString(text) {
		return text
	}
	b, err := json.Marshal(text)
	if err != nil { // it is not UTF-8; the server has none such
		return `""`
	}
	return string(b)
}
