package api

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

// people is an identity in memory: a token is somebody's name.
type people struct {
	mu     sync.Mutex
	denied []string
}

var known = map[string]identity.Principal{
	"ada":   {User: 1, Org: 1, Role: identity.RoleOwner, Kind: identity.API},
	"bob":   {User: 2, Org: 1, Role: identity.RoleCollaborator, Kind: identity.API},
	"carol": {User: 3, Org: 2, Role: identity.RoleOwner, Kind: identity.API},
}

func (p *people) Recognize(ctx context.Context, token string) (identity.Principal, error) {
	return p.Authenticate(ctx, token)
}

func (p *people) Authenticate(_ context.Context, token string) (identity.Principal, error) {
	if who, ok := known[token]; ok {
		return who, nil
	}
	return identity.Principal{}, &weir.Error{Code: weir.CodeAuth, Message: "nobody is signed in", Remedy: "Sign in"}
}

func (p *people) Authorize(_ context.Context, who identity.Principal, need identity.Policy, resource int64) error {
	switch {
	case need.IsPublic():
		return nil
	case who.Anonymous():
		return &weir.Error{Code: weir.CodeAuth, Message: "nobody is signed in"}
	case need.Kind() != "" && resource != 7:
		return nowhere()
	case strings.HasPrefix(need.String(), "owner of the organization") && who.Role != identity.RoleOwner:
		return &weir.Error{Code: weir.CodeForbidden, Message: "this needs the role owner", Remedy: "Ask for it"}
	}
	return nil
}

func (p *people) Denied(_ context.Context, _ identity.Principal, what string, _ store.Kind, _ int64, _ identity.Client) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.denied = append(p.denied, what)
	return nil
}

func (p *people) GoodCSRF(session, token string) bool { return token == "csrf of "+session }

func (p *people) KnowsBrowser(_ context.Context, c identity.Client) bool { return c.Device == "known" }

// thing is the noun of these tests.
type thing struct {
	ID    int64  `json:"id"`
	Name  name   `json:"name"`
	Kind  string `json:"kind" enum:"small,large"`
	Notes text   `json:"notes"`
	Count int    `json:"count"`
}

type ThingInput struct {
	Body struct {
		Name   name   `json:"name"`
		Kind   string `json:"kind,omitzero" enum:"small,large"`
		Notes  text   `json:"notes,omitzero"`
		Count  int    `json:"count,omitzero" minimum:"0" maximum:"9"`
		Config object `json:"config,omitzero"`
		Inner  struct {
			Site string `json:"site,omitzero" format:"uri"`
			Form string `json:"form,omitzero" format:"uuid"`
			Mail string `json:"mail,omitzero" format:"email"`
			Wait string `json:"wait,omitzero" format:"duration"`
		} `json:"inner,omitzero"`
	}
}

type thingOutput struct{ Body thing }

// world is a server with a clock of its own.
type world struct {
	*testing.T
	api    *API
	db     *store.DB
	server *httptest.Server
	people *people
	log    *safeBuffer
	mu     sync.Mutex
	now    time.Time
	made   int           // things
	hold   chan struct{} // what a creation waits for; nil for nothing
	begun  chan struct{}
}

// safeBuffer may be written to while it is read.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func newWorld(t *testing.T, change ...func(*Options)) *world {
	t.Helper()
	w := &world{T: t, people: &people{}, log: &safeBuffer{}, now: time.Unix(1_800_000_000, 0)}
	db, err := store.Open(t.Context(), storetest.SQLite(t), store.Options{})
	w.must(err)
	t.Cleanup(func() { _ = db.Close() })
	w.db = db
	calcom, err := connector.Builtin("calcom")
	w.must(err)
	o := Options{Identity: w.people, Answers: db, Connectors: []*connector.Definition{calcom}, Version: "test", Now: w.clock, Cookies: identity.Cookies{HTTPS: true},
		Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Limit: Limit{Requests: 100_000, Per: time.Minute}}
	for _, f := range change {
		f(&o)
	}
	w.api, err = newAPI(o)
	w.must(err)
	w.must(w.api.build(append(w.api.nouns(), w.registerThings)))
	w.server = httptest.NewServer(w.api)
	t.Cleanup(w.server.Close)
	return w
}

// registerThings adds routes of every kind.
func (w *world) registerThings() {
	a, in := w.api, identity.Authenticated()
	register(a, Route{Method: "POST", Path: "/things", Tag: "things", Summary: "Make", Policy: in, Creates: true}, w.makeThing)
	register(a, Route{Method: "PUT", Path: "/things/{id}", Tag: "things", Summary: "Change", Policy: identity.Access(store.KindSource, identity.RoleAdmin)},
		func(_ context.Context, in *struct {
			One
			ThingInput
		}) (*thingOutput, error) {
			return &thingOutput{thing{ID: in.ID, Name: in.Body.Name}}, nil
		})
	register(a, Route{Method: "PUT", Path: "/things/{id}/activate", Tag: "things", Summary: "Start", Policy: identity.Access(store.KindSource, identity.RoleOperator)},
		func(_ context.Context, in *One) (*thingOutput, error) { return &thingOutput{thing{ID: in.ID}}, nil })
	register(a, Route{Method: "DELETE", Path: "/things/{id}", Tag: "things", Summary: "Delete", Policy: identity.Access(store.KindSource, identity.RoleAdmin)},
		func(context.Context, *One) (*Done, error) { return done(), nil })
	register(a, Route{Method: "GET", Path: "/things", Tag: "things", Summary: "List", Policy: in}, listThings)
	register(a, Route{Method: "GET", Path: "/things/{id}", Tag: "things", Summary: "One", Policy: identity.Access(store.KindSource, identity.RoleCollaborator)},
		func(_ context.Context, in *One) (*thingOutput, error) { return &thingOutput{thing{ID: in.ID}}, nil })
	register(a, Route{Method: "POST", Path: "/secrets", Tag: "things", Summary: "Make", Policy: in, Creates: true},
		func(ctx context.Context, _ *struct{}) (*struct{ Body object }, error) {
			shownOnce(ctx)
			return &struct{ Body object }{object(`{"key":"shown-once-` + planted + `"}`)}, nil
		})
	register(a, Route{Method: "GET", Path: "/owners", Tag: "things", Summary: "Owners", Policy: identity.InOrg(identity.RoleOwner)},
		func(context.Context, *struct{}) (*Done, error) { return done(), nil })
	register(a, Route{Method: "POST", Path: "/open", Tag: "things", Summary: "Open", Policy: identity.Public()},
		func(context.Context, *ThingInput) (*Done, error) { return done(), nil })
	register(a, Route{Method: "GET", Path: "/me", Tag: "things", Summary: "Me", Policy: in}, func(ctx context.Context, _ *struct{}) (*thingOutput, error) {
		setCookie(ctx, &http.Cookie{Name: "seen", Value: "yes"})
		return &thingOutput{thing{ID: principal(ctx).User, Notes: text(client(ctx).Address.String())}}, nil
	})
	register(a, Route{Method: "GET", Path: "/failing/{how}", Tag: "things", Summary: "Fail", Policy: in}, w.failing)
	register(a, Route{Method: "POST", Path: "/failing/{how}", Tag: "things", Summary: "Fail", Policy: in, Creates: true}, w.failing)
}

func (w *world) makeThing(_ context.Context, in *ThingInput) (*thingOutput, error) {
	if w.hold != nil {
		w.begun <- struct{}{}
		<-w.hold
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.made++
	return &thingOutput{thing{ID: int64(w.made), Name: in.Body.Name, Kind: in.Body.Kind, Notes: in.Body.Notes, Count: in.Body.Count}}, nil
}

type thingsInput struct {
	Paging
	Live flag   `query:"live"`
	Kind string `query:"kind" enum:"small,large"`
	Sent string `header:"X-Kind" enum:"small,large"`
}

func listThings(ctx context.Context, in *thingsInput) (*List[thing], error) {
	all := make([]thing, 250)
	for i := range all {
		all[i].ID = int64(i + 1)
	}
	if in.Live.On {
		all = all[:1]
	}
	return pageOf(ctx, in.Paging, all), nil
}

// planted must never come back from where it was sent to.
const planted = "cal_live_5ecre7"

func (w *world) failing(ctx context.Context, in *struct {
	How string `path:"how"`
}) (*Done, error) {
	switch in.How {
	case "panic":
		panic(planted)
	case "slow":
		<-ctx.Done()
		return nil, ctx.Err()
	case "key":
		return nil, upstream(&weir.Error{Code: weir.CodeAuth, Message: "the key is unknown"})
	case "busy":
		return nil, upstream(&weir.Error{Code: weir.CodeTransient, Message: "no answer"})
	case "old":
		return nil, &weir.Error{Code: weir.CodeForbidden, Message: "prove it", Err: identity.ErrNotRecent}
	case "wait":
		return nil, &weir.Error{Code: weir.CodeThrottled, Message: "wait", Err: &identity.Wait{Until: w.clock().Add(90 * time.Second)}}
	case "foreign":
		return nil, io.ErrUnexpectedEOF
	}
	return nil, &weir.Error{Code: weir.Code(in.How), Where: "here", Message: "it went wrong", Remedy: "Mend it"}
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// got is an answer that was read.
type got struct {
	*testing.T
	status int
	header http.Header
	text   string
}

// call is a request: method and path, headers as pairs, and a body after them.
func (w *world) call(method, path, token, body string, headers ...string) got {
	w.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(w.Context(), method, w.server.URL+path, reader)
	w.must(err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	r.Header.Set("Accept", nexlaJSON)
	r.Header.Set("Content-Type", "application/json") // as the SDK, on every request
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return w.do(r)
}

func (w *world) do(r *http.Request) got {
	w.Helper()
	answer, err := w.server.Client().Do(r)
	w.must(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	w.must(err)
	return got{w.T, answer.StatusCode, answer.Header, string(text)}
}

// ok reads a good answer into v.
func (g got) ok(v any) {
	g.Helper()
	if g.status != http.StatusOK {
		g.Fatalf("%d %s", g.status, g.text)
	}
	if err := json.Unmarshal([]byte(g.text), v); err != nil {
		g.Fatalf("%v: %s", err, g.text)
	}
}

// refused checks that the answer is an error in the contract's shape.
func (g got) refused(status int, code string) Problem {
	g.Helper()
	var p Problem
	if err := json.Unmarshal([]byte(g.text), &p, json.RejectUnknownMembers(true)); err != nil {
		g.Fatalf("%d %s: %v", g.status, g.text, err)
	}
	if g.status != status || p.Code != code {
		g.Errorf("%d %s %s, want %d %s", g.status, p.Code, g.text, status, code)
	}
	if p.Error == "" || !strings.HasPrefix(p.Description, p.Error) || p.RequestID == "" || p.RequestID != g.header.Get("X-Request-Id") || p.Details == nil {
		g.Errorf("incomplete: %s", g.text)
	}
	if _, err := time.Parse(time.RFC3339, p.Timestamp); err != nil || g.header.Get("Content-Type") != "application/json" {
		g.Errorf("%v %q", err, g.header.Get("Content-Type"))
	}
	if strings.Contains(g.text, planted) || strings.Contains(g.text, "$schema") || len(g.text) > 4000 {
		g.Errorf("it says too much: %s", g.text)
	}
	return p
}
