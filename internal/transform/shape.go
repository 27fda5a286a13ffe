package transform

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// rename gives a field another name in the same object.
type rename struct {
	path []string
	to   string
}

func newRename(s *spec) step {
	r := &rename{path: s.path(), to: s.text("to")}
	if r.to == "" {
		s.refuse("to", "it is missing", "Give the new name")
	}
	if r.to == r.path[len(r.path)-1] {
		s.refuse("to", "it is the name that the field has", "Give another one, or leave the rule out")
	}
	return r
}

func (r *rename) apply(root *value) (bool, error) {
	return true, owners(root, r.path, func(owner *value, name string) error {
		was, there := owner.take(name)
		if !there {
			return nil
		}
		if _, taken := owner.find(r.to); taken {
			return fmt.Errorf("there is a field %s already", r.to)
		}
		owner.put(r.to, was)
		return nil
	})
}

// target is the path of the new name.
func (r *rename) target() []string { return append(slices.Clone(r.path[:len(r.path)-1]), r.to) }

func (r *rename) follow(f place) (place, bool) {
	if within(f.path, r.path) {
		f.path = moved(f.path, r.path, r.target())
	}
	return f, true
}

func (r *rename) spares(key []string) error {
	if meet(key, r.target()) {
		return &Error{Field: "to", Message: "this name is that of " + joinPath(key) + ", which tells records apart", Remedy: "Choose another name"}
	}
	return nil
}

// drop takes fields away.
type drop struct{ paths [][]string }

func newDrop(s *spec) step { return &drop{s.paths()} }

func (d *drop) apply(root *value) (bool, error) {
	for _, path := range d.paths {
		err := owners(root, path, func(owner *value, name string) error {
			owner.take(name)
			return nil
		})
		if err != nil {
			return true, err
		}
	}
	return true, nil
}

func (d *drop) follow(f place) (place, bool) {
	return f, !slices.ContainsFunc(d.paths, func(path []string) bool { return within(f.path, path) })
}

func (d *drop) spares([]string) error { return nil } // follow says so

// keep takes all fields away but those that it names.
type keep struct {
	paths [][]string
	own   int // of them, those of the rule; the others are the primary key's
}

func newKeep(s *spec) step {
	paths := s.paths()
	return &keep{paths, len(paths)}
}

// also keeps the primary key, which every record needs.
func (k *keep) also(key [][]string) { k.paths = append(k.paths, key...) }

func (k *keep) apply(root *value) (bool, error) {
	retain(root, k.paths)
	return true, nil
}

// retain leaves of v what one of the paths leads to, and reports whether v is
// something that a path can lead through.
func retain(v *value, paths [][]string) bool {
	switch {
	case v.array():
		v.items = slices.DeleteFunc(v.items, func(item value) bool { return item.kind() != '{' && item.kind() != '[' })
		for i := range v.items {
			retain(&v.items[i], paths)
		}
	case v.object():
		kept := v.members[:0]
		for _, m := range v.members {
			below, whole := beneath(paths, m.name)
			if whole || len(below) > 0 && retain(&m.value, below) {
				kept = append(kept, m)
			}
		}
		clear(v.members[len(kept):])
		v.members = kept
	default:
		return v.kind() == 'n'
	}
	return true
}

// beneath gives the rest of those paths that begin with name; whole says that
// one ends there.
func beneath(paths [][]string, name string) (below [][]string, whole bool) {
	for _, path := range paths {
		if path[0] != name {
			continue
		}
		if len(path) == 1 {
			return nil, true
		}
		below = append(below, path[1:])
	}
	return below, false
}

func (k *keep) follow(f place) (place, bool) {
	return f, slices.ContainsFunc(k.paths, func(path []string) bool { return meet(f.path, path) })
}

func (k *keep) spares([]string) error { return nil }

// flatten moves the fields of an object up beside it, with its name before
// theirs.
type flatten struct {
	path   []string
	prefix string
}

func newFlatten(s *spec) step {
	f := &flatten{path: s.path()}
	f.prefix = f.path[len(f.path)-1] + "_"
	if s.value("prefix") != nil {
		f.prefix = s.text("prefix")
	}
	return f
}

func (f *flatten) apply(root *value) (bool, error) {
	return true, owners(root, f.path, func(owner *value, name string) error {
		inner := owner.at(name)
		if inner == nil || !inner.object() {
			return nil
		}
		was, _ := owner.take(name)
		for _, m := range was.members {
			to := f.prefix + m.name
			if to == "" {
				return errors.New("a field would have no name")
			}
			if _, taken := owner.find(to); taken {
				return fmt.Errorf("there is a field %s already", to)
			}
			owner.put(to, m.value)
		}
		return nil
	})
}

func (f *flatten) follow(at place) (place, bool) {
	if len(at.path) > len(f.path) && within(at.path, f.path) {
		beside := slices.Clone(f.path[:len(f.path)-1])
		at.path = append(append(beside, f.prefix+at.path[len(f.path)]), at.path[len(f.path)+1:]...)
	}
	return at, true
}

func (f *flatten) spares(key []string) error {
	beside := f.path[:len(f.path)-1]
	if slices.Equal(key, f.path) {
		return nil // a key is no object, so nothing happens to it
	}
	if within(key, beside) && !within(key, f.path) && len(key) > len(beside) && f.prefix == "" {
		return &Error{Field: "prefix", Message: "without one, a field could take the place of " + joinPath(key) + ", which tells records apart", Remedy: "Give a prefix"}
	}
	if len(key) == len(f.path) && within(key, beside) && strings.HasPrefix(key[len(key)-1], f.prefix) && !within(key, f.path) {
		return &Error{Field: "prefix", Message: "with it, a field could take the place of " + joinPath(key) + ", which tells records apart", Remedy: "Give another prefix"}
	}
	return nil
}
