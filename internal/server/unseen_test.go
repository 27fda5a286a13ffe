package server_test

import (
	"bufio"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// unseen is a flow with a destination that fails. Bob sees all of the flow but
// that destination; Carol sees all of it.
type unseen struct {
	*delivered
	broken     any    // the destination
	bob, carol string // their sessions
	failed     m      // the run that could not fill it
}

// where is a part of the broken destination's name and of its place.
const where = "planted"

func newUnseen(t *testing.T, w *world) *unseen {
	t.Helper()
	u := &unseen{delivered: deliver(w)}
	lake := w.call(200, "POST", "/data_credentials", m{"name": "The " + where + " lake", "credentials_type": "sqlite", "credentials": m{"path": where + ".db"}})
	u.broken = w.call(200, "POST", "/data_sinks", m{"name": "The " + where + " tables", "sink_type": "rest", "data_credentials_id": lake["id"], "data_set_id": u.dataset})["id"]
	w.must(os.WriteFile(u.path(), []byte(strings.Repeat("no database at all ", 100)), 0o600))
	w.call(200, "PUT", "/data_sinks/"+id(u.broken)+"/activate", nil)
	w.until("it fails", func() bool { return w.stands(u.broken)["state"] == "failing" })
	w.quiet(u.src)
	w.call(200, "POST", "/data_sources/"+id(u.src)+"/run_now", nil)
	u.failed = w.finished(u.src)
	w.quiet(u.src)
	bob, carol := w.user(w.principal(), "bob", identity.RoleOperator), w.user(w.principal(), "carol", identity.RoleOperator)
	u.bob, u.carol = bob.Token.Expose(), carol.Token.Expose()
	for _, one := range []struct {
		kind store.Kind
		what any
		who  []identity.Session
	}{{store.KindCredential, u.cred, []identity.Session{bob, carol}}, {store.KindSource, u.src, []identity.Session{bob, carol}}, {store.KindDataset, u.dataset, []identity.Session{bob, carol}},
		{store.KindDestination, u.sink, []identity.Session{bob, carol}}, {store.KindDestination, u.broken, []identity.Session{carol}}} {
		var all []identity.Accessor
		for _, s := range one.who {
			all = append(all, identity.Accessor{Kind: identity.AccessorUser, Who: s.Principal.User, Role: identity.RoleOperator})
		}
		w.must(w.server.People().Share(w.Context(), w.principal(), all, identity.Thing{Kind: one.kind, ID: toInt(one.what)}))
	}
	return u
}

// path is where the broken destination lies.
func (u *unseen) path() string { return filepath.Join(u.dir, "files", "1", where+".db") }

// told compares what Bob and Carol are told by a surface, which says something of
// the destination unless it is silent of it.
func (u *unseen) told(surface string, ask func(token string) string) {
	u.Helper()
	if got := ask(u.bob); strings.Contains(strings.ToLower(got), where) {
		u.Errorf("%s tells Bob of a destination that he may not see: %s", surface, got)
	} else if !strings.Contains(strings.ToLower(got), "a destination that you may not see") {
		u.Errorf("%s does not tell Bob that there is something that he may not see: %s", surface, got)
	}
	if got := ask(u.carol); !strings.Contains(strings.ToLower(got), where) {
		u.Errorf("%s does not tell Carol of the destination: %s", surface, got)
	}
}

// get is the answer to a request over the API.
func (u *unseen) get(method, path string, in any) func(string) string {
	return func(token string) string {
		status, b := u.ask(token, method, path, in)
		if status != http.StatusOK {
			u.Errorf("%s %s answers %d", method, path, status)
		}
		return string(b)
	}
}

// first is the first event of a stream.
func (u *unseen) first(path string, with func(*http.Request, string)) func(string) string {
	return func(token string) string {
		req, err := http.NewRequestWithContext(u.Context(), "GET", u.url+path, http.NoBody)
		u.must(err)
		with(req, token)
		res, err := http.DefaultTransport.RoundTrip(req)
		u.must(err)
		defer func() { _ = res.Body.Close() }()
		var all strings.Builder
		for lines := bufio.NewReader(res.Body); ; {
			line, err := lines.ReadString('\n')
			u.must(err)
			if all.WriteString(line); strings.TrimSpace(line) == "" && strings.Contains(all.String(), "data: ") {
				return all.String()
			}
		}
	}
}

func bearer(req *http.Request, token string) { req.Header.Set("Authorization", "Bearer "+token) }

func cookie(req *http.Request, token string) {
	req.AddCookie(&http.Cookie{Name: "weir-" + req.URL.Port(), Value: token})
}

func TestWhatADestinationFailsOfIsToldToWhoMaySeeIt(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		u := newUnseen(t, w.inside(t))
		run, src, node := u.failed["run_id"].(string), id(u.src), id(u.node)
		for _, path := range []string{"/runs?expand=1", "/runs/" + run, "/runs/" + run + "/logs", "/data_sources/" + src + "/runs?expand=1", "/flows/" + node + "/run_status/" + id(u.failed["id"]),
			"/flows/" + node + "/logs", "/data_sources/" + src + "/flow/logs", "/data_sets/" + id(u.dataset) + "/flow/logs", "/data_sinks/" + id(u.sink) + "/flow/logs",
			"/health/org/flows", "/health/flow/" + node} {
			u.told(path, u.get("GET", path, nil))
		}
		u.told("a search in logs", u.get("POST", "/flows/"+node+"/logs_v2", m{"severity": []string{"ERROR"}}))
		u.told("the stream of a run", u.first("/api/runs/"+run+"/events", bearer))
		u.told("the stream of all runs", u.first("/api/runs/events?data_source_id="+src, bearer))
		for _, path := range []string{"/", "/flows/" + src, "/runs/" + run} {
			u.told("the page "+path, func(token string) string { _, got := w.page(token, path, nil); return got })
		}
		for _, path := range []string{"/flows/" + src + "/live", "/runs/" + run + "/live"} {
			u.told("the moving part "+path, u.first(path, cookie))
		}
	})
}

// Counts, and what a failure counts as, are told to everybody who sees the flow.
func TestThatADestinationFailedIsToldWithItsCounts(t *testing.T) {
	u := newUnseen(t, newWorld(t, 10))
	of := func(token string) (stream, delivery m) {
		var run m
		u.decode([]byte(u.get("GET", "/runs/"+u.failed["run_id"].(string), nil)(token)), &run)
		if run["status"] != "partial" {
			t.Errorf("the run is %v", run["status"])
		}
		stream = run["streams"].([]any)[0].(m)
		for _, d := range stream["deliveries"].([]any) {
			if d.(m)["data_sink_id"] == u.broken {
				delivery = d.(m)
			}
		}
		return stream, delivery
	}
	stream, delivery := of(u.bob)
	all, whole := of(u.carol)
	for _, field := range []string{"status", "read", "written", "quarantined"} {
		if stream[field] != all[field] {
			t.Errorf("of %s Bob is told %v, Carol %v", field, stream[field], all[field])
		}
	}
	if delivery == nil || delivery["written"] != whole["written"] || !strings.HasSuffix(delivery["error"].(string), "Ask its owner, or an administrator") {
		t.Errorf("Bob is told %v", delivery)
	}
	u.told("why it waits", func(token string) string {
		// As it is while another destination of the run is being filled.
		u.past(`UPDATE run SET status = 'delivering', ended = 0 WHERE id = '` + u.failed["run_id"].(string) + `'`)
		var run m
		u.decode([]byte(u.get("GET", "/runs/"+u.failed["run_id"].(string), nil)(token)), &run)
		wait := run["waits"].([]any)[0].(m)
		if why := wait["failure"].(m); wait["data_sink_id"] != u.broken || wait["tries"] == 0.0 || why["class"] == "" {
			t.Errorf("the wait is %v", wait)
		}
		return wait["failure"].(m)["message"].(string)
	})
}

// Nobody finds what a destination said by searching for words of it.
func TestASearchInLogsFindsNoWordsOfADestinationThatOneMayNotSee(t *testing.T) {
	u := newUnseen(t, newWorld(t, 10))
	for token, found := range map[string]bool{u.bob: false, u.carol: true, u.token: true} {
		var got struct {
			Logs struct {
				Meta struct {
					Total int `json:"total_count"`
				} `json:"meta"`
			} `json:"logs"`
			Facets map[string][]any `json:"facets"`
		}
		u.decode([]byte(u.get("POST", "/flows/"+id(u.node)+"/logs_v2?facets=1", m{"search_string": where})(token)), &got)
		if got.Logs.Meta.Total > 0 != found || len(got.Facets["severity"]) > 0 != found {
			t.Errorf("%+v is found, want %v", got, found)
		}
	}
}

// Of a destination that fails, or does not any more, nobody is told who may not see it.
func TestNoticesOfADestinationGoToWhoMaySeeIt(t *testing.T) {
	u := newUnseen(t, newWorld(t, 10))
	var kind any
	for _, one := range u.list("/notification_types") {
		if one["code"] == "delivery_recovered" {
			kind = one["id"]
		}
	}
	for _, token := range []string{u.bob, u.carol} {
		if status, b := u.ask(token, "POST", "/notification_settings", m{"channel": "APP", "notification_type_id": kind, "status": "ACTIVE", "config": m{"whose": "all"}}); status != 200 {
			t.Fatalf("%d %s", status, b)
		}
	}
	u.must(os.Remove(u.path()))
	u.call(200, "POST", "/data_sinks/"+id(u.broken)+"/deliver_now", nil)
	u.until("it is mended", func() bool { return u.stands(u.broken)["state"] == "current" })
	u.tellAll()
	for token, told := range map[string]bool{u.bob: false, u.carol: true} {
		if got := u.get("GET", "/notifications", nil)(token); strings.Contains(got, where) != told {
			t.Errorf("told %v: %s", told, got)
		}
	}
}
