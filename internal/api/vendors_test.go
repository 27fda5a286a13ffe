package api

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/connector"
)

func TestVendorsAreTheConnectors(t *testing.T) {
	w := newWorld(t)
	var vendors []map[string]any
	w.call("GET", "/api/vendors", "bob", "").ok(&vendors)
	if len(vendors) != 1 || vendors[0]["name"] != "cal_com_api" || vendors[0]["display_name"] != "Cal.com" || vendors[0]["connection_type"] != "rest" || len(vendors[0]) != 4 {
		t.Fatal(vendors)
	}
	var one map[string]any
	w.call("GET", fmt.Sprintf("/api/vendors/%.0f", vendors[0]["id"]), "bob", "").ok(&one)
	if one["name"] != "cal_com_api" {
		t.Error(one)
	}
}

// Clients keep ids: these must stay as they are in every release.
func TestIdsOfTheCatalogueAreStable(t *testing.T) {
	w := newWorld(t)
	c := w.api.catalogue
	for what, ids := range map[string][2]int64{
		"vendor":        {c.vendors[0].ID, 1881786624},
		"auth template": {c.templates[0].ID, 1289659115},
		"endpoint":      {c.endpoints[0].ID, 1413306482},
	} {
		if ids[0] != ids[1] {
			t.Errorf("%s: %d, want %d", what, ids[0], ids[1])
		}
	}
}

func TestEndpointsCanBeFilteredAndTellWhatTheyNeed(t *testing.T) {
	w := newWorld(t)
	v := w.api.catalogue.vendors[0]
	var all, some []vendorEndpoint
	w.call("GET", "/api/vendor_endpoints?per_page=1000", "bob", "").ok(&all)
	if len(all) != len(v.connector.Endpoints) {
		t.Errorf("%d endpoints", len(all))
	}
	for query, fits := range map[string]func(vendorEndpoint) bool{
		"direction=source":                  func(e vendorEndpoint) bool { return e.Direction == connector.KindSource },
		"direction=destination":             func(e vendorEndpoint) bool { return e.Direction == connector.KindDestination },
		"vendor=cal_com_api":                func(vendorEndpoint) bool { return true },
		"vendor=other":                      func(vendorEndpoint) bool { return false },
		fmt.Sprintf("vendor_id=%d", v.ID):   func(vendorEndpoint) bool { return true },
		fmt.Sprintf("vendor_id=%d", v.ID+1): func(vendorEndpoint) bool { return false },
	} {
		w.call("GET", "/api/vendor_endpoints?per_page=1000&"+query, "bob", "").ok(&some)
		n := 0
		for _, e := range all {
			if fits(e) {
				n++
			}
		}
		if len(some) != n {
			t.Errorf("%s: %d, want %d", query, len(some), n)
		}
	}
	var booking vendorEndpoint
	for _, e := range all {
		if e.Name == "cal_com_api.booking" {
			w.call("GET", fmt.Sprintf("/api/vendor_endpoints/%d", e.ID), "bob", "").ok(&booking)
		}
	}
	if booking.Path != "/v2/bookings/{booking_uid}" || booking.Method != "GET" || booking.APIVersion != "2024-08-13" || len(booking.Parameters) != 1 || booking.Parameters[0].Name != "booking_uid" || !booking.Parameters[0].Required {
		t.Errorf("%+v", booking)
	}
}

func TestAnAuthTemplateSaysWhichFieldIsSecret(t *testing.T) {
	w := newWorld(t)
	g := w.call("GET", "/api/auth_templates?vendor=cal_com_api", "bob", "")
	var all []authTemplate
	g.ok(&all)
	if len(all) != 1 || all[0].Name != "cal_com_api.api_key" || all[0].VendorID != w.api.catalogue.vendors[0].ID {
		t.Fatal(g.text)
	}
	if f := all[0].Fields; len(f) != 2 || !f[0].Secret || !f[0].Required || f[0].Help == "" || f[1].Name != "region" || f[1].Default != "US" {
		t.Errorf("%+v", f)
	}
	if strings.Contains(g.text, "null") {
		t.Error(g.text)
	}
}

func TestTwoNamesWithOneIdAreRefused(t *testing.T) {
	d := &connector.Definition{Name: "a", Title: "A"}
	if _, err := newCatalogue([]*connector.Definition{d, d}); err == nil {
		t.Error("accepted")
	}
}
