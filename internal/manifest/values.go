package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// fieldsOf are the fields that things of a kind have in a file.
func fieldsOf(k Kind) []string {
	of := map[Kind][]string{
		Credentials:  {"type", "description", "tags", "settings", "secret"},
		Lookups:      {"key", "type", "description", "tags", "defaults", "emit_defaults"},
		Transforms:   {RulesField, "description", "tags"},
		Sources:      {"credential", "endpoints", "params", "config", "schedule", "active", "description", "tags", "datasets"},
		Datasets:     {"source", "endpoint", "dataset", TransformField, TransformsField, "description", "tags"},
		Destinations: {"source", "endpoint", "dataset", "credential", "mode", "active", "description", "tags"},
		Projects:     {"sources", "description", "tags"},
		Channels:     {"type", "settings", "secret", "signing_secret"},
	}
	return of[k]
}

func (c Common) values() []value {
	return []value{{"description", c.Description}, {"tags", set(c.Tags)}}
}

// set is a list of which the order means nothing.
func set(list []string) []string {
	out := slices.Sorted(slices.Values(list))
	if out == nil {
		out = []string{}
	}
	return out
}

func (c *Credential) values() []value {
	out := append([]value{{"type", c.Type}}, c.Common.values()...)
	for _, name := range slices.Sorted(maps.Keys(c.Settings)) {
		// The day on which a key ends goes with the key: Weir changes both when it
		// rotates, and a file does not know.
		if name != Expires {
			out = append(out, value{"settings." + name, origin(name, c.Settings[name])})
		}
	}
	return out
}

// origin is an address as the server keeps it: people end it with a slash.
func origin(setting, text string) string {
	if setting == "base_url" || setting == "endpoint" {
		return strings.TrimRight(text, "/")
	}
	return text
}

// Expires is the setting of a credential that is sent with its secret and
// otherwise left alone.
const Expires = "expires_at"

func (l *Lookup) values() []value {
	return append([]value{{"key", l.Key}, {"type", l.Type}, {"defaults", plain(l.Defaults)}, {"emit_defaults", l.EmitDefaults}}, l.Common.values()...)
}

func (t *Transform) values() []value {
	return append([]value{{RulesField, rulesValue(t.Rules)}}, t.Common.values()...)
}

// plain is JSON in its one canonical form; an empty object for none.
func plain(v jsontext.Value) jsontext.Value {
	if len(v) == 0 {
		return jsontext.Value("{}")
	}
	v = v.Clone()
	_ = v.Canonicalize() // it was valid when it was read
	return v
}

func (s *Source) values() []value {
	params := s.Params
	if params == nil {
		params = map[string]string{}
	}
	out := []value{{"credential", s.Credential}, {"endpoints", set(s.Endpoints)}, {"params", params}, {"config", plain(s.Config)},
		{"schedule.cron", s.Schedule.Cron}, {"schedule.zone", s.Schedule.zone()}, {"schedule.after", s.Schedule.After}, {"schedule.sweep_hours", s.Schedule.SweepHours},
		{"active", s.Active}}
	out = append(out, s.Common.values()...)
	for _, endpoint := range slices.Sorted(maps.Keys(s.Datasets)) {
		l, at := s.Datasets[endpoint], "datasets."+endpoint+"."
		if l.Name != nil {
			out = append(out, value{at + "name", *l.Name})
		}
		if l.Description != nil {
			out = append(out, value{at + "description", *l.Description})
		}
		if l.Tags != nil {
			out = append(out, value{at + "tags", set(l.Tags)})
		}
	}
	return out
}

// zone is the clock's, where there is one to read.
func (s Schedule) zone() string {
	if s.Cron == "" || s.Zone == "UTC" {
		return ""
	}
	return s.Zone
}

func (f From) values() []value {
	return []value{{"source", f.Source}, {"endpoint", f.Endpoint}, {"dataset", f.Dataset}}
}

func (d *Dataset) values() []value {
	return append(append(d.From.values(), value{TransformField, d.Transform}, value{TransformsField, rulesValue(d.Transforms)}), d.Common.values()...)
}

func (d *Destination) values() []value {
	return append(append(d.From.values(), value{"credential", d.Credential}, value{"mode", d.Mode}, value{"active", d.Active}), d.Common.values()...)
}

func (p *Project) values() []value {
	return append([]value{{"sources", set(p.Sources)}}, p.Common.values()...)
}

func (c *Credential) uses() []reference { return nil }
func (l *Lookup) uses() []reference     { return nil }
func (t *Transform) uses() []reference  { return nil }

func (s *Source) uses() []reference {
	out := []reference{{"credential", Credentials, s.Credential}}
	if s.Schedule.After != "" {
		out = append(out, reference{"schedule.after", Sources, s.Schedule.After})
	}
	for _, name := range lookupsOf(s.Config) {
		out = append(out, reference{"config.rest.iterations", Lookups, name})
	}
	return out
}

func (f From) uses() []reference {
	if f.Dataset != "" {
		return []reference{{"dataset", Datasets, f.Dataset}}
	}
	return []reference{{"source", Sources, f.Source}}
}

func (d *Dataset) uses() []reference {
	if d.Transform == "" {
		return d.From.uses()
	}
	return append(d.From.uses(), reference{TransformField, Transforms, d.Transform})
}

func (d *Destination) uses() []reference {
	return append(d.From.uses(), reference{"credential", Credentials, d.Credential})
}

func (p *Project) uses() (out []reference) {
	for i, name := range p.Sources {
		out = append(out, reference{fmt.Sprintf("sources.%d", i), Sources, name})
	}
	return out
}

// same reports whether two values are the same to a person.
func same(a, b any) bool { return Text(a) == Text(b) }

// Text is a value as canonical JSON.
func Text(v any) string {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return ""
	}
	return string(plain(b))
}
