package transform

import (
	"reflect"
	"slices"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/vm/runtime"
)

// What all the expressions of a program may do with one record. They are
// counted and not timed, so that a record fails everywhere or nowhere. A unit
// of work is about a byte that is looked at, a nanosecond at most.
const (
	mostSteps  = 10_000  // elements of lists that are looked at one by one
	mostWork   = 1 << 25 // units
	perPart    = 32      // of a part of an expression, for an element of a list
	perElement = 32      // of an element or field that is passed over
	perState   = 16      // of a state of a pattern, for a byte of text
	perMade    = 2       // of a byte of text that is made
	perJSON    = 8       // of a byte that is read from or becomes JSON
)

// work is what was done with one record.
type work struct{ steps, units int }

// charge counts what is about to be done.
func (w *work) charge(units int) error {
	if units > mostWork-w.units {
		w.units = mostWork
		return errWork
	}
	w.units += units
	return nil
}

// counts lets the expression count what it does with what others do.
func (e *expression) counts(w *work) { e.work = w }

// weigh counts a value with all that is in it. A list may hold another one many
// times, so it stops at the bound.
func (w *work) weigh(v any) error {
	if err := w.charge(perElement); err != nil {
		return err
	}
	switch v := v.(type) {
	case string:
		return w.charge(len(v))
	case []any:
		for _, item := range v {
			if err := w.weigh(item); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, item := range v {
			if err := w.charge(perElement + len(name)); err != nil {
				return err
			}
			if err := w.weigh(item); err != nil {
				return err
			}
		}
	case []int, []float64, []string: // which stand in the expression
		return w.charge(reflect.ValueOf(v).Len() * perElement)
	}
	return nil
}

// looked counts a text, and gives what it was given.
func (e *expression) looked(params ...any) (any, error) {
	text, _ := params[0].(string)
	return params[0], e.work.charge(len(text))
}

// weighed counts a value with all that is in it, and gives it.
func (e *expression) weighed(params ...any) (any, error) {
	return params[0], e.work.weigh(params[0])
}

// equal is ==. Lists and texts of different length cost nothing.
func (e *expression) equal(params ...any) (any, error) {
	same, err := e.same(params[0], params[1])
	return same, err
}

func (e *expression) same(a, b any) (bool, error) {
	var err error
	switch a := a.(type) {
	case string:
		if b, is := b.(string); is && len(a) == len(b) {
			err = e.work.charge(len(a))
		}
	case []any:
		if b, is := b.([]any); !is || len(a) == len(b) {
			err = e.work.weigh(a)
		}
	case map[string]any:
		if b, is := b.(map[string]any); is && len(a) == len(b) {
			err = e.work.weigh(a)
		}
	}
	if err != nil {
		return false, err
	}
	return runtime.Equal(a, b), nil
}

// in looks for a value in a list, or for a name in an object.
func (e *expression) in(params ...any) (any, error) {
	list, is := params[1].([]any)
	if !is {
		if err := e.work.weigh(params[0]); err != nil {
			return nil, err
		}
		return runtime.In(params[0], params[1]), nil
	}
	for _, item := range list {
		if err := e.work.charge(perElement); err != nil {
			return nil, err
		}
		if same, err := e.same(item, params[0]); same || err != nil {
			return same, err
		}
	}
	return false, nil
}

// countedNames are functions of the language that are as they are, but for
// what they cost.
var countedNames = []string{
	"len", "abs", "int", "float", "trim", "trimPrefix", "trimSuffix", "indexOf", "lastIndexOf", "hasPrefix", "hasSuffix",
	"max", "min", "mean", "median", "duration",
}

// counted is a function of the language that counts what it looks at.
func (e *expression) counted(name string) expr.Option {
	original := builtin.Builtins[builtin.Index[name]]
	f := *original
	f.Fast = nil
	f.Types = slices.Clone(original.Types)
	slices.SortStableFunc(f.Types, func(a, b reflect.Type) int { return b.NumIn() - a.NumIn() }) // the compiler takes the first for all
	f.Func = func(params ...any) (any, error) {
		if err := e.before(name, params); err != nil {
			return nil, err
		}
		if original.Fast != nil {
			return original.Fast(params[0]), nil
		}
		return original.Func(params...)
	}
	return func(c *conf.Config) { c.Functions[name] = &f }
}

// before counts what a function of the language is about to look at, and
// refuses the whole numbers that it would give wrongly.
func (e *expression) before(name string, params []any) error {
	switch name {
	case "lastIndexOf": // byte by byte, from the end
		text, _ := params[0].(string)
		return e.work.charge(len(text) * 4)
	case "len", "hasPrefix", "hasSuffix", "trimPrefix", "trimSuffix":
		_, err := e.looked(params...)
		return err
	case "abs", "int":
		if !hasWhole(name, params[0]) {
			return errRange
		}
	case "trim":
		if len(params) == 2 { // each character is looked for among the others
			text, _ := params[0].(string)
			others, _ := params[1].(string)
			return e.work.charge(len(text) * (len(others) + 1))
		}
	}
	for _, p := range params {
		if err := e.work.weigh(p); err != nil {
			return err
		}
	}
	return nil
}
