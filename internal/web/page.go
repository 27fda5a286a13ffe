package web

import (
	"fmt"
	"net/http"

	"github.com/weirhq/weir/internal/identity"
)

// Page is one line of the table of pages.
type page struct {
	method string
	path   string // with {id} where it is about one thing
	policy identity.Policy
	live   bool // the answer goes out as it is written, without a time limit
	handle func(*visit) error
}

// Policies as they are needed most.
var (
	everybody = identity.Public()
	signedIn  = identity.Authenticated()
	maker     = identity.InOrg(identity.RoleOperator) // who may make something
)

// show registers a page that is looked at.
func (w *Web) show(path string, policy identity.Policy, handle func(*visit) error) {
	w.register(&page{method: http.MethodGet, path: path, policy: policy, handle: handle})
}

// do registers what a form does.
func (w *Web) do(path string, policy identity.Policy, handle func(*visit) error) {
	w.register(&page{method: http.MethodPost, path: path, policy: policy, handle: handle})
}

// stream registers a part of a page that is sent again whenever it changes.
func (w *Web) stream(path string, policy identity.Policy, handle func(*visit) error) {
	w.register(&page{method: http.MethodGet, path: path, policy: policy, handle: handle, live: true})
}

// register adds a line to the table. It never fails; New does.
func (w *Web) register(p *page) {
	pattern := p.method + " " + p.path
	switch {
	case !p.policy.Decides():
		w.broken = append(w.broken, fmt.Errorf("page %s: it has no policy: nobody has thought about who may see it", pattern))
	case w.paths[pattern]:
		w.broken = append(w.broken, fmt.Errorf("page %s: it is registered twice", pattern))
	default:
		w.paths[pattern] = true
		w.mux.HandleFunc(pattern, func(out http.ResponseWriter, r *http.Request) { w.visit(p, out, r) })
	}
}

// ServeHTTP answers everything that is no page as one that is missing.
func (w *Web) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	if _, pattern := w.mux.Handler(r); pattern == "" {
		w.visit(&page{method: r.Method, policy: everybody, handle: missing}, out, r)
		return
	}
	w.mux.ServeHTTP(out, r)
}
