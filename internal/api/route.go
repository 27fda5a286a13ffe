package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/weirhq/weir/internal/identity"
)

// Route is one line of the table of routes.
type Route struct {
	Method  string
	Path    string // after /api: /vendors/{id}
	Summary string // what it does, in a few words
	Detail  string // more of it; may be empty
	Tag     string // the noun
	Policy  identity.Policy
	Creates bool // it makes something, and takes an Idempotency-Key
	Stream  bool // the answer goes out as it is written, without a time limit
	Page    bool // the answer is a page that people read, or leads to one
}

// route is a Route that was registered.
type route struct {
	Route
	takesBody   bool
	takesDryRun bool
	operation   huma.Operation
}

// pattern is how the mux knows it.
func (rt *Route) pattern() string { return rt.Method + " " + prefix + rt.Path }

// wrong says what is missing.
func (rt *Route) wrong() string {
	switch {
	case !rt.Policy.Decides():
		return "it has no policy: nobody has thought about who may use it"
	case rt.Policy.Kind() != "" && !strings.Contains(rt.Path, "{id}"):
		return "its policy is about one resource, and its path names none as {id}"
	case rt.Summary == "" || rt.Tag == "":
		return "it has no summary or no tag"
	case rt.Creates && (rt.Policy.IsPublic() || rt.Method != http.MethodPost):
		return "what creates is a POST of somebody who is known"
	}
	return ""
}

// register adds a line to the table: what In holds is checked, and what handle
// gives is written. It never fails; New does, for all that is wrong at once.
func register[In, Out any](a *API, r Route, handle func(context.Context, *In) (*Out, error)) {
	defer func() {
		if thrown := recover(); thrown != nil { // huma, about types that it cannot describe
			a.broken = append(a.broken, fmt.Errorf("route %s: %v", r.pattern(), thrown))
		}
	}()
	wrong := r.wrong()
	if _, twice := a.handlers[r.pattern()]; twice {
		wrong = "it is registered twice"
	}
	if wrong != "" {
		a.broken = append(a.broken, fmt.Errorf("route %s: %s", r.pattern(), wrong))
		return
	}
	takesDryRun := false
	for _, f := range reflect.VisibleFields(reflect.TypeFor[In]()) {
		takesDryRun = takesDryRun || f.Tag.Get("query") == dryRun
		if f.Anonymous && !f.IsExported() {
			a.broken = append(a.broken, fmt.Errorf("route %s: huma does not look into %s, whose name is not exported", r.pattern(), f.Name))
			return
		}
	}
	rt := &route{Route: r, takesDryRun: takesDryRun, operation: a.operation(r)}
	body, _ := reflect.TypeFor[In]().FieldByName("Body")
	rt.takesBody = body.Type != nil
	huma.Register(a.huma, rt.operation, func(ctx context.Context, in *In) (out *Out, _ error) {
		x := from(ctx)
		out, x.err = handle(ctx, in) // fail writes every error, huma none
		x.out.direct = rt.Stream && x.err == nil
		return out, nil
	})
	a.routes = append(a.routes, rt)
	a.mux.HandleFunc(r.pattern(), func(_ http.ResponseWriter, req *http.Request) { a.run(rt, req) })
}

// handle lets huma decode the input and call the handler.
func (a *API) handle(x *exchange) {
	x.r.Header.Set("Accept", "application/json") // there is nothing else to choose
	x.r.Body = io.NopCloser(bytes.NewReader(x.body))
	a.handlers[x.route.pattern()](humago.NewContext(&x.route.operation, x.r, x.out))
	if x.err == nil && x.r.Context().Err() != nil && !x.route.Stream && x.out.body.Len() == 0 {
		x.err = x.r.Context().Err()
	}
}

// adapter takes the handlers that huma makes; the mux is ours.
type adapter struct{ api *API }

// Handle keeps the handler for its route.
func (h adapter) Handle(op *huma.Operation, handler func(huma.Context)) {
	h.api.handlers[op.Method+" "+prefix+op.Path] = handler
}

// ServeHTTP is the API's.
func (h adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.api.ServeHTTP(w, r) }

// Done is the answer to a request that leaves nothing to show.
type Done struct {
	Body struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
}

// done is what a DELETE answers: the SDK expects an object.
func done() *Done {
	d := &Done{}
	d.Body.Code, d.Body.Message = "200", "Ok"
	return d
}
