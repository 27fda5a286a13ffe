package transform

import (
	"math"
	"time"

	"github.com/expr-lang/expr/vm/runtime"
)

// The language's whole numbers wrap around without a word. Here they fail
// instead: a wrong number in a table is worse than a record set aside. / and **
// give floats, and % stays within its sides.

// whole is a whole number or a duration as the language has it.
func whole(v any) (n int64, is bool) {
	switch v := v.(type) {
	case int:
		return int64(v), true
	case time.Duration:
		return int64(v), true
	}
	return 0, false
}

func wholes(params []any) (a, b int64, are bool) {
	a, is := whole(params[0])
	b, also := whole(params[1])
	return a, b, is && also
}

// add is +, which must not make text without end, either.
func (e *expression) add(params ...any) (any, error) {
	if a, b, are := wholes(params); are && (a+b > a) != (b > 0) && b != 0 {
		return nil, errRange
	}
	a, is := params[0].(string)
	b, also := params[1].(string)
	if is && also {
		if err := e.makes(len(a) + len(b)); err != nil {
			return nil, err
		}
	}
	return runtime.Add(params[0], params[1]), nil
}

func (e *expression) subtract(params ...any) (any, error) {
	if a, b, are := wholes(params); are && (a-b < a) != (b > 0) && b != 0 {
		return nil, errRange
	}
	return runtime.Subtract(params[0], params[1]), nil
}

func (e *expression) multiply(params ...any) (any, error) {
	if a, b, are := wholes(params); are && a != 0 && b != 0 {
		if c := a * b; c/b != a || a == -1 && b == math.MinInt64 || b == -1 && a == math.MinInt64 {
			return nil, errRange
		}
	}
	return runtime.Multiply(params[0], params[1]), nil
}

func (e *expression) negate(params ...any) (any, error) {
	if n, is := whole(params[0]); is && n == math.MinInt64 {
		return nil, errRange
	}
	return runtime.Negate(params[0]), nil
}

// sum adds up a list.
func (e *expression) sum(params ...any) (out any, err error) {
	if err := e.work.weigh(params[0]); err != nil {
		return nil, err
	}
	out = 0
	switch list := params[0].(type) {
	case []any:
		for _, item := range list {
			if out, err = e.add(out, item); err != nil {
				return nil, err
			}
		}
	case []int: // which stands in the expression
		for _, item := range list {
			if out, err = e.add(out, item); err != nil {
				return nil, err
			}
		}
	case []float64:
		for _, item := range list {
			out = runtime.Add(out, item)
		}
	case nil:
		return nil, errNone
	default:
		return nil, errList
	}
	return out, nil
}

// hasWhole tells what abs and int would give wrongly: a float that no whole
// number holds, and the smallest number, whose opposite there is not.
func hasWhole(name string, v any) bool {
	switch v := v.(type) {
	case int:
		return name != "abs" || v != math.MinInt
	case float64:
		return name != "int" || v >= math.MinInt64 && v < math.MaxInt64
	}
	return true
}
