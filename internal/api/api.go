// Package api is the REST API under /api: the published wire contract of
// Nexla's SDK on Weir's own services, so that the unmodified SDK works.
//
// One request, step by step: serve.go gives it an id and a place for its
// answer; route.go finds its route in the one table; identify.go says who
// asks and whether they may; limit.go how often; body.go reads what they
// sent; idempotency.go answers what was answered before; and the route's
// handler, one file for each noun, calls a service. Whatever goes wrong on
// that way is an error, and problem.go is the one place that writes it.
//
//	api.go          what the API is made of, and the list of nouns
//	serve.go        one request: its id, time limit, log line, panic
//	answer.go       the answer, held back until it is complete
//	route.go        the table of routes
//	identify.go     who asks, and may they
//	limit.go        how often they may ask
//	body.go         the only reader of request bodies
//	idempotency.go  the same key again gives the same answer
//	problem.go      errors as clients see them, and the table of codes
//	refusal.go      what is wrong with an input, without repeating it
//	input.go        types that inputs are made of
//	paging.go       lists, page by page
//	document.go     the OpenAPI document
//	catalogue.go    connectors as vendors, templates and endpoints
//	insight.go      what lists of what happened have in common
//
// Everything else is a noun.
package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/store"
)

// prefix is what all paths begin with.
const prefix = "/api"

// Identity says who somebody is and what they may do; *identity.Service is
// the one that counts.
type Identity interface {
	// Authenticate gives CodeAuth for a token that is nobody's.
	Authenticate(ctx context.Context, token string) (identity.Principal, error)
	// Recognize is Authenticate, and the session idles on.
	Recognize(ctx context.Context, token string) (identity.Principal, error)
	// Authorize gives CodeAuth, CodeForbidden or CodeNotFound for who may not.
	Authorize(ctx context.Context, p identity.Principal, need identity.Policy, resource int64) error
	// Denied writes down that somebody was not allowed to do something.
	Denied(ctx context.Context, p identity.Principal, what string, kind store.Kind, id int64, c identity.Client) error
	// GoodCSRF reports whether the token belongs to the session's token.
	GoodCSRF(session, token string) bool
	// KnowsBrowser reports whether the browser has signed in before.
	KnowsBrowser(ctx context.Context, c identity.Client) bool
}

// Options are what the API is made of. What is not required has a default.
type Options struct {
	Identity    Identity                // required
	Answers     Answers                 // of requests that may come twice; required
	Connectors  []*connector.Definition // what can be connected
	People      *identity.Service
	Credentials *credential.Service
	Flows       *flow.Service
	Runner      *flow.Runner
	Notify      *notify.Service
	Store       *store.DB
	Cookies     identity.Cookies // of browsers
	Version     string           // of Weir, for the document
	Logger      *slog.Logger     // nil discards
	Stopping    <-chan struct{}  // closed when the server stops: streams end then
	Now         func() time.Time // nil for the system's clock
	Limit       Limit            // of requests; zero for 600 a minute
	Timeout     time.Duration    // of a request; zero for 30 s

	// Address is where a request comes from, as far as it can be trusted:
	// behind a proxy that is known, it is in a header. Nil for the peer's.
	Address func(*http.Request) netip.Addr
}

// API is the handler of everything under /api.
type API struct {
	Options
	mux       *http.ServeMux
	huma      huma.API
	routes    []*route
	handlers  map[string]func(huma.Context) // made by huma, by pattern
	cross     *http.CrossOriginProtection
	limiter   *limiter
	catalogue *catalogue
	document  func() (object, error)
	broken    []error // what is wrong with the routes
	streams   identity.Streams
}

// nouns is the table of all routes: each function registers those of one noun.
func (a *API) nouns() []func() {
	return []func(){
		a.registerDocument,
		a.registerSetup,
		a.registerTokens,
		a.registerSession,
		a.registerLinks,
		a.registerSignIn,
		a.registerProviders,
		a.registerServiceKeys,
		a.registerUsers,
		a.registerUserChanges,
		a.registerOrgs,
		a.registerOrgMembers,
		a.registerCustodians,
		a.registerQuarantineSettings,
		a.registerTeams,
		a.registerAccessors,
		a.registerTeamAccessors,
		a.registerFlowAccessors,
		a.registerAudit,
		a.registerVendors,
		a.registerAuthTemplates,
		a.registerVendorEndpoints,
		a.registerCredentials,
		a.registerSources,
		a.registerDataSets,
		a.registerDataSinks,
		a.registerDeliveries,
		a.registerFlows,
		a.registerProjects,
		a.registerLookups,
		a.registerTransforms,
		a.registerRuns,
		a.registerPlans,
		a.registerMetrics,
		a.registerLogs,
		a.registerHealth,
		a.registerAccounts,
		a.registerQuarantine,
		a.registerBudgets,
		a.registerRecommendations,
		a.registerNotifications,
		a.registerNotificationTypes,
		a.registerChannelSettings,
		a.registerNotificationSettings,
		a.registerDispatches,
	}
}

// New builds the API. A route without a policy, and one that is there twice,
// are errors: the program does not start.
func New(o Options) (*API, error) {
	a, err := newAPI(o)
	if err != nil {
		return nil, err
	}
	return a, a.build(a.nouns())
}

// newAPI is an API without routes.
func newAPI(o Options) (*API, error) {
	if o.Identity == nil || o.Answers == nil {
		return nil, &weir.Error{Code: weir.CodeInternal, Where: "api", Message: "it was given no identity, or no place for answers"}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if o.Address == nil {
		o.Address = peer
	}
	c, err := newCatalogue(o.Connectors)
	if err != nil {
		return nil, err
	}
	a := &API{Options: o, mux: http.NewServeMux(), handlers: map[string]func(huma.Context){}, catalogue: c,
		cross: http.NewCrossOriginProtection(), limiter: newLimiter(o.Limit.orUsual(), o.Now)}
	a.streams.Stopping = o.Stopping
	a.huma = newHuma(a)
	return a, nil
}

// build registers the nouns. The document is written when somebody asks for it:
// that takes longer than everything else at a start.
func (a *API) build(nouns []func()) error {
	for _, register := range nouns {
		register()
	}
	if err := errors.Join(a.broken...); err != nil {
		return err
	}
	schemas := a.huma.OpenAPI().Components.Schemas.Map()
	delete(schemas, "ErrorModel") // of huma's own errors, which never get out
	delete(schemas, "ErrorDetail")
	a.document = sync.OnceValues(a.writeDocument)
	return nil
}

// peer is the address that the connection comes from.
func peer(r *http.Request) netip.Addr {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap()
}
