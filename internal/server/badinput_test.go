package server_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// One server for all of it: whatever is sent, nothing changes, and so nothing
// disturbs the next.
func TestBadInput(t *testing.T) {
	x := newCorner(t)
	before := x.everything()
	for _, c := range []struct {
		promise string
		check   func(*matrix)
	}{
		{"every field of a wrong type is named", everyFieldOfAWrongTypeIsNamed},
		{"every body that is none is refused", everyBodyThatIsNoneIsRefused},
		{"every other content type is refused", everyOtherContentTypeIsRefused},
		{"every other spelling of a path leads nowhere", everyOtherSpellingOfAPathLeadsNowhere},
		{"every other method is told which there are", everyOtherMethodIsToldWhichThereAre},
		{"every parameter of a wrong form is named", everyParameterOfAWrongFormIsNamed},
		{"every list ends", everyListEnds},
		{"what another organization has cannot be used", whatAnotherOrganizationHasCannotBeUsed},
		{"deleting what is used names who uses it", deletingWhatIsUsedNamesWhoUsesIt},
	} {
		t.Run(c.promise, func(t *testing.T) {
			inside := &matrix{world: x.inside(t), issuer: x.issuer, callers: x.callers, sets: x.sets}
			c.check(inside)
			inside.unchanged(before)
		})
	}
}

// bodies lists the routes that take a body, with its schema.
func (d *document) bodies() map[string]m {
	out := map[string]m{}
	for _, r := range d.routes {
		if body, _ := r.operation["requestBody"].(m); body != nil {
			out[r.method+" "+r.path] = d.resolved(body["content"].(m)["application/json"].(m)["schema"].(m))
		}
	}
	return out
}

// resolved follows a reference.
func (d *document) resolved(schema m) m {
	ref, _ := schema["$ref"].(string)
	if name, ok := strings.CutPrefix(ref, "#/components/schemas/"); ok {
		return d.resolved(d.parsed["components"].(m)["schemas"].(m)[name].(m))
	}
	return schema
}

// types are those that a schema lets through; all of them where it says none.
func types(schema m) []string {
	switch t := schema["type"].(type) {
	case string:
		return []string{t}
	case []any:
		var out []string
		for _, one := range t {
			out = append(out, one.(string))
		}
		return out
	}
	return []string{"string", "integer", "number", "boolean", "array", "object"}
}

// misfits are values of each type, in the order they are tried.
var misfits = []struct {
	kind  string
	value any
}{{"boolean", true}, {"string", "text that is no number"}, {"number", 7.5}, {"array", []any{}}, {"object", m{}}}

// misfit is a value that a schema does not take.
func misfit(schema m) (any, bool) {
	allowed := types(schema)
	for _, f := range misfits {
		if !slices.Contains(allowed, f.kind) {
			return f.value, true
		}
	}
	return nil, false
}

// wrong is a body with one wrong value, and the field that must be named.
type wrong struct {
	body  any
	field string
}

// wrongs makes bodies for each property of a schema, and of what lies in it.
func (d *document) wrongs(schema m, inside string, wrap func(any) any) (all []wrong) {
	properties, _ := schema["properties"].(m)
	for name, p := range properties {
		property := d.resolved(p.(m))
		put := func(v any) any { return wrap(m{name: v}) }
		if v, found := misfit(property); found {
			all = append(all, wrong{put(v), inside + name})
		}
		all = append(all, d.wrongs(property, inside+name+".", put)...)
		if items, _ := property["items"].(m); items != nil {
			all = append(all, d.wrongs(d.resolved(items), inside+name+"[0].", func(v any) any { return put([]any{v}) })...)
			if v, found := misfit(d.resolved(items)); found {
				all = append(all, wrong{put([]any{v}), inside + name + "[0]"})
			}
		}
	}
	if closed, isBool := schema["additionalProperties"].(bool); properties != nil && isBool && !closed {
		all = append(all, wrong{wrap(m{"no_such_field": 1}), inside + "no_such_field"})
	}
	return all
}

// Every field of every body is sent with a value of the wrong type, and an
// unknown one beside: the answer is 400 and names it, and nothing is stored.
func everyFieldOfAWrongTypeIsNamed(x *matrix) {
	tried := 0
	d := x.document()
	for route, schema := range d.bodies() {
		method, path, _ := strings.Cut(route, " ")
		all := d.wrongs(schema, "", func(v any) any { return v })
		if len(all) == 0 && schema["properties"] != nil {
			x.Errorf("%s: nothing can be wrong?", route)
		}
		for _, wr := range all {
			tried++
			status, b := x.ask(x.token, method, x.fill(path), wr.body)
			var got m
			_ = json.Unmarshal(b, &got)
			details, _ := got["details"].([]any)
			named := slices.ContainsFunc(details, func(d any) bool { return d.(m)["field"] == wr.field && d.(m)["message"] != "" })
			if status != http.StatusBadRequest || !named {
				x.Errorf("%s with a wrong %s answers %d: %.400s", route, wr.field, status, b)
			}
		}
	}
	if tried < 150 {
		x.Errorf("only %d were tried", tried)
	}
	x.Logf("%d wrong fields over %d routes", tried, len(d.bodies()))
}

// Bodies that no reader should take, sent to every route that has one.
func everyBodyThatIsNoneIsRefused(x *matrix) {
	deep := strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100)
	for route := range x.document().bodies() {
		method, path, _ := strings.Cut(route, " ")
		for name, c := range map[string]struct {
			status int
			body   string
		}{
			"a list":                   {400, `[]`},
			"a text":                   {400, `"name"`},
			"a number":                 {400, `17`},
			"cut off":                  {400, `{"name":"x`},
			"two values":               {400, `{} {}`},
			"a name twice":             {400, `{"name":"a","name":"b"}`},
			"no UTF-8":                 {400, "{\"name\":\"\xff\"}"},
			"NUL":                      {400, `{"name":"a\u0000b"}`},
			"a comment":                {400, `{"name":"x" /* hello */}`},
			"NaN":                      {400, `{"name":NaN}`},
			"100 deep":                 {400, deep},
			"another case":             {400, `{"NAME":"x"}`},
			"a name that is no name":   {400, `{"\u0007":1}`},
			"2 MiB":                    {413, `{"name":"` + strings.Repeat("x", 2<<20) + `"}`},
			"a megabyte in a field":    {413, `{"description":"` + strings.Repeat("x", 1<<20) + `"}`},
			"a number without an end":  {400, `{"data_credentials_id":1` + strings.Repeat("0", 400) + `}`},
			"a field of the prototype": {400, `{"__proto__":{"admin":true}}`},
		} {
			if schema := x.document().bodies()[route]; schema["properties"] == nil && slices.Contains([]string{"another case", "a field of the prototype", "a name that is no name", "a number without an end"}, name) {
				continue // any object goes, and its handler says more
			}
			if name == "a list" && strings.HasPrefix(path, "/notifications/mark_") {
				continue // which is what these take
			}
			res, b := x.send(method, x.fill(path), "application/json", []byte(c.body))
			if res.StatusCode != c.status || !isProblem(b) {
				x.Errorf("%s with %s answers %d, want %d: %.300s", route, name, res.StatusCode, c.status, b)
			}
		}
	}
}

func everyOtherContentTypeIsRefused(x *matrix) {
	for route := range x.document().bodies() {
		method, path, _ := strings.Cut(route, " ")
		for _, kind := range []string{"", "text/plain", "text/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "application/octet-stream",
			"application/json; charset=latin1", "application/json, text/plain", "application/json;v=2", "application/*", "application/jsonp", "a b"} {
			if res, b := x.send(method, x.fill(path), kind, []byte(`{"name":"x"}`)); res.StatusCode != http.StatusUnsupportedMediaType || !isProblem(b) {
				x.Errorf("%s as %q answers %d: %.300s", route, kind, res.StatusCode, b)
			}
		}
	}
}

// A path that is not written as the document has it leads nowhere.
func everyOtherSpellingOfAPathLeadsNowhere(x *matrix) {
	n := id(x.sets["unshared"]["data_credentials"])
	for _, path := range []string{
		"//data_credentials", "/data_credentials//" + n, "/data_credentials/" + n + "/", "/./data_credentials", "/x/../data_credentials", "/data_credentials/../users",
		"/%2e/data_credentials", "/data_credentials/%2e%2e/users", "/DATA_CREDENTIALS", "/Data_Credentials/" + n, "/data_credentials;x=1", "/data_credentials/" + n + ";x=1",
		"/data_credentials/" + n + "%2Fprobe", "/data_credentials%2F" + n, "/data_credentials/" + n + "%00", "/data_credentials/" + n + "%20", "/data_credentials/%20" + n,
		"/data_credentials/+" + n, "/data_credentials/0" + n, "/data_credentials/0x" + n, "/data_credentials/" + n + ".0", "/data_credentials/1e0", "/data_credentials/-1", "/data_credentials/0",
		"/data_credentials/9223372036854775807", "/data_credentials/9223372036854775808", "/data_credentials/%D9%A1", "/data_credentials/nil", "/data_credentials/%7Bid%7D",
		"/flows/+" + n, "/teams/0" + n, "/users/-1", "/orgs/0", "/runs/1", "/..", "/", "", "/.git/config", "/openapi.json/", "/openapi.yaml", "/docs",
	} {
		if res, b := x.send("GET", path, "", nil); res.StatusCode != http.StatusNotFound || !isProblem(b) {
			x.Errorf("%q answers %d: %.200s", path, res.StatusCode, b)
		}
	}
}

func everyOtherMethodIsToldWhichThereAre(x *matrix) {
	d := x.document()
	there := map[string][]string{}
	for _, r := range d.routes {
		there[r.path] = append(there[r.path], r.method)
	}
	for path, methods := range there {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"} {
			if _, taken := d.route(method, path); taken {
				continue // of this path, or of another with a parameter: PUT /users/current is PUT /users/{id}
			}
			res, b := x.send(method, x.fill(path), "application/json", nil)
			if res.StatusCode != http.StatusMethodNotAllowed && method != "get" || res.StatusCode >= 500 || !isProblem(b) {
				x.Errorf("%s %s answers %d: %.200s", method, path, res.StatusCode, b)
			}
			if allow := res.Header.Get("Allow"); res.StatusCode == http.StatusMethodNotAllowed && !strings.Contains(allow, methods[0]) {
				x.Errorf("%s %s allows %q", method, path, allow)
			}
		}
	}
}

// Every parameter of every query is given what it does not take.
func everyParameterOfAWrongFormIsNamed(x *matrix) {
	tried := 0
	for _, r := range x.document().routes {
		parameters, _ := r.operation["parameters"].([]any)
		for _, p := range parameters {
			p := p.(m)
			schema := x.document().resolved(p["schema"].(m))
			open := slices.Equal(types(schema), []string{"string"}) && schema["enum"] == nil && schema["pattern"] == nil
			if p["in"] != "query" || open {
				continue
			}
			for _, value := range []string{"sideways", "-1", "1e99", "9223372036854775808"} {
				if !slices.Contains(types(schema), "string") && value == "-1" && schema["minimum"] == nil {
					continue // a number like another
				}
				tried++
				status, b := x.ask(x.token, r.method, x.fill(r.path)+"?"+p["name"].(string)+"="+value, r.body(x.sets["unshared"]))
				if status != http.StatusBadRequest || !strings.Contains(string(b), p["name"].(string)) {
					x.Errorf("%s %s?%s=%s answers %d: %.300s", r.method, r.path, p["name"], value, status, b)
				}
			}
		}
	}
	if tried < 100 {
		x.Errorf("only %d were tried", tried)
	}
}

// However far away a page is, it is behind the last one: it is not the first.
func everyListEnds(x *matrix) {
	tried := 0
	for _, r := range x.document().routes {
		parameters, _ := r.operation["parameters"].([]any)
		if r.method != "GET" || !slices.ContainsFunc(parameters, func(p any) bool { return p.(m)["name"] == "page" }) {
			continue
		}
		tried++
		for _, page := range []string{"9223372036854775807", "92233720368547759"} {
			status, b := x.ask(x.token, "GET", x.fill(r.path)+"?page="+page, nil)
			var list []any
			if json.Unmarshal(b, &list) == nil && len(list) > 0 || status != http.StatusOK && status != http.StatusNotFound {
				x.Errorf("%s?page=%s answers %d: %.200s", r.path, page, status, b)
			}
		}
	}
	if tried < 20 {
		x.Errorf("only %d were tried", tried)
	}
}

func whatAnotherOrganizationHasCannotBeUsed(x *matrix) {
	mine, theirs := x.sets["unshared"], x.sets["foreign"]
	for field, in := range map[string]struct {
		path string
		body m
	}{
		"data_credentials_id": {"/data_sources", m{"name": "x", "source_type": "rest", "data_credentials_id": theirs["cal"], "endpoint": "bookings"}},
		"data_set_id":         {"/data_sinks", m{"name": "x", "sink_type": "rest", "data_credentials_id": mine["lake"], "data_set_id": theirs["data_sets"]}},
		"parent_data_set_id":  {"/data_sets", m{"name": "x", "parent_data_set_id": theirs["data_sets"], "has_custom_transform": false}},
		"members":             {"/teams", m{"name": "x", "members": []any{m{"id": theirs["users"]}}}},
	} {
		status, b := x.ask(x.token, "POST", in.path, in.body)
		if status != http.StatusBadRequest || !strings.Contains(string(b), strings.TrimSuffix(field, "s")) && !strings.Contains(string(b), "id") {
			x.Errorf("%s of another organization: %d %s", field, status, b)
		}
	}
	status, b := x.ask(x.token, "PUT", "/data_credentials/"+id(mine["cal"])+"/accessors", m{"accessors": []any{m{"type": "USER", "id": theirs["users"], "access_roles": []any{"admin"}}}})
	if status != http.StatusBadRequest && status != http.StatusNotFound {
		x.Errorf("sharing with a stranger: %d %s", status, b)
	}
}

func deletingWhatIsUsedNamesWhoUsesIt(x *matrix) {
	o := x.sets["unshared"]
	for path, name := range map[string]string{"/data_credentials/" + id(o["cal"]): "Events", "/data_credentials/" + id(o["lake"]): "Tables", "/data_sets/" + id(o["data_sets"]): "Tables"} {
		status, b := x.ask(x.token, "DELETE", path, nil)
		if status != http.StatusConflict || !strings.Contains(string(b), name) {
			x.Errorf("deleting %s: %d %s", path, status, b)
		}
	}
}

func TestNothingIsBuiltOnACredentialThatFailed(t *testing.T) {
	x := newCorner(t)
	o := x.sets["unshared"]
	for _, k := range x.sim.Keys() {
		x.sim.RemoveKey(k.Name)
	}
	if status, b := x.ask(x.token, "GET", "/data_credentials/"+id(o["cal"])+"/probe", nil); status != http.StatusForbidden {
		x.Fatalf("probe %d %s", status, b)
	}
	before := x.everything()
	for path, in := range map[string]m{
		"/data_sources": {"name": "x", "source_type": "rest", "data_credentials_id": o["cal"], "endpoint": "bookings"},
		"/data_sources/" + id(o["data_sources"]) + "/run_now": {},
	} {
		if status, b := x.ask(x.token, "POST", path, in); status < 400 || status >= 500 || !isProblem(b) {
			x.Errorf("%s on a credential that failed: %d %s", path, status, b)
		}
	}
	x.unchanged(before)
}

// fill puts the ids of the organization's own objects into a path.
func (x *matrix) fill(path string) string {
	return documented{path: path}.filled(x.sets["unshared"])
}

// everything is what there is, in short.
func (x *matrix) everything() map[string]string {
	x.Helper()
	x.finished(x.sets["unshared"]["data_sources"])
	out := map[string]string{}
	for _, noun := range []string{"data_credentials", "data_sources", "data_sets", "data_sinks", "teams", "service_keys", "users", "orgs"} {
		for _, item := range x.list("/" + noun + "?per_page=1000") {
			delete(item, "last_used_at")
			delete(item, "run_ids")
			b, err := json.Marshal(item, json.Deterministic(true))
			x.must(err)
			out[noun+" "+id(item["id"])] = string(b)
		}
	}
	return out
}

// unchanged fails the test when there is anything else than before.
func (x *matrix) unchanged(before map[string]string) {
	x.Helper()
	after := x.everything()
	for what, was := range before {
		if after[what] != was {
			x.Errorf("%s was changed to %s", was, after[what])
		}
	}
	for what := range after {
		if before[what] == "" {
			x.Errorf("%s was made", after[what])
		}
	}
}

// send makes a request whose path is sent as it is written.
func (x *matrix) send(method, path, kind string, body []byte) (*http.Response, []byte) {
	x.Helper()
	req, err := http.NewRequestWithContext(x.Context(), method, x.url, bytes.NewReader(body))
	x.must(err)
	raw, query, _ := strings.Cut(path, "?")
	req.URL.Opaque, req.URL.RawQuery = "//"+req.URL.Host+"/api"+raw, query
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	req.Header.Set("Authorization", "Bearer "+x.token)
	res, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
	x.must(err)
	defer res.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(res.Body)
	x.must(err)
	return res, b.Bytes()
}

// isProblem reports whether an answer is an error in the contract's shape.
func isProblem(b []byte) bool {
	var p struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
		Code        string `json:"error_code"`
		RequestID   string `json:"request_id"`
	}
	return json.Unmarshal(b, &p) == nil && p.Error != "" && p.Description != "" && p.Code != "" && p.RequestID != ""
}
