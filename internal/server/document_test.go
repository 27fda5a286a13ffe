package server_test

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi/datamodel"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// document is the server's OpenAPI document, as a check of its answers.
type document struct {
	parsed   m
	routes   []documented
	compiler *jsonschema.Compiler
	mu       sync.Mutex
	schemas  map[string]*jsonschema.Schema
	checked  map[string]int // answers by route
}

// documented is one route of the document.
type documented struct {
	method, path, policy string
	operation            m
	matches              *regexp.Regexp
}

// documentURL is where the compiler knows the document.
const documentURL = "weir:///openapi.json"

// parameter is a part of a path that stands for any.
var parameter = regexp.MustCompile(`\{\w+\}`)

// theDocument is read once: it is the same for every server.
var theDocument struct {
	once sync.Once
	*document
}

func (w *world) document() *document {
	w.Helper()
	theDocument.once.Do(func() {
		res, err := http.Get(w.url + "/api/openapi.json")
		w.must(err)
		defer res.Body.Close()
		parsed, err := jsonschema.UnmarshalJSON(res.Body)
		w.must(err)
		theDocument.document = newDocument(w, parsed.(m))
	})
	if theDocument.document == nil {
		w.Fatal("there is no document")
	}
	return theDocument.document
}

func newDocument(t testing.TB, parsed m) *document {
	t.Helper()
	d := &document{parsed: parsed, compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}, checked: map[string]int{}}
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource(documentURL, parsed); err != nil {
		t.Fatal(err)
	}
	for path, item := range parsed["paths"].(m) {
		for method, op := range item.(m) {
			policy, _ := op.(m)["x-policy"].(string)
			matches := regexp.MustCompile("^" + parameter.ReplaceAllString(path, `[^/]+`) + "$")
			d.routes = append(d.routes, documented{strings.ToUpper(method), path, policy, op.(m), matches})
		}
	}
	// Paths without parameters first: /users/current is not /users/{id}.
	slices.SortFunc(d.routes, func(a, b documented) int {
		if n := strings.Count(a.path, "{") - strings.Count(b.path, "{"); n != 0 {
			return n
		}
		return strings.Compare(a.path+a.method, b.path+b.method)
	})
	return d
}

// route finds what answers a request.
func (d *document) route(method, path string) (documented, bool) {
	path, _, _ = strings.Cut(path, "?")
	i := slices.IndexFunc(d.routes, func(r documented) bool { return r.method == method && r.matches.MatchString(path) })
	if i < 0 {
		return documented{}, false
	}
	return d.routes[i], true
}

// check says what of an answer is not as the document promises.
func (d *document) check(method, path string, status int, body []byte) error {
	r, found := d.route(method, path)
	if !found {
		return nil // a path that does not exist
	}
	response := fmt.Sprint(status)
	told, _ := r.operation["responses"].(m)[response].(m)
	if content, _ := told["content"].(m); told == nil || status >= 400 && content["application/json"] == nil && bytes.HasPrefix(body, []byte("{")) {
		response = "default"
	}
	if status < 300 && response == "default" {
		return fmt.Errorf("the document does not tell of %d", status)
	}
	schema, err := d.schema(r, response)
	if err != nil || schema == nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

// schema compiles what a route promises of its answer; nil for no promise.
func (d *document) schema(r documented, response string) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.checked[r.method+" "+r.path]++
	content, _ := r.operation["responses"].(m)[response].(m)["content"].(m)
	if content["application/json"] == nil {
		return nil, nil
	}
	at := "#/paths/" + pointer(r.path) + "/" + strings.ToLower(r.method) + "/responses/" + response + "/content/" + pointer("application/json") + "/schema"
	if known := d.schemas[at]; known != nil {
		return known, nil
	}
	schema, err := d.compiler.Compile(documentURL + at)
	d.schemas[at] = schema
	return schema, err
}

// pointer is a name as a step of a JSON pointer in an address.
func pointer(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(name)
}

// meets fails the test when an answer is not as the document promises.
func (w *world) meets(method, path string, status int, body []byte) {
	w.Helper()
	if err := w.document().check(method, path, status, body); err != nil {
		w.Errorf("%s %s answers %d otherwise than the document says: %v\n%.2000s", method, path, status, err, body)
	}
}

// The document is checked against the schema of OpenAPI 3.1 that its makers
// publish.
func TestTheDocumentIsOpenAPI(t *testing.T) {
	w := newWorld(t, 1)
	published, err := jsonschema.UnmarshalJSON(strings.NewReader(datamodel.OpenAPI31SchemaData))
	w.must(err)
	compiler := jsonschema.NewCompiler()
	w.must(compiler.AddResource("weir:///openapi-3.1.json", published))
	openAPI, err := compiler.Compile("weir:///openapi-3.1.json")
	w.must(err)
	d := w.document()
	if d.parsed["openapi"] != "3.1.0" {
		t.Errorf("it is OpenAPI %v", d.parsed["openapi"])
	}
	if err := openAPI.Validate(d.parsed); err != nil {
		t.Error(err)
	}
	names := map[any]string{}
	for _, r := range d.routes {
		if other := names[r.operation["operationId"]]; other != "" {
			t.Errorf("%s %s has the operationId of %s", r.method, r.path, other)
		}
		names[r.operation["operationId"]] = r.method + " " + r.path
		declared := map[string]bool{}
		parameters, _ := r.operation["parameters"].([]any)
		for _, p := range parameters {
			if p.(m)["in"] == "path" {
				declared["{"+p.(m)["name"].(string)+"}"] = true
			}
		}
		for _, name := range parameter.FindAllString(r.path, -1) {
			if !declared[name] {
				t.Errorf("%s %s does not tell of %s", r.method, r.path, name)
			}
		}
	}
}

// Whatever the document says of a schema can be compiled and used: a reference
// that leads nowhere is found here.
func TestEveryAnswerOfTheDocumentHasASchemaThatWorks(t *testing.T) {
	d := newWorld(t, 1).document()
	for _, r := range d.routes {
		for response := range r.operation["responses"].(m) {
			if _, err := d.schema(r, response); err != nil {
				t.Errorf("%s %s %s: %v", r.method, r.path, response, err)
			}
		}
	}
}
