package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir/internal/identity"
)

// newHuma makes the part that decodes inputs and describes operations. It has
// no pages of its own: its viewer of documents comes from another site, and
// its links to schemas are made from the request's Host header.
func newHuma(a *API) huma.API {
	bearer := &huma.SecurityScheme{Type: "http", Scheme: "bearer", Description: "A session token"}
	cookie := &huma.SecurityScheme{Type: "apiKey", In: "cookie", Name: identity.SessionCookie, Description: "The session of a browser"}
	return huma.NewAPI(huma.Config{
		OpenAPI: &huma.OpenAPI{
			Info:       &huma.Info{Title: "Weir", Version: a.Version, Description: "Data integration: sources, datasets and destinations."},
			Servers:    []*huma.Server{{URL: prefix}},
			Components: &huma.Components{SecuritySchemes: map[string]*huma.SecurityScheme{"bearer": bearer, "cookie": cookie}},
		},
		// The second is what huma calls its own errors, until refuseInput has them.
		Formats: map[string]huma.Format{"application/json": {Marshal: marshal, Unmarshal: unmarshal},
			"application/problem+json": {Marshal: marshal, Unmarshal: unmarshal}},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{refuseInput},
	}, adapter{a})
}

func marshal(w io.Writer, v any) error { return json.MarshalWrite(w, v) }

// unmarshal reads a body that readBody has let through. Its error is a JSON
// pointer, a bar, and what is wrong in huma's words, for detailOf; the text
// that the library has may hold the value.
func unmarshal(data []byte, v any) error {
	err := json.Unmarshal(data, v, json.RejectUnknownMembers(true))
	if err == nil {
		return nil
	}
	var wrong *json.SemanticError
	switch {
	case !errors.As(err, &wrong):
		return errors.New("|")
	case errors.Is(err, json.ErrUnknownName):
		return errors.New(string(wrong.JSONPointer) + "|unexpected property")
	}
	return errors.New(string(wrong.JSONPointer) + "|")
}

// operation describes a route.
func (a *API) operation(r Route) huma.Operation {
	schema := a.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "")
	op := huma.Operation{
		OperationID: operationID(r), Method: r.Method, Path: r.Path, Summary: r.Summary, Tags: []string{r.Tag},
		Description:  strings.TrimSpace(r.Detail + "\n\nWho may: " + r.Policy.String() + "."),
		MaxBodyBytes: -1, // readBody has its own
		Responses: map[string]*huma.Response{"default": {Description: "Error",
			Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}},
		Extensions: map[string]any{"x-policy": r.Policy.String()},
	}
	if r.Page {
		for status, of := range map[string]string{"200": "A page", "303": "Where the browser goes on", "401": "A page that says why nobody is signed in"} {
			op.Responses[status] = &huma.Response{Description: of, Content: map[string]*huma.MediaType{"text/html": {}}}
		}
	}
	if !r.Policy.IsPublic() {
		op.Security = []map[string][]string{{"bearer": {}}, {"cookie": {}}}
	}
	if r.Creates {
		op.Parameters = []*huma.Param{{Name: idempotencyKey, In: "header", Schema: &huma.Schema{Type: huma.TypeString},
			Description: "Any text of your own, up to 255 characters: the same request with the same key is done once"}}
	}
	return op
}

// operationID is made of the method and the path, and so belongs to one route.
func operationID(r Route) string {
	words := strings.FieldsFunc(r.Path, func(c rune) bool { return strings.ContainsRune("/{}._-", c) })
	return strings.ToLower(r.Method) + "_" + strings.Join(words, "_")
}

// writeDocument writes the document of all routes, which are known by now.
func (a *API) writeDocument() (object, error) {
	text, err := a.huma.OpenAPI().MarshalJSON()
	if err != nil {
		return nil, err
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	for name, schema := range doc["components"].(map[string]any)["schemas"].(map[string]any) {
		tellNulls(a.huma.OpenAPI().Components.Schemas.TypeFromRef("#/components/schemas/"+name), schema.(map[string]any))
	}
	return json.Marshal(doc, json.Deterministic(true))
}

// tellNulls adds to a schema that a pointer to an object may be null, which
// huma says of plain values alone. It is in the document only: what inputs are
// checked against stays as it is.
func tellNulls(t reflect.Type, schema map[string]any) {
	properties, _ := schema["properties"].(map[string]any)
	if t == nil || t.Kind() != reflect.Struct {
		return
	}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		property, _ := properties[name].(map[string]any)
		if f.Type.Kind() != reflect.Pointer || property == nil || strings.Contains(options, "omit") {
			continue
		}
		if _, known := property["$ref"]; known {
			properties[name] = map[string]any{"anyOf": []any{property, map[string]any{"type": "null"}}}
		} else if one, isOne := property["type"].(string); isOne {
			property["type"] = []any{one, "null"}
		}
	}
}

func (a *API) registerDocument() {
	register(a, Route{Method: http.MethodGet, Path: "/openapi.json", Tag: "document", Policy: identity.Public(),
		Summary: "This document"}, func(context.Context, *struct{}) (*struct{ Body object }, error) {
		document, err := a.document()
		return &struct{ Body object }{document}, err
	})
}
