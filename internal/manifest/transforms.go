package manifest

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir/internal/transform"
)

// TransformsField is the field of a dataset's rules. They stand in a list, each as its operation with what it is
// about:
//
//	transforms:
//	  - filter: row.status == "accepted"
//	  - drop: [metadata, location]
//	  - cast: {field: price, to: number}
const TransformsField = "transforms"

// RulesField is the field of the rules of a transform, in the same form.
const RulesField = "rules"

// TransformField is the field of a dataset that names the transform whose rules
// it has.
const TransformField = "transform"

// transforms reads the rules in a field, and checks them by themselves.
func (o *object) transforms(name string) []transform.Rule {
	n := o.value(name, "a list of rules: - drop: [metadata]", formList)
	if n == nil {
		return nil
	}
	before := len(o.problems)
	var rules []transform.Rule
	var at []int       // where they stand in the list
	var spelled []bool // whether their fields stand there by their names
	for i, one := range n.list {
		where := ruleField(name, i)
		o.lines[o.path+where] = one.line
		if one.form != formFields || len(one.fields) != 1 {
			o.wrong(o.place, o.path+where, "it is no rule", "Write one operation with what it is about, as in drop: [metadata]; the next rule has a dash of its own")
			continue
		}
		f := one.fields[0]
		o.lines[o.path+where+"."+f.name] = f.line
		about, err := json.Marshal(o.any(o.path+where+"."+f.name, f.value), json.Deterministic(true))
		if err != nil {
			about = jsontext.Value("null")
		}
		rules, at, spelled = append(rules, transform.Spell(f.name, about)), append(at, i), append(spelled, f.value.form == formFields)
	}
	_, err := transform.Compile(rules, nil)
	for _, wrong := range transform.AllOf(err) {
		where := name
		if wrong.Rule > 0 && wrong.Rule <= len(rules) {
			n := at[wrong.Rule-1] + 1
			where = RuleField(name, n, wrong.Operation, "")
			if deeper := RuleField(name, n, wrong.Operation, wrong.Field); o.lines[o.path+deeper] != 0 || spelled[wrong.Rule-1] {
				where = deeper
			}
		}
		o.wrong(o.place, o.path+where, wrong.Message, wrong.Remedy)
	}
	if len(o.problems) > before {
		return nil
	}
	return rules
}

func ruleField(list string, i int) string { return fmt.Sprintf("%s.%d", list, i) }

// RuleField is what a file calls the operation of a rule in a list, counted from 1,
// or a field of it: transforms.1.cast.to. It is what stands before the first "" among them.
func RuleField(list string, rule int, operation, field string) string {
	out := ruleField(list, rule-1)
	for _, part := range []string{operation, field} {
		if part == "" {
			return out
		}
		out += "." + part
	}
	return out
}

// ParseRules reads rules that stand by themselves: the list that a file has
// below transforms.
func ParseRules(name string, content []byte) ([]transform.Rule, Problems) {
	if strings.TrimSpace(string(content)) == "" {
		return nil, nil
	}
	root, wrong := parse(name, content)
	if len(wrong) > 0 {
		return nil, wrong
	}
	r := &fileReader{m: &Manifest{}, file: name}
	o := &object{reader: &r.reader, place: r.at("", 1), node: &node{names: map[string]*node{TransformsField: root}}}
	rules := o.transforms(TransformsField)
	return rules, r.problems.sorted()
}

// WriteRules is the inverse of ParseRules.
func WriteRules(rules []transform.Rule) string {
	p := &printer{}
	for _, one := range ruleNodes(rules) {
		p.item(0, one)
	}
	return p.String()
}

// ruleNodes are rules as a file has them.
func ruleNodes(rules []transform.Rule) []*node {
	out := make([]*node, len(rules))
	for i, r := range rules {
		var about any
		if json.Unmarshal(r.Brief(), &about) != nil {
			about = nil
		}
		out[i] = &node{form: formFields, fields: []field{{name: r.Operation, value: nodeOf(about)}}}
	}
	return out
}

// rulesValue is what rules are compared by.
func rulesValue(rules []transform.Rule) []any {
	out := make([]any, len(rules))
	for i, r := range rules {
		out[i] = map[string]any{r.Operation: plain(r.Brief())}
	}
	return out
}
