package web

import (
	"strings"

	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/credential"
)

func (w *Web) registerConnectors() {
	w.show("/connectors", signedIn, (*visit).connectors)
	w.show("/connectors/{name}", signedIn, (*visit).connector)
}

// connectors are the tiles of what can be connected, Cal.com first.
func (v *visit) connectors() error {
	return v.shown("Connectors", connectorsPage(v.Credentials.Kinds()))
}

// endpointGroup is the endpoints of one part of a service.
type endpointGroup struct {
	Title     string
	Endpoints []connector.Endpoint
}

// groups puts endpoints together: first those that are read when nobody says
// what, then the others by the part of the service that they belong to.
func groups(d *connector.Definition) (all []endpointGroup) {
	at := map[string]int{mostWanted: 0}
	all = append(all, endpointGroup{Title: mostWanted})
	for _, e := range d.Endpoints {
		title := part(e.Path)
		if e.Default && atTheRoot(e.Path) {
			title = mostWanted
		}
		i, ok := at[title]
		if !ok {
			i = len(all)
			at[title] = i
			all = append(all, endpointGroup{Title: title})
		}
		all[i].Endpoints = append(all[i].Endpoints, e)
	}
	return all
}

// mostWanted is the group of what is read by default and belongs to nothing else:
// a handful to choose from, while what belongs to teams and organizations is found
// under those.
const mostWanted = "Most wanted"

// atTheRoot reports whether a path is one noun of a service, as "/v2/bookings" is.
func atTheRoot(path string) bool {
	return !strings.Contains(path, "{") && strings.Count(strings.Trim(path, "/"), "/") <= 1
}

// part is the part of a service that a path belongs to: "/v2/event-types/{id}"
// is of "Event types".
func part(path string) string {
	words := strings.Split(strings.Trim(path, "/"), "/")
	if len(words) > 1 {
		words = words[1:]
	}
	return sentence(strings.ReplaceAll(words[0], "-", " "))
}

// connector is one of them with its endpoints.
func (v *visit) connector() error {
	kind, err := v.Credentials.Kind(v.r.PathValue("name"))
	if err != nil {
		return nothingThere()
	}
	return v.shown(kind.Title, connectorPage(kind, endpointGroups(kind)))
}

func endpointGroups(k *credential.Kind) []endpointGroup {
	if k.Connector == nil {
		return nil
	}
	return groups(k.Connector)
}

// uses says for what a kind can be used.
func uses(k *credential.Kind) string {
	switch {
	case k.Source && k.Destination:
		return "source and destination"
	case k.Source:
		return "source"
	}
	return "destination"
}

// firstSentence is what a description says first: enough to choose by.
func firstSentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if first, _, more := strings.Cut(text, ". "); more {
		return first + "."
	}
	return text
}
