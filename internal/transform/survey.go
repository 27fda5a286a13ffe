package transform

import (
	"context"
	"fmt"
)

// Finding is what a rule comes to with some records: no error, and most likely not
// what whoever wrote it meant.
type Finding struct {
	Rule    string // "rule 2 (mask)"
	Message string // in plain words, without the records' values
	Remedy  string
}

// survey counts what rules meet.
type survey struct {
	records int
	steps   []surveyed
}

// surveyed is what one rule has met.
type surveyed struct {
	came    int // records that came to it
	failed  int
	blocked int    // that it keeps back
	reason  string // of the first failure
	met     []bool // of the fields that it names: some record has it
}

// naming is a step that is about fields that are there.
type naming interface{ fields() [][]string }

func (r *rename) fields() [][]string  { return [][]string{r.path} }
func (d *drop) fields() [][]string    { return d.paths }
func (k *keep) fields() [][]string    { return k.paths[:k.own] }
func (f *flatten) fields() [][]string { return [][]string{f.path} }
func (t *onText) fields() [][]string  { return t.paths }
func (m *mask) fields() [][]string    { return m.paths }
func (c *cast) fields() [][]string    { return c.paths }

// Survey carries the rules out on records, and tells which rules fail on all that
// come to them, which filters let none of these through, and which rules name a
// field that none of them has. It tells nothing without records, and ends with the
// error of the context, which it asks before each.
func (p *Program) Survey(ctx context.Context, records [][]byte) ([]Finding, error) {
	seen := &survey{records: len(records), steps: make([]surveyed, len(p.steps))}
	p.seen = seen
	defer func() { p.seen = nil }()
	for _, data := range records {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p.Apply(data)
	}
	var all []Finding
	for i, s := range p.steps {
		all = append(all, p.findings(i, s, seen)...)
	}
	return all, nil
}

// before looks at a record that comes to a rule.
func (s *survey) before(i int, is step, root *value) {
	if s == nil {
		return
	}
	at := &s.steps[i]
	at.came++
	if of, named := is.(naming); named {
		paths := of.fields()
		if at.met == nil {
			at.met = make([]bool, len(paths))
		}
		for j, path := range paths {
			at.met[j] = at.met[j] || has(root, path)
		}
	}
}

// after looks at what became of it.
func (s *survey) after(i int, through bool, err error) {
	if s == nil {
		return
	}
	switch at := &s.steps[i]; {
	case err != nil && at.failed == 0:
		at.reason = err.Error()
		fallthrough
	case err != nil:
		at.failed++
	case !through:
		at.blocked++
	}
}

// has reports whether a path leads to something.
func has(root *value, path []string) (found bool) {
	_ = owners(root, path, func(owner *value, name string) error { // it never fails
		found = found || owner.at(name) != nil
		return nil
	})
	return found
}

// findings are those of one rule.
func (p *Program) findings(i int, is step, seen *survey) (all []Finding) {
	at := seen.steps[i]
	find := func(message, remedy string) {
		all = append(all, Finding{Rule: p.names[i], Message: message, Remedy: remedy})
	}
	among := fmt.Sprintf("the newest %d records", seen.records)
	if seen.records == 1 {
		among = "the only record"
	}
	switch {
	case at.came == 0:
		return nil
	case at.failed == at.came:
		find(fmt.Sprintf("it fails on each that comes to it of %s: %s", among, at.reason), "Mend it, or all records go to quarantine")
		return all
	case at.blocked == at.came:
		find("it lets none of "+among+" through", "Look whether its values are spelled as in the records")
	}
	if of, named := is.(naming); named {
		for j, path := range of.fields() {
			if !at.met[j] {
				find(fmt.Sprintf("none of %s has the field %s", among, joinPath(path)), "Look whether that is its name; the rules before may have changed it")
			}
		}
	}
	return all
}
