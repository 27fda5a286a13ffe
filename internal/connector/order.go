package connector

import "github.com/weirhq/weir"

// Endpoint finds an endpoint; an unknown one is CodeUsage with the nearest
// names.
func (d *Definition) Endpoint(id string) (*Endpoint, error) {
	if e := d.find(id); e != nil {
		return e, nil
	}
	return nil, &weir.Error{Code: weir.CodeUsage, Where: id, Message: d.Name + " has no such stream", Remedy: nearest(id, d.ids())}
}

func (d *Definition) find(id string) *Endpoint {
	for i := range d.Endpoints {
		if d.Endpoints[i].ID == id {
			return &d.Endpoints[i]
		}
	}
	return nil
}

func (d *Definition) ids() []string {
	ids := make([]string, len(d.Endpoints))
	for i := range d.Endpoints {
		ids[i] = d.Endpoints[i].ID
	}
	return ids
}

// Defaults are the endpoints that make up "everything the key can read",
// those that others need first.
func (d *Definition) Defaults() []*Endpoint {
	var ids []string
	for i := range d.Endpoints {
		if d.Endpoints[i].Default {
			ids = append(ids, d.Endpoints[i].ID)
		}
	}
	all, err := d.WithNeeds(ids)
	if err != nil {
		return nil // Load has checked every need
	}
	return all
}

// WithNeeds gives endpoints and all that they need, each once and after what
// it needs. An id that is unknown or no source is CodeUsage.
func (d *Definition) WithNeeds(ids []string) ([]*Endpoint, error) {
	var out []*Endpoint
	have := map[string]bool{}
	var add func(id string) error
	add = func(id string) error {
		if have[id] {
			return nil
		}
		have[id] = true
		e, err := d.source(id)
		if err != nil {
			return err
		}
		for _, n := range e.Needs {
			if err := add(n.Endpoint); err != nil {
				return err
			}
		}
		out = append(out, e)
		return nil
	}
	for _, id := range ids {
		if err := add(id); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// source finds an endpoint that can be read.
func (d *Definition) source(id string) (*Endpoint, error) {
	e, err := d.Endpoint(id)
	if err == nil && e.Kind == KindDestination {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: id, Message: "this endpoint of " + d.Name + " is written to, not read"}
	}
	return e, err
}
