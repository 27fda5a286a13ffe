package api

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/weirhq/weir/internal/connector"
)

// catalogue is the connectors as the contract names their parts: a vendor, the
// ways to sign in to it (auth templates), and its endpoints.
type catalogue struct {
	vendors   []vendor
	templates []authTemplate
	endpoints []vendorEndpoint
	seen      map[int64]string // what has the id
	err       error
}

// newCatalogue lists the connectors, in their order.
func newCatalogue(definitions []*connector.Definition) (*catalogue, error) {
	c := &catalogue{seen: map[int64]string{}}
	for _, d := range definitions {
		v := vendor{Name: vendorName(d), DisplayName: d.Title, ConnectionType: "rest", connector: d}
		v.ID = c.id("vendor", v.Name)
		c.vendors = append(c.vendors, v)
		c.templates = append(c.templates, c.template(v))
		for i := range d.Endpoints {
			c.endpoints = append(c.endpoints, c.endpoint(v, &d.Endpoints[i]))
		}
	}
	return c, c.err
}

// id makes a number of a name. The contract wants numbers, and a client may
// keep one for years: it must not change when endpoints come, go or change
// places, so it is a hash of the name, in the 31 bits that every client's
// integers have; and a large one, which nobody takes for a row's. Should two names ever share one, the program does not start,
// and a test says so before a release.
func (c *catalogue) id(kind, name string) int64 {
	id := hashed(kind, name)
	if other, taken := c.seen[id]; taken && c.err == nil {
		c.err = fmt.Errorf("catalogue: %s and %s %s have the same id: rename the newer one", other, kind, name)
	}
	c.seen[id] = kind + " " + name
	return id
}

// vendorName is a title as an identifier: Cal.com is cal_com_api.
func vendorName(d *connector.Definition) string {
	words := strings.FieldsFunc(strings.ToLower(d.Title), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	return strings.Join(words, "_") + "_api"
}
