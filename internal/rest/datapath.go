package rest

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
)

// dataPath is a parsed JSONPath of the kind that finds records: names, array
// positions and "all elements".
type dataPath []step

type step struct {
	name  string
	index int
	all   bool
	isKey bool
}

// parsePath reads $.a.b, $['a'], $.a[0], $.a[*].
func parsePath(text string) (dataPath, error) {
	refuse := func(what string) (dataPath, error) {
		return nil, &weir.Error{Code: weir.CodeConfig, Where: "path to data", Message: what, Remedy: "Write it as $.data[*] or $.data.items[*]"}
	}
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return refuse("it does not begin with $")
	}
	var path dataPath
	for rest != "" {
		switch {
		case strings.HasPrefix(rest, "['"):
			name, after, ok := strings.Cut(rest[2:], "']")
			if !ok {
				return refuse("a quote is not closed")
			}
			path, rest = append(path, step{name: name, isKey: true}), after
		case strings.HasPrefix(rest, "["):
			inside, after, ok := strings.Cut(rest[1:], "]")
			if !ok {
				return refuse("a bracket is not closed")
			}
			n, err := strconv.Atoi(inside)
			if inside != "*" && (err != nil || n < 0) {
				return refuse("an index is neither a number nor *")
			}
			path, rest = append(path, step{index: n, all: inside == "*"}), after
		case strings.HasPrefix(rest, "."):
			end := strings.IndexAny(rest[1:], ".[")
			if end < 0 {
				end = len(rest) - 1
			}
			if end == 0 {
				return refuse("a name is missing after a point")
			}
			path, rest = append(path, step{name: rest[1 : 1+end], isKey: true}), rest[1+end:]
		default:
			return refuse("after $ come .name, ['name'], [n] or [*]")
		}
	}
	return path, nil
}

// take finds what the path leads to, in v's memory. A name or index that is not there, or a
// value of another kind than the path needs, is CodeCapability: the answer is
// not of the shape that was asked for.
func (p dataPath) take(v jsontext.Value) ([]jsontext.Value, error) {
	now := []jsontext.Value{v}
	for _, s := range p {
		var next []jsontext.Value
		for _, v := range now {
			found, err := s.take(v)
			if err != nil {
				return nil, err
			}
			next = append(next, found...)
		}
		now = next
	}
	return now, nil
}

func (s step) take(v jsontext.Value) ([]jsontext.Value, error) {
	wrong := func(what string) error {
		return &weir.Error{Code: weir.CodeCapability, Where: "answer", Message: what, Remedy: "Check the version header and the path to data; a proxy may have removed a header"}
	}
	if s.isKey {
		if v.Kind() != '{' {
			return nil, wrong("there is no object that could have " + s.name)
		}
		found, ok := find(v, s.name)
		if !ok {
			return nil, wrong("it has no " + s.name)
		}
		return []jsontext.Value{found}, nil
	}
	if v.Kind() != '[' {
		return nil, wrong("there is no list where one was promised")
	}
	var out []jsontext.Value
	i := 0
	eachElement(v, func(e jsontext.Value) bool {
		if s.all || i == s.index {
			out = append(out, e)
		}
		i++
		return s.all || i <= s.index
	})
	return out, nil
}
