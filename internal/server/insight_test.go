package server_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/job/jobtest"
	"github.com/weirhq/weir/internal/store"
)

// delivered is a world in which one source was read into one destination.
type delivered struct {
	*world
	cred, src, dataset, sink, node any
	run                            m
}

// onBothEngines plays a test on a server with a SQLite store and on one with
// Postgres.
func onBothEngines(t *testing.T, play func(*testing.T, *world)) {
	t.Run("sqlite", func(t *testing.T) { play(t, newWorld(t, 40)) })
	t.Run("postgres", func(t *testing.T) { play(t, buildWorld(t, 40, 120, jobtest.Fresh.Postgres(t))) })
}

func deliver(w *world) *delivered {
	w.Helper()
	d := &delivered{world: w}
	d.cred = w.credential()["id"]
	src := w.call(200, "POST", "/data_sources", m{"name": "Bookings", "source_type": "rest", "data_credentials_id": d.cred, "endpoint": "bookings", "source_config": m{"start.cron": "0 0 * * * ? *"}})
	d.src, d.dataset = src["id"], src["data_sets"].([]any)[0].(m)["id"]
	lake := w.call(200, "POST", "/data_credentials", m{"name": "Lake", "credentials_type": "sqlite", "credentials": m{"path": "cal.db"}})
	sink := w.call(200, "POST", "/data_sinks", m{"name": "Tables", "sink_type": "rest", "data_credentials_id": lake["id"], "data_set_id": d.dataset})
	d.sink = sink["id"]
	w.call(200, "PUT", "/data_sinks/"+id(d.sink)+"/activate", nil)
	active := w.call(200, "PUT", "/data_sources/"+id(d.src)+"/activate", nil)
	d.node = active["flows"].([]any)[0].(m)["id"]
	d.run = w.finished(d.src)
	w.quiet(d.src)
	return d
}

// quiet waits until nothing runs for a source.
func (w *world) quiet(source any) {
	w.Helper()
	w.until("nothing runs", func() bool { return len(w.list("/data_sources/"+id(source)+"/runs?status=running")) == 0 })
}

// db opens the server's store beside it.
func (w *world) db() *store.DB {
	w.Helper()
	url := w.database
	if url == "" {
		url = "sqlite:" + w.dir + "/weir.db"
	}
	db, err := store.Open(w.Context(), url, store.Options{})
	w.must(err)
	w.Cleanup(func() { _ = db.Close() })
	return db
}

// setAside puts a record of the source's bookings into quarantine, and gives
// its number and the log it is of.
func (d *delivered) setAside(destination any, r weir.Reject) (number string, log store.DatasetID) {
	d.Helper()
	db := d.db()
	logs, err := db.LogsOf(d.Context(), 1, nil, []int64{toInt(d.src)})
	d.must(err)
	if len(logs) != 1 {
		d.Fatalf("logs %v", logs)
	}
	_, err = db.Quarantine(d.Context(), logs[0], toInt(destination), "run", time.Now().UnixMicro(), []weir.Reject{r})
	d.must(err)
	return id(d.list("/quarantine?per_page=1")[0]["id"]), logs[0]
}

func TestRunsSayWhatTheyDidAndWhatToDo(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		d := deliver(w)
		run := w.call(200, "GET", "/runs/"+d.run["run_id"].(string), nil)
		if run["status"] != "succeeded" || run["read"] != 40.0 || run["written"] != 40.0 || run["bytes"].(float64) < 10_000 || run["requests"].(float64) < 1 || run["failure"] != nil || run["duration_ms"] == nil {
			t.Errorf("run %v", run)
		}
		stream := run["streams"].([]any)[0].(m)
		if stream["name"] != "bookings" || stream["deliveries"].([]any)[0].(m)["data_sink_id"] != d.sink {
			t.Errorf("stream %v", stream)
		}
		if got := w.call(200, "GET", "/data_flows/metrics/active_flows_metrics", nil)["metrics"].(m); got["active_flows"] != 1.0 || len(got["data"].([]any)) != 1 {
			t.Errorf("active flows %v", got)
		}
		if !w.sim.RemoveKey(w.sim.Keys()[0].Name) {
			t.Fatal("the key is still there")
		}
		w.call(200, "POST", "/data_sources/"+id(d.src)+"/run_now", nil)
		failed := w.finished(d.src)
		failure := failed["failure"].(m)
		if failed["status"] != "failed" || failure["class"] != "auth" || failure["remedy"] == "" || failure["message"] == "" {
			t.Errorf("failed run %v", failed)
		}
		if got := w.list("/runs?status=failed&data_source_id=" + id(d.src) + "&since=2020-01-01"); len(got) != 1 || got[0]["run_id"] != failed["run_id"] {
			t.Errorf("failed runs %v", got)
		}
		if got := w.list("/runs?since=2999-01-01"); len(got) != 0 {
			t.Errorf("runs of the future %v", got)
		}
		if got := w.list("/runs?per_page=1&page=2"); len(got) != 1 || len(got[0]["streams"].([]any)) != 0 {
			t.Errorf("second page %v", got)
		}
		if got := w.call(200, "GET", "/flows/"+id(d.node)+"/run_status/"+id(failed["id"]), nil); got["status"] != "failed" {
			t.Errorf("run status %v", got)
		}
		w.call(404, "GET", "/flows/"+id(d.node)+"/run_status/1", nil)
		w.call(404, "GET", "/runs/20000101T000000.000-AAAAAA", nil)
		lines := w.call(200, "GET", "/runs/"+failed["run_id"].(string)+"/logs", nil)["logs"].(m)["data"].([]any)
		if first, last := lines[0].(m), lines[len(lines)-1].(m); !strings.Contains(first["log"].(string), "began") || last["log_type"] != "SUMMARY" || last["severity"] != "ERROR" {
			t.Errorf("lines %v", lines)
		}
		healthAndMetrics(t, d)
		logs(t, d, d.run, failed)
	})
}

func healthAndMetrics(t *testing.T, d *delivered) {
	w := d.world
	t.Helper()
	all := w.call(200, "GET", "/health/org/all", nil)["health"].(m)
	if all["RED"] != 1.0 || all["total"] != 1.0 {
		t.Errorf("health %v", all)
	}
	flows := w.call(200, "GET", "/health/org/flows?health_status=RED&sort_by=latestErrorCount&sort_order=desc&page=1&size=10", nil)["health"].(m)["data"].([]any)
	if h := flows[0].(m); len(flows) != 1 || h["origin_node_id"] != d.node || h["healthStatus"] != "RED" || h["errorSummary"] == "" || h["latestErrorCount"].(float64) < 1 {
		t.Errorf("flows %v", flows)
	}
	one := w.call(200, "GET", "/health/flow/"+id(d.node), nil)["health"].(m)
	if one["healthStatus"] != "RED" || len(one["runs"].([]any)) != 2 || one["credential_status"] != "FAILED" {
		t.Errorf("health of the flow %v", one)
	}
	today := time.Now().UTC().Format(time.DateOnly)
	// The run whose key was refused brought the destination nothing.
	for path, runs := range map[string]float64{"/data_sources/" + id(d.src): 2, "/data_sets/" + id(d.dataset): 2, "/data_sinks/" + id(d.sink): 1} {
		days := w.call(200, "GET", path+"/metrics?aggregate=1&from="+today, nil)["metrics"].([]any)
		if day := days[0].(m); len(days) != 1 || day["time"] != today || day["records"] != 40.0 {
			t.Errorf("%s: %v", path, days)
		}
		summary := w.call(200, "GET", path+"/metrics/run_summary?groupby=runId&orderby=lastWritten&page=1&size=1", nil)["metrics"].(m)
		if summary["meta"].(m)["totalCount"] != runs || len(summary["data"].([]any)) != 1 {
			t.Errorf("%s: %v", path, summary)
		}
		each := w.call(200, "GET", path+"/flow/metrics", nil)["metrics"].(m)["data"].(m)
		if got, _ := each[id(d.run["id"])].(m); got["records"] != 40.0 || got["size"].(float64) < 10_000 {
			t.Errorf("%s: %v", path, each)
		}
	}
	if parts := w.call(200, "GET", "/data_sets/"+id(d.dataset)+"/flow/metrics?groupby=resource", nil)["metrics"].(m)["data"].(m); len(parts) != 3 || parts[id(d.sink)].(m)["resource_type"] != "SINK" {
		t.Errorf("parts %v", parts)
	}
	for path, want := range map[string]float64{"/data_flows/metrics/daily": 1, "/users/1/metrics?resource_type=SINK": 1, "/orgs/1/flows/account_metrics": 1, "/users/1/flows/account_metrics?from=" + today: 1} {
		if got := w.call(200, "GET", path, nil)["metrics"].([]any); float64(len(got)) != want {
			t.Errorf("%s: %v", path, got)
		}
	}
	if got := w.call(200, "GET", "/data_flows/metrics/total?origin_node_id="+id(d.node), nil)["metrics"].(m); got["records"] != 40.0 || got["runs"] != 2.0 {
		t.Errorf("total %v", got)
	}
	if got := w.call(200, "GET", "/data_flows/metrics/active_flows_metrics", nil)["metrics"].(m); got["active_flows"] != 0.0 || len(got["data"].([]any)) != 0 {
		t.Errorf("active flows once the key is refused, which pauses the flow: %v", got)
	}
	dashboard := w.call(200, "GET", "/users/1/flows/dashboard", nil)["metrics"].(m)
	if s := dashboard["sources"].(m)[id(d.src)].(m); s["status"] != "WARNING" || dashboard["sinks"].(m)[id(d.sink)] == nil || dashboard["datasets"].(m)[id(d.dataset)] == nil {
		t.Errorf("dashboard %v", dashboard)
	}
	if got := w.call(200, "GET", "/orgs/1/flows/status_metrics", nil)["metrics"].(m); got["status"].(m)["PAUSED"] != 1.0 || got["health"].(m)["RED"] != 1.0 {
		t.Errorf("status metrics %v", got)
	}
	if got := w.call(200, "GET", "/limits", nil)["minute"].(m)["common"].(m); got["limit"] != 600.0 || got["count"].(float64) < 1 {
		t.Errorf("limits %v", got)
	}
}

func logs(t *testing.T, d *delivered, good, failed m) {
	w := d.world
	t.Helper()
	flow := "/flows/" + id(d.node)
	at := func(run m) int64 { return toInt(run["id"]) }
	seconds := w.call(200, "GET", fmt.Sprintf("%s/logs?from=%d&to=%d&run_id=%d", flow, at(good)/1000-1, at(failed)/1000+60, at(good)), nil)["logs"].(m)
	if n := seconds["meta"].(m)["total_count"].(float64); n < 4 {
		t.Errorf("by seconds %v", seconds)
	}
	ms := w.call(200, "GET", fmt.Sprintf("/data_sinks/%s/flow/logs?from=%d&to=%d", id(d.sink), at(good)-1, at(failed)+60_000), nil)["logs"].(m)
	if n := ms["meta"].(m)["total_count"].(float64); n < 6 {
		t.Errorf("by milliseconds %v", ms)
	}
	found := w.call(200, "POST", flow+"/logs_v2?facets=True&size=1&sort=asc", m{"run_ids": []any{at(good)}, "severity": []any{"INFO"}, "log_type": []any{"SUMMARY"}, "search_string": "SUCCEEDED"})
	lines := found["logs"].(m)["data"].([]any)
	if len(lines) != 1 || lines[0].(m)["run_id"] != good["id"] || found["facets"].(m)["severity"].([]any)[0].(m)["value"] != "INFO" {
		t.Errorf("found %v", found)
	}
	if none := w.call(200, "POST", flow+"/logs_v2?from=1&to=2", m{}); len(none["logs"].(m)["data"].([]any)) != 0 {
		t.Errorf("of 1970: %v", none)
	}
}

func TestQuarantineGoesItsWayAgainOrStays(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		d := deliver(w)
		var samples []m
		w.decode(w.raw(200, "GET", "/data_sets/"+id(d.dataset)+"/samples?count=1", nil), &samples)
		key := samples[0]["uid"].(string)
		loaded, _ := d.setAside(d.sink, weir.Reject{Stage: "load", Reason: "It is too long", Key: key, Original: []byte(`{"uid":"x"}`)})
		if got := w.list("/quarantine?stage=load&reason=TOO&data_sink_id=" + id(d.sink) + "&data_set_id=" + id(d.dataset) + "&data_source_id=" + id(d.src) + "&since=2020-01-01"); len(got) != 1 || id(got[0]["id"]) != loaded || got[0]["data_set_id"] != d.dataset {
			t.Errorf("list %v", got)
		}
		one := w.call(200, "GET", "/quarantine/"+loaded, nil)
		if one["original"] != `{"uid":"x"}` || one["record"].(m)["uid"] != key || one["state"] != "open" {
			t.Errorf("one %v", one)
		}
		if done := w.call(200, "POST", "/quarantine/"+loaded+"/replay", m{}); done["state"] != "replayed" || done["refused_as"] != nil {
			t.Errorf("replay %v", done)
		}
		w.call(409, "POST", "/quarantine/"+loaded+"/replay", m{})
		w.call(409, "POST", "/quarantine/"+loaded+"/drop", nil)
		if n := w.count("SELECT count(*) FROM bookings"); n != 40 {
			t.Errorf("%d rows", n)
		}
		if got := w.list("/quarantine"); len(got) != 0 {
			t.Errorf("open %v", got)
		}
		mended(t, d, samples[0], key)
		bulk(t, d)
		for query, field := range map[string]string{"stage=cook": "stage", "state=lost": "state", "since=yesterday": "since", "page=0": "page", "data_set_id=x": "data_set_id"} {
			refused := w.call(400, "GET", "/quarantine?"+query, nil)
			if got := refused["details"].([]any)[0].(m)["field"]; got != field {
				t.Errorf("%s is about %v", query, got)
			}
		}
	})
}

// mended replays a record that somebody has mended.
func mended(t *testing.T, d *delivered, sample m, key string) {
	t.Helper()
	w := d.world
	sample["uid"] = "mended"
	text := strings.ReplaceAll(id(sample), key, "mended")
	var whole m
	w.decode([]byte(text), &whole)
	lame := strings.Replace(text, `"createdAt"`, `"created"`, 1)
	number, _ := d.setAside(0, weir.Reject{Stage: "decode", Reason: "odd", Original: []byte(lame)})
	if done := w.call(200, "POST", "/quarantine/"+number+"/replay", m{}); done["state"] != "open" || !strings.Contains(done["reason"].(string), "createdAt") {
		t.Errorf("as it is: %v", done)
	}
	if one := w.call(200, "GET", "/quarantine/"+number, nil); !strings.Contains(one["reason"].(string), "createdAt") {
		t.Errorf("it keeps its old reason: %v", one)
	}
	w.call(400, "POST", "/quarantine/"+number+"/replay", m{"data": "text"})
	if done := w.call(200, "POST", "/quarantine/"+number+"/replay", m{"data": whole}); done["state"] != "replayed" {
		t.Errorf("mended: %v", done)
	}
	if n := w.count("SELECT count(*) FROM bookings WHERE uid = 'mended'"); n != 1 {
		t.Errorf("%d rows of the mended record", n)
	}
}

func bulk(t *testing.T, d *delivered) {
	t.Helper()
	w := d.world
	for i := range 3 {
		d.setAside(0, weir.Reject{Stage: "decode", Reason: fmt.Sprintf("odd %d", i), Original: []byte{0xff, byte(i)}})
	}
	if one := w.list("/quarantine?per_page=1")[0]; w.call(200, "GET", "/quarantine/"+id(one["id"]), nil)["original_base64"] == "" {
		t.Error("bytes that are no text are not shown")
	}
	w.call(400, "POST", "/quarantine/bulk/drop", m{})
	if got := w.call(200, "POST", "/quarantine/bulk/replay", m{"data_set_id": d.dataset}); got["done"] != 0.0 || got["refused"] != 3.0 {
		t.Errorf("bulk replay %v", got)
	}
	if got := w.call(200, "POST", "/quarantine/bulk/drop", m{"data_set_id": d.dataset, "reason": "not valid"}); got["done"] != 3.0 {
		t.Errorf("bulk drop %v", got)
	}
	if got := w.list("/quarantine?state=dropped"); len(got) != 3 || got[0]["settled_by"] != 1.0 {
		t.Errorf("dropped %v", got)
	}
	events := fmt.Sprint(w.list("/data_sets/" + id(d.dataset) + "/audit_log"))
	if !strings.Contains(events, "quarantine.drop") || !strings.Contains(events, "quarantine.replay") {
		t.Errorf("audit log %s", events)
	}
}

func TestTwoCredentialsWithOneKeyShareOneBudgetAndItShows(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		d := deliver(w)
		w.credential()
		budgets := w.list("/budgets")
		if len(budgets) != 1 || budgets[0]["shared"] != true || len(budgets[0]["credentials"].([]any)) != 2 {
			t.Fatalf("budgets %v", budgets)
		}
		b := budgets[0]
		if b["limit"] != 120.0 || b["used"].(float64) < 3 || b["free"].(float64)+b["used"].(float64) != 120 || b["free_at"] == "" {
			t.Errorf("budget %v", b)
		}
		w.must(w.server.Flush(t.Context()))
		b = w.list("/budgets")[0]
		hour := b["last_hour"].(m)
		if hour["requests"].(float64) < 3 || len(hour["slices"].([]any)) == 0 || hour["by_lane"].(m)["interactive"] == nil || hour["by_lane"].(m)["backfill"] == nil {
			t.Errorf("last hour %v", hour)
		}
		if src := hour["by_source"].([]any); !strings.Contains(fmt.Sprint(src), fmt.Sprint(d.src)) {
			t.Errorf("by source %v", src)
		}
		plan := w.call(200, "GET", "/plan", nil)
		sources, keys := plan["sources"].([]any), plan["budgets"].([]any)
		if len(sources) != 1 || sources[0].(m)["runs"] != 24.0 || sources[0].(m)["requests"].(float64) < 24 || len(keys) != 1 || keys[0].(m)["requests"] != sources[0].(m)["requests"] {
			t.Errorf("plan %v", plan)
		}
		next := w.call(200, "POST", "/data_sources", m{"name": "Next", "source_type": "rest", "data_credentials_id": d.cred, "endpoint": "event-types"})
		w.call(200, "PUT", "/data_sources/"+id(next["id"])+"/schedule", m{"run_after": d.src})
		w.call(200, "PUT", "/data_sources/"+id(next["id"])+"/activate", nil)
		plan = w.call(200, "GET", "/plan", nil)
		after := map[any]m{}
		for _, one := range plan["sources"].([]any) {
			after[one.(m)["data_source_id"]] = one.(m)
		}
		if one := after[next["id"]]; len(after) != 2 || one["runs"] != 24.0 || !strings.Contains(one["words"].(string), "after") || plan["budgets"].([]any)[0].(m)["runs"] != 48.0 {
			t.Errorf("with one that follows: %v", plan)
		}
	})
}

func TestARecommendationDescribesWithoutAnybodysData(t *testing.T) {
	w := newWorld(t, 60)
	d := deliver(w)
	first := w.raw(200, "POST", "/data_sets/"+id(d.dataset)+"/docs/recommendation", nil)
	if !bytes.Equal(first, w.raw(200, "POST", "/data_sets/"+id(d.dataset)+"/docs/recommendation", m{})) {
		t.Error("the same data give two texts")
	}
	var out struct {
		Recommendation string `json:"recommendation"`
		Status         string `json:"status"`
	}
	w.decode(bytes.ToLower(first), &out)
	for _, want := range []string{"# bookings", "key: `uid`", "records: 60", "| `status` | text | 0 % | `accepted`", "`attendees[].email`", "last read without an error"} {
		if !strings.Contains(out.Recommendation, want) {
			t.Errorf("%q is not in\n%s", want, out.Recommendation)
		}
	}
	var samples []m
	w.decode(w.raw(200, "GET", "/data_sets/"+id(d.dataset)+"/samples?count=60", nil), &samples)
	for _, s := range samples {
		for _, a := range s["attendees"].([]any) {
			for _, field := range []string{"name", "email"} {
				if v, _ := a.(m)[field].(string); v != "" && strings.Contains(out.Recommendation, strings.ToLower(v)) {
					t.Errorf("%q is in the text", v)
				}
			}
		}
	}
	flow := w.call(200, "POST", "/flows/"+id(d.node)+"/docs/recommendation", nil)
	if text := flow["recommendation"].(string); flow["status"] != "success" || !strings.Contains(text, "# Flow: Bookings") || !strings.Contains(text, "Goes to destination") {
		t.Errorf("flow %v", flow)
	}
	refused := w.call(400, "POST", "/data_sources/"+id(d.src)+"/file/ingest", m{"file": "a.csv"})
	if !strings.Contains(refused["error"].(string), "not files") {
		t.Errorf("ingest %v", refused)
	}
}

// What happened is for those who may look at what it happened to.
func TestWhatHappenedIsShownToWhoeverMayLookAtTheFlow(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		d := deliver(w)
		number, _ := d.setAside(0, weir.Reject{Stage: "decode", Reason: "odd", Original: []byte("{}")})
		owner := w.principal()
		people := w.server.People()
		lone := w.user(owner, "lone", identity.RoleOperator)
		guest := w.user(owner, "guest", identity.RoleCollaborator)
		for kind, what := range map[store.Kind]any{store.KindSource: d.src, store.KindDataset: d.dataset, store.KindDestination: d.sink} {
			w.must(people.Share(t.Context(), owner, []identity.Accessor{{Kind: identity.AccessorUser, Who: guest.Principal.User, Role: identity.RoleCollaborator}}, identity.Thing{Kind: kind, ID: toInt(what)}))
		}
		for path, field := range map[string]string{"/runs?status=lost": "status", "/runs?since=soon": "since", "/health/org/flows?health_status=BLUE": "health_status", "/health/org/flows?sort_by=luck": "sort_by",
			"/data_flows/metrics/daily?from=2026-13-01": "from", "/data_sources/" + id(d.src) + "/metrics?from=2026-02-01&to=2026-01-01": "to", "/flows/" + id(d.node) + "/logs?from=-1": "from",
			"/users/1/metrics?resource_type=LOOKUP": "resource_type"} {
			refused := w.call(400, "GET", path, nil)
			if got := refused["details"].([]any)[0].(m)["field"]; got != field {
				t.Errorf("%s is about %v", path, got)
			}
		}
		other, err := people.CreateOrganization(t.Context(), owner, identity.Organization{Name: "Other"})
		w.must(err)
		there, err := people.Switch(t.Context(), owner, other.ID, identity.Client{Address: netip.MustParseAddr("127.0.0.1")})
		w.must(err)
		stranger := w.user(there.Principal, "stranger", identity.RoleAdmin)
		run := d.run["run_id"].(string)
		for _, path := range []string{"/runs/" + run, "/runs/" + run + "/logs", "/quarantine/" + number, "/health/flow/" + id(d.node), "/flows/" + id(d.node) + "/logs",
			"/flows/" + id(d.node) + "/run_status/" + id(d.run["id"]), "/data_sources/" + id(d.src) + "/metrics"} {
			for token, want := range map[string]int{stranger.Token.Expose(): 404, lone.Token.Expose(): 404, guest.Token.Expose(): 200} {
				if status, text := w.as(token, http.MethodGet, path); status != want {
					t.Errorf("%s answers %d, want %d: %s", path, status, want, text)
				}
			}
		}
		for _, path := range []string{"/quarantine/" + number + "/replay", "/quarantine/" + number + "/drop"} {
			for token, want := range map[string]int{stranger.Token.Expose(): 404, lone.Token.Expose(): 404, guest.Token.Expose(): 403} {
				if status, text := w.as(token, http.MethodPost, path); status != want {
					t.Errorf("%s answers %d, want %d: %s", path, status, want, text)
				}
			}
		}
		for _, path := range []string{"/runs", "/quarantine", "/budgets"} {
			for token, want := range map[string]bool{stranger.Token.Expose(): false, lone.Token.Expose(): false, guest.Token.Expose(): path != "/budgets"} {
				if status, text := w.as(token, http.MethodGet, path); status != 200 || (text != "[]") != want {
					t.Errorf("%s shows %d: %s", path, status, text)
				}
			}
		}
		for _, path := range []string{"/orgs/1/flows/account_metrics", "/orgs/1/flows/status_metrics", "/users/" + id(guest.Principal.User) + "/flows/dashboard", "/users/" + id(guest.Principal.User) + "/metrics", "/health/org/all?org_id=1", "/data_flows/metrics/total?org_id=1"} {
			if status, text := w.as(stranger.Token.Expose(), http.MethodGet, path); status != 404 {
				t.Errorf("%s answers another organization %d: %s", path, status, text)
			}
		}
		if status, text := w.as(guest.Token.Expose(), http.MethodGet, "/users/1/flows/dashboard"); status != 404 {
			t.Errorf("a collaborator sees somebody's dashboard: %d %s", status, text)
		}
		if _, text := w.as(stranger.Token.Expose(), http.MethodGet, "/health/org/all"); !strings.Contains(text, `"total":0`) {
			t.Errorf("another organization's health: %s", text)
		}
	})
}
