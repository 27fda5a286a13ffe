package server_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/job/jobtest"
)

// statuses is a lookup of the filters of Cal.com's list of bookings.
func (w *world) statuses(values ...string) m {
	w.Helper()
	rows := []any{}
	for _, v := range values {
		rows = append(rows, m{"status": v})
	}
	return w.call(200, "POST", "/data_maps", m{"name": "Statuses", "data_type": "string", "map_primary_key": "status", "data_map": rows})
}

// byLookup is the configuration of a source that reads bookings by status.
func byLookup(table any, more m) m {
	step := m{"key": "step_1", "iteration.type": "static.url", "method": "GET", "url.template": "/v2/bookings?take=100&status={status}",
		"request.headers": "cal-api-version:2024-08-13", "response.data.path": "$.data[*]", "map.id": table}
	for name, v := range more {
		step[name] = v
	}
	return m{"rest.iterations": []any{step}, "primary.key": "uid"}
}

// uids asks the simulator itself for what one status shows.
func (w *world) uids(status string, into map[any]bool) {
	w.Helper()
	for skip := 0; ; skip += 100 {
		req, err := http.NewRequestWithContext(w.Context(), "GET", fmt.Sprintf("%s/v2/bookings?take=100&skip=%d&status=%s", w.simURL, skip, status), http.NoBody)
		w.must(err)
		req.Header.Set("Authorization", "Bearer "+w.sim.Keys()[0].Key)
		req.Header.Set("cal-api-version", "2024-08-13")
		res, err := http.DefaultClient.Do(req)
		w.must(err)
		var page struct {
			Data []m `json:"data"`
		}
		b, err := io.ReadAll(res.Body)
		w.must(err)
		w.must(res.Body.Close())
		w.decode(b, &page)
		for _, b := range page.Data {
			into[b["uid"]] = true
		}
		if len(page.Data) < 100 {
			return
		}
	}
}

// A source reads with a lookup's columns as macros: one reading for each row,
// in every way of paging.
func TestASourceReadsByTheRowsOfALookup(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { readByRows(t, newWorld(t, 120)) })
	t.Run("postgres", func(t *testing.T) { readByRows(t, buildWorld(t, 120, 120, jobtest.Fresh.Postgres(t))) })
}

func readByRows(t *testing.T, w *world) {
	t.Helper()
	cred, table := w.credential(), w.statuses("cancelled", "past")
	queue := byLookup(table["id"], m{"iteration.type": "data.map.key.queue", "url.template": "/v2/bookings?take=2&status={status}"})
	sample := w.call(200, "POST", "/data_credentials/"+id(cred["id"])+"/probe/sample?count=100", queue)
	if got := sample["exchanges"].([]any); len(got) != 2 || !strings.Contains(id(sample), "status=past") {
		t.Errorf("a sample makes one request for each row: %v", sample)
	}
	config := byLookup(table["id"], m{"iteration.type": "paging.incrementing.offset", "url.template": "/v2/bookings?status={status}", "param.offset": "skip",
		"param.page.size": "take", "page.expected.rows": 100})
	src := w.call(200, "POST", "/data_sources", m{"name": "By status", "source_type": "rest", "data_credentials_id": cred["id"], "source_config": config})
	if got := src["source_config"].(m)["rest.iterations"].([]any)[0].(m)["map.id"]; got != table["id"] {
		t.Errorf("the source shows the lookup %v, want %v", got, table["id"])
	}
	want := map[any]bool{}
	w.uids("cancelled", want)
	w.uids("past", want)
	if run := w.run(src["id"]); run["status"] != "succeeded" || fresh(run) != len(want) || len(want) < 10 {
		t.Errorf("run %v, want %d bookings", run, len(want))
	}
	w.raw(200, "PUT", "/data_maps/"+id(table["id"])+"/entries", m{"entries": []any{m{"status": "upcoming"}}})
	before := len(want)
	w.uids("upcoming", want)
	if run := w.run(src["id"]); fresh(run) != len(want)-before || len(want) == before {
		t.Errorf("with one row more: run %v, want %d", run, len(want)-before)
	}
	shown := w.call(200, "GET", "/data_maps/"+id(table["id"]), nil)
	if got := shown["referenced_resource_ids"].(m)["data_sources"].([]any); !slices.Equal(got, []any{src["id"]}) {
		t.Errorf("used by %v", got)
	}
	refused := w.call(409, "DELETE", "/data_maps/"+id(table["id"]), nil)
	if !strings.Contains(id(refused), "source "+id(src["id"])+" (By status)") {
		t.Errorf("what is in use is refused without naming its users: %v", refused)
	}
	w.call(200, "DELETE", "/data_sources/"+id(src["id"]), nil)
	w.call(200, "DELETE", "/data_maps/"+id(table["id"]), nil)
	w.call(409, "POST", "/data_sources/"+id(src["id"])+"/restore", nil) // its lookup is gone
	w.call(200, "POST", "/data_maps/"+id(table["id"])+"/restore", nil)
	w.call(200, "POST", "/data_sources/"+id(src["id"])+"/restore", nil)
	if got := w.list("/data_maps/" + id(table["id"]) + "/entries"); len(got) != 3 {
		t.Errorf("restored with %v", got)
	}
}

// fresh is how many records a run read that were not there as they are.
func fresh(run m) int { return int(run["read"].(float64) - run["unchanged"].(float64)) }

// run reads a source and waits for its end.
func (w *world) run(source any) m {
	w.Helper()
	w.call(200, "POST", "/data_sources/"+id(source)+"/run_now", m{})
	return w.finished(source)
}

func TestALookupWithoutRowsMakesNoRequest(t *testing.T) {
	w := newWorld(t, 20)
	cred, table := w.credential(), w.statuses()
	sample := w.call(200, "POST", "/data_credentials/"+id(cred["id"])+"/probe/sample", byLookup(table["id"], nil))
	if got := sample["exchanges"].([]any); len(got) != 0 {
		t.Errorf("%v", sample)
	}
}

// A lookup is a resource like the others: made, shown, changed, copied,
// deleted, restored, shared and audited, with the fields that the contract's
// clients cannot do without.
func TestALookupsLifeOverTheContract(t *testing.T) {
	w := newWorld(t, 5)
	made := w.call(200, "POST", "/data_maps", m{"name": "Cities", "data_type": "string", "map_primary_key": "code", "data_defaults": m{"city": "unknown"}, "emit_data_default": true,
		"data_map": []any{m{"code": "de", "city": "Berlin", "people": 3_700_000}, m{"code": "a,b", "city": nil}, m{"code": 7, "people": 1.5}}, "tags": []any{"x"}})
	for _, field := range []string{"id", "name", "description", "map_primary_key", "owner", "org", "access_roles", "public", "managed", "data_type", "emit_data_default", "use_versioning", "tags", "map_entry_schema"} {
		if made[field] == nil {
			t.Errorf("%s is null: %v", field, made)
		}
	}
	for _, field := range []string{"data_format", "data_sink_id", "data_set_id"} {
		if v, there := made[field]; !there || v != nil {
			t.Errorf("%s is %v", field, v)
		}
	}
	if made["map_entry_count"] != 3.0 || made["description"] != "" || made["public"] != false || made["use_versioning"] != false {
		t.Errorf("made %v", made)
	}
	columns := made["map_entry_schema"].(m)["properties"].(m)
	if columns["code"].(m)["type"].([]any)[0] != "integer" || columns["people"].(m)["type"] != "number" || len(columns) != 3 {
		t.Errorf("columns %v", columns)
	}
	path := "/data_maps/" + id(made["id"])
	for keys, want := range map[string]string{
		"de":      `[{"city":"Berlin","code":"de","people":3700000}]`,
		"a%2Cb":   `[{"city":null,"code":"a,b"}]`,
		"7,de":    `[{"code":7,"people":1.5},{"city":"Berlin","code":"de","people":3700000}]`,
		"a,fr":    `[{"city":"unknown","code":"a"},{"city":"unknown","code":"fr"}]`, // neither is there: the defaults stand
		"d*":      `[{"city":"Berlin","code":"de","people":3700000}]`,
		"%2A":     `[{"city":"unknown","code":"*"}]`,
		"*":       `[{"code":7,"people":1.5},{"city":null,"code":"a,b"},{"city":"Berlin","code":"de","people":3700000}]`,
		"%2E%2E":  `[{"city":"unknown","code":".."}]`,
		"x%2Fy":   `[{"city":"unknown","code":"x/y"}]`,
		"de,de,*": `[{"code":7,"people":1.5},{"city":null,"code":"a,b"},{"city":"Berlin","code":"de","people":3700000}]`,
	} {
		if got := strings.TrimSpace(string(w.raw(200, "GET", path+"/entries/"+keys, nil))); got != want {
			t.Errorf("%s: %s, want %s", keys, got, want)
		}
	}
	put := string(w.raw(200, "PUT", path+"/entries", m{"entries": []any{m{"code": "de", "city": "Bonn"}, m{"code": "fr", "city": "Paris"}}}))
	if strings.TrimSpace(put) != `[{"city":"Bonn","code":"de"},{"city":"Paris","code":"fr"}]` {
		t.Errorf("put %s", put)
	}
	if got := w.list(path + "/entries?page=2&per_page=3"); len(got) != 1 || got[0]["code"] != "fr" {
		t.Errorf("page 2: %v", got)
	}
	if got := w.call(200, "DELETE", path+"/entries/7,nothing", nil); got["code"] != "200" {
		t.Errorf("deleted: %v", got)
	}
	shown := w.call(200, "GET", path, nil)
	if shown["map_entry_count"] != 3.0 || shown["map_entry_schema"].(m)["properties"].(m)["people"] != nil {
		t.Errorf("a column that no row has is still there: %v", shown)
	}
	copied := w.call(200, "POST", path+"/copy", nil)
	if copied["copied_from_id"] != made["id"] || copied["map_entry_count"] != 3.0 || len(w.list("/data_maps/"+id(copied["id"])+"/entries")) != 3 {
		t.Errorf("copied %v", copied)
	}
	changed := w.call(200, "PUT", path, m{"description": "By code", "emit_data_default": false, "map_primary_key": "city", "data_map": []any{m{"city": "Rome"}}})
	if changed["map_entry_count"] != 1.0 || changed["map_primary_key"] != "city" || changed["name"] != "Cities" || changed["emit_data_default"] != false {
		t.Errorf("changed %v", changed)
	}
	if got := strings.TrimSpace(string(w.raw(200, "GET", path+"/entries/Rome,Oslo", nil))); got != `[{"city":"Rome"}]` {
		t.Errorf("without defaults, what is not there is left out: %s", got)
	}
	if n := len(w.list("/data_maps")); n != 2 {
		t.Errorf("%d lookups", n)
	}
	w.call(200, "DELETE", path, nil)
	w.call(404, "GET", path, nil)
	w.call(404, "GET", path+"/entries", nil)
	if got := w.call(200, "POST", path+"/restore", nil); got["map_entry_count"] != 1.0 {
		t.Errorf("restored %v", got)
	}
	events := map[any]bool{}
	for _, e := range w.list(path + "/audit_log") {
		events[e["event"]] = true
	}
	for _, event := range []string{"lookup.create", "lookup.put_entries", "lookup.drop_entries", "lookup.update", "lookup.delete", "lookup.restore"} {
		if !events[event] {
			t.Errorf("%s is not in the audit log: %v", event, events)
		}
	}
}

func TestBadLookupsAndRowsAreRefusedByNameAndLeaveNothing(t *testing.T) {
	w := newWorld(t, 5)
	cred, table := w.credential(), w.statuses("past")
	path := "/data_maps/" + id(table["id"])
	many := []any{}
	for i := range 5001 {
		many = append(many, m{"status": i})
	}
	wide := m{"status": "x"}
	for i := range 101 {
		wide[fmt.Sprint("c", i)] = 1
	}
	source := func(config m) m {
		return m{"name": "x", "source_type": "rest", "data_credentials_id": cred["id"], "source_config": config}
	}
	rows := func(rows ...any) m { return m{"entries": rows} }
	for name, c := range map[string]struct {
		status       int
		method, path string
		in           any
		field        string
	}{
		"no name":                         {400, "POST", "/data_maps", m{"data_type": "s", "map_primary_key": "k"}, "name"},
		"no type":                         {400, "POST", "/data_maps", m{"name": "x", "map_primary_key": "k"}, "data_type"},
		"no key":                          {400, "POST", "/data_maps", m{"name": "x", "data_type": "s"}, "map_primary_key"},
		"an empty key":                    {400, "POST", "/data_maps", m{"name": "x", "data_type": "s", "map_primary_key": ""}, "map_primary_key"},
		"public":                          {400, "POST", "/data_maps", m{"name": "x", "data_type": "s", "map_primary_key": "k", "public": true}, "public"},
		"nested defaults":                 {400, "POST", "/data_maps", m{"name": "x", "data_type": "s", "map_primary_key": "k", "data_defaults": m{"a": m{}}}, "data_defaults.a"},
		"a row of no object":              {400, "POST", "/data_maps", m{"name": "x", "data_type": "s", "map_primary_key": "k", "data_map": []any{"k"}}, "data_map[0]"},
		"a row without key":               {400, "POST", "/data_maps", m{"name": "x", "data_type": "s", "map_primary_key": "k", "data_map": []any{m{"k": 1}, m{"l": 1}}}, "data_map[1].k"},
		"a key of null":                   {400, "PUT", path + "/entries", rows(m{"status": nil}), "entries[0].status"},
		"a key of blanks":                 {400, "PUT", path + "/entries", rows(m{"status": ""}), "entries[0].status"},
		"a long key":                      {400, "PUT", path + "/entries", rows(m{"status": strings.Repeat("x", 256)}), "entries[0].status"},
		"a key twice":                     {400, "PUT", path + "/entries", rows(m{"status": "7"}, m{"status": 7}), "entries[1].status"},
		"a list in a column":              {400, "PUT", path + "/entries", rows(m{"status": "a", "b": []any{1}}), "entries[0].b"},
		"a large row":                     {400, "PUT", path + "/entries", rows(m{"status": "a", "b": strings.Repeat("x", 5000)}), "entries[0]"},
		"many rows":                       {400, "PUT", path + "/entries", m{"entries": many}, "entries"},
		"many columns":                    {400, "PUT", path + "/entries", rows(wide), "entries[0]"},
		"no rows":                         {400, "PUT", path + "/entries", m{}, "entries"},
		"a key column that rows have not": {400, "PUT", path, m{"map_primary_key": "nowhere"}, "map_primary_key"},
		"an empty key in a path":          {400, "GET", path + "/entries/a,", nil, "keys"},
		"many keys":                       {400, "GET", path + "/entries/" + strings.Repeat("a,", 200) + "b", nil, "keys"},
		"entries of no lookup":            {404, "PUT", "/data_maps/4711/entries", rows(m{"k": 1}), ""},
		"a source's id":                   {404, "GET", "/data_maps/" + id(cred["id"]), nil, ""},
		"a lookup that is none":           {400, "POST", "/data_sources", source(byLookup(4711, nil)), "source_config.rest.iterations.map.id"},
		"a credential for a lookup":       {400, "POST", "/data_sources", source(byLookup(cred["id"], nil)), "source_config.rest.iterations.map.id"},
		"a queue without a lookup":        {400, "POST", "/data_sources", source(byLookup(nil, m{"iteration.type": "data.map.key.queue"})), "map.id"},
		"a lookup of no number":           {400, "POST", "/data_sources", source(byLookup("cities", nil)), "map.id"},
		"a sample of no lookup":           {400, "POST", "/data_credentials/" + id(cred["id"]) + "/probe/sample", byLookup(4711, nil), "map.id"},
	} {
		var got m
		w.decode(w.raw(c.status, c.method, c.path, c.in), &got)
		if c.status != 400 {
			continue
		}
		details, _ := got["details"].([]any)
		if len(details) != 1 || !strings.HasSuffix(details[0].(m)["field"].(string), c.field) || details[0].(m)["message"] == "" {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := w.list("/data_maps"); len(got) != 1 || got[0]["map_entry_count"] != 1.0 {
		t.Errorf("something was left: %v", got)
	}
	if n := len(w.list("/data_sources")); n != 0 {
		t.Errorf("%d sources were left", n)
	}
}

// Who may not look at a lookup reads nothing by it: not in a source, not in a
// sample, not in a copy of somebody's source.
func TestNobodyReadsByALookupThatTheyMayNotSee(t *testing.T) {
	w := newWorld(t, 5)
	cred, table := w.credential(), w.statuses("past")
	src := w.call(200, "POST", "/data_sources", m{"name": "x", "source_type": "rest", "data_credentials_id": cred["id"], "source_config": byLookup(table["id"], nil)})
	helper := w.user(w.principal(), "helper", identity.RoleOperator)
	for noun, of := range map[string]any{"data_credentials": cred["id"], "data_sources": src["id"]} {
		w.raw(200, "PUT", "/"+noun+"/"+id(of)+"/accessors", m{"accessors": []any{m{"type": "USER", "id": helper.Principal.User, "access_roles": []any{"admin"}}}})
	}
	owner := w.token
	w.token = helper.Token.Expose()
	w.call(404, "GET", "/data_maps/"+id(table["id"]), nil)
	w.call(400, "POST", "/data_sources", m{"name": "y", "source_type": "rest", "data_credentials_id": cred["id"], "source_config": byLookup(table["id"], nil)})
	w.call(400, "PUT", "/data_sources/"+id(src["id"]), m{"source_config": byLookup(table["id"], m{"url.template": "/v2/me?x={status}"})})
	w.call(400, "POST", "/data_credentials/"+id(cred["id"])+"/probe/sample", byLookup(table["id"], nil))
	w.call(400, "POST", "/data_sources/"+id(src["id"])+"/copy", nil)
	w.token = owner
	w.raw(200, "PUT", "/data_maps/"+id(table["id"])+"/accessors", m{"accessors": []any{m{"type": "USER", "id": helper.Principal.User, "access_roles": []any{"collaborator"}}}})
	w.token = helper.Token.Expose()
	w.call(200, "POST", "/data_sources/"+id(src["id"])+"/copy", nil)
	w.call(403, "PUT", "/data_maps/"+id(table["id"])+"/entries", m{"entries": []any{m{"status": "upcoming"}}})
}

// Whatever a key is, its row is found and taken away by its path.
func TestEveryKeyIsFoundByItsPath(t *testing.T) {
	w := newWorld(t, 5)
	c, err := client.New(client.Options{URL: w.url, Token: weir.NewSecret(w.token)})
	w.must(err)
	keys := []string{"a", "a,b", ",", "*", "a*", "%2C", "%", "..", ".", "a/b", "/", "?", "#", "ä", " ", "a b", "+", "=a", "entries", "\\", "\"", "😀"}
	rows := []any{}
	for _, key := range keys {
		rows = append(rows, m{"k": key})
	}
	made := w.call(200, "POST", "/data_maps", m{"name": "Keys", "data_type": "string", "map_primary_key": "k", "data_map": rows})
	table := toInt(made["id"])
	for _, key := range keys {
		got, err := c.LookupRows(w.Context(), table, key)
		if err != nil || len(got) != 1 || string(got[0]["k"]) != id(key) {
			t.Errorf("%q: %v, %v", key, got, err)
		}
	}
	if got, err := c.LookupRows(w.Context(), table, keys...); err != nil || len(got) != len(keys) {
		t.Errorf("all at once: %d of %d, %v", len(got), len(keys), err)
	}
	for i, key := range keys {
		w.must(c.DropLookupRows(w.Context(), table, key))
		if left := w.list("/data_maps/" + id(table) + "/entries"); len(left) != len(keys)-i-1 {
			t.Fatalf("after %q there are %d rows, of %d", key, len(left), len(keys))
		}
	}
}
