package server_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// sdk makes requests exactly as nexla-sdk 1.0.8 does, and reads the answers
// with its eyes: testdata/sdk.json is what its models need, written by
// compat/shapes.py.
type sdk struct {
	*world
	key      string // the service key
	session  string
	compiler *jsonschema.Compiler
	refs     map[string]string // of models
	schemas  map[string]*jsonschema.Schema
}

const sdkURL = "weir:///sdk.json"

func newSDK(w *world) *sdk {
	w.Helper()
	made := w.call(200, "POST", "/service_keys", m{"name": "sdk", "scope": "owner"})
	s := &sdk{world: w, key: made["key"].(string), refs: map[string]string{}, schemas: map[string]*jsonschema.Schema{}, compiler: jsonschema.NewCompiler()}
	b, err := os.ReadFile("testdata/sdk.json")
	w.must(err)
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	w.must(err)
	w.must(s.compiler.AddResource(sdkURL, parsed))
	for model, ref := range parsed.(m)["models"].(m) {
		s.refs[model] = ref.(string)
	}
	token := s.token(200)
	s.session = token["access_token"].(string)
	return s
}

// token is how the SDK gets a session: the key as it is, and no body.
func (s *sdk) token(status int) (out m) {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), "POST", s.url+"/api/token", nil)
	s.must(err)
	req.Header.Set("Authorization", "Basic "+s.key)
	s.decode(s.send(status, req), &out)
	return out
}

// send adds what the SDK says with every request.
func (s *sdk) send(status int, req *http.Request) []byte {
	s.Helper()
	req.Header.Set("User-Agent", "nexla-sdk/1.0.8")
	req.Header.Set("Accept", "application/vnd.nexla.api.v1+json")
	res, err := http.DefaultClient.Do(req)
	s.must(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	s.must(err)
	path := strings.TrimPrefix(req.URL.Path, "/api")
	if res.StatusCode != status {
		s.Fatalf("%s %s answers %d, want %d: %s", req.Method, path, res.StatusCode, status, b)
	}
	if res.Header.Get("Content-Type") != "application/json" {
		s.Errorf("%s %s answers %q", req.Method, path, res.Header.Get("Content-Type"))
	}
	s.meets(req.Method, path, status, b)
	return b
}

// asks makes a request: with a content type even where there is no body, and
// with Content-Length 0 on a PUT or POST without one.
func (s *sdk) asks(status int, method, path string, body any) []byte {
	s.Helper()
	var r io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		s.must(err)
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(s.Context(), method, s.url+"/api"+path, r)
	s.must(err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+s.session)
	return s.send(status, req)
}

// one asks for one object, and checks it as a model.
func (s *sdk) one(model, method, path string, body any) (out m) {
	s.Helper()
	b := s.asks(200, method, path, body)
	s.is(model, b)
	s.decode(b, &out)
	return out
}

// many asks for a bare list, and checks each item as a model.
func (s *sdk) many(model, method, path string, body any) (out []m) {
	s.Helper()
	s.decode(s.asks(200, method, path, body), &out)
	if out == nil {
		s.Errorf("%s %s is null, and no list", method, path)
	}
	for _, item := range out {
		b, err := json.Marshal(item)
		s.must(err)
		s.is(model, b)
	}
	return out
}

// is checks an answer against what the SDK needs of a model: fields that are
// required, and not null, and one of a closed list.
func (s *sdk) is(model string, answer []byte) {
	s.Helper()
	schema := s.schemas[model]
	if schema == nil {
		ref := s.refs[model]
		if ref == "" {
			s.Fatalf("testdata/sdk.json has no %s", model)
		}
		var err error
		schema, err = s.compiler.Compile(sdkURL + ref)
		s.must(err)
		s.schemas[model] = schema
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(answer))
	s.must(err)
	if logs, isLogs := v.(m)["logs"].(m); isLogs {
		v.(m)["logs"], v.(m)["meta"] = logs["data"], logs["meta"] // as the SDK puts it first
	}
	if model == "NexsetSample" && v.(m)["rawMessage"] == nil {
		v = m{"rawMessage": v}
	}
	if err := schema.Validate(v); err != nil {
		s.Errorf("the SDK cannot read this %s: %v\n%.1500s", model, err, answer)
	}
}

// flowOf makes a whole flow as the SDK's users do.
func (s *sdk) flowOf() (cred, source, sink, dataset any) {
	s.Helper()
	cred = s.one("Credential", "POST", "/data_credentials", m{"name": "Ours", "credentials_type": "cal_com_api", "credentials": m{"api_key": s.sim.Keys()[0].Key}})["id"]
	lake := s.one("Credential", "POST", "/data_credentials", m{"name": "Lake", "credentials_type": "sqlite", "credentials": m{"path": "cal.db"}})["id"]
	src := s.one("Source", "POST", "/data_sources", m{"name": "Bookings", "source_type": "rest", "data_credentials_id": cred, "vendor_endpoint_id": s.bookings(), "ingest_method": "POLL", "template_config": m{}})
	source, dataset = src["id"], src["data_sets"].([]any)[0].(m)["id"]
	sink = s.one("Destination", "POST", "/data_sinks", m{"name": "Tables", "sink_type": "rest", "data_credentials_id": lake, "data_set_id": dataset, "sink_config": m{}})["id"]
	return cred, source, sink, dataset
}

// bookings is the number of the endpoint that reads bookings.
func (s *sdk) bookings() any {
	s.Helper()
	for _, e := range s.list("/vendor_endpoints?vendor=cal_com_api&direction=source&per_page=1000") {
		if e["name"] == "cal_com_api.bookings" {
			return e["id"]
		}
	}
	s.Fatal("there is no endpoint of bookings")
	return nil
}

// The story that compat/story.py plays with the SDK itself, as requests: every
// answer is checked against the SDK's models and against the document.
func TestTheSDKsOwnRequestsAreAnsweredAsItNeedsThem(t *testing.T) {
	s := newSDK(newWorld(t, 30))
	cred, source, sink, dataset := s.flowOf()
	c, src, to, set := "/data_credentials/"+id(cred), "/data_sources/"+id(source), "/data_sinks/"+id(sink), "/data_sets/"+id(dataset)
	s.asks(200, "GET", "/users/current", nil)
	s.many("Credential", "GET", "/data_credentials?credentials_type=cal_com_api&access_role=owner&page=1&per_page=20", nil)
	s.one("Credential", "GET", c+"?expand=1", nil)
	s.one("Credential", "PUT", c, m{"name": "Renamed"})
	s.one("Credential", "POST", c+"/copy", m{})
	s.asks(200, "GET", c+"/probe?async=True", nil)
	s.one("ProbeTreeResponse", "POST", c+"/probe/tree", m{"depth": 2})
	s.one("ProbeSampleResponse", "POST", c+"/probe/sample?async=True", m{"path": "/v2/me"})
	s.one("ProbeSampleResponse", "POST", c+"/probe/sample", m{"endpoint": "event-types"})
	s.one("Destination", "PUT", to+"/activate", nil)
	s.one("Source", "PUT", src+"/activate", nil)
	if run := s.finished(source); run["status"] != "succeeded" {
		t.Fatalf("run %v", run)
	}
	for _, noun := range []struct{ model, path string }{{"Source", src}, {"Nexset", set}, {"Destination", to}} {
		kind := noun.path[:strings.LastIndex(noun.path, "/")]
		s.many(noun.model, "GET", kind, nil)
		s.many(noun.model, "GET", kind+"?page=1&per_page=2&access_role=all", nil)
		s.one(noun.model, "GET", noun.path+"?expand=1", nil)
		s.one(noun.model, "PUT", noun.path, m{"description": "of the team"})
		s.one(noun.model, "POST", noun.path+"/copy", m{"reuse_data_credentials": true, "copy_access_controls": false})
		s.one("FlowResponse", "GET", noun.path+"/flow?flows_only=1", nil)
		s.one("MetricsResponse", "GET", noun.path+"/metrics?from=2026-01-01&aggregate=1", nil)
		s.one("MetricsByRunResponse", "GET", noun.path+"/metrics/run_summary?groupby=runId&orderby=lastWritten&page=1&size=10", nil)
		s.one("FlowMetricsApiResponse", "GET", noun.path+"/flow/metrics?from=2026-01-01&groupby=runId&page=1&per_page=10", nil)
		s.one("FlowLogsResponse", "GET", noun.path+"/flow/logs?run_id=1&from=1767225600000&page=1&per_page=10", nil)
		s.many("LogEntry", "GET", noun.path+"/audit_log?from=2026-01-01&page=1&per_page=10", nil)
		s.one(noun.model, "PUT", noun.path+"/pause", nil)
		s.one("FlowResponse", "PUT", noun.path+"/pause?full_tree=1", nil)
		s.one("FlowResponse", "PUT", noun.path+"/activate?all=1", nil)
	}
	s.many("NexsetSample", "GET", set+"/samples?count=3&include_metadata=True&live=False", nil)
	s.many("NexsetSample", "GET", set+"/samples?count=3&include_metadata=True&live=True", nil)
	s.many("DocContainer", "POST", set+"/docs", m{"docs": []any{m{"name": "About", "doc_type": "md", "text": "# Bookings"}}})
	s.many("DocContainer", "GET", set+"/docs?expand=1", nil)
	flows := s.one("FlowResponse", "GET", "/flows?include_run_metrics=1", nil)
	flow := "/flows/" + id(flows["flows"].([]any)[0].(m)["id"])
	for _, call := range []struct{ method, path string }{{"GET", flow}, {"GET", flow + "?flows_only=1"}, {"PUT", flow + "/pause?all=1"}, {"PUT", flow + "/activate?full_tree=1"}, {"PUT", flow + "/pause?all=1&async=1"}} {
		s.one("FlowResponse", call.method, call.path, nil)
	}
	s.one("FlowResponse", "POST", flow+"/copy", m{"reuse_data_credentials": true, "copy_access_controls": false, "copy_dependent_data_flows": false})
	s.people()
	s.asks(200, "DELETE", flow, nil)
}

func (s *sdk) people() {
	s.Helper()
	s.many("User", "GET", "/users?expand=1", nil)
	s.one("User", "GET", "/users/1?expand=1", nil)
	s.many("Organization", "GET", "/orgs", nil)
	s.one("Organization", "GET", "/orgs/1", nil)
	s.many("OrgMember", "GET", "/orgs/1/members", nil)
	s.many("LogEntry", "GET", "/orgs/1/audit_log?per_page=1000", nil)
	team := "/teams/" + id(s.one("Team", "POST", "/teams", m{"name": "Readers", "members": []any{m{"email": "ada@example.com", "admin": false}}})["id"])
	s.many("Team", "GET", "/teams", nil)
	s.one("Team", "PUT", team, m{"description": "They read", "members": []any{m{"id": 1, "admin": true}}})
	members := m{"members": []any{m{"id": 1, "admin": false}}}
	s.many("TeamMember", "GET", team+"/members", nil)
	s.many("TeamMember", "POST", team+"/members", members)
	s.many("TeamMember", "PUT", team+"/members", members)
	if left := s.many("TeamMember", "DELETE", team+"/members", nil); len(left) != 0 {
		s.Errorf("without a body, %v are left", left)
	}
	s.asks(200, "DELETE", team, nil)
}
