package api

import (
	"context"
	"net/http"

	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/identity"
)

// vendor is whose service a connector reads.
type vendor struct {
	ID             int64  `json:"id"`
	Name           string `json:"name"`
	DisplayName    string `json:"display_name"`
	ConnectionType string `json:"connection_type"`

	connector *connector.Definition
}

func (a *API) registerVendors() {
	register(a, Route{Method: http.MethodGet, Path: "/vendors", Tag: "vendors", Policy: identity.Authenticated(),
		Summary: "List the services that can be connected"}, a.vendors)
	register(a, Route{Method: http.MethodGet, Path: "/vendors/{id}", Tag: "vendors", Policy: identity.Authenticated(),
		Summary: "One service that can be connected"}, a.vendor)
}

type vendorsInput struct {
	Paging
	Name string `query:"name" doc:"Only the one of this name"`
}

func (a *API) vendors(ctx context.Context, in *vendorsInput) (*List[vendor], error) {
	var found []vendor
	for _, v := range a.catalogue.vendors {
		if in.Name == "" || in.Name == v.Name {
			found = append(found, v)
		}
	}
	return pageOf(ctx, in.Paging, found), nil
}

type vendorOutput struct{ Body vendor }

func (a *API) vendor(_ context.Context, in *One) (*vendorOutput, error) {
	for _, v := range a.catalogue.vendors {
		if v.ID == in.ID {
			return &vendorOutput{v}, nil
		}
	}
	return nil, nowhere()
}

// OfVendor are the filters by vendor that lists embed.
type OfVendor struct {
	VendorID int64  `query:"vendor_id" doc:"Only what belongs to the vendor of this id"`
	Vendor   string `query:"vendor" doc:"Only what belongs to the vendor of this name"`
}

// fits reports whether the filters let through what belongs to v.
func (f OfVendor) fits(v vendor) bool {
	return (f.VendorID == 0 || f.VendorID == v.ID) && (f.Vendor == "" || f.Vendor == v.Name)
}
