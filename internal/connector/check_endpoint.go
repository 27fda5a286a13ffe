package connector

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
)

// checker checks one endpoint.
type checker struct {
	*loader
	*Endpoint
	place
}

// wrong notes a problem at a field of the endpoint, given as a dotted path.
func (c checker) wrong(field, format string, args ...any) {
	path := []any{"endpoints", c.index}
	if field != "" {
		path = append(path, parts(field)...)
	}
	c.problems = append(c.problems, problem{c.doc.name, c.doc.line(path...), fmt.Sprintf(format, args...)})
}

// checkEndpoints checks every endpoint, and them against each other.
func (l *loader) checkEndpoints() {
	ids, datasets := map[string]bool{}, map[string]bool{}
	for i := range l.definition.Endpoints {
		e := &l.definition.Endpoints[i]
		c := checker{l, e, l.places[i]}
		switch {
		case !idForm.MatchString(e.ID):
			c.wrong("id", "id %q is not lower-case words with hyphens; write it as team-memberships", e.ID)
		case ids[e.ID]:
			c.wrong("id", "id %q is there twice; each endpoint has its own", e.ID)
		}
		switch {
		case !datasetForm.MatchString(e.Dataset):
			c.wrong("dataset", "dataset %q is not a table's name; write it as team_memberships", e.Dataset)
		case datasets[e.Dataset]:
			c.wrong("dataset", "dataset %q is another endpoint's; each has its own, so name it %s", e.Dataset, strings.ReplaceAll(e.ID, "-", "_"))
		}
		ids[e.ID], datasets[e.Dataset] = true, true
		c.checkForm()
		c.checkTemplates()
		c.checkParameters()
		c.checkRecords()
		if e.Kind == KindSource {
			c.checkReading()
		}
	}
	for i := range l.definition.Endpoints {
		checker{l, &l.definition.Endpoints[i], l.places[i]}.checkNeeds()
	}
}

// checkForm checks what every endpoint has.
func (c checker) checkForm() {
	if c.Kind != KindSource && c.Kind != KindDestination {
		c.wrong("kind", "kind %q is neither source nor destination; %s", c.Kind, nearest(c.Kind, []string{KindSource, KindDestination}))
	}
	if c.Title == "" {
		c.wrong("title", "title is missing; say in a few words what is read")
	}
	if !strings.HasPrefix(c.Path, "/") {
		c.wrong("path", "path %q does not begin with /; write it as /v2/teams/{seed.team_id}/memberships", c.Path)
	}
	if c.Version != "" && c.definition.VersionHeader == "" {
		c.wrong("version", "no header carries the version; name it in %s, as version_header: cal-api-version", definitionFile)
	}
	switch {
	case c.Kind == KindDestination && c.Default:
		c.wrong("default", "a destination is never read by default; write default: false")
	case c.Kind == KindSource && !c.Default && c.DefaultReason == "":
		c.wrong("default_reason", "%s is not read by default, and default_reason does not say why; write it, or default: true", c.ID)
	case c.Default && c.DefaultReason != "":
		c.wrong("default_reason", "%s is read by default, so there is no reason why it is not; leave default_reason out", c.ID)
	}
}

// columnTypes are the types that a column may have.
var columnTypes = []string{
	string(weir.TypeBool), string(weir.TypeInt), string(weir.TypeFloat), string(weir.TypeText), string(weir.TypeTime), string(weir.TypeJSON),
}

// checkRecords checks what is said of the records.
func (c checker) checkRecords() {
	for _, name := range slices.Sorted(maps.Keys(c.Columns)) {
		if typ := string(c.Columns[name]); !slices.Contains(columnTypes, typ) {
			c.wrong("columns", "column %s has type %q; there are %s", name, typ, strings.Join(columnTypes, ", "))
		}
	}
	for field, paths := range map[string][]string{
		"primary_key": c.PrimaryKey, "children": c.Children, "json": c.JSONFields, "ignore": c.Ignore, "require": c.Require,
		"columns": slices.Sorted(maps.Keys(c.Columns)),
	} {
		for i, path := range paths {
			switch {
			case path == "" || slices.Contains(strings.Split(path, "."), ""):
				c.wrong(field, "%q is no path into a record; write names with points between them, such as eventType.id", path)
			case slices.Contains(paths[:i], path):
				c.wrong(field, "%s is there twice; once is enough", path)
			}
		}
	}
	if c.Confirm != "" && (len(c.PrimaryKey) != 1 || !strings.HasPrefix(c.Confirm, "/") || !strings.Contains(c.Confirm, "{key}")) {
		c.wrong("confirm", "confirm is the path of a single read by the primary key, which then is one field; write it as /v2/bookings/{key}")
	}
}

// checkReading lets the package that will read say what it misses.
func (c checker) checkReading() {
	if !slices.Contains(rest.Iterations(), c.Iteration) {
		names := make([]string, 0, len(rest.Iterations()))
		for _, n := range rest.Iterations() {
			names = append(names, string(n))
		}
		c.wrong("iteration", "there is no iteration %q; %s", c.Iteration, nearest(string(c.Iteration), names))
		return
	}
	switch {
	case c.Iteration != rest.IterateKeyset && !c.Keyset.isZero():
		c.wrong("keyset", "keyset is given, and the iteration is %s; write iteration: keyset, or leave it out", c.Iteration)
	case (c.Iteration == rest.IterateKeyset || c.Iteration == rest.IterateStatic) && c.Paging != Paging{}:
		c.wrong("paging", "paging is given, and the iteration is %s; write iteration: %s, or leave it out", c.Iteration, rest.IterateOffset)
	}
	_, err := rest.NewSource(c.definition.config(c.Endpoint, "https://example.invalid", nil), nil)
	if err == nil {
		return
	}
	var e *weir.Error
	if !errors.As(err, &e) {
		c.wrong("", "%s: %v", c.ID, err)
		return
	}
	// "step records: keyset.sweep.field" is a field of ours.
	field := strings.ReplaceAll(strings.TrimPrefix(e.Where, "step records: "), "path to data", "data_path")
	text := field + ": " + e.Message
	if e.Remedy != "" {
		text += "; " + e.Remedy
	}
	c.wrong(field, "%s", text)
}
