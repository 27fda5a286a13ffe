package connector

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// macros finds what a template names.
var macros = regexp.MustCompile(`\{([^{}]*)\}`)

// parameterForm is what a parameter or a seed may be called: a word that can
// stand in a macro and on a command line.
var parameterForm = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// known are the macros that an endpoint's templates can use, sorted.
func (e *Endpoint) known() []string {
	var out []string
	for _, n := range e.Needs {
		for seed := range n.Fields {
			out = append(out, "seed."+seed)
		}
	}
	for _, p := range e.Parameters {
		out = append(out, "param."+p.Name)
	}
	slices.Sort(out)
	return out
}

// checkTemplates checks that every macro can be filled, and that every
// parameter and seed is used.
func (c checker) checkTemplates() {
	known, used := c.known(), map[string]bool{}
	check := func(field, template string) {
		for _, m := range macros.FindAllStringSubmatch(template, -1) {
			name, _, _ := strings.Cut(m[1], "=")
			used[name] = true
			switch {
			case slices.Contains(known, name), strings.HasPrefix(name, "now"):
			case len(known) == 0:
				c.wrong(field, "nothing is known of {%s}; a need's field is {seed.NAME}, a parameter {param.NAME}, and there are neither", name)
			default:
				c.wrong(field, "nothing is known of {%s}; %s", name, nearest(name, known))
			}
		}
		if field == "path" && strings.ContainsAny(macros.ReplaceAllString(template, ""), "{}?# ") {
			c.wrong(field, "path %q has a brace without its partner, a blank or a query; parameters of the query stand in query", template)
		}
	}
	check("path", c.Path)
	for _, name := range slices.Sorted(maps.Keys(c.Query)) {
		check("query."+name, c.Query[name])
	}
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		check("headers."+name, c.Headers[name])
	}
	for _, name := range slices.Sorted(maps.Keys(c.Inject)) {
		seed := c.Inject[name]
		used["seed."+seed] = true
		if !slices.Contains(known, "seed."+seed) {
			c.wrong("inject."+name, "%s takes %q, which no need gives; name a field of needs", name, seed)
		}
	}
	if c.Body != "" { // other braces are its own
		for _, name := range known {
			used[name] = used[name] || strings.Contains(c.Body, "{"+name)
		}
	}
	for _, name := range known {
		if !used[name] {
			c.wrong("", "%s has %s, and nothing uses it; put {%s} where it belongs, or leave it out", c.ID, strings.Replace(name, ".", " ", 1), name)
		}
	}
}

// checkParameters checks what the user may be asked.
func (c checker) checkParameters() {
	seen := map[string]bool{}
	for i := range c.Parameters {
		p := &c.Parameters[i]
		switch {
		case !parameterForm.MatchString(p.Name):
			c.wrong("parameters", "parameter %q is not a lower-case word; write it as event_type_id", p.Name)
		case seen[p.Name]:
			c.wrong("parameters", "parameter %s is there twice; each has a name of its own", p.Name)
		}
		seen[p.Name] = true
		types := []string{string(ParameterText), string(ParameterInt), string(ParameterTime)}
		if !slices.Contains(types, string(p.Type)) {
			c.wrong("parameters", "parameter %s has type %q; there are %s", p.Name, p.Type, strings.Join(types, ", "))
		}
		if p.Help == "" {
			c.wrong("parameters", "parameter %s has no help; say in a few words what it is and where to find it", p.Name)
		}
		if (p.Minimum != nil || p.Maximum != nil) && p.Type != ParameterInt {
			c.wrong("parameters", "parameter %s has limits, and its type is %s; limits are for type: int", p.Name, p.Type)
		}
		if p.Minimum != nil && p.Maximum != nil && *p.Minimum > *p.Maximum {
			c.wrong("parameters", "parameter %s has a minimum above its maximum; exchange them", p.Name)
		}
		if message := p.wrong(p.Default); p.Default != "" && message != "" {
			c.wrong("parameters", "parameter %s has a default that it would refuse: %s; write %s", p.Name, message, p.form())
		}
		if p.Required && p.Default != "" {
			c.wrong("parameters", "parameter %s is required and has a default; leave one of them out", p.Name)
		}
		if p.Required && c.Default {
			c.wrong("default", "%s is read by default, and its parameter %s needs somebody to give it; write default: false with a default_reason", c.ID, p.Name)
		}
	}
}
