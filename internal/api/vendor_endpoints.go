package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/identity"
)

// vendorEndpoint is one operation of a vendor's service.
type vendorEndpoint struct {
	ID          int64       `json:"id"`
	Name        string      `json:"name"`
	DisplayName string      `json:"display_name"`
	Description string      `json:"description"`
	VendorID    int64       `json:"vendor_id"`
	Direction   string      `json:"direction" enum:"source,destination"`
	Parameters  []parameter `json:"parameters" nullable:"false"`
	Method      string      `json:"method"`
	Path        string      `json:"path"`
	APIVersion  string      `json:"api_version"`
	Incremental bool        `json:"incremental" doc:"It can tell what changed"`
	Dataset     string      `json:"dataset" doc:"What it yields, as a table's name"`
	PrimaryKey  []string    `json:"primary_key" nullable:"false"`

	vendor   vendor
	endpoint *connector.Endpoint
}

// parameter is a value that an endpoint needs or takes.
type parameter struct {
	Name     string   `json:"name"`
	Type     string   `json:"type" enum:"text,int,time"`
	Required bool     `json:"required"`
	Default  string   `json:"default"`
	Values   []string `json:"values" nullable:"false" doc:"All that are taken; empty for any"`
	Minimum  *int64   `json:"minimum"`
	Maximum  *int64   `json:"maximum"`
	Help     string   `json:"help"`
}

func (c *catalogue) endpoint(v vendor, e *connector.Endpoint) vendorEndpoint {
	out := vendorEndpoint{Name: v.Name + "." + strings.ReplaceAll(e.ID, "-", "_"), DisplayName: e.Title, Description: e.Description, VendorID: v.ID,
		Direction: e.Kind, Method: e.Method, Path: e.PlainPath(), APIVersion: e.Version, Incremental: e.Incremental(), Dataset: e.Dataset,
		PrimaryKey: e.PrimaryKey, vendor: v, endpoint: e}
	out.ID = c.id("vendor_endpoint", out.Name)
	for _, p := range e.Parameters {
		kind := p.Type
		if kind == "" {
			kind = connector.ParameterText
		}
		out.Parameters = append(out.Parameters, parameter{Name: p.Name, Type: string(kind), Required: p.Required, Default: p.Default,
			Values: p.Values, Minimum: p.Minimum, Maximum: p.Maximum, Help: p.Help})
	}
	return out
}

func (a *API) registerVendorEndpoints() {
	register(a, Route{Method: http.MethodGet, Path: "/vendor_endpoints", Tag: "vendor_endpoints", Policy: identity.Authenticated(),
		Summary: "List what can be read from services, and sent to them"}, a.vendorEndpoints)
	register(a, Route{Method: http.MethodGet, Path: "/vendor_endpoints/{id}", Tag: "vendor_endpoints", Policy: identity.Authenticated(),
		Summary: "One operation of a service"}, a.vendorEndpoint)
}

type vendorEndpointsInput struct {
	Paging
	OfVendor
	Direction string `query:"direction" enum:"source,destination" doc:"Only those that are read from, or sent to"`
}

func (a *API) vendorEndpoints(ctx context.Context, in *vendorEndpointsInput) (*List[vendorEndpoint], error) {
	var found []vendorEndpoint
	for _, e := range a.catalogue.endpoints {
		if in.fits(e.vendor) && (in.Direction == "" || in.Direction == e.Direction) {
			found = append(found, e)
		}
	}
	return pageOf(ctx, in.Paging, found), nil
}

type vendorEndpointOutput struct{ Body vendorEndpoint }

func (a *API) vendorEndpoint(_ context.Context, in *One) (*vendorEndpointOutput, error) {
	for _, e := range a.catalogue.endpoints {
		if e.ID == in.ID {
			return &vendorEndpointOutput{e}, nil
		}
	}
	return nil, nowhere()
}
