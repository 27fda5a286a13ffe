package server_test

import (
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/identity"
)

// The sentences of the contract that no other test is named after.

// field is the field that a refusal names first.
func field(refused m) string {
	details, _ := refused["details"].([]any)
	if len(details) == 0 {
		return ""
	}
	return details[0].(m)["field"].(string)
}

func TestListsShowWhatIsOnesOwnUnlessMoreIsAskedFor(t *testing.T) {
	n := newNeighbours(t)
	for _, noun := range []string{"data_credentials", "data_sources", "data_sets", "data_sinks"} {
		if noun != "data_sinks" {
			n.grant(noun, "collaborator")
		}
		has := func(token, query string, of any) bool {
			t.Helper()
			_, b := n.ask(token, "GET", "/"+noun+query, nil)
			var all []m
			n.decode(b, &all)
			return slices.ContainsFunc(all, func(one m) bool { return one["id"] == of })
		}
		ours := n.ours[noun]
		for query, want := range map[string]bool{"": false, "?access_role=owner": false, "?access_role=collaborator": noun != "data_sinks", "?access_role=all": noun != "data_sinks"} {
			if got := has(n.bob.Token.Expose(), query, ours); got != want {
				t.Errorf("%s%s shows Bob what Ada shares with him: %v", noun, query, got)
			}
		}
		if !has(n.token, "", ours) || noun == "data_sinks" && (has(n.token, "", n.sink) || !has(n.token, "?access_role=all", n.sink)) {
			t.Errorf("%s does not show an administrator their own, or shows what is Bob's unasked", noun)
		}
	}
	if flows := n.bobs(200, "GET", "/flows", nil)["flows"].([]any); len(flows) != 0 {
		t.Errorf("Bob is shown flows that are not his: %v", flows)
	}
	if flows := n.bobs(200, "GET", "/flows?access_role=all", nil)["flows"].([]any); len(flows) != 1 {
		t.Errorf("Bob is not shown what is shared with him: %v", flows)
	}
}

// Without all it is the part and what is below it; with all=1 the whole flow, and
// with all=0 the part alone.
func TestActivateAndPauseReachAsFarAsTheContractSays(t *testing.T) {
	w := newWorld(t, 5)
	objects := w.objects()
	path := func(noun string) string { return "/" + noun + "/" + id(objects[noun]) }
	standing := func() (all []any) {
		for _, noun := range []string{"data_sources", "data_sets", "data_sinks"} {
			all = append(all, w.call(200, "GET", path(noun), nil)["status"])
		}
		return all
	}
	node := func(noun string) string {
		n := w.call(200, "GET", path(noun)+"/flow?flows_only=1", nil)["flows"].([]any)[0].(m)
		for noun != "data_sources" && n["data_set_id"] != objects[noun] && n["data_sink_id"] != objects[noun] {
			n = n["children"].([]any)[0].(m)
		}
		return "/flows/" + id(n["id"])
	}
	const on, off = "ACTIVE", "PAUSED"
	for _, step := range []struct {
		what string
		want []any
	}{
		{path("data_sources") + "/activate", []any{on, on, on}},
		{path("data_sources") + "/pause?all=0", []any{off, off, on}},
		{path("data_sinks") + "/pause", []any{off, off, off}},
		{path("data_sets") + "/activate", []any{off, on, on}},
		{path("data_sinks") + "/activate?all=1", []any{on, on, on}},
		{path("data_sets") + "/pause?all=False", []any{on, off, on}},
		{path("data_sets") + "/pause", []any{on, off, off}},
		{path("data_sets") + "/activate?full_tree=1", []any{on, on, on}},
		{node("data_sets") + "/pause", []any{on, off, off}},
		{node("data_sinks") + "/activate?all=1", []any{on, on, on}},
		{node("data_sinks") + "/pause?full_tree=True", []any{off, off, off}},
		{node("data_sources") + "/activate?all=0", []any{on, on, off}},
		{node("data_sources") + "/pause", []any{off, off, off}},
	} {
		w.call(200, "PUT", step.what, nil)
		if got := standing(); !slices.Equal(got, step.want) {
			t.Errorf("after %s: %v, want %v", step.what, got, step.want)
		}
	}
}

func TestAProbeInTheBackgroundIsAnsweredAsOne(t *testing.T) {
	w := newWorld(t, 1)
	path := "/data_credentials/" + id(w.credential()["id"]) + "/probe"
	got := w.call(200, "GET", path+"?async=True", nil)
	if result, _ := got["result"].(m); got["status"] != "completed" || got["request_id"] == "" || got["progress"] != 100.0 || result["status"] != "ok" || result["connection_type"] != "rest" {
		t.Errorf("a good key: %v", got)
	}
	for _, k := range w.sim.Keys() {
		w.sim.RemoveKey(k.Name)
	}
	if again := w.call(200, "GET", path+"?async=True&request_id="+got["request_id"].(string), nil); again["status"] != "completed" || again["request_id"] != got["request_id"] {
		t.Errorf("asked again: %v", again)
	}
	bad := w.call(200, "GET", path+"?async=1", nil)
	if result, _ := bad["result"].(m); bad["status"] != "failed" || bad["message"] == "" || result["status"] != "failed" {
		t.Errorf("a bad key: %v", bad)
	}
	if again := w.call(200, "GET", path+"?request_id="+bad["request_id"].(string), nil); again["status"] != "failed" {
		t.Errorf("a bad key, asked again: %v", again)
	}
}

func TestABadKeyIsToldWithStatusAndMessageAndSignsNobodyOut(t *testing.T) {
	w := newWorld(t, 1)
	path := "/data_credentials/" + id(w.credential()["id"])
	for _, k := range w.sim.Keys() {
		w.sim.RemoveKey(k.Name)
	}
	probe := w.call(403, "GET", path+"/probe", nil)
	if text, _ := probe["message"].(string); probe["status"] != 403.0 || !strings.HasPrefix(text, probe["error"].(string)) {
		t.Errorf("a probe: %v", probe)
	}
	before := len(w.list("/data_credentials"))
	for verb, in := range map[string]any{"/copy": m{}, "/rotate": m{}} {
		if refused := w.call(400, "POST", path+verb, in); refused["error_code"] != "CRED_001" {
			t.Errorf("%s: %v", verb, refused)
		}
	}
	if after := len(w.list("/data_credentials")); after != before {
		t.Errorf("a copy of a bad key was made: %d credentials", after)
	}
}

// What can only be done is not done when it was only to be tried.
func TestWhatWasOnlyToBeTriedIsNotDone(t *testing.T) {
	w := newWorld(t, 1)
	objects := w.objects()
	sink := "/data_sinks/" + id(objects["data_sinks"])
	for _, call := range []struct {
		method, path string
		body         any
	}{
		{"POST", "/data_sinks", m{"name": "x", "data_credentials_id": 1, "data_set_id": objects["data_sets"]}}, {"POST", "/projects", m{"name": "x"}},
		{"POST", sink + "/copy", m{}}, {"PUT", sink, m{"name": "x"}}, {"DELETE", sink, nil}, {"PUT", sink + "/activate", nil}, {"POST", "/token/logout", nil},
	} {
		var refused m
		w.decode(w.raw(400, call.method, call.path+"?dry_run=1", call.body), &refused)
		if field(refused) != "dry_run" {
			t.Errorf("%s %s: %v", call.method, call.path, refused)
		}
	}
	if got := w.call(200, "PUT", sink+"?dry_run=false", m{"name": "Renamed"}); got["name"] != "Renamed" || len(w.list("/data_sinks")) != 1 || len(w.list("/projects")) != 1 {
		t.Errorf("%v", got)
	}
	for _, call := range []struct {
		path string
		body m
	}{
		{"/data_credentials", m{"name": "x", "credentials_type": "rest", "credentials": m{"auth.type": "NONE"}}},
		{"/data_sources", m{"name": "x", "source_type": "rest", "data_credentials_id": objects["data_credentials"], "endpoint": "bookings"}},
	} {
		before := len(w.list(call.path))
		if got := w.call(200, "POST", call.path+"?dry_run=1", call.body); got["id"] != 0.0 || len(w.list(call.path)) != before {
			t.Errorf("%s: %v", call.path, got)
		}
	}
}

// A field that means nothing here is not taken as if it did.
func TestWhatIsNotOfferedIsRefusedByItsField(t *testing.T) {
	w := newWorld(t, 1)
	o := w.objects()
	path := func(noun string) string { return "/" + noun + "/" + id(o[noun]) }
	source := func(name string, v any) m {
		return m{"name": "x", "data_credentials_id": o["data_credentials"], "endpoint": "bookings", name: v}
	}
	made := w.call(200, "POST", "/data_sets", m{"name": "x", "parent_data_set_id": o["data_sets"], "has_custom_transform": false})["id"]
	lake := w.call(200, "GET", path("data_sinks"), nil)["data_credentials_id"]
	for _, c := range []struct {
		method, path string
		body         m
		field        string
	}{
		{"POST", "/data_sources", source("source_type", "s3"), "source_type"},
		{"POST", "/data_sources", source("source_type", "nonsense"), "source_type"},
		{"POST", "/data_sources", source("ingest_method", "API"), "ingest_method"},
		{"POST", "/data_sources", source("flow_type", "in_memory"), "flow_type"},
		{"POST", "/data_sources", source("ingestion_mode", "cdc"), "ingestion_mode"},
		{"PUT", path("data_sources"), m{"source_type": "postgres"}, "source_type"},
		{"PUT", path("data_sources"), m{"ingest_method": "STREAMING"}, "ingest_method"},
		{"POST", "/data_sinks", m{"name": "x", "sink_type": "snowflake", "data_credentials_id": lake, "data_set_id": o["data_sets"]}, "sink_type"},
		{"POST", "/data_sinks", m{"name": "x", "template_config": m{"a": 1}, "data_credentials_id": lake, "data_set_id": o["data_sets"]}, "template_config"},
		{"PUT", path("data_sinks"), m{"sink_type": "postgres"}, "sink_type"},
		{"PUT", path("data_sinks"), m{"template_config": m{"a": 1}}, "template_config"},
		{"PUT", path("data_sinks"), m{"vendor_endpoint_id": 7}, "vendor_endpoint_id"},
		{"PUT", path("data_credentials"), m{"credentials_type": "postgres"}, "credentials_type"},
		{"PUT", path("data_credentials"), m{"credentials_type": "nonsense"}, "credentials_type"},
		{"POST", "/data_sets", m{"name": "x", "parent_data_set_id": o["data_sets"], "data_sinks": []any{o["data_sinks"]}}, "data_sinks"},
		{"POST", "/data_sets", m{"name": "x", "parent_data_set_id": o["data_sets"], "output_schema_annotations": m{"a": 1}}, "output_schema_annotations"},
		{"POST", "/data_sets", m{"name": "x", "parent_data_set_id": o["data_sets"], "custom_config": m{"a": 1}}, "custom_config"},
		{"PUT", "/data_sets/" + id(made), m{"parent_data_set_id": made}, "parent_data_set_id"},
	} {
		var refused m
		w.decode(w.raw(400, c.method, c.path, c.body), &refused)
		if field(refused) != c.field || refused["details"].([]any)[0].(m)["remedy"] == "" {
			t.Errorf("%s %s %v: %v", c.method, c.path, c.body, refused)
		}
	}
	for _, c := range []struct {
		method, path string
		body         m
	}{
		{"PUT", path("data_sources"), m{"source_type": "rest", "ingest_method": "POLL", "flow_type": "streaming", "ingestion_mode": "full_ingestion"}},
		{"PUT", path("data_sources"), m{"source_type": "cal_com_api"}},
		{"PUT", path("data_sinks"), m{"sink_type": "rest"}},
		{"PUT", path("data_sinks"), m{"sink_type": "sqlite"}},
		{"PUT", path("data_credentials"), m{"credentials_type": "rest"}},
		{"PUT", path("data_credentials"), m{"credentials_type": "cal_com_api"}},
		{"PUT", "/data_sets/" + id(made), m{"parent_data_set_id": o["data_sets"], "data_sinks": []any{}, "custom_config": m{}}},
	} {
		w.call(200, c.method, c.path, c.body)
	}
}

func TestAnAccessorIsNamedAsPeopleKnowIt(t *testing.T) {
	w := newWorld(t, 1)
	o := w.objects()
	bob := w.user(w.principal(), "bob", identity.RoleOperator).Principal.User
	team := w.call(200, "POST", "/teams", m{"name": "Readers"})["id"]
	path := "/data_sources/" + id(o["data_sources"]) + "/accessors"
	share := func(one m) []m {
		t.Helper()
		var all []m
		w.decode(w.raw(200, "POST", path, m{"accessors": []any{one}}), &all)
		return all
	}
	for what, c := range map[string]struct{ in, want m }{
		"a user by address":       {m{"type": "USER", "email": "Bob@Example.com", "access_roles": []any{"operator"}}, m{"id": float64(bob), "email": "bob@example.com"}},
		"a team by name":          {m{"type": "TEAM", "name": "Readers", "access_roles": []any{"operator"}}, m{"id": team, "name": "Readers"}},
		"the organization":        {m{"type": "ORG", "access_roles": []any{"operator"}}, m{"client_identifier": "org-1"}},
		"the organization's name": {m{"type": "ORG", "client_identifier": "org-1", "access_roles": []any{"operator"}}, m{"org_id": 1.0}},
		"the highest of roles":    {m{"type": "USER", "id": bob, "access_roles": []any{"collaborator", "operator"}}, m{"id": float64(bob)}},
	} {
		all := share(c.in)
		if len(all) != 1 || all[0]["type"] != c.in["type"] || !slices.Equal(all[0]["access_roles"].([]any), []any{"operator"}) {
			t.Fatalf("%s: %v", what, all)
		}
		for name, v := range c.want {
			if all[0][name] != v {
				t.Errorf("%s: %s is %v, want %v", what, name, all[0][name], v)
			}
		}
	}
	for what, c := range map[string]struct {
		in    m
		field string
	}{
		"nobody's address":     {m{"type": "USER", "email": "eve@example.com"}, "accessors[0].email"},
		"no user at all":       {m{"type": "USER"}, "accessors[0].email"},
		"no such team":         {m{"type": "TEAM", "name": "Writers"}, "accessors[0].name"},
		"another organization": {m{"type": "ORG", "client_identifier": "org-2"}, "accessors[0].client_identifier"},
		"one of another":       {m{"type": "USER", "id": bob, "org_id": 2}, "accessors[0].org_id"},
	} {
		c.in["access_roles"] = []any{"collaborator"}
		if refused := w.call(400, "PUT", path, m{"accessors": []any{c.in}}); field(refused) != c.field {
			t.Errorf("%s: %v", what, refused)
		}
	}
}

// Without a body all are taken away; with an empty list nobody is.
func TestTakingNobodysAccessAwayTakesNobodys(t *testing.T) {
	w := newWorld(t, 1)
	o := w.objects()
	bob := w.user(w.principal(), "bob", identity.RoleOperator).Principal.User
	team := w.call(200, "POST", "/teams", m{"name": "Readers", "members": []any{m{"id": bob}}})["id"]
	for _, path := range []string{"/data_sources/" + id(o["data_sources"]) + "/accessors", "/flows/" + id(o["flows"]) + "/accessors", "/teams/" + id(team) + "/accessors"} {
		w.raw(200, "PUT", path, m{"accessors": []any{m{"type": "USER", "id": bob, "access_roles": []any{"collaborator"}}}})
		for i, body := range []any{m{"accessors": []any{}}, nil} {
			var left []m
			w.decode(w.raw(200, "DELETE", path, body), &left)
			if len(left) != 1-i {
				t.Errorf("DELETE %s with %v leaves %v", path, body, left)
			}
		}
	}
	w.raw(200, "PUT", "/teams/"+id(team)+"/members", m{"members": []any{m{"id": bob}}})
	var left []m
	w.decode(w.raw(200, "DELETE", "/teams/"+id(team)+"/members", m{"members": []any{}}), &left)
	if len(left) != 1 {
		t.Errorf("taking nobody out of a team leaves %v", left)
	}
}

// A role may be given on one part of a flow and not on another: then on none.
func TestAFlowIsSharedWholeOrNotAtAll(t *testing.T) {
	n := newNeighbours(t)
	n.grant("data_sources", "owner") // of the source, and of the dataset no more than
	n.grant("data_sets", "admin")
	eve := n.user(n.principal(), "eve", identity.RoleOperator).Principal.User
	path := "/flows/" + id(n.ours["flows"]) + "/accessors"
	give := func(role string) m {
		return m{"accessors": []any{m{"type": "USER", "id": eve, "access_roles": []any{role}}}}
	}
	n.bobs(403, "PUT", path, give("owner"))
	if _, b := n.ask(n.token, "GET", path, nil); strings.Contains(string(b), "eve@example.com") {
		t.Errorf("what was refused shares the source with Eve: %s", b)
	}
	n.bobs(200, "PUT", path, give("admin"))
}

func TestAnAuditLogIsNarrowedByChangeAndWholeDays(t *testing.T) {
	w := newWorld(t, 1)
	o := w.objects()
	path := "/data_sources/" + id(o["data_sources"]) + "/audit_log"
	w.call(200, "PUT", "/data_sources/"+id(o["data_sources"])+"/pause", nil)
	today := time.Now().UTC().Format(time.DateOnly)
	for query, want := range map[string]int{"": 2, "?change_filter=status": 1, "?change_filter=name": 1, "?change_filter=nothing": 0, "?from=" + today + "&to=" + today: 2, "?to=2026-01-01": 0} {
		if got := w.list(path + query); len(got) != want {
			t.Errorf("%s shows %d entries, want %d: %v", query, len(got), want, got)
		}
	}
}

func TestTheRefusalToDeleteAFlowHasAListOfEachKind(t *testing.T) {
	w := newWorld(t, 1)
	o := w.objects()
	w.call(200, "PUT", "/data_sinks/"+id(o["data_sinks"])+"/activate?all=0", nil)
	refused := w.call(405, "DELETE", "/flows/"+id(o["flows"]), nil)
	for name, want := range map[string][]any{"data_sources": {}, "data_sets": {}, "data_sinks": {o["data_sinks"]}} {
		if got, isList := refused[name].([]any); !isList || !slices.Equal(got, want) {
			t.Errorf("%s: %v", name, refused[name])
		}
	}
}

func TestNumbersInConfigurationsAreKeptAsTheyAreOrRefused(t *testing.T) {
	w := newWorld(t, 1)
	cred := w.credential()["id"]
	if refused := w.call(400, "PUT", "/data_credentials/"+id(cred), m{"credentials": m{"rate_limit": 2.5}}); field(refused) != "credentials.rate_limit" {
		t.Errorf("half a request is a limit: %v", refused)
	}
	if refused := w.call(400, "PUT", "/data_credentials/"+id(cred), m{"credentials": m{"rate_limit": 1e300}}); field(refused) != "credentials.rate_limit" {
		t.Errorf("a number beyond all: %v", refused)
	}
}

func TestTagsAndNamesOfCopiesAreLinesOfText(t *testing.T) {
	w := newWorld(t, 1)
	o := w.objects()
	for _, noun := range []string{"data_credentials", "data_sources", "data_sets", "data_sinks", "data_maps", "transforms", "projects"} {
		path := "/" + noun + "/" + id(o[noun])
		for _, bad := range []string{"", "a\nb", "a\u001bb", strings.Repeat("x", 256)} {
			if refused := w.call(400, "PUT", path, m{"tags": []any{"good", bad}}); field(refused) != "tags[1]" {
				t.Errorf("%s with the tag %.20q: %v", noun, bad, refused)
			}
			if refused := w.call(400, "POST", path+"/copy", m{"name": bad}); field(refused) != "name" {
				t.Errorf("a copy of %s called %.20q: %v", noun, bad, refused)
			}
		}
		if made := w.call(200, "POST", path+"/copy", m{"name": "Another"}); made["name"] != "Another" {
			t.Errorf("a copy of %s is called %v", noun, made["name"])
		}
		if got := w.call(200, "PUT", path, m{"tags": []any{"good"}}); !slices.Equal(got["tags"].([]any), []any{"good"}) {
			t.Errorf("tags of %s: %v", noun, got["tags"])
		}
	}
}

// Whatever makes something, or lets something be done that costs, takes a key.
func TestARunAndARotationAreMadeOnceForOneKey(t *testing.T) {
	w := newWorld(t, 5)
	o := w.objects()
	post := func(path, key string) (m, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), "POST", w.url+"/api"+path, strings.NewReader("{}"))
		w.must(err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+w.token)
		req.Header.Set("Idempotency-Key", key)
		res, err := http.DefaultClient.Do(req)
		w.must(err)
		defer res.Body.Close()
		var got m
		b := readAll(w, res)
		w.decode(b, &got)
		return got, res.Header.Get("Idempotent-Replayed")
	}
	first, _ := post("/data_sources/"+id(o["data_sources"])+"/run_now", "one")
	w.finished(o["data_sources"])
	again, replayed := post("/data_sources/"+id(o["data_sources"])+"/run_now", "one")
	if replayed != "true" || first["run_id"] != again["run_id"] || len(w.list("/data_sources/"+id(o["data_sources"])+"/runs")) != 1 {
		t.Errorf("the second time %v %s, and the first %v", again, replayed, first)
	}
	rotated, _ := post("/data_credentials/"+id(o["data_credentials"])+"/rotate", "two")
	again, replayed = post("/data_credentials/"+id(o["data_credentials"])+"/rotate", "two")
	if replayed != "true" || rotated["credentials_version"] != again["credentials_version"] {
		t.Errorf("rotated twice: %v, then %v", rotated, again)
	}
}

func readAll(w *world, res *http.Response) []byte {
	w.Helper()
	b, err := io.ReadAll(res.Body)
	w.must(err)
	return b
}

// exchanged is the session of a service key.
func (w *world) exchanged(key string) string {
	w.Helper()
	s, err := w.server.People().ExchangeKey(w.Context(), key, identity.Client{Address: netip.MustParseAddr("127.0.0.1")})
	w.must(err)
	return s.Token.Expose()
}
