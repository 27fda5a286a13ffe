package api

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/weirhq/weir/internal/identity"
)

// authTemplate is one way to sign in to a vendor's service.
type authTemplate struct {
	ID          int64       `json:"id"`
	Name        string      `json:"name"`
	DisplayName string      `json:"display_name"`
	VendorID    int64       `json:"vendor_id"`
	Fields      []authField `json:"fields" nullable:"false"`

	vendor vendor
}

// authField is what a user fills in.
type authField struct {
	Name     string   `json:"name"`
	Title    string   `json:"title"`
	Help     string   `json:"help"`
	Secret   bool     `json:"secret" doc:"It is never shown again"`
	Required bool     `json:"required"`
	Default  string   `json:"default"`
	Values   []string `json:"values" nullable:"false" doc:"All that are taken; empty for any"`
}

// template is the one way our connectors have: a key, and where it is from.
func (c *catalogue) template(v vendor) authTemplate {
	d := v.connector
	t := authTemplate{Name: v.Name + ".api_key", DisplayName: "API key", VendorID: v.ID, vendor: v,
		Fields: []authField{{Name: "api_key", Title: "API key", Help: d.Auth.Help, Secret: true, Required: true}}}
	t.ID = c.id("auth_template", t.Name)
	if len(d.Regions) > 0 {
		region := authField{Name: "region", Title: "Region", Help: "Where the account is kept", Values: slices.Sorted(maps.Keys(d.Regions))}
		for _, name := range region.Values {
			if d.Regions[name] == d.BaseURL {
				region.Default = name
			}
		}
		t.Fields = append(t.Fields, region)
	}
	return t
}

func (a *API) registerAuthTemplates() {
	register(a, Route{Method: http.MethodGet, Path: "/auth_templates", Tag: "auth_templates", Policy: identity.Authenticated(),
		Summary: "List the ways to sign in to services"}, a.authTemplates)
	register(a, Route{Method: http.MethodGet, Path: "/auth_templates/{id}", Tag: "auth_templates", Policy: identity.Authenticated(),
		Summary: "One way to sign in to a service"}, a.authTemplate)
}

type authTemplatesInput struct {
	Paging
	OfVendor
}

func (a *API) authTemplates(ctx context.Context, in *authTemplatesInput) (*List[authTemplate], error) {
	var found []authTemplate
	for _, t := range a.catalogue.templates {
		if in.fits(t.vendor) {
			found = append(found, t)
		}
	}
	return pageOf(ctx, in.Paging, found), nil
}

type authTemplateOutput struct{ Body authTemplate }

func (a *API) authTemplate(_ context.Context, in *One) (*authTemplateOutput, error) {
	for _, t := range a.catalogue.templates {
		if t.ID == in.ID {
			return &authTemplateOutput{t}, nil
		}
	}
	return nil, nowhere()
}
