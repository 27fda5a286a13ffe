// Package transform changes records by rules: a list of small steps that is
// data, not code, and is carried out in its order. It knows nothing of where
// records come from or go.
//
//	rule.go        a rule as it is written, and what is wrong with one
//	read.go        rules as YAML
//	path.go        which values of a record a path means
//	value.go       a record as a tree of which only the touched parts are opened
//	shape.go       rename, drop, keep, flatten: which fields there are
//	text.go        trim, lower, upper, default
//	mask.go        what nobody is to see
//	cast.go        one type made of another
//	expression.go  compute, in a language without loops and effects
//	check.go       filter and require, which ask something of a record
//	step.go        what of the language is offered, and what is replaced
//	work.go        what holds all the rules of a record within bounds
//	arithmetic.go  whole numbers that do not wrap around
//	pattern.go     what matches looks for
//	follow.go      where a field is after the rules
//	survey.go      what rules come to with some records
//
// A program gives the same answer for the same record, always: nothing in it
// looks at a clock, at another record or at chance. Numbers that no rule makes
// anew keep every digit.
package transform

import (
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// MostRules is how many rules a transform may have.
const MostRules = 100

// Outcome is what became of a record.
type Outcome int

// The outcomes.
const (
	Same     Outcome = iota // no rule changed anything
	Changed                 // Data is what it is now
	Filtered                // a filter does not let it through
	Failed                  // a rule cannot be carried out; Reason says which, and why
)

// Result is a record after the rules.
type Result struct {
	Outcome Outcome
	Data    []byte // canonical JSON; of Same the bytes that came in, nil unless Same or Changed
	Reason  string // in plain words, without the record's values; of a broken check, its own words
}

// Program is rules that were found right. It is not safe for concurrent use:
// it keeps its memory from record to record.
type Program struct {
	steps []step
	names []string // "rule 2 (cast)"
	key   [][]string
	doc   document
	work  work    // of the record that is looked at
	seen  *survey // what the rules meet; nil when nobody asks
}

// step is one rule, compiled.
type step interface {
	// apply changes the record, and reports whether it is let through.
	apply(root *value) (through bool, err error)
	// follow tells where a field is afterwards.
	follow(f place) (place, bool)
	// spares refuses, as an Error, to touch a field of the primary key.
	spares(key []string) error
}

// Compile checks rules and makes a program of them. Key are the paths of the
// primary key: what changes their values is refused, and a rename is followed.
// The error is an *Error, or Errors of several rules that are wrong.
func Compile(rules []Rule, key []string) (*Program, error) {
	p := &Program{}
	for _, path := range key {
		parts, err := parsePath(path)
		if err != nil {
			return nil, &Error{Message: "a field of the primary key is no path", Remedy: "Mend the source"}
		}
		p.key = append(p.key, parts)
	}
	if len(rules) > MostRules {
		return nil, &Error{Rule: MostRules + 1, Message: fmt.Sprintf("there are more than %d rules", MostRules), Remedy: "Put some into a dataset that is made from this one"}
	}
	var wrong Errors
	for i, r := range rules {
		for _, err := range p.add(r) {
			err.Rule, err.Operation = i+1, r.Operation
			wrong = append(wrong, err)
		}
		p.names = append(p.names, fmt.Sprintf("rule %d (%s)", i+1, r.Operation))
	}
	switch len(wrong) {
	case 0:
		return p, nil
	case 1:
		return nil, wrong[0]
	}
	return nil, wrong
}

// add compiles the next rule, and gives all that is wrong with it.
func (p *Program) add(r Rule) Errors {
	s, wrong := r.compile()
	if len(wrong) > 0 {
		return wrong
	}
	if k, keeps := s.(*keep); keeps {
		k.also(p.key)
	}
	for i, key := range p.key {
		if err := s.spares(key); err != nil {
			return Errors{asError(err)}
		}
		after, kept := s.follow(place{path: key})
		if !kept {
			return Errors{keyError(key)}
		}
		p.key[i] = after.path
	}
	if counts, is := s.(interface{ counts(*work) }); is {
		counts.counts(&p.work)
	}
	p.steps = append(p.steps, s)
	return nil
}

// Key is where the primary key is after the rules.
func (p *Program) Key() []string {
	out := make([]string, len(p.key))
	for i, parts := range p.key {
		out[i] = joinPath(parts)
	}
	return out
}

// Filters reports whether a record can be kept back.
func (p *Program) Filters() bool {
	return slices.ContainsFunc(p.steps, func(s step) bool { _, is := s.(*filter); return is })
}

// mostRecord bounds what rules may make of one record: 16 MiB.
const mostRecord = 16 << 20

// Apply carries the rules out on a record: a canonical JSON object. It never
// panics, whatever data is.
func (p *Program) Apply(data []byte) (r Result) {
	defer func() {
		if recover() != nil { // a library's fault must cost one record, not the delivery
			r = Result{Outcome: Failed, Reason: "the rules cannot be carried out on this record"}
		}
	}()
	p.work = work{}
	root, err := p.doc.open(data)
	if err != nil {
		return Result{Outcome: Failed, Reason: "the record is not a JSON object"}
	}
	for i, s := range p.steps {
		p.seen.before(i, s, root)
		through, err := s.apply(root)
		p.seen.after(i, through, err)
		if err != nil {
			return Result{Outcome: Failed, Reason: p.names[i] + ": " + err.Error()}
		}
		if !through {
			return Result{Outcome: Filtered}
		}
	}
	out, err := root.append(make([]byte, 0, len(data)+len(data)/8), 0)
	switch {
	case err != nil:
		return Result{Outcome: Failed, Reason: "what the rules make of the record is no JSON"}
	case len(out) > mostRecord:
		return Result{Outcome: Failed, Reason: "what the rules make of the record is larger than 16 MiB"}
	case string(out) == string(data):
		return Result{Outcome: Same, Data: data}
	}
	return Result{Outcome: Changed, Data: out}
}

// quote is text as canonical JSON.
func quote(text string) jsontext.Value {
	out, err := jsontext.AppendQuote(nil, text)
	if err != nil { // it replaces what is not UTF-8 and says so
		return jsontext.Value(out)
	}
	return out
}
