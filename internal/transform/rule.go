package transform

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
)

// Rule is one rule as it is written.
type Rule struct {
	Operation string         `json:"operation"` // one of Operations
	Spec      jsontext.Value `json:"spec"`      // an object; what is in it depends on the operation
}

// Equal reports whether two lists are the same rules in the same order: blanks, the
// order of fields and ways to write a character make no other ones.
func Equal(a, b []Rule) bool { return slices.EqualFunc(a, b, Rule.equal) }

func (r Rule) equal(as Rule) bool {
	if r.Operation != as.Operation {
		return false
	}
	x, y := r.Spec.Clone(), as.Spec.Clone()
	if canonicalize(&x) != nil || canonicalize(&y) != nil { // no JSON, which no rule is made of
		return string(r.Spec) == string(as.Spec)
	}
	return string(x) == string(y)
}

// Error says what is wrong with which rule.
type Error struct {
	Rule      int // from 1; 0 for the list as a whole
	Operation string
	Field     string // of the spec; "" for the rule as a whole
	Message   string
	Remedy    string
}

// Error joins place, message and remedy into one line.
func (e *Error) Error() string { return e.weir().Error() }

// Unwrap gives the same as one of Weir's own errors.
func (e *Error) Unwrap() error { return e.weir() }

// Where names the rule, and the field of its spec: "rule 2 cast.to".
func (e *Error) Where() string {
	if e.Rule == 0 {
		return "rules"
	}
	where := fmt.Sprintf("rule %d", e.Rule)
	if e.Operation != "" {
		where += " " + weir.Clip(e.Operation)
	}
	if e.Field != "" {
		where += "." + e.Field
	}
	return where
}

func (e *Error) weir() *weir.Error {
	return &weir.Error{Code: weir.CodeUsage, Reason: "transform", Where: e.Where(), Message: e.Message, Remedy: e.Remedy}
}

// Errors is what is wrong with several rules, in their order.
type Errors []*Error

// Error has a line for each.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives them one by one.
func (es Errors) Unwrap() []error {
	all := make([]error, len(es))
	for i, e := range es {
		all[i] = e
	}
	return all
}

// AllOf are the errors of rules in an error of Compile; none in any other.
func AllOf(err error) []*Error {
	var several Errors
	var one *Error
	switch {
	case errors.As(err, &several):
		return several
	case errors.As(err, &one):
		return []*Error{one}
	}
	return nil
}

func asError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Message: err.Error()}
}

// keyError refuses to touch a field of the primary key.
func keyError(key []string) *Error {
	return &Error{Message: "it would change " + joinPath(key) + ", which tells records apart", Remedy: "Leave that field as it is; rename may give it another name, and compute may make a changed copy under another name"}
}

// operations make a step of a rule's spec.
var operations = map[string]func(*spec) step{
	"rename":  newRename,
	"drop":    newDrop,
	"keep":    newKeep,
	"flatten": newFlatten,
	"default": newDefault,
	"cast":    newCast,
	"mask":    newMask,
	"trim":    newTrim,
	"lower":   newLower,
	"upper":   newUpper,
	"compute": newCompute,
	"filter":  newFilter,
	"require": newRequire,
}

// Operations are the names of all operations, sorted.
func Operations() []string { return slices.Sorted(maps.Keys(operations)) }

// compile makes a step of the rule.
func (r Rule) compile() (step, Errors) {
	build, known := operations[r.Operation]
	if !known {
		e := &Error{Message: "there is no such operation", Remedy: "Use " + strings.Join(Operations(), ", ")}
		if r.Operation == "" {
			e.Message = "it says no operation"
		}
		return nil, Errors{e}
	}
	s := &spec{}
	if len(r.Spec) == 0 || json.Unmarshal(r.Spec, &s.fields) != nil || s.fields == nil {
		return nil, Errors{{Field: "spec", Message: "it is no object", Remedy: "Give an object with the operation's fields"}}
	}
	out := build(s)
	s.rest()
	return out, s.wrong
}

// spec is a rule's spec that is being read. Of each field the first thing that is
// wrong with it counts.
type spec struct {
	fields map[string]jsontext.Value
	known  []string
	wrong  Errors
}

func (s *spec) refuse(field, message, remedy string) {
	if !slices.ContainsFunc(s.wrong, func(e *Error) bool { return e.Field == field }) {
		s.wrong = append(s.wrong, &Error{Field: field, Message: message, Remedy: remedy})
	}
}

// value gives a field as it is; nil when it was left out.
func (s *spec) value(name string) jsontext.Value {
	s.known = append(s.known, name)
	return s.fields[name]
}

// text gives a text, "" when it was left out.
func (s *spec) text(name string) (text string) {
	if v := s.value(name); v != nil && json.Unmarshal(v, &text) != nil || v.Kind() == 'n' {
		s.refuse(name, "it is no text", "Give a text")
	}
	return text
}

// path gives the path of the one field that must be there.
func (s *spec) path() []string {
	const name = "field"
	text := s.text(name)
	if text == "" {
		s.refuse(name, "it is missing", "Name a field, such as status or eventType.slug")
		return []string{""}
	}
	return s.parse(name, text)
}

func (s *spec) parse(name, text string) []string {
	parts, err := parsePath(text)
	if err != nil {
		s.refuse(name, "it is no path of a field", fmt.Sprintf("Write names with dots between, such as eventType.slug, at most %d; a dot that is part of a name has a backslash before it", mostPath))
		return []string{""}
	}
	return parts
}

// paths gives one or several paths: those of fields, or the one of field.
func (s *spec) paths() (all [][]string) {
	one, many := s.value("field"), s.value("fields")
	switch {
	case one != nil && many != nil:
		s.refuse("fields", "field is there, too", "Leave one of the two out")
	case one != nil:
		return [][]string{s.path()}
	}
	var list []string
	if many == nil || json.Unmarshal(many, &list) != nil || len(list) == 0 {
		s.refuse("fields", "it names no field", "Give a list of fields, such as [status, eventType.slug]")
	}
	for _, text := range list {
		all = append(all, s.parse("fields", text))
	}
	return all
}

// rest refuses fields that nobody has asked for.
func (s *spec) rest() {
	for _, name := range slices.Sorted(maps.Keys(s.fields)) {
		if !slices.Contains(s.known, name) {
			slices.Sort(s.known)
			s.refuse(weir.Clip(name), "there is no such field", "Use "+strings.Join(slices.Compact(s.known), ", "))
		}
	}
}
