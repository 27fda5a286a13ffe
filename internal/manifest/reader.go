package manifest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// reader takes values out of fields, and notes all that is wrong with them.
type reader struct {
	problems Problems
}

func (r *reader) wrong(p place, field, message, remedy string) {
	r.problems = append(r.problems, p.problem(field, message, remedy))
}

// object is fields that are being read: those of a thing, or a part of them.
type object struct {
	*reader
	place
	path string // of the part in the thing, with its dot: "schedule."
	node *node
	// odd says that a field is unknown: what is missing may be what it means.
	odd bool
}

// object checks that n has fields, and no others than these.
func (r *reader) object(p place, path string, n *node, known ...string) *object {
	o := &object{reader: r, place: p, path: path, node: n}
	if n.form != formFields && n.form != formNull {
		o.wrong(p, strings.TrimSuffix(path, "."), "it is "+words[n.form], "Write fields: "+strings.Join(known, ", "))
		o.node, o.odd = &node{}, true
	}
	for _, f := range o.node.fields {
		o.lines[path+f.name] = f.line
		if !slices.Contains(known, f.name) {
			o.odd = true
			o.wrong(p, path+f.name, "there is no such field", "Use "+strings.Join(known, ", "))
		}
	}
	return o
}

// value gives a field's value, nil when there is none or it is of another form.
func (o *object) value(name string, write string, forms ...form) *node {
	n := o.node.at(name)
	switch {
	case n == nil || n.form == formNull:
		return nil
	case !slices.Contains(forms, n.form):
		o.wrong(o.place, o.path+name, "it is "+words[n.form], "Write "+write)
		return nil
	}
	return n
}

// has reports whether the field is there, be it empty.
func (o *object) has(name string) bool { return o.node.at(name) != nil }

// control are characters that no text of ours has in one line.
var control = regexp.MustCompile(`[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]`)

// text reads one text. Numbers and switches are text as they are written.
func (o *object) text(name string) string {
	n := o.value(name, "one text", formText, formNumber, formFlag)
	if n == nil {
		return ""
	}
	if control.MatchString(n.text) {
		o.wrong(o.place, o.path+name, "it has a control character", "Leave that character out")
	}
	return n.text
}

// needed is text that must be there.
func (o *object) needed(name, remedy string) string {
	text, n := o.text(name), o.node.at(name)
	switch {
	case n == nil:
		o.missing(name, remedy)
	case text == "" && n.form != formList && n.form != formFields:
		o.wrong(o.place, o.path+name, "it is empty", remedy)
	}
	return text
}

// missing notes that a field is not there.
func (o *object) missing(name, remedy string) {
	if !o.odd {
		o.wrong(o.place, o.path+name, "it is missing", remedy)
	}
}

// oneOf reads a text that is one of a few.
func (o *object) oneOf(name, otherwise string, all ...string) string {
	text := o.text(name)
	if text == "" {
		return otherwise
	}
	if !slices.Contains(all, text) {
		o.wrong(o.place, o.path+name, "it is none that there is", "Use "+strings.Join(all, ", "))
		return otherwise
	}
	return text
}

// flag reads true or false.
func (o *object) flag(name string, otherwise bool) bool {
	n := o.value(name, "true or false", formFlag)
	if n == nil {
		return otherwise
	}
	return strings.EqualFold(n.text, "true")
}

// number reads a whole number.
func (o *object) number(name string, most int) int {
	n := o.value(name, "a whole number", formNumber)
	if n == nil {
		return 0
	}
	v, err := strconv.Atoi(n.text)
	if err != nil || v < 0 || v > most {
		o.wrong(o.place, o.path+name, fmt.Sprintf("it is not a whole number from 0 to %d", most), "Write one")
	}
	return v
}

// texts reads a list of texts, each once.
func (o *object) texts(name string) []string {
	n := o.value(name, "a list: ["+name+"]", formList)
	if n == nil {
		return nil
	}
	all, known := []string{}, map[string]bool{}
	for i, one := range n.list {
		o.lines[fmt.Sprintf("%s%s.%d", o.path, name, i)] = one.line
		where := fmt.Sprintf("%s%s.%d", o.path, name, i)
		switch {
		case one.form == formList || one.form == formFields || one.text == "":
			o.wrong(o.place, where, "it is "+words[one.form], "Write one text")
		case known[one.text]:
			o.wrong(o.place, where, "it is there twice", "Take one of the two away")
		default:
			known[one.text] = true
			all = append(all, one.text)
		}
	}
	return all
}

// pairs reads names with texts.
func (o *object) pairs(name string) map[string]string {
	n := o.value(name, "fields: NAME: VALUE", formFields)
	if n == nil {
		return nil
	}
	out := map[string]string{}
	for _, f := range n.fields {
		o.lines[o.path+name+"."+f.name] = f.line
		switch f.value.form {
		case formList, formFields:
			o.wrong(o.place, o.path+name+"."+f.name, "it is "+words[f.value.form], "Write one text")
		case formNull:
		default:
			out[f.name] = f.value.text
		}
	}
	return out
}

// number as JSON has it.
var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// json reads any value as JSON.
func (o *object) json(name string) jsontext.Value {
	n := o.value(name, "fields", formFields)
	if n == nil {
		return nil
	}
	v := o.any(o.path+name, n)
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		o.wrong(o.place, o.path+name, "it cannot be sent as JSON", "Write text, numbers, true, false, lists and fields")
		return nil
	}
	return b
}

// any is a node as Go has JSON: its numbers keep their digits.
func (o *object) any(path string, n *node) any {
	switch n.form {
	case formText:
		return n.text
	case formFlag:
		return strings.EqualFold(n.text, "true")
	case formNumber:
		if !plainNumber.MatchString(n.text) {
			o.lines[path] = n.line
			o.wrong(o.place, path, "it is a number in a form of YAML's own", "Write it in plain digits, or put text into quotes")
			return nil
		}
		return jsontext.Value(n.text)
	case formList:
		out := make([]any, len(n.list))
		for i, one := range n.list {
			out[i] = o.any(fmt.Sprintf("%s.%d", path, i), one)
		}
		return out
	case formFields:
		out := map[string]any{}
		for _, f := range n.fields {
			o.lines[path+"."+f.name] = f.line
			out[f.name] = o.any(path+"."+f.name, f.value)
		}
		return out
	}
	return nil
}

// part is a field that has fields itself; an empty one when it is not there.
func (o *object) part(name string, known ...string) *object {
	n := o.value(name, "fields: "+strings.Join(known, ", "), formFields)
	if n == nil {
		n = &node{}
	}
	return o.object(o.place, o.path+name+".", n, known...)
}

func (o *object) common() Common {
	return Common{Description: o.text("description"), Tags: o.texts("tags")}
}

// secretName is what a variable or file may be called; a secret in its place
// is caught by the form that keys have.
var (
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	secretForm   = regexp.MustCompile(`cal_[A-Za-z0-9_]{16,}|whsec_[A-Za-z0-9+/=]{16,}|hooks\.slack\.com/services/`)
)

// secret reads where a secret comes from.
func (o *object) secret(name string) Secret {
	const write = "{env: VARIABLE} or {file: PATH}: a secret itself never stands in a file"
	n := o.value(name, write, formFields)
	if n == nil {
		return Secret{}
	}
	p := o.object(o.place, o.path+name+".", n, "env", "file")
	s := Secret{Env: p.text("env"), File: p.text("file")}
	switch {
	case s.Env != "" && s.File != "", s.IsZero():
		o.wrong(o.place, o.path+name, "it must name one place", "Write "+write)
	case s.Env != "" && !variableName.MatchString(s.Env):
		o.wrong(o.place, o.path+name+".env", "it is no name of a variable", "Write the variable's name, without $")
		return Secret{}
	}
	return s
}
