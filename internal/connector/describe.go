package connector

import (
	"iter"
	"maps"
	"slices"
	"strings"
)

// Description is a connector as `weir connectors describe --json` tells it.
type Description struct {
	Name      string                `json:"name"`
	Endpoints []EndpointDescription `json:"endpoints"`
}

// EndpointDescription is one endpoint of a Description.
type EndpointDescription struct {
	ID          string   `json:"id"`
	Kind        string   `json:"kind"` // "source" or "destination"
	Method      string   `json:"method"`
	Path        string   `json:"path"`
	APIVersion  string   `json:"api_version"`
	Dataset     string   `json:"dataset"`
	PrimaryKey  []string `json:"primary_key"`
	Incremental bool     `json:"incremental"`
	Needs       []string `json:"needs"`
}

// Describe tells a definition's endpoints. Paths have the API's own form:
// {team_id} where the template says where the value comes from.
func (d *Definition) Describe() Description {
	out := Description{Name: d.Name, Endpoints: []EndpointDescription{}}
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		t := EndpointDescription{
			ID: e.ID, Kind: e.Kind, Method: e.Method, APIVersion: e.Version, Dataset: e.Dataset, PrimaryKey: e.PrimaryKey,
			Path: strings.NewReplacer("{seed.", "{", "{param.", "{").Replace(e.Path), Incremental: e.Incremental(), Needs: []string{},
		}
		if t.Kind == "" {
			t.Kind = "source"
		}
		if t.Method == "" {
			t.Method = "GET"
		}
		for _, n := range e.Needs {
			t.Needs = append(t.Needs, n.Endpoint)
		}
		out.Endpoints = append(out.Endpoints, t)
	}
	return out
}

// nearest offers the names that are most like what was written.
func nearest(wrote string, names []string) string {
	type candidate struct {
		name string
		far  int
	}
	var all []candidate
	for _, n := range names {
		far := distance(wrote, n)
		if strings.Contains(n, wrote) || strings.Contains(wrote, n) {
			far = min(far, 2)
		}
		all = append(all, candidate{n, far})
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return a.far - b.far })
	var near []string
	for _, c := range all[:min(3, len(all))] {
		if len(near) == 0 || c.far <= 1+len(wrote)/3 {
			near = append(near, c.name)
		}
	}
	return "Did you mean " + strings.Join(near, ", or ") + "?"
}

// distance is the Levenshtein distance.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, before+1, row[j]+1)
		}
	}
	return row[len(b)]
}

func mapKeys(m map[string]bool) iter.Seq[string] { return maps.Keys(m) }
