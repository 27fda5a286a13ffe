package transform

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
)

// mostStates bounds a pattern: looking for it costs each of its states for each
// byte of the text.
const mostStates = 1_000

// pattern is what matches looks for.
type pattern struct {
	*regexp.Regexp
	states int // 0 when it is a text that only needs to be found
}

// newPattern compiles a pattern that is small enough. It is measured before it
// is compiled, since (a{1000}b){1000} would have a million states.
func newPattern(text string) (*pattern, error) {
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, errors.New("the pattern after matches cannot be read")
	}
	n := states(tree)
	if n > mostStates {
		return nil, fmt.Errorf("the pattern after matches stands for more than %d characters", mostStates)
	}
	r, err := regexp.Compile(text)
	if err != nil {
		return nil, errors.New("the pattern after matches cannot be read")
	}
	if _, plain := r.LiteralPrefix(); plain {
		n = 0
	}
	return &pattern{r, n}, nil
}

// states is at least how many states a pattern has when it is compiled. It
// stops counting beyond the bound.
func states(re *syntax.Regexp) int {
	n := 2 + len(re.Rune)
	if re.Op == syntax.OpCharClass {
		n = 2
	}
	for _, sub := range re.Sub {
		n += states(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return min(n, mostStates+1)
}

// matches looks for a pattern in a text.
func (e *expression) matches(params ...any) (any, error) {
	if params[0] == nil {
		return false, nil
	}
	text, is := params[0].(string)
	if !is {
		return nil, errText
	}
	p, is := params[1].(*pattern)
	if !is {
		return nil, errText
	}
	if err := e.work.charge((len(text) + 1) * max(1, p.states*perState)); err != nil {
		return nil, err
	}
	return p.MatchString(text), nil
}
