package transform

import (
	"errors"
	"fmt"
	"strings"

	"github.com/weirhq/weir"
)

// condition is an expression that is true or false of a record. It leaves the
// record as it is.
type condition struct{ *expression }

func (c condition) of(root *value) (bool, error) {
	out, err := c.run(root)
	is, ok := out.(bool)
	if err == nil && !ok && out != nil { // a field that is not there is as little true as false
		err = neither(out)
	}
	return is, err
}

// neither is the failure of a condition whose expression gives no true or false.
func neither(out any) error {
	switch out.(type) {
	case string:
		return errors.New(`the expression gives a text, and neither true nor false; compare it, as in row.status == "accepted"`)
	case int, int64, float64:
		return errors.New("the expression gives a number, and neither true nor false; compare it, as in row.duration > 15")
	case []any:
		return errors.New("the expression gives a list, and neither true nor false; compare its length, as in len(row.attendees) > 0")
	}
	return errors.New(`the expression gives neither true nor false; compare something, as in row.status == "accepted"`)
}

func (c condition) follow(at place) (place, bool) { return at, true }

func (c condition) spares([]string) error { return nil }

// filter lets records through for which an expression is true.
type filter struct{ condition }

func newFilter(s *spec) step { return &filter{condition{newExpression(s, true)}} }

func (f *filter) apply(root *value) (bool, error) { return f.of(root) }

// mostBecause is how many characters a check's own words may have.
const mostBecause = 200

// require is a check: a record for which its expression is not true fails.
type require struct {
	condition
	broken error // what is said of such a record
}

func newRequire(s *spec) step {
	r := &require{condition: condition{newExpression(s, true)}}
	because := s.text("because")
	if len([]rune(because)) > mostBecause || because != weir.Clip(because) {
		s.refuse("because", fmt.Sprintf("it is longer than %d characters, or no single line", mostBecause), "Say in a few words what is wrong with a record that fails the check")
	}
	if because = strings.TrimSpace(because); because == "" {
		because = "it is not true that " + weir.Clip(s.text("expression"))
	}
	r.broken = errors.New(because)
	return r
}

func (r *require) apply(root *value) (bool, error) {
	fine, err := r.of(root)
	if err == nil && !fine {
		err = r.broken
	}
	return true, err
}
