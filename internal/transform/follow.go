package transform

import (
	"slices"

	"github.com/weirhq/weir"
)

// place is where a field is, and what is known of its type.
type place struct {
	path []string
	typ  weir.Type // "" when it is not known
}

// Follow tells where the values that are at a path of the records that come in
// are afterwards, and of which type they are then: typ where no rule changes
// them, "" where that is known only once one was seen. Kept is false for what
// no record has afterwards.
func (p *Program) Follow(path string, typ weir.Type) (to string, now weir.Type, kept bool) {
	parts, err := parsePath(path)
	if err != nil {
		return path, typ, true // no rule can name it
	}
	f := place{path: parts, typ: typ}
	for _, s := range p.steps {
		if f, kept = s.follow(f); !kept {
			return "", "", false
		}
	}
	return joinPath(f.path), f.typ, true
}

// changes is the part of a step that changes the values at some paths, and
// leaves them where they are.
type changes struct {
	paths [][]string
	typ   weir.Type // of the values afterwards; "" when it is not known
}

func (c changes) follow(f place) (place, bool) {
	for _, path := range c.paths {
		if within(f.path, path) {
			f.typ = c.typ
		}
	}
	return f, true
}

func (c changes) spares(key []string) error {
	for _, path := range c.paths {
		if meet(path, key) {
			return keyError(key)
		}
	}
	return nil
}

// moved is path with from, which it begins with, replaced by to.
func moved(path, from, to []string) []string {
	return append(slices.Clone(to), path[len(from):]...)
}
