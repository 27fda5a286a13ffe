package connector

import "strings"

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
	Path        string   `json:"path"` // in the API's own form: /v2/teams/{team_id}
	APIVersion  string   `json:"api_version"`
	Dataset     string   `json:"dataset"`
	PrimaryKey  []string `json:"primary_key"`
	Incremental bool     `json:"incremental"`
	Needs       []string `json:"needs"` // ids of endpoints
}

// Describe tells a definition's endpoints, in its order.
func (d *Definition) Describe() Description {
	out := Description{Name: d.Name, Endpoints: []EndpointDescription{}}
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		told := EndpointDescription{
			ID: e.ID, Kind: e.Kind, Method: e.Method, Path: e.PlainPath(), APIVersion: e.Version, Dataset: e.Dataset,
			PrimaryKey: append([]string{}, e.PrimaryKey...), Incremental: e.Incremental(), Needs: []string{},
		}
		for _, n := range e.Needs {
			told.Needs = append(told.Needs, n.Endpoint)
		}
		out.Endpoints = append(out.Endpoints, told)
	}
	return out
}

// plain takes away where a value of a path comes from.
var plain = strings.NewReplacer("{seed.", "{", "{param.", "{")

// PlainPath is the path in the API's own form: /v2/teams/{team_id}.
func (e *Endpoint) PlainPath() string { return plain.Replace(e.Path) }
