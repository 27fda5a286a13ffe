package transform

import (
	"errors"
	"slices"
	"strings"
)

// mostPath is how deep a path may go.
const mostPath = 16

var errPath = errors.New("no path")

// parsePath takes a dotted path apart. A dot or backslash in a field's own name
// has a backslash before it.
func parsePath(path string) ([]string, error) {
	var parts []string
	var b strings.Builder
	end := func() error {
		if b.Len() == 0 || len(parts) == mostPath {
			return errPath
		}
		parts = append(parts, b.String())
		b.Reset()
		return nil
	}
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c == '\\' && i+1 < len(path):
			i++
			b.WriteByte(path[i])
		case c == '.':
			if err := end(); err != nil {
				return nil, err
			}
		default:
			b.WriteByte(c)
		}
	}
	return parts, end()
}

var escape = strings.NewReplacer(`\`, `\\`, `.`, `\.`)

// joinPath is the inverse of parsePath.
func joinPath(parts []string) string {
	escaped := make([]string, len(parts))
	for i, p := range parts {
		escaped[i] = escape.Replace(p)
	}
	return strings.Join(escaped, ".")
}

// owners calls f with each object that holds the last name of the path; an
// array on the way stands for each of its elements.
func owners(v *value, path []string, f func(owner *value, name string) error) error {
	if v.array() {
		for i := range v.items {
			if err := owners(&v.items[i], path, f); err != nil {
				return err
			}
		}
		return nil
	}
	if !v.object() {
		return nil
	}
	if len(path) == 1 {
		return f(v, path[0])
	}
	if next := v.at(path[0]); next != nil {
		return owners(next, path[1:], f)
	}
	return nil
}

// leaves calls f with each value that the path means: of an array, each element.
func leaves(v *value, path []string, f func(leaf *value) error) error {
	return owners(v, path, func(owner *value, name string) error {
		if leaf := owner.at(name); leaf != nil {
			return each(leaf, f)
		}
		return nil
	})
}

func each(v *value, f func(leaf *value) error) error {
	if !v.array() {
		return f(v)
	}
	for i := range v.items {
		if err := each(&v.items[i], f); err != nil {
			return err
		}
	}
	return nil
}

// within reports whether path is at or below prefix.
func within(path, prefix []string) bool {
	return len(path) >= len(prefix) && slices.Equal(path[:len(prefix)], prefix)
}

// meet reports whether one of the paths is at or below the other.
func meet(a, b []string) bool { return within(a, b) || within(b, a) }
