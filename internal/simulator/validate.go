package simulator

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// validation gathers what is wrong with a query, in the words of the server's
// validator, which echoes the input. Parameters without a rule are dropped.
type validation struct {
	target object // the parameters that have a rule, as they were understood
	errors list
}

// rule understands one parameter: the value as it is echoed, and what is
// wrong with it.
type rule func(p parameter) (echo any, constraints object)

// check applies the rules to a query; defaults are echoed when not given.
func (v *validation) check(q query, rules map[string]rule, defaults ...field) {
	type complaint struct {
		echo        any
		property    string
		constraints object
	}
	var complaints []complaint
	for _, d := range defaults {
		if _, given := q.first(d.name); !given {
			v.target = append(v.target, d)
		}
	}
	var given object
	for _, p := range q {
		apply, known := rules[p.name]
		if !known {
			continue
		}
		echo, constraints := apply(p)
		given = append(given, field{p.name, echo})
		if len(constraints) > 0 {
			complaints = append(complaints, complaint{echo, p.name, constraints})
		}
	}
	v.target = append(given, v.target...)
	for _, c := range complaints {
		v.errors = append(v.errors, object{
			{"target", v.target}, {"value", c.echo}, {"property", c.property}, {"children", list{}}, {"constraints", c.constraints},
		})
	}
}

// refusal is the 400 for what was found, or nil.
func (v *validation) refusal(c *call) *answer {
	if len(v.errors) == 0 {
		return nil
	}
	return c.errorAnswer(http.StatusBadRequest, "BadRequestException", "Bad Request Exception", object{{"errors", v.errors}})
}

// whole understands an integer with bounds: digits after the point are cut
// off, an empty text is no number, and text reads as NaN, echoed as null.
func whole(into *int, low, high int) rule {
	return func(p parameter) (any, object) {
		text := p.values[0]
		n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			var echo any
			if text == "" {
				echo = ""
			}
			return echo, object{
				{"max", p.name + " must not be greater than " + strconv.Itoa(high)},
				{"min", p.name + " must not be less than " + strconv.Itoa(low)},
				{"isNumber", p.name + " must be a number conforming to the specified constraints"},
			}[onlyBounded(high):]
		}
		*into = int(math.Trunc(max(min(n, math.MaxInt32), math.MinInt32)))
		switch {
		case *into > high:
			return *into, object{{"max", p.name + " must not be greater than " + strconv.Itoa(high)}}
		case *into < low:
			return *into, object{{"min", p.name + " must not be less than " + strconv.Itoa(low)}}
		}
		return *into, nil
	}
}

// onlyBounded skips the complaint about the maximum when there is none.
func onlyBounded(high int) int {
	if high == math.MaxInt32 {
		return 1
	}
	return 0
}

// oneOf understands a word out of a list.
func oneOf(into *string, message string, words ...string) rule {
	return func(p parameter) (any, object) {
		*into = p.values[0]
		if !slices.Contains(words, *into) {
			return *into, object{{"isEnum", message}}
		}
		return *into, nil
	}
}

// manyOf understands a list of words: repeated, with [] or with commas.
func manyOf(into *[]string, message string, words ...string) rule {
	return func(p parameter) (any, object) {
		*into = p.flat()
		for _, word := range *into {
			if !slices.Contains(words, word) {
				return *into, object{{"isEnum", message}}
			}
		}
		return *into, nil
	}
}

// text understands any text.
func text(into *string) rule {
	return func(p parameter) (any, object) {
		*into = p.values[0]
		return *into, nil
	}
}

// numbers understands a list of integers.
func numbers(into *[]int) rule {
	return func(p parameter) (any, object) {
		for _, word := range p.flat() {
			n, err := strconv.Atoi(word)
			if err != nil {
				return p.values[0], object{{"isNumber", "each value in " + p.name + " must be a number conforming to the specified constraints"}}
			}
			*into = append(*into, n)
		}
		return *into, nil
	}
}

// isoLayouts are the ISO 8601 forms that are understood; without a zone the
// server's own, UTC, holds.
var isoLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02"}

// moment understands a time, in milliseconds since the epoch.
func moment(into **int64, message string) rule {
	return func(p parameter) (any, object) {
		for _, layout := range isoLayouts {
			if t, err := time.Parse(layout, p.values[0]); err == nil {
				ms := t.UnixMilli()
				*into = &ms
				return p.values[0], nil
			}
		}
		return p.values[0], object{{"isIso8601", message}}
	}
}

// span is the plain paging of short lists: take 1..250, by default 250, and
// skip. There is no pagination object and no order.
type span struct{ take, skip int }

func (c *call) span(high int) (span, *answer) {
	s := span{take: 250}
	var v validation
	v.check(c.query, map[string]rule{"take": whole(&s.take, 1, high), "skip": whole(&s.skip, 0, math.MaxInt32)},
		field{"take", 250}, field{"skip", 0})
	return s, v.refusal(c)
}

// cut takes the span out of a list.
func cut[T any](all []T, s span) []T {
	from := min(s.skip, len(all))
	return all[from:min(from+s.take, len(all))]
}

// okSpan answers with a span of a list, each element written by show.
func okSpan[T any](c *call, all []T, show func(T) object) *answer {
	s, refusal := c.span(250)
	if refusal != nil {
		return refusal
	}
	return c.ok(shown(cut(all, s), show))
}

// shown writes each element.
func shown[T any](all []T, show func(T) object) list {
	out := make(list, 0, len(all))
	for _, one := range all {
		out = append(out, show(one))
	}
	return out
}
