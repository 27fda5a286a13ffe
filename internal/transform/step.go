package transform

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
)

// What the language leaves open is bound here: it cannot be interrupted, so
// every way to spend time or memory without end is either not offered or
// counted. What would make a record come out differently another time (the
// clock, the machine's zone) is not offered.

// taken are functions of the language as they are. Those that make text are
// ours, below.
var taken = []string{
	"all", "none", "any", "one", "filter", "map", "find", "findIndex", "count", "sum",
	"type", "ceil", "floor", "round", "first", "last", "get",
}

// methods are those of a time or a duration that an expression may call.
var methods = []string{
	"Year", "Month", "Day", "Hour", "Minute", "Second", "Weekday", "YearDay", "Unix", "UnixMilli", "Format", "In", "UTC",
	"Add", "AddDate", "Sub", "Truncate", "Before", "After", "Equal", "Hours", "Minutes", "Seconds", "String",
}

// The names of what replaces parts of the language: no expression can write
// them, since the guard sees what was written.
const (
	stepName     = "__step"
	lookName     = "__look"
	weighName    = "__weigh"
	equalName    = "__equal"
	inName       = "__in"
	matchesName  = "__matches"
	addName      = "__add"
	subtractName = "__subtract"
	multiplyName = "__multiply"
	negateName   = "__negate"
	sumName      = "__sum"
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
		if n.Operator == "matches" {
			l.pattern(n.Right)
		}
	case *ast.VariableDeclaratorNode:
		l.refuse("let is not offered", "Use compute with a field for the part, and drop it later")
	case *ast.SequenceNode:
		l.refuse("an expression is one, without ;", "Divide it into several rules")
	}
}

func (l look) pattern(n ast.Node) {
	text, constant := n.(*ast.StringNode)
	if !constant {
		l.refuse("the pattern after matches is no text that stands here", `Write it in quotes, as in row.title matches "^Intro"`)
		return
	}
	if _, err := newPattern(text.Value); err != nil {
		l.refuse(err.Error(), `Write a shorter one, as in row.title matches "^Intro"`)
	}
}

func (l look) function(name string) {
	if name == "now" {
		l.refuse("now is not offered: the same record must give the same result each time", "Compare with a time that stands here, as in date(row.start) > date(\"2026-01-01\")")
	}
	if !slices.Contains(taken, name) && !slices.Contains(ownNames, name) && !slices.Contains(countedNames, name) {
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
		n.Node = call(stepName, n.Node, &ast.IntegerNode{Value: parts(n.Node)})
	case *ast.BinaryNode:
		g.operator(node, n)
	case *ast.UnaryNode:
		if n.Operator == "-" && !constant(n.Node) {
			ast.Patch(node, call(negateName, n.Node))
		}
	case *ast.BuiltinNode:
		g.builtin(node, n)
	case *ast.PairNode:
		n.Key = looked(n.Key)
	case *ast.MemberNode:
		n.Property = looked(n.Property)
		if fromRow(n.Node) {
			n.Optional = true
			ast.Patch(node, &ast.ChainNode{Node: n})
		}
	}
}

// ours are the functions that operators become.
var ours = map[string]string{"+": addName, "-": subtractName, "*": multiplyName, "in": inName, "==": equalName}

// operator replaces or counts an operator of two sides. What is compared with
// a value that stands in the expression costs no more than that is long.
func (g *guard) operator(node *ast.Node, n *ast.BinaryNode) {
	easy := constant(n.Left) || constant(n.Right)
	switch n.Operator {
	case "==":
		if !easy {
			ast.Patch(node, call(equalName, n.Left, n.Right))
		}
	case "!=":
		if !easy {
			ast.Patch(node, &ast.UnaryNode{Operator: "not", Node: call(equalName, n.Left, n.Right)})
		}
	case "+", "-", "*", "in":
		ast.Patch(node, call(ours[n.Operator], n.Left, n.Right))
	case "<", "<=", ">", ">=", "startsWith", "endsWith":
		if !easy {
			n.Left = looked(n.Left)
		}
	case "contains":
		n.Left = looked(n.Left)
	case "matches":
		text, _ := n.Right.(*ast.StringNode)
		if pattern, err := newPattern(text.Value); err == nil {
			ast.Patch(node, call(matchesName, n.Left, &ast.ConstantNode{Value: pattern}))
		}
	}
}

// builtin counts what a function of the language does without our steps.
func (g *guard) builtin(node *ast.Node, n *ast.BuiltinNode) {
	switch {
	case n.Name == "sum" && len(n.Arguments) == 2:
		ast.Patch(node, call(sumName, &ast.BuiltinNode{Name: "map", Arguments: n.Arguments}))
	case n.Name == "sum":
		ast.Patch(node, call(sumName, n.Arguments...))
	case n.Name == "count" && len(n.Arguments) == 1:
		n.Arguments[0] = call(weighName, n.Arguments[0])
	case n.Name == "get" && len(n.Arguments) == 2:
		n.Arguments[1] = looked(n.Arguments[1])
	}
}

// looked counts a text that a part of an expression gives.
func looked(n ast.Node) ast.Node {
	if constant(n) {
		return n
	}
	return call(lookName, n)
}

// constant reports whether a scalar stands in the expression itself.
func constant(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.NilNode, *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.StringNode:
		return true
	case *ast.UnaryNode:
		return constant(n.Node)
	}
	return false
}

// parts is how many parts of an expression there are.
func parts(n ast.Node) int {
	var c counter
	ast.Walk(&n, &c)
	return int(c)
}

type counter int

// Visit counts a part.
func (c *counter) Visit(*ast.Node) { *c++ }

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
	out := make([]expr.Option, 0, len(taken)+len(countedNames)+20)
	for _, name := range taken {
		out = append(out, expr.EnableBuiltin(name))
	}
	for _, name := range countedNames {
		out = append(out, e.counted(name))
	}
	zones := map[string]*time.Location{}
	return append(out,
		expr.Function(stepName, e.step),
		expr.Function(lookName, e.looked),
		expr.Function(weighName, e.weighed),
		expr.Function(equalName, e.equal, new(func(any, any) bool)),
		expr.Function(inName, e.in, new(func(any, any) bool)),
		expr.Function(matchesName, e.matches, new(func(any, any) bool)),
		expr.Function(addName, e.add),
		expr.Function(subtractName, e.subtract),
		expr.Function(multiplyName, e.multiply),
		expr.Function(negateName, e.negate),
		expr.Function(sumName, e.sum),
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
	errSteps = &failure{fmt.Sprintf("the rules look at more than %d elements of this record's lists", mostSteps)}
	errWork  = &failure{"the rules have too much to do with this record: its texts and lists are too long for what they look for"}
	errMade  = &failure{"the expression makes more than 1 MiB of text of this record"}
	errNone  = &failure{"the expression meets a field that has no value; write ?? to say what stands for it, as in (row.duration ?? 0) > 15"}
	errRange = &failure{"the expression's whole numbers leave the range of -9223372036854775808 to 9223372036854775807"}
	errText  = &failure{"the expression does not fit this record's values: a function that takes text was given something else"}
	errList  = &failure{"the expression does not fit this record's values: a function that takes a list was given something else"}
	errDate  = &failure{"the expression takes something for a time that is none"}
	errZone  = &failure{"the expression names a time zone that there is not; write one as Europe/Berlin"}
)

// step counts one element that is looked at, by as many parts.
func (e *expression) step(params ...any) (any, error) {
	if e.work.steps++; e.work.steps > mostSteps {
		return nil, errSteps
	}
	n, _ := params[1].(int)
	return params[0], e.work.charge(n * perPart)
}

// makes counts text that is made.
func (e *expression) makes(n int) error {
	if e.made += n; e.made > mostResult {
		return errMade
	}
	return e.work.charge(n * perMade)
}

// text gives text that was made.
func (e *expression) text(t string) (any, error) {
	if err := e.makes(len(t)); err != nil {
		return nil, err
	}
	return t, nil
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
	if err := e.work.charge(len(raw) * perJSON); err != nil {
		return nil, err
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
	if err := e.work.charge(len(list) * perElement); err != nil {
		return nil, err
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
	if err := e.work.charge(len(t)); err != nil {
		return nil, err
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
	if err := e.work.charge(len(t)); err != nil {
		return nil, err
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
	if err := e.work.charge(len(t)); err != nil {
		return nil, err
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
