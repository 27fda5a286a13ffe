package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Write gives a server's configuration as a file: Read, Check and Compare find
// no difference between the two. What cannot be in a file stands in comments,
// and in left. No secret is in it, for there is none in a Manifest.
func Write(m *Manifest) (content []byte, left []string) {
	w := &writer{m: m}
	top := []field{{name: "weir", value: &node{form: formNumber, text: fmt.Sprint(Version)},
		note: []string{"Written by weir export. Secrets, the rows of lookups, users, teams and what is shared with them are not in it."}}}
	for _, k := range Kinds {
		f := w.section(k)
		if len(f.value.fields) > 0 || len(f.value.list) > 0 || len(f.note) > 0 {
			top = append(top, f)
		}
	}
	p := &printer{}
	for i, f := range top {
		if i > 0 {
			p.WriteString("\n")
		}
		p.fields(0, []field{f})
	}
	return []byte(p.String()), w.left
}

// writer makes nodes of things.
type writer struct {
	m    *Manifest
	left []string
}

// section is all of a kind, in the order of their names.
func (w *writer) section(k Kind) field {
	f := field{name: string(k), value: &node{form: formFields}}
	all := w.m.Of(k)
	slices.SortStableFunc(all, func(a, b *Thing) int { return strings.Compare(a.Name, b.Name) })
	for _, t := range all {
		if why := w.unfit(t); why != "" {
			line := fmt.Sprintf("left out: %s %d (%s): %s", k.One(), t.ID, t.Name, why)
			f.note, w.left = append(f.note, oneLine(line)), append(w.left, oneLine(line))
			continue
		}
		if r, is := t.Spec.(*Rule); is {
			f.value.form = formList
			f.value.list = append(f.value.list, &node{form: formFields, fields: r.write()})
			continue
		}
		f.value.fields = append(f.value.fields, field{name: t.Name, value: &node{form: formFields, fields: t.Spec.(writable).write()}})
	}
	if len(f.value.fields)+len(f.value.list) == 0 && len(f.note) > 0 {
		f.name = "" // the comments alone: an empty section would say that there are none
	}
	return f
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// writable is a spec as fields.
type writable interface{ write() []field }

// unfit says why a thing cannot be in a file; "" when it can.
func (w *writer) unfit(t *Thing) string {
	switch {
	case len(w.m.named(t.Kind, t.Name)) > 1:
		return "there are several of this name; give each one of its own"
	case t.Name == "" || t.Name != strings.TrimSpace(t.Name) || control.MatchString(t.Name) || strings.ContainsAny(t.Name, "\n\r\t"):
		return "it has no name that a file can have"
	}
	if c, is := t.Spec.(*Credential); is && !slices.Contains(types, c.Type) {
		return "files have no credentials of type " + c.Type
	}
	for _, ref := range t.Spec.uses() {
		found := w.m.named(ref.kind, ref.name)
		switch {
		case len(found) == 0:
			return "the " + ref.kind.One() + " that it uses is gone, or you may not see it"
		case len(found) > 1:
			return "there are several " + string(ref.kind) + " called " + ref.name
		}
		if why := w.unfit(found[0]); why != "" {
			return "the " + ref.kind.One() + " " + ref.name + " is left out"
		}
	}
	return w.unread(t)
}

// unread says that a source does not read a dataset any more.
func (w *writer) unread(t *Thing) string {
	var f From
	switch spec := t.Spec.(type) {
	case *Dataset:
		f = spec.From
	case *Destination:
		f = spec.From
	case *Source:
		if len(spec.yields()) == 0 {
			return "it says not what it reads"
		}
	}
	if f.Source == "" {
		return ""
	}
	if of := w.m.named(Sources, f.Source)[0].Spec.(*Source); !slices.Contains(of.yields(), f.Endpoint) {
		return "its source does not read " + f.Endpoint + " any more"
	}
	return ""
}

// fieldsWriter collects those fields that say something.
type fieldsWriter []field

func (w *fieldsWriter) text(name, text string) {
	if text != "" {
		*w = append(*w, field{name: name, value: &node{form: formText, text: text}})
	}
}

func (w *fieldsWriter) flag(name string, is, usual bool) {
	if is != usual {
		*w = append(*w, field{name: name, value: &node{form: formFlag, text: fmt.Sprint(is)}})
	}
}

func (w *fieldsWriter) number(name string, n int) {
	if n != 0 {
		*w = append(*w, field{name: name, value: &node{form: formNumber, text: fmt.Sprint(n)}})
	}
}

func (w *fieldsWriter) texts(name string, all []string) {
	if len(all) == 0 {
		return
	}
	n := &node{form: formList}
	for _, one := range all {
		n.list = append(n.list, &node{form: formText, text: one})
	}
	*w = append(*w, field{name: name, value: n})
}

func (w *fieldsWriter) pairs(name string, pairs map[string]string, note ...string) {
	n := &node{form: formFields}
	for _, k := range slices.Sorted(maps.Keys(pairs)) {
		n.fields = append(n.fields, field{name: k, value: &node{form: formText, text: pairs[k]}})
	}
	w.part(name, n.fields, note...)
}

func (w *fieldsWriter) part(name string, fields []field, note ...string) {
	if len(fields) > 0 {
		*w = append(*w, field{name: name, value: &node{form: formFields, fields: fields}, note: note})
	}
}

func (w *fieldsWriter) json(name string, v jsontext.Value) {
	var any any
	if len(v) > 0 && json.Unmarshal(v, &any) == nil {
		if n := nodeOf(any); len(n.fields) > 0 {
			*w = append(*w, field{name: name, value: n})
		}
	}
}

// nodeOf is a JSON value as a node.
func nodeOf(v any) *node {
	switch v := v.(type) {
	case string:
		return &node{form: formText, text: v}
	case bool:
		return &node{form: formFlag, text: fmt.Sprint(v)}
	case float64:
		digits, exponent, large := strings.Cut(Text(v), "e")
		if large && !strings.Contains(digits, ".") {
			digits += ".0" // without a point the library reads text
		}
		if large {
			digits += "e" + exponent
		}
		return &node{form: formNumber, text: digits}
	case []any:
		n := &node{form: formList}
		for _, one := range v {
			n.list = append(n.list, nodeOf(one))
		}
		return n
	case map[string]any:
		n := &node{form: formFields}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			n.fields = append(n.fields, field{name: k, value: nodeOf(v[k])})
		}
		return n
	}
	return &node{}
}

func (w *fieldsWriter) common(c Common) {
	w.text("description", c.Description)
	w.texts("tags", set(c.Tags))
}

// noSecret is what an exported credential says in place of its secret.
const noSecret = "secret: {env: VARIABLE} or {file: PATH} is needed where the server does not have it yet" // #nosec G101 -- a comment of ours

func (c *Credential) write() []field {
	var w fieldsWriter
	w.text("type", c.Type)
	w.common(c.Common)
	w.pairs("settings", c.Settings)
	if c.Type != "sqlite" && c.Type != "file" {
		w = append(w, field{note: []string{noSecret}})
	}
	return w
}

func (l *Lookup) write() []field {
	var w fieldsWriter
	w.text("key", l.Key)
	w.text("type", l.Type)
	w.common(l.Common)
	w.json("defaults", l.Defaults)
	w.flag("emit_defaults", l.EmitDefaults, Text(plain(l.Defaults)) != "{}")
	return w
}

func (t *Transform) write() []field {
	w := fieldsWriter{{name: RulesField, value: &node{form: formList, list: ruleNodes(t.Rules)}}}
	w.common(t.Common)
	return w
}

func (s *Source) write() []field {
	var w, schedule, datasets fieldsWriter
	w.text("credential", s.Credential)
	w.texts("endpoints", s.Endpoints)
	w.pairs("params", s.Params)
	w.json("config", s.Config)
	schedule.text("cron", s.Schedule.Cron)
	schedule.text("zone", s.Schedule.zone())
	schedule.text("after", s.Schedule.After)
	schedule.number("sweep_hours", s.Schedule.SweepHours)
	w.part("schedule", schedule)
	w.flag("active", s.Active, true)
	w.common(s.Common)
	for _, endpoint := range slices.Sorted(maps.Keys(s.Datasets)) {
		var labels fieldsWriter
		l := s.Datasets[endpoint]
		if l.Name != nil {
			labels.text("name", *l.Name)
		}
		if l.Description != nil {
			labels = append(labels, field{name: "description", value: &node{form: formText, text: *l.Description}})
		}
		labels.texts("tags", set(l.Tags))
		datasets.part(endpoint, labels)
	}
	w.part("datasets", datasets)
	return w
}

func (f From) write() []field {
	var w fieldsWriter
	w.text("source", f.Source)
	w.text("endpoint", f.Endpoint)
	w.text("dataset", f.Dataset)
	return w
}

func (d *Dataset) write() []field {
	w := fieldsWriter(d.From.write())
	w.text(TransformField, d.Transform)
	if len(d.Transforms) > 0 {
		w = append(w, field{name: TransformsField, value: &node{form: formList, list: ruleNodes(d.Transforms)}})
	}
	w.common(d.Common)
	return w
}

func (d *Destination) write() []field {
	w := fieldsWriter(d.From.write())
	w.text("credential", d.Credential)
	w.text("mode", d.Mode)
	w.flag("active", d.Active, true)
	w.common(d.Common)
	return w
}

func (p *Project) write() []field {
	var w fieldsWriter
	w.texts("sources", set(p.Sources))
	w.common(p.Common)
	return w
}

func (c *Channel) write() []field {
	var w fieldsWriter
	w.text("type", c.Type)
	w.pairs("settings", c.Settings)
	w = append(w, field{note: []string{noSecret}})
	return w
}

func (r *Rule) write() []field {
	var w, about fieldsWriter
	w.text("event", r.Event)
	w.text("channel", r.Channel)
	if r.About.Kind != "" {
		about.text(r.About.Kind.One(), r.About.Name)
	}
	w.part("about", about)
	w.flag("shared", r.Shared, false)
	w.flag("muted", r.Muted, false)
	w.text("digest", r.Digest)
	w.number("hour", r.Hour)
	w.text("zone", r.Zone)
	if r.All {
		w.text("whose", "all")
	}
	return w
}
