package server_test

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	_ "modernc.org/sqlite"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/job/jobtest"
	"github.com/weirhq/weir/internal/server"
	"github.com/weirhq/weir/internal/simulator"
	"github.com/weirhq/weir/internal/vault"
)

// world is a whole server over HTTP, with a simulator in place of Cal.com.
type world struct {
	testing.TB
	dir        string
	config     server.Config
	again      net.Listener   // where to listen, when it is known before
	configured *server.Config // what to start with, when it is not the usual
	server     *server.Server
	stop       func()
	sim        *simulator.Simulator
	simURL     string
	url        string
	token      string
	log        *lines
	limit      int
	database   string       // address of the store; "" for a SQLite file
	slow       atomic.Int64 // how long the simulator waits before each answer
	change     func(*server.Config)
}

// lines is a log that a test reads while the server writes it.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// cheap is what passwords cost where a test is not about that: each world has some.
var cheap = identity.Cost{KiB: 64, Passes: 1}

func newWorld(t *testing.T, bookings int) *world { return buildWorld(t, bookings, 120, "") }

// benchWorld is one whose key has no limit worth the name.
func benchWorld(b *testing.B) *world { return buildWorld(b, 5, 1_000_000, "") }

func buildWorld(t testing.TB, bookings, limit int, database string) *world {
	t.Helper()
	return (&world{TB: t, dir: t.TempDir(), log: &lines{}, limit: limit, database: database}).built(bookings)
}

// configuredWorld is one whose server is told something else, and whose key
// has no limit worth the name.
func configuredWorld(t testing.TB, bookings int, change func(*server.Config)) *world {
	t.Helper()
	return (&world{TB: t, dir: t.TempDir(), log: &lines{}, limit: 1_000_000, change: change}).built(bookings)
}

func (w *world) built(bookings int) *world {
	t := w.TB
	t.Helper()
	var err error
	if w.sim, err = simulator.New(simulator.Options{Bookings: bookings, Seed: 1, RateLimit: w.limit}); err != nil {
		t.Fatal(err)
	}
	sim := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Duration(w.slow.Load()))
		w.sim.ServeHTTP(rw, r)
	}))
	t.Cleanup(sim.Close)
	w.simURL = sim.URL
	if w.database == "" {
		jobtest.Fresh.CopyTo(t, filepath.Join(w.dir, "weir.db"))
	}
	w.start()
	w.signIn()
	return w
}

// inside is the same world for a test inside of another.
func (w *world) inside(t testing.TB) *world {
	return &world{TB: t, dir: w.dir, config: w.config, server: w.server, sim: w.sim, simURL: w.simURL, url: w.url, token: w.token, log: w.log, limit: w.limit, database: w.database}
}

// start starts the server; one that runs already is stopped first.
func (w *world) start() {
	w.Helper()
	if w.stop != nil {
		w.stop()
	}
	place, _, err := vault.FindRoot(w.Context(), vault.Search{Data: w.dir, Getenv: func(string) string { return "" }})
	w.must(err)
	w.config = server.Config{Data: w.dir, Database: w.database, Root: place, CalcomURL: w.simURL, Version: "test", Now: time.Now, PasswordCost: cheap,
		Logger: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if w.change != nil {
		w.change(&w.config)
	}
	if w.configured != nil {
		w.config = *w.configured
	}
	w.server, err = server.New(w.Context(), w.config)
	w.must(err)
	front := httptest.NewUnstartedServer(w.server.Handler())
	if w.again != nil { // where the one before was
		front.Listener.Close()
		front.Listener = w.again
		w.again = nil
	}
	front.Start()
	w.url = front.URL
	running := w.server
	w.stop = sync.OnceFunc(func() {
		front.CloseClientConnections()
		front.Close()
		if err := running.Close(context.Background()); err != nil {
			w.Error(err)
		}
	})
	w.Cleanup(w.stop)
}

// movable is a clock that a test moves.
type movable struct {
	mu  sync.Mutex
	now time.Time
}

func (c *movable) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *movable) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// signIn makes the first user and keeps a session.
func (w *world) signIn() {
	w.Helper()
	token, needed, err := w.server.People().SetupToken(w.Context())
	w.must(err)
	if !needed {
		w.Fatal("there is a user already")
	}
	session, err := w.server.People().Setup(w.Context(), token, identity.FirstUser{Organization: "Acme", Email: "ada@example.com", FullName: "Ada", Password: weir.NewSecret("correct horse battery"), Client: identity.Client{Address: netip.MustParseAddr("127.0.0.1")}})
	w.must(err)
	w.token = session.Token.Expose()
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

type m = map[string]any

// call makes a request as the SDK does, and checks the status.
func (w *world) call(status int, method, path string, in any) (out m) {
	w.Helper()
	w.decode(w.raw(status, method, path, in), &out)
	return out
}

func (w *world) list(path string) (out []m) {
	w.Helper()
	w.decode(w.raw(200, "GET", path, nil), &out)
	return out
}

func (w *world) decode(b []byte, out any) {
	w.Helper()
	if err := json.Unmarshal(b, out); err != nil {
		w.Fatalf("%s: %v", b, err)
	}
}

func (w *world) raw(status int, method, path string, in any) []byte {
	w.Helper()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		w.must(err)
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(w.Context(), method, w.url+"/api"+path, body)
	w.must(err)
	req.Header.Set("Accept", "application/vnd.nexla.api.v1+json")
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+w.token)
	res, err := http.DefaultClient.Do(req)
	w.must(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	w.must(err)
	if res.StatusCode != status {
		w.Fatalf("%s %s answers %d, want %d: %s", method, path, res.StatusCode, status, b)
	}
	w.meets(method, path, res.StatusCode, b)
	return b
}

// id reads a number of an answer.
func id(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

func (w *world) credential() m {
	w.Helper()
	return w.call(200, "POST", "/data_credentials", m{"name": "Ours", "credentials_type": "cal_com_api", "credentials": m{"api_key": w.sim.Keys()[0].Key, "rate_limit": min(w.limit, 100_000)}})
}

// finished waits for the newest run of a source.
func (w *world) finished(source any) (run m) {
	w.Helper()
	w.until("the run is over", func() bool {
		runs := w.list("/data_sources/" + id(source) + "/runs")
		if len(runs) > 0 && runs[0]["status"] != "running" && runs[0]["status"] != "queued" {
			run = runs[0]
		}
		return run != nil
	})
	return run
}

// until waits until something has come about: longer than a busy machine takes.
func (w *world) until(what string, is func() bool) {
	w.Helper()
	for end := time.Now().Add(2 * time.Minute); !is(); {
		if time.Now().After(end) {
			w.Fatalf("waited in vain until %s", what)
		}
		select {
		case <-w.Context().Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// The story that the contract's clients play: credential, source, test,
// activate, samples, destination, flow, metrics, delete.
func TestTheWholeStoryOverTheContract(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { wholeStory(t, newWorld(t, 300)) })
	t.Run("postgres", func(t *testing.T) { wholeStory(t, buildWorld(t, 300, 120, jobtest.Fresh.Postgres(t))) })
}

func wholeStory(t *testing.T, w *world) {
	t.Helper()
	cred := w.credential()
	if cred["verified_status"] != "VERIFIED" || cred["credentials_type"] != "rest" || cred["vendor"].(m)["name"] != "cal_com_api" {
		t.Fatalf("credential %v", cred)
	}
	if got := w.call(200, "GET", "/data_credentials/"+id(cred["id"])+"/probe", nil); got["status"] != "ok" {
		t.Errorf("probe %v", got)
	}
	endpoints := w.list("/vendor_endpoints?vendor=cal_com_api&direction=source&per_page=1000")
	var bookings m
	for _, e := range endpoints {
		if e["name"] == "cal_com_api.bookings" {
			bookings = e
		}
	}
	sample := w.call(200, "POST", "/data_credentials/"+id(cred["id"])+"/probe/sample?count=3", m{"endpoint": "bookings"})
	if got := sample["output"].(m)["response"].([]any); len(got) != 3 {
		t.Errorf("sample %v", sample)
	}
	src := w.call(200, "POST", "/data_sources", m{"name": "Bookings", "source_type": "rest", "data_credentials_id": cred["id"], "vendor_endpoint_id": bookings["id"], "ingest_method": "POLL", "template_config": m{}})
	if src["status"] != "INIT" || len(src["data_sets"].([]any)) != 1 || src["vendor_endpoint"].(m)["id"] != bookings["id"] {
		t.Fatalf("source %v", src)
	}
	dataset := src["data_sets"].([]any)[0].(m)["id"]
	lake := w.call(200, "POST", "/data_credentials", m{"name": "Lake", "credentials_type": "sqlite", "credentials": m{"path": "cal.db"}})
	sink := w.call(200, "POST", "/data_sinks", m{"name": "Tables", "sink_type": "rest", "data_credentials_id": lake["id"], "data_set_id": dataset, "sink_config": m{"mode": "upsert"}})
	w.call(200, "PUT", "/data_sinks/"+id(sink["id"])+"/activate", nil)
	active := w.call(200, "PUT", "/data_sources/"+id(src["id"])+"/activate", nil)
	nodes := active["flows"].([]any)
	if active["status"] != "ACTIVE" || active["data_credentials"] != nil || len(nodes) != 1 {
		t.Fatalf("activated %v", active)
	}
	run := w.finished(src["id"])
	if run["status"] != "succeeded" || run["written"] != 300.0 {
		t.Errorf("run %v", run)
	}
	if n := w.count("SELECT count(*) FROM bookings"); n != 300 {
		t.Errorf("%d rows", n)
	}
	var samples []m
	w.decode(w.raw(200, "GET", "/data_sets/"+id(dataset)+"/samples?count=10&include_metadata=False&live=False", nil), &samples)
	if len(samples) != 10 || samples[0]["uid"] == nil {
		t.Errorf("samples %v", samples)
	}
	nexset := w.call(200, "GET", "/data_sets/"+id(dataset)+"?expand=1", nil)
	if nexset["output_schema"].(m)["properties"].(m)["uid"] == nil || len(nexset["data_sinks"].([]any)) != 1 {
		t.Errorf("dataset %v", nexset)
	}
	flows := w.call(200, "GET", "/flows?flows_only=1", nil)
	root := flows["flows"].([]any)[0].(m)
	if flows["data_sources"] != nil || root["data_source_id"] != src["id"] || root["origin_node_id"] != root["id"] {
		t.Errorf("flows %v", flows)
	}
	metrics := w.call(200, "GET", "/data_sources/"+id(src["id"])+"/metrics?aggregate=1", nil)
	if day := metrics["metrics"].([]any)[0].(m); day["records"] != 300.0 {
		t.Errorf("metrics %v", metrics)
	}
	w.call(200, "GET", "/data_sinks/"+id(sink["id"])+"/metrics/run_summary?groupby=runId", nil)
	logs := w.call(200, "GET", "/data_sources/"+id(src["id"])+"/flow/logs?run_id="+id(run["id"]), nil)
	if lines := logs["logs"].(m)["data"].([]any); len(lines) < 3 {
		t.Errorf("logs %v", logs)
	}
	refused := w.call(405, "DELETE", "/flows/"+id(root["id"]), nil)
	if refused["message"] == nil || len(refused["data_sources"].([]any)) != 1 {
		t.Errorf("deleting what is active: %v", refused)
	}
	w.call(200, "PUT", "/flows/"+id(root["id"])+"/pause?all=1", nil)
	w.call(409, "DELETE", "/data_credentials/"+id(cred["id"]), nil)
	w.call(200, "DELETE", "/flows/"+id(root["id"]), nil)
	w.call(200, "DELETE", "/data_credentials/"+id(cred["id"]), nil)
	w.call(404, "GET", "/data_sources/"+id(src["id"]), nil)
	w.call(409, "POST", "/data_sources/"+id(src["id"])+"/restore", nil) // its credential is gone
}

func (w *world) count(query string) (n int) {
	w.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.dir, "files", "1", "cal.db")+"?mode=ro")
	w.must(err)
	defer db.Close()
	w.must(db.QueryRowContext(w.Context(), query).Scan(&n))
	return n
}

func TestEachFailureOfAValidationSaysWhatItWas(t *testing.T) {
	w := newWorld(t, 5)
	html := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		_, _ = rw.Write([]byte("<html>"))
	}))
	t.Cleanup(html.Close)
	for reason, c := range map[string]m{
		"key_unknown":      {"name": "x", "credentials_type": "cal_com_api", "credentials": m{"api_key": "cal_live_00000000000000000000000000000000"}},
		"key_malformed":    {"name": "x", "credentials_type": "cal_com_api", "credentials": m{"api_key": "hunter2hunter2"}},
		"not_the_api":      {"name": "x", "credentials_type": "cal_com_api", "credentials": m{"api_key": w.sim.Keys()[0].Key, "base_url": html.URL}},
		"host_unreachable": {"name": "x", "credentials_type": "cal_com_api", "credentials": m{"api_key": w.sim.Keys()[0].Key, "base_url": "http://127.0.0.1:1"}},
	} {
		got := w.call(400, "POST", "/data_credentials", c)
		details, _ := got["details"].([]any)
		if len(details) != 1 || details[0].(m)["reason"] != reason {
			t.Errorf("%s: %v", reason, got)
		}
		if !strings.HasPrefix(details[0].(m)["field"].(string), "credentials.") {
			t.Errorf("%s is about %v", reason, details[0])
		}
	}
	if n := len(w.list("/data_credentials")); n != 0 {
		t.Errorf("%d credentials were stored", n)
	}
}

func TestTheContractsOwnFormOfACredentialIsTaken(t *testing.T) {
	w := newWorld(t, 5)
	key := w.sim.Keys()[0].Key
	vendors := w.list("/vendors")
	for name, in := range map[string]m{
		"rest": {"name": "r", "credentials_type": "rest", "credentials": m{"auth.type": "API_KEY", "api.key.include.mode": "HEADER", "api.key.auth.key": "Authorization",
			"api.key.auth.value": "Bearer " + key, "test.url": w.simURL + "/v2/me", "test.method": "GET", "ignore.ssl.cert.validation": false}},
		"template": {"name": "t", "credentials_type": "rest", "vendor_id": vendors[0]["id"], "template_config": m{"api_key": key}},
	} {
		if got := w.call(200, "POST", "/data_credentials", in); got["verified_status"] != "VERIFIED" {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := w.call(200, "POST", "/data_credentials", m{"name": "u", "credentials_type": "rest", "credentials": m{"auth.type": "NONE"}}); got["verified_status"] != "UNVERIFIED" {
		t.Errorf("without a test: %v", got)
	}
	got := w.call(400, "POST", "/data_credentials", m{"name": "v", "credentials_type": "rest", "credentials": m{"auth.type": "API_KEY", "api.key.auth.value": key, "test.url": w.simURL + "/nope"}})
	if why := got["details"].([]any)[0].(m); got["error_code"] != "CRED_001" || why["reason"] != "not_the_api" || why["remedy"] == "" {
		t.Errorf("with a test that is not there: %v", got)
	}
}

func TestBadInputIsRefusedByNameAndLeavesNothing(t *testing.T) {
	w := newWorld(t, 5)
	cred := w.credential()
	before := len(w.list("/data_sources"))
	for name, c := range map[string]struct {
		status       int
		method, path string
		in           any
	}{
		"unknown type":           {400, "POST", "/data_credentials", m{"name": "x", "credentials_type": "calendly", "credentials": m{}}},
		"unknown field":          {400, "POST", "/data_credentials", m{"name": "x", "credentials_type": "cal_com_api", "colour": "red"}},
		"unknown value":          {400, "POST", "/data_credentials", m{"name": "x", "credentials_type": "cal_com_api", "credentials": m{"api_key": w.sim.Keys()[0].Key, "colour": "red"}}},
		"wrong type":             {400, "POST", "/data_credentials", m{"name": 7, "credentials_type": "cal_com_api"}},
		"an object for a key":    {400, "POST", "/data_credentials", m{"name": "x", "credentials_type": "cal_com_api", "credentials": m{"api_key": m{}}}},
		"control characters":     {400, "POST", "/data_credentials", m{"name": "a\u0000b", "credentials_type": "cal_com_api"}},
		"a name of 1 MiB":        {413, "POST", "/data_credentials", m{"name": strings.Repeat("x", 1<<20), "credentials_type": "cal_com_api"}},
		"a long name":            {400, "POST", "/data_credentials", m{"name": strings.Repeat("x", 1000), "credentials_type": "cal_com_api"}},
		"no credential":          {400, "POST", "/data_sources", m{"name": "x", "source_type": "rest"}},
		"a credential of none":   {400, "POST", "/data_sources", m{"name": "x", "source_type": "rest", "data_credentials_id": 999, "endpoint": "bookings"}},
		"an endpoint of none":    {400, "POST", "/data_sources", m{"name": "x", "source_type": "rest", "data_credentials_id": cred["id"], "endpoint": "bokings"}},
		"no endpoint":            {400, "POST", "/data_sources", m{"name": "x", "source_type": "rest", "data_credentials_id": cred["id"]}},
		"a schedule of none":     {400, "POST", "/data_sources", m{"name": "x", "source_type": "rest", "data_credentials_id": cred["id"], "endpoint": "bookings", "source_config": m{"start.cron": "every day"}}},
		"page 0":                 {400, "GET", "/data_sources?page=0", nil},
		"page -1":                {400, "GET", "/data_sources?page=-1", nil},
		"id -1":                  {404, "GET", "/data_sources/-1", nil},
		"id 0":                   {404, "GET", "/data_sets/0", nil},
		"a key in the headers":   {400, "POST", "/data_sources", m{"name": "x", "source_type": "rest", "data_credentials_id": cred["id"], "source_config": m{"rest.iterations": []any{m{"url.template": "/v2/me", "request.headers": "Authorization:Bearer x"}}}}},
		"a host of one's own":    {403, "POST", "/data_credentials/" + id(cred["id"]) + "/probe/sample", m{"rest.iterations": []any{m{"url.template": "https://evil.example/v2/me"}}}},
		"a dataset of none":      {400, "POST", "/data_sinks", m{"name": "x", "sink_type": "rest", "data_credentials_id": cred["id"], "data_set_id": 12345}},
		"a mode of none":         {400, "POST", "/data_sinks", m{"name": "x", "sink_type": "rest", "data_credentials_id": cred["id"], "data_set_id": 1, "sink_config": m{"mode": "sideways"}}},
		"a transform":            {400, "POST", "/data_sets", m{"name": "x", "parent_data_set_id": 1, "has_custom_transform": true, "transform": m{"a": 1}}},
		"certificates off":       {400, "POST", "/data_credentials", m{"name": "x", "credentials_type": "rest", "credentials": m{"ignore.ssl.cert.validation": true}}},
		"a status by a stranger": {404, "PUT", "/data_sources/4711/activate", nil},
	} {
		var got m
		w.decode(w.raw(c.status, c.method, c.path, c.in), &got)
		if got["error"] == "" || got["error_code"] == "" || got["request_id"] == "" || strings.Contains(id(got), w.sim.Keys()[0].Key) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if after := len(w.list("/data_sources")); after != before {
		t.Errorf("%d sources were left", after-before)
	}
}

// What a server knows outlives it: another process with the same data goes on.
func TestEverythingIsThereAfterARestart(t *testing.T) {
	w := newWorld(t, 20)
	cred := w.credential()
	w.start()
	if got := w.call(200, "GET", "/data_credentials/"+id(cred["id"])+"/probe", nil); got["status"] != "ok" {
		t.Errorf("after a restart: %v", got)
	}
	if _, needed, err := w.server.People().SetupToken(t.Context()); needed || err != nil {
		t.Errorf("a second first user: %v, %v", needed, err)
	}
}

func TestNoSecretIsInAnyLogOrAnswer(t *testing.T) {
	w := newWorld(t, 5)
	key := w.sim.Keys()[0].Key
	cred := w.credential()
	answers := w.raw(200, "GET", "/data_credentials/"+id(cred["id"]), nil)
	answers = append(answers, w.raw(200, "GET", "/data_credentials", nil)...)
	w.raw(200, "GET", "/data_credentials/"+id(cred["id"])+"/probe", nil)
	for where, text := range map[string]string{"the log": w.log.String(), "an answer": string(answers)} {
		for what, secret := range map[string]string{"the key": key, "the session": w.token, "the password": "correct horse battery"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s is in %s", what, where)
			}
		}
	}
}

func TestReadyMeansThatTheStoreAnswers(t *testing.T) {
	w := newWorld(t, 1)
	for _, path := range []string{"/healthz", "/readyz"} {
		res, err := http.Get(w.url + path)
		w.must(err)
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s answers %d", path, res.StatusCode)
		}
	}
}

func TestPeopleTeamsSharingAndTheAuditLogOverTheContract(t *testing.T) {
	w := newWorld(t, 5)
	cred := w.credential()
	guest := w.user(w.principal(), "guest", identity.RoleCollaborator)
	path := "/data_credentials/" + id(cred["id"])
	if status, _ := w.as(guest.Token.Expose(), "GET", path); status != http.StatusNotFound {
		t.Errorf("before it is shared: %d", status)
	}
	team := w.call(200, "POST", "/teams", m{"name": "Readers", "members": []any{m{"email": "guest@example.com"}}})
	if got := team["members"].([]any); len(got) != 1 || got[0].(m)["email"] != "guest@example.com" {
		t.Errorf("team %v", team)
	}
	var shared []m
	w.decode(w.raw(200, "PUT", path+"/accessors", m{"accessors": []any{m{"type": "TEAM", "id": team["id"], "access_roles": []any{"collaborator"}}}}), &shared)
	if len(shared) != 1 || shared[0]["type"] != "TEAM" {
		t.Errorf("accessors %v", shared)
	}
	if status, _ := w.as(guest.Token.Expose(), "GET", path); status != http.StatusOK {
		t.Errorf("once it is shared: %d", status)
	}
	w.raw(200, "DELETE", path+"/accessors", nil)
	if status, _ := w.as(guest.Token.Expose(), "GET", path); status != http.StatusNotFound {
		t.Errorf("when it is shared no more: %d", status)
	}
	entries := w.list(path + "/audit_log")
	events := map[any]bool{}
	for _, e := range entries {
		events[e["event"]] = true
		for _, field := range []string{"request_ip", "user", "change_summary", "object_changes", "owner_email"} {
			if e[field] == nil {
				t.Errorf("%s of %v is null", field, e)
			}
		}
	}
	if !events["credential.create"] || len(entries) < 3 {
		t.Errorf("audit log %v", entries)
	}
	me := w.call(200, "GET", "/users/current", nil)
	if me["email"] != "ada@example.com" || len(w.list("/orgs")) != 1 || len(w.list("/orgs/1/members")) != 2 || len(w.list("/orgs/1/audit_log")) == 0 {
		t.Errorf("me %v", me)
	}
	w.call(404, "GET", "/orgs/2", nil)
	w.call(200, "DELETE", "/teams/"+id(team["id"]), nil)
}
