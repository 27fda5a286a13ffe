// Package web serves the pages. They are written on the server, work before
// any script runs, and call the same services as the REST API: what may be
// done, and what happens then, is decided there.
//
// One request, step by step: page.go finds the page in the one table;
// visit.go says who asks, refuses what another site sends, and lets the page
// answer; respond.go writes what it says. A page is a function of a visit, in
// a file named after its noun and what it does there; how it looks is in the
// .templ file beside it, made of the components of package ui.
//
//	web.go       what the pages are made of, and the list of nouns
//	page.go      the table of pages, each with a policy
//	visit.go     one request: who asks, from where, and may they
//	session.go   the cookies that tell who somebody is
//	form.go      what was typed, and what is wrong with it
//	respond.go   pages, redirections, errors
//	list.go      tables, page by page and as files
//	scope.go     what somebody may see
//	live.go      parts of a page that move while it is open
//	static.go    scripts and styles, embedded
//
// Everything else is a noun.
package web

import (
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/vault"
)

// Options are what the pages are made of.
type Options struct {
	People      *identity.Service
	Credentials *credential.Service
	Flows       *flow.Service
	Runner      *flow.Runner
	Notify      *notify.Service
	Store       *store.DB
	Vault       *vault.Vault
	Cookies     identity.Cookies // of the session
	Connectors  []*connector.Definition
	Version     string
	Data        string                         // directory of the server's own files; may be empty
	Postgres    bool                           // the store is in Postgres, not in Data
	Logger      *slog.Logger                   // nil discards
	Stopping    <-chan struct{}                // closed when the server stops: streams end then
	Now         func() time.Time               // nil for the system's clock
	Address     func(*http.Request) netip.Addr // where a request comes from, as far as it can be trusted
}

// Web is the handler of all pages.
type Web struct {
	Options
	mux    *http.ServeMux
	cross  *http.CrossOriginProtection
	assets *assets
	broken []error // what is wrong with the table
	paths  map[string]bool

	streams identity.Streams
	sending identity.Exports
}

// nouns is the table of all pages: each function registers those of one noun.
func (w *Web) nouns() []func() {
	return []func(){
		w.registerSetup,
		w.registerSignIn,
		w.registerTheme,
		w.registerOverview,
		w.registerConnectors,
		w.registerCredentials,
		w.registerCredentialNew,
		w.registerCredentialChange,
		w.registerFlows,
		w.registerFlowNew,
		w.registerFlowAct,
		w.registerFlowSchedule,
		w.registerFlowEdit,
		w.registerProjects,
		w.registerRuns,
		w.registerBudgets,
		w.registerDatasets,
		w.registerDestinations,
		w.registerDestinationNew,
		w.registerDestinationChange,
		w.registerDestinationAct,
		w.registerLookups,
		w.registerQuarantine,
		w.registerNotifications,
		w.registerChannels,
		w.registerRules,
		w.registerActivity,
		w.registerPeople,
		w.registerTeams,
		w.registerLinks,
		w.registerKeys,
		w.registerSettings,
		w.registerAccount,
		w.registerComponents,
	}
}

// New builds the pages. One without a policy, and one that is there twice,
// are errors: the program does not start.
func New(o Options) (*Web, error) {
	if o.People == nil || o.Address == nil {
		return nil, &weir.Error{Code: weir.CodeInternal, Where: "web", Message: "it was given no identity, or no way to tell addresses"}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	w := &Web{Options: o, mux: http.NewServeMux(), cross: http.NewCrossOriginProtection(), paths: map[string]bool{}}
	w.streams.Stopping = o.Stopping
	var err error
	if w.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	w.mux.Handle("GET "+assetPrefix, w.assets)
	for _, register := range w.nouns() {
		register()
	}
	return w, errors.Join(w.broken...)
}
