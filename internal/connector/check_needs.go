package connector

import (
	"maps"
	"slices"
)

// checkNeeds makes sure that needs exist, lend something and do not go in a
// circle.
func (c checker) checkNeeds() {
	if len(c.Needs) == 0 {
		return
	}
	if len(c.Needs) > 1 {
		c.wrong("needs", "%s needs two endpoints; take all values from one, which has the other's injected", c.ID)
	}
	n := c.Needs[0]
	if len(n.Fields) == 0 {
		c.wrong("needs", "%s takes nothing from %s; name what it takes, as fields: {team_id: id}", c.ID, n.Endpoint)
	}
	for _, seed := range slices.Sorted(maps.Keys(n.Fields)) {
		if !parameterForm.MatchString(seed) || n.Fields[seed] == "" {
			c.wrong("needs", "fields has %q: %q; write a lower-case word and a path into the other's record, as team_id: id", seed, n.Fields[seed])
		}
	}
	next := c.definition.find(n.Endpoint)
	switch {
	case next == nil:
		c.wrong("needs", "%s needs %q, which is no endpoint; %s", c.ID, n.Endpoint, nearest(n.Endpoint, c.definition.ids()))
		return
	case next.Kind != KindSource:
		c.wrong("needs", "%s needs %s, which is not read; name a source", c.ID, n.Endpoint)
	case c.Default && requires(next):
		c.wrong("needs", "%s is read by default and needs %s, which asks for parameters; write default: false with a default_reason", c.ID, n.Endpoint)
	}
	c.checkCircle()
}

func requires(e *Endpoint) bool {
	return slices.ContainsFunc(e.Parameters, func(p Parameter) bool { return p.Required })
}

// checkCircle follows the needs until they end.
func (c checker) checkCircle() {
	seen := map[string]bool{c.ID: true}
	for now := c.Endpoint; len(now.Needs) > 0; {
		next := c.definition.find(now.Needs[0].Endpoint)
		if next == nil {
			return // told there
		}
		if next.ID == c.ID {
			c.wrong("needs", "%s needs itself in a circle, through %s; one of them must need nothing", c.ID, now.ID)
			return
		}
		if seen[next.ID] {
			return // the circle is further on, and told there
		}
		seen[next.ID] = true
		now = next
	}
}
