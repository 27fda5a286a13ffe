package transform

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm/runtime"
)

// What the language leaves open is bound here: it cannot be interrupted, so
// every way to spend time or memory without end is either not offered or
// counted. What would make a record come out differently another time (the
// clock, the machine's zone) is not offered.

// taken are functions of the language as they are. Those that make text are
// ours, below.
var taken = []string{
	"all", "none", "any", "one", "filter", "map", "find", "findIndex", "count", "sum",
	"len", "type", "abs", "ceil", "floor", "round", "int", "float", "trim", "trimPrefix", "trimSuffix",
	"indexOf", "lastIndexOf", "hasPrefix", "hasSuffix", "max", "min", "mean", "median", "duration", "first", "last", "get",
}

// methods are those of a time or a duration that an expression may call.
var methods = []string{
	"Year", "Month", "Day", "Hour", "Minute", "Second", "Weekday", "YearDay", "Unix", "UnixMilli", "Format", "In", "UTC",
	"Add", "AddDate", "Sub", "Truncate", "Before", "After", "Equal", "Hours", "Minutes", "Seconds", "String",
}

// The names of what replaces parts of the language: no expression can write
// them, since the guard sees what was written.
const (
	stepName = "__step"
	addName  = "__add"
)

// guard refuses what is not offered in an expression, and counts the rest.
type guard struct {
	wrong  *Error
	names  []string // fields of the record that are named
	rows   int      // how often the record is named
	fields int      // how often with a field
}

// used are the fields that an expression looks at; nil for the whole record.
func (g *guard) used() []string {
	if g.rows > g.fields {
		return nil
	}
	slices.Sort(g.names)
	return slices.Compact(g.names)
}

func (g *guard) refuse(message, remedy string) {
	if g.wrong == nil {
		g.wrong = &Error{Message: message, Remedy: remedy}
	}
}

// look is the guard before anything was replaced.
type look struct{ *guard }

// Visit looks at one part of an expression as it was written.
func (l look) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		if n.Value == rowName {
			l.rows++
		}
		if strings.HasPrefix(n.Value, "__") || n.Value == "$env" {
			l.refuse(n.Value+" is no name that there is", "Write the record as row, and its fields as row.status")
		}
	case *ast.MemberNode:
		if of, is := n.Node.(*ast.IdentifierNode); is && of.Value == rowName {
			if name, is := n.Property.(*ast.StringNode); is {
				l.fields++
				l.names = append(l.names, name.Value)
			}
		}
	case *ast.BuiltinNode:
		l.function(n.Name)
	case *ast.CallNode:
		l.call(n)
	case *ast.BinaryNode:
		if n.Operator == ".." {
			l.refuse("ranges (..) are not offered", "Look at the record's own lists")
		}
		if _, constant := n.Right.(*ast.StringNode); n.Operator == "matches" && !constant {
			l.refuse("the pattern after matches is no text that stands here", `Write it in quotes, as in row.title matches "^Intro"`)
		}
	case *ast.VariableDeclaratorNode:
		l.refuse("let is not offered", "Use compute with a field for the part, and drop it later")
	case *ast.SequenceNode:
		l.refuse("an expression is one, without ;", "Divide it into several rules")
	}
}

func (l look) function(name string) {
	if name == "now" {
		l.refuse("now is not offered: the same record must give the same result each time", "Compare with a time that stands here, as in date(row.start) > date(\"2026-01-01\")")
	}
	if !slices.Contains(taken, name) && !slices.Contains(ownNames, name) {
		l.refuse("the function "+name+" is not offered", "docs/transforms.md lists the functions")
	}
}

func (l look) call(n *ast.CallNode) {
	switch of := n.Callee.(type) {
	case *ast.IdentifierNode:
		l.function(of.Value)
	case *ast.MemberNode:
		name, _ := of.Property.(*ast.StringNode)
		if name == nil || !slices.Contains(methods, name.Value) {
			l.refuse("only times have methods, and this is none of those offered", "Use "+strings.Join(methods, ", "))
			return
		}
		if name.Value == "Format" && len(n.Arguments) == 1 {
			if _, constant := n.Arguments[0].(*ast.StringNode); !constant {
				l.refuse("the form of a time is no text that stands here", `Write it in quotes, as in date(row.start).Format("2006-01-02")`)
			}
		}
	default:
		l.refuse("this cannot be called", "docs/transforms.md lists the functions")
	}
}

// Visit replaces what must be counted, and lets a missing field be nil where
// the language would fail.
func (g *guard) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.PredicateNode:
		n.Node = call(stepName, n.Node)
	case *ast.BinaryNode:
		if n.Operator == "+" {
			ast.Patch(node, call(addName, n.Left, n.Right))
		}
	case *ast.MemberNode:
		if fromRow(n.Node) {
			n.Optional = true
			ast.Patch(node, &ast.ChainNode{Node: n})
		}
	}
}

// fromRow reports whether a value is the record, an element of a list, or a
// part of either.
func fromRow(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value == rowName
	case *ast.PointerNode:
		return true
	case *ast.ChainNode:
		return true
	case *ast.MemberNode:
		return fromRow(n.Node)
	}
	return false
}

func call(name string, arguments ...ast.Node) *ast.CallNode {
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: arguments}
}

// ownNames are the functions that are ours.
var ownNames = []string{"upper", "lower", "string", "join", "split", "replace", "date", "timezone"}

// functions are what an expression may call besides what it can by itself.
func (e *expression) functions() []expr.Option {
	out := make([]expr.Option, 0, len(taken)+10)
	for _, name := range taken {
		out = append(out, expr.EnableBuiltin(name))
	}
	zones := map[string]*time.Location{}
	return append(out,
		expr.Function(stepName, e.step),
		expr.Function(addName, e.add),
		expr.Function("upper", e.one(strings.ToUpper), new(func(string) string)),
		expr.Function("lower", e.one(strings.ToLower), new(func(string) string)),
		expr.Function("string", e.string, new(func(any) string)),
		expr.Function("join", e.join, new(func([]any, string) string), new(func([]any) string)),
		expr.Function("split", e.split, new(func(string, string) []any)),
		expr.Function("replace", e.replace, new(func(string, string, string) string)),
		expr.Function("date", e.date, new(func(string) time.Time)),
		expr.Function("timezone", func(params ...any) (any, error) { return zone(zones, params[0]) }, new(func(string) *time.Location)),
	)
}

// The failures of what is counted.
var (
	errSteps = &failure{fmt.Sprintf("the expression looks at more than %d elements of this record's lists", mostSteps)}
	errMade  = &failure{"the expression makes more than 1 MiB of text of this record"}
	errNone  = &failure{"the expression meets a field that has no value; write ?? to say what stands for it, as in (row.duration ?? 0) > 15"}
	errRange = &failure{"the expression's whole numbers become larger than 9223372036854775807"}
	errText  = &failure{"the expression does not fit this record's values: a function that takes text was given something else"}
	errDate  = &failure{"the expression takes something for a time that is none"}
	errZone  = &failure{"the expression names a time zone that there is not; write one as Europe/Berlin"}
)

// step counts one element that is looked at.
func (e *expression) step(params ...any) (any, error) {
	if e.steps++; e.steps > mostSteps {
		return nil, errSteps
	}
	return params[0], nil
}

// makes counts text that is made.
func (e *expression) makes(n int) error {
	if e.made += n; e.made > mostResult {
		return errMade
	}
	return nil
}

// text gives text that was made.
func (e *expression) text(t string) (any, error) {
	if err := e.makes(len(t)); err != nil {
		return nil, err
	}
	return t, nil
}

// add is +, which must neither make text without end nor wrap around.
func (e *expression) add(params ...any) (any, error) {
	switch a := params[0].(type) {
	case string:
		if b, is := params[1].(string); is {
			if err := e.makes(len(a) + len(b)); err != nil {
				return nil, err
			}
			return a + b, nil
		}
	case int:
		if b, is := params[1].(int); is {
			sum := a + b
			if (sum > a) != (b > 0) && b != 0 {
				return nil, errRange
			}
			return sum, nil
		}
	}
	return runtime.Add(params[0], params[1]), nil
}

// one is a function that makes one text of another.
func (e *expression) one(f func(string) string) func(...any) (any, error) {
	return func(params ...any) (any, error) {
		t, is := params[0].(string)
		if !is {
			return nil, errText
		}
		return e.text(f(t))
	}
}

// string is any value as text: what is no scalar, as JSON.
func (e *expression) string(params ...any) (any, error) {
	switch t := params[0].(type) {
	case nil:
		return nil, errNone
	case string:
		return t, nil
	}
	raw, err := jsonOf(params[0])
	if err != nil {
		return nil, &failure{err.Error()}
	}
	return e.text(strings.Trim(string(raw), `"`))
}

func (e *expression) join(params ...any) (any, error) {
	list, is := params[0].([]any)
	between := ""
	if len(params) > 1 && is {
		between, is = params[1].(string)
	}
	if !is {
		return nil, errText
	}
	var b strings.Builder
	for i, item := range list {
		t, is := item.(string)
		if !is {
			return nil, errText
		}
		if i > 0 {
			t = between + t
		}
		if err := e.makes(len(t)); err != nil {
			return nil, err
		}
		b.WriteString(t)
	}
	return b.String(), nil
}

// wordBytes is what an element of a list costs at least.
const wordBytes = 2 * bits.UintSize / 8

func (e *expression) split(params ...any) (any, error) {
	t, is := params[0].(string)
	by, also := params[1].(string)
	if !is || !also || by == "" {
		return nil, errText
	}
	if err := e.makes((strings.Count(t, by) + 1) * wordBytes); err != nil {
		return nil, err
	}
	parts := strings.Split(t, by)
	out := make([]any, len(parts))
	for i, p := range parts {
		out[i] = p
	}
	return out, nil
}

func (e *expression) replace(params ...any) (any, error) {
	t, is := params[0].(string)
	was, also := params[1].(string)
	now, too := params[2].(string)
	if !is || !also || !too || was == "" {
		return nil, errText
	}
	if err := e.makes(len(t) + strings.Count(t, was)*max(len(now)-len(was), 0)); err != nil {
		return nil, err
	}
	return strings.ReplaceAll(t, was, now), nil
}

// date reads a time as cast does.
func (e *expression) date(params ...any) (any, error) {
	if at, is := params[0].(time.Time); is {
		return at, nil
	}
	t, is := params[0].(string)
	if !is {
		return nil, errDate
	}
	at, err := readMoment(strings.TrimSpace(t))
	if err != nil {
		return nil, errDate
	}
	return at, nil
}

// zone gives a time zone by its name, and none of the machine's own.
func zone(known map[string]*time.Location, name any) (any, error) {
	text, is := name.(string)
	if !is || text == "Local" || len(text) > 100 {
		return nil, errZone
	}
	if known[text] == nil {
		at, err := time.LoadLocation(text)
		if err != nil || len(known) > 1000 {
			return nil, errZone
		}
		known[text] = at
	}
	return known[text], nil
}
