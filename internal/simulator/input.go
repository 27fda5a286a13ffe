package simulator

import (
	"net/http"
	"strconv"
	"strings"
)

// input describes the body of a write, in the order in which the server's
// class declares its properties: in that order it complains.
type input []property

// property is one member of a body.
type property struct {
	name     string
	optional bool // may be missing or null
	rules    []constraint
	members  input // of an object, or of each object of a list
	many     bool
}

// constraint is one rule of the server's validator. In the text, $p stands for
// the property.
type constraint struct {
	name, text string
	holds      func(any) bool
}

func required(name string, rules ...constraint) property { return property{name: name, rules: rules} }

func optional(name string, rules ...constraint) property {
	return property{name: name, optional: true, rules: rules}
}

// nested describes an object within the body.
func (p property) nested(members input) property { p.members = members; return p }

// each describes the objects of a list.
func (p property) each(members input) property { p.members, p.many = members, true; return p }

// partial is the input with nothing required, as an update takes it.
func (in input) partial() input {
	all := append(input(nil), in...)
	for i := range all {
		all[i].optional = true
	}
	return all
}

func (in input) has(name string) bool {
	for _, p := range in {
		if p.name == name {
			return true
		}
	}
	return false
}

// known keeps the members that the input describes.
func (in input) known(o object) object {
	kept := object{}
	for _, f := range o {
		if in.has(f.name) {
			kept = append(kept, f)
		}
	}
	return kept
}

// complaints lists what is wrong with an object.
func (in input) complaints(target object) list {
	var all list
	for _, p := range in {
		if complaint := p.complaint(target); complaint != nil {
			all = append(all, complaint)
		}
	}
	return all
}

func (p property) complaint(target object) object {
	v, has := target.value(p.name)
	if p.optional && v == nil {
		return nil
	}
	var broken object
	for _, rule := range p.rules {
		if !rule.holds(v) {
			broken = append(broken, field{rule.name, strings.ReplaceAll(rule.text, "$p", p.name)})
		}
	}
	children := p.children(v)
	if len(broken)+len(children) == 0 {
		return nil
	}
	o := object{{"target", target}}
	if has {
		o = append(o, field{"value", v})
	}
	if children == nil {
		children = list{}
	}
	o = append(o, field{"property", p.name}, field{"children", children})
	if len(broken) > 0 {
		o = append(o, field{"constraints", broken})
	}
	return o
}

func (p property) children(v any) list {
	if p.members == nil {
		return nil
	}
	if inner, ok := v.(object); ok && !p.many {
		return p.members.complaints(inner)
	}
	all, _ := v.(list)
	var children list
	for i, one := range all {
		inner, ok := one.(object)
		if !ok {
			inner = object{}
		}
		if wrong := p.members.complaints(inner); len(wrong) > 0 {
			children = append(children, object{{"target", all}, {"value", one}, {"property", strconv.Itoa(i)}, {"children", wrong}})
		}
	}
	return children
}

// read takes what the input describes out of the body, drops the rest, and
// refuses what is wrong.
func (c *call) read(in input) (object, *answer) {
	o, refusal := c.body()
	if refusal != nil {
		return nil, refusal
	}
	o = in.known(o)
	v := validation{errors: in.complaints(o)}
	return o, v.refusal(c)
}

// readStrictly is read as the pipes of bookings and slots do it: unknown
// members are refused, and all complaints are put into one sentence.
func (c *call) readStrictly(in input) (object, *answer) {
	o, refusal := c.body()
	if refusal != nil {
		return nil, refusal
	}
	return o, c.sentence(in, o)
}

func (c *call) sentence(in input, o object) *answer {
	wrong := in.complaints(o)
	for _, f := range o {
		if !in.has(f.name) {
			wrong = append(wrong, object{{"property", f.name}, {"constraints", object{{"whitelistValidation", "property " + f.name + " should not exist"}}}})
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return c.fail(http.StatusBadRequest, sentences(wrong))
}

func sentences(wrong list) string {
	var parts []string
	for _, one := range wrong {
		o := one.(object)
		var texts []string
		for _, f := range o.object("constraints") {
			texts = append(texts, f.value.(string))
		}
		part := o.text("property") + " property is wrong," + strings.Join(texts, ",") + " "
		parts = append(parts, part+sentences(o.list("children")))
	}
	return strings.Join(parts, ", ")
}
