package transform

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
)

// The bounds of an expression. They are generous for what people write; with
// those of work they keep one record from costing more than some milliseconds
// and megabytes.
const (
	mostExpression = 2_000   // characters
	mostNodes      = 300     // parts that it is made of
	mostMemory     = 100_000 // elements of lists that it makes, of one record
	mostLooked     = 1 << 18 // bytes of the record's fields that it looks at
	mostResult     = 1 << 20 // bytes of text that it makes, of one record
)

// rowName is how an expression names the record. Its fields are not names by
// themselves: duration is a function, and bookings have a field of that name.
const rowName = "row"

// expression is a compiled expression.
type expression struct {
	program *vm.Program
	machine vm.VM
	env     map[string]any
	fields  []string // of the record that it looks at; nil for all
	made    int      // bytes of text made, of this record
	work    *work    // of all the rules together
}

// newExpression compiles one. With truth its result must be true or false.
func newExpression(s *spec, truth bool) *expression {
	source := s.text("expression")
	switch {
	case strings.TrimSpace(source) == "":
		s.refuse("expression", "it is missing", `Give one, such as row.status == "accepted"`)
		return nil
	case len([]rune(source)) > mostExpression:
		s.refuse("expression", fmt.Sprintf("it is longer than %d characters", mostExpression), "Divide it into several rules")
		return nil
	}
	e := &expression{env: map[string]any{}, work: &work{}}
	guard := &guard{}
	if tree, err := parser.Parse(source); err == nil { // else Compile says it, with its place
		ast.Walk(&tree.Node, look{guard})
	}
	if guard.wrong != nil {
		s.refuse("expression", guard.wrong.Message, guard.wrong.Remedy)
		return nil
	}
	options := append([]expr.Option{
		expr.Env(map[string]any{rowName: map[string]any{}}), expr.MaxNodes(mostNodes), expr.Patch(guard), expr.DisableAllBuiltins(),
	}, e.functions()...)
	program, err := expr.Compile(source, options...)
	if err == nil && truth { // only looked at: run by itself it would not say what was given instead
		_, err = expr.Compile(source, append(options, expr.AsBool())...)
	}
	if err != nil {
		message, remedy := explain(err)
		s.refuse("expression", message, remedy)
		return nil
	}
	e.program, e.fields = program, guard.used()
	e.machine.MemoryBudget = mostMemory
	return e
}

// What the compiler says of a filter that compares nothing, and what helps.
const (
	noTruth       = "expected bool, but got"
	compareRemedy = `Compare something, as in row.status == "accepted"`
)

// explain says what the language's compiler has found. Its words are about the
// expression, which the one who reads them has written.
func explain(err error) (message, remedy string) {
	remedy = `Write the record as row, as in row.status == "accepted" and row.duration > 15; docs/transforms.md lists the functions`
	var at *file.Error
	if !errors.As(err, &at) {
		if strings.Contains(err.Error(), noTruth) {
			return "it gives no true or false", compareRemedy
		}
		return "it cannot be read: " + weir.Clip(err.Error()), remedy
	}
	message = weir.Clip(at.Message)
	switch name, unknown := strings.CutPrefix(message, "unknown name "); {
	case unknown:
		message = name + " is no name that there is"
		remedy = "Write row." + strings.TrimSpace(name) + " for the record's field; docs/transforms.md lists the functions"
	case strings.Contains(message, `token Operator("=")`):
		message, remedy = "a single = stands here, and compares nothing", `Write == to compare, as in row.status == "accepted"`
	case strings.Contains(message, noTruth):
		message, remedy = "it gives no true or false", compareRemedy
	}
	return fmt.Sprintf("from character %d on: %s", at.Column+1, message), remedy
}

// run evaluates the expression for a record.
func (e *expression) run(root *value) (any, error) {
	row, size, err := root.fields(e.fields)
	if err == nil {
		err = e.work.charge(size * perJSON)
	}
	if err != nil {
		return nil, err
	}
	e.env[rowName], e.made = row, 0
	out, err := e.machine.Run(e.program, e.env)
	if err != nil {
		return nil, errors.New(runReason(err))
	}
	return out, nil
}

// runReason says why an expression failed, without what is in the record:
// the language's own words may have values in them.
func runReason(err error) string {
	var ours *failure
	if errors.As(err, &ours) {
		return ours.reason
	}
	switch text := err.Error(); {
	case strings.Contains(text, "memory budget"):
		return "the expression makes too much of this record"
	case strings.Contains(text, "out of range"):
		return "the expression takes an element that a list does not have; first(list) and get(list, 0) give nothing then"
	case strings.Contains(text, "nil"):
		return errNone.reason
	case strings.Contains(text, "divide by zero"):
		return "the expression divides by zero"
	}
	return "the expression does not fit this record's values: a text where it needs a number, or the like"
}

// failure is an error whose words are ours.
type failure struct{ reason string }

// Error is what happened.
func (f *failure) Error() string { return f.reason }

var errLooked = fmt.Errorf("the expression looks at more than %d KiB of this record", mostLooked>>10)

// fields gives the named members of the record, or all, as the language has
// values, and how long they are.
func (v *value) fields(names []string) (row map[string]any, size int, err error) {
	if names == nil {
		if size = v.size(); size > mostLooked {
			return nil, 0, errLooked
		}
		out, err := v.any(0)
		row, _ = out.(map[string]any)
		return row, size, err
	}
	row = make(map[string]any, len(names))
	for _, name := range names {
		m := v.at(name)
		if m == nil {
			continue
		}
		if size += m.size(); size > mostLooked {
			return nil, 0, errLooked
		}
		if row[name], err = m.any(0); err != nil {
			return nil, 0, err
		}
	}
	return row, size, nil
}

// size is about how long the value is as text.
func (v *value) size() int {
	n := len(v.raw)
	if v.is == text {
		return n
	}
	n = 2
	for i := range v.members {
		n += len(v.members[i].name) + v.members[i].value.size()
	}
	for i := range v.items {
		n += v.items[i].size()
	}
	return n
}

// any is the value as the language has it: nil, bool, int, float64, string,
// []any, map[string]any. A number that neither an int nor a float64 holds with
// all its digits is a text, as it is in a table.
func (v *value) any(depth int) (any, error) {
	if depth > depthLimit {
		return nil, errDeep
	}
	switch v.kind() {
	case 't', 'f':
		return v.raw.Kind() == 't', nil
	case '0':
		return number(string(v.raw)), nil
	case '"':
		return v.plain(), nil
	case '[':
		v.array()
		out := make([]any, len(v.items))
		for i := range v.items {
			var err error
			if out[i], err = v.items[i].any(depth + 1); err != nil {
				return nil, err
			}
		}
		return out, nil
	case '{':
		v.object()
		out := make(map[string]any, len(v.members))
		for i := range v.members {
			var err error
			if out[v.members[i].name], err = v.members[i].value.any(depth + 1); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return nil, nil
}

func number(literal string) any {
	if n, err := strconv.Atoi(literal); err == nil {
		return n
	}
	f, err := strconv.ParseFloat(literal, 64)
	if err != nil || significant(literal) != significant(strconv.FormatFloat(f, 'e', -1, 64)) {
		return literal
	}
	return f
}

// significant gives a number's digits without sign, point, exponent and outer
// zeros.
func significant(literal string) string {
	if i := strings.IndexAny(literal, "eE"); i >= 0 {
		literal = literal[:i]
	}
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(literal, "-"), ".")
	return strings.Trim(whole+fraction, "0")
}

var (
	errLarge = errors.New("the expression gives more than 1 MiB")
	errOdd   = errors.New("the expression gives something that is no value of a record")
	errNaN   = errors.New("the expression gives no finite number")
)

// jsonOf is what an expression has given as canonical JSON. A list may hold
// another one many times, so it is stopped when it becomes too long.
func jsonOf(v any) (jsontext.Value, error) {
	out, err := appendAny(nil, v, 0)
	if err != nil {
		return nil, err
	}
	raw := jsontext.Value(out)
	if canonicalize(&raw) != nil {
		return nil, errOdd
	}
	return raw, nil
}

func appendAny(out []byte, v any, depth int) (_ []byte, err error) {
	if len(out) > mostResult {
		return nil, errLarge
	}
	if depth > depthLimit {
		return nil, errDeep
	}
	switch v := v.(type) {
	case nil:
		return append(out, "null"...), nil
	case bool:
		return strconv.AppendBool(out, v), nil
	case int:
		return strconv.AppendInt(out, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(out, v, 10), nil
	case string:
		return append(out, quote(v)...), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, errNaN
		}
		return strconv.AppendFloat(out, v, 'g', -1, 64), nil
	case time.Time:
		if inRange(v.UTC()) != nil {
			return nil, errors.New("the expression gives a time outside the years 1 to 9999")
		}
		return append(out, quote(v.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano))...), nil
	case time.Duration:
		return appendAny(out, v.Seconds(), depth)
	case time.Month:
		return appendAny(out, int(v), depth)
	case time.Weekday:
		return appendAny(out, int(v), depth)
	case []any:
		return appendList(out, v, depth)
	case map[string]any:
		return appendFields(out, v, depth)
	}
	return nil, errOdd
}

func appendList(out []byte, list []any, depth int) (_ []byte, err error) {
	out = append(out, '[')
	for i, item := range list {
		if i > 0 {
			out = append(out, ',')
		}
		if out, err = appendAny(out, item, depth+1); err != nil {
			return nil, err
		}
	}
	return append(out, ']'), nil
}

func appendFields(out []byte, fields map[string]any, depth int) (_ []byte, err error) {
	out = append(out, '{')
	for i, name := range slices.Sorted(maps.Keys(fields)) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(out, quote(name)...), ':')
		if out, err = appendAny(out, fields[name], depth+1); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

// compute sets a field to what an expression gives.
type compute struct {
	changes
	*expression
}

func newCompute(s *spec) step {
	return &compute{changes{paths: [][]string{s.path()}}, newExpression(s, false)}
}

func (c *compute) apply(root *value) (bool, error) {
	out, err := c.run(root)
	if err != nil {
		return true, err
	}
	raw, err := jsonOf(out)
	if err == nil {
		err = c.work.charge(len(raw) * perJSON)
	}
	if err != nil {
		return true, err
	}
	if err := create(root, c.paths[0], raw); err != nil {
		return true, fmt.Errorf("%s cannot be set: %w", joinPath(c.paths[0]), err)
	}
	return true, nil
}
