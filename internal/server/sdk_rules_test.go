package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// The rules that the SDK lives by, one test for each; in the order of the
// contract's list.

func TestSDKRule1ASessionLivesLongEnoughToBeUsedTwice(t *testing.T) {
	s := newSDK(newWorld(t, 1))
	if got := s.token(200); got["expires_in"] != 86400.0 || got["token_type"] != "Bearer" {
		t.Errorf("token %v", got) // with an hour or less, the SDK asks for one before every request
	}
	s.key = "wsk_nobody"
	s.token(401)
}

func TestSDKRule2ListsAreBareAndEndWithAShortPage(t *testing.T) {
	s := newSDK(newWorld(t, 1))
	for range 3 {
		s.asks(200, "POST", "/data_credentials", m{"name": "c", "credentials_type": "rest", "credentials": m{"auth.type": "NONE"}})
	}
	for page, want := range map[string]int{"page=1&per_page=2": 2, "page=2&per_page=2": 1, "page=3&per_page=2": 0, "page=1&per_page=1": 1, "": 3} {
		if got := s.many("Credential", "GET", "/data_credentials?"+page, nil); len(got) != want {
			t.Errorf("%s has %d, want %d", page, len(got), want)
		}
	}
}

func TestSDKRule3WhatIsDeletedAnswersWithAnObject(t *testing.T) {
	s := newSDK(newWorld(t, 1))
	cred := s.one("Credential", "POST", "/data_credentials", m{"name": "c", "credentials_type": "rest", "credentials": m{"auth.type": "NONE"}})
	var got m
	s.decode(s.asks(200, "DELETE", "/data_credentials/"+id(cred["id"]), nil), &got)
	if got["code"] != "200" || got["message"] == nil {
		t.Errorf("deleted %v", got)
	}
}

// Rule 4, that nothing is null which the SDK needs, is what every answer in
// TestTheSDKsOwnRequestsAreAnsweredAsItNeedsThem is checked for. These are the
// lists that it iterates without looking.
func TestSDKRule4ListsInsideOfThingsAreNeverNull(t *testing.T) {
	s := newSDK(newWorld(t, 1))
	cred, source, sink, dataset := s.flowOf()
	for path, fields := range map[string][]string{
		"/data_credentials/" + id(cred): {"api_keys", "tags", "access_roles"},
		"/data_sources/" + id(source):   {"api_keys", "run_ids", "data_sets", "tags", "access_roles"},
		"/data_sets/" + id(dataset):     {"parent_data_sets", "data_sinks", "tags", "access_roles"},
		"/data_sinks/" + id(sink):       {"tags", "access_roles"},
	} {
		got := s.call(200, "GET", path, nil)
		for _, field := range fields {
			if _, isList := got[field].([]any); !isList {
				t.Errorf("%s: %s is %v", path, field, got[field])
			}
		}
	}
}

func TestSDKRule5TypesAreOfTheClosedListsAndTheVendorIsBeside(t *testing.T) {
	s := newSDK(newWorld(t, 1))
	cred, source, sink, dataset := s.flowOf()
	for path, field := range map[string]string{"/data_credentials/" + id(cred): "credentials_type", "/data_sources/" + id(source): "source_type", "/data_sinks/" + id(sink): "sink_type"} {
		if got := s.call(200, "GET", path, nil); got[field] != "rest" {
			t.Errorf("%s: %s is %v", path, field, got[field])
		}
	}
	if got := s.call(200, "GET", "/data_sources/"+id(source), nil); got["vendor"].(m)["name"] != "cal_com_api" {
		t.Errorf("vendor %v", got["vendor"])
	}
	if got := s.call(200, "GET", "/data_sets/"+id(dataset), nil)["data_sinks"].([]any)[0].(m); got["sink_type"] != "rest" {
		t.Errorf("sink in a dataset %v", got)
	}
}

func TestSDKRule6ASinksFormatIsLowerCaseOrNull(t *testing.T) {
	s := newSDK(newWorld(t, 1))
	_, _, sink, dataset := s.flowOf()
	if got := s.call(200, "GET", "/data_sinks/"+id(sink), nil); got["sink_format"] != nil {
		t.Errorf("of a database it is %v", got["sink_format"])
	}
	for given, want := range map[string]string{"csv": "csv", "jsonl": "json", "parquet": "parquet"} {
		files := s.one("Credential", "POST", "/data_credentials", m{"name": given, "credentials_type": "file", "credentials": m{"path": "out-" + given, "format": given}})
		to := s.one("Destination", "POST", "/data_sinks", m{"name": given, "sink_type": "rest", "data_credentials_id": files["id"], "data_set_id": dataset})
		if to["sink_format"] != want {
			t.Errorf("%s is %v", given, to["sink_format"])
		}
	}
}

// sources.activate and flows.activate_by_resource ask the same address, and
// read the answer as a source and as a flow.
func TestSDKRule7ActivateAndPauseAnswerWithThePartAndItsFlow(t *testing.T) {
	s := newSDK(newWorld(t, 5))
	_, source, sink, dataset := s.flowOf()
	for model, path := range map[string]string{"Source": "/data_sources/" + id(source), "Nexset": "/data_sets/" + id(dataset), "Destination": "/data_sinks/" + id(sink)} {
		for _, verb := range []string{"/activate", "/pause"} {
			b := s.asks(200, "PUT", path+verb, nil)
			s.is(model, b)
			s.is("FlowResponse", b)
			var got m
			s.decode(b, &got)
			if len(got["flows"].([]any)) != 1 || got["data_credentials"] != nil {
				t.Errorf("%s%s: flows %v, data_credentials %v", path, verb, got["flows"], got["data_credentials"])
			}
		}
	}
}

func TestSDKRule8FlowsAreOneObjectWithNodesOfTheirOwn(t *testing.T) {
	s := newSDK(newWorld(t, 5))
	_, source, sink, dataset := s.flowOf()
	got := s.one("FlowResponse", "GET", "/flows?flows_only=1", nil)
	root := got["flows"].([]any)[0].(m)
	middle := root["children"].([]any)[0].(m)
	leaf := middle["children"].([]any)[0].(m)
	nodes := map[any]bool{root["id"]: true, middle["id"]: true, leaf["id"]: true}
	if len(nodes) != 3 || root["data_source_id"] != source || middle["data_set_id"] != dataset || leaf["data_sink_id"] != sink {
		t.Errorf("tree %v", got)
	}
	if root["parent_node_id"] != nil || middle["parent_node_id"] != root["id"] || leaf["origin_node_id"] != root["id"] {
		t.Errorf("links %v", got)
	}
	s.asks(200, "PUT", "/data_sources/"+id(source)+"/activate", nil)
	var refused m
	s.decode(s.asks(405, "DELETE", "/flows/"+id(root["id"]), nil), &refused)
	if ids, _ := refused["data_sources"].([]any); len(ids) != 1 || ids[0] != source || refused["message"] == nil {
		t.Errorf("deleting what is active: %v", refused)
	}
	s.asks(405, "DELETE", "/data_sources/"+id(source), nil)
}

// A client that waits ten seconds sends a POST again that it got no answer to.
func TestSDKRule12TheSameRequestAgainMakesNothingTwice(t *testing.T) {
	s := newSDK(newWorld(t, 1))
	begun := time.Now()
	for range 4 {
		req, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/api/data_credentials", strings.NewReader(`{"name":"once","credentials_type":"rest","credentials":{"auth.type":"NONE"}}`))
		s.must(err)
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+s.session)
		req.Header.Set("Idempotency-Key", "the-fourth-try")
		s.is("Credential", s.send(200, req))
	}
	if all := s.list("/data_credentials"); len(all) != 1 {
		t.Errorf("%d were made", len(all))
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	for range 2 { // what is no creation is the same twice by itself
		s.asks(200, "PUT", "/data_credentials/1", m{"name": "again"})
	}
}

func TestSDKRule13AnIDThatIsNoneIs404(t *testing.T) {
	s := newSDK(newWorld(t, 1))
	for _, noun := range []string{"data_credentials", "data_sources", "data_sets", "data_sinks", "flows", "teams", "users", "orgs"} {
		for _, n := range []string{"-1", "0", "999999", "9223372036854775808"} {
			s.asks(404, "GET", "/"+noun+"/"+n, nil)
		}
	}
}

func TestSDKRule14BooleansArePythons(t *testing.T) {
	s := newSDK(newWorld(t, 1))
	_, _, _, dataset := s.flowOf()
	for _, yes := range []string{"True", "true", "1", "False", "false", "0"} {
		s.asks(200, "GET", "/data_sets/"+id(dataset)+"/samples?count=1&include_metadata="+yes+"&live=False", nil)
		s.asks(200, "GET", "/flows?flows_only="+yes, nil)
	}
	s.asks(400, "GET", "/flows?flows_only=yes", nil)
}

// The SDK cannot read a list of accessors that has any, whatever a server
// says; what it is told is right all the same.
func TestSDKRule15AccessorsAreAsTheContractHasThem(t *testing.T) {
	s := newSDK(newWorld(t, 1))
	cred, _, _, _ := s.flowOf()
	team := s.one("Team", "POST", "/teams", m{"name": "Readers", "members": []any{}})
	path := "/data_credentials/" + id(cred) + "/accessors"
	grant := m{"accessors": []any{m{"type": "TEAM", "id": team["id"], "access_roles": []any{"operator"}}}}
	for _, method := range []string{"PUT", "POST"} {
		if got := s.many("TeamAccessorResponse", method, path, grant); len(got) != 1 || got[0]["id"] != team["id"] || got[0]["access_roles"].([]any)[0] != "operator" {
			t.Errorf("%s: %v", method, got)
		}
	}
	s.many("TeamAccessorResponse", "GET", path, nil)
	if got := s.many("TeamAccessorResponse", "DELETE", path, grant); len(got) != 0 {
		t.Errorf("after they were taken away: %v", got)
	}
	if got := s.many("TeamAccessorResponse", "DELETE", path, nil); len(got) != 0 {
		t.Errorf("without a body: %v", got)
	}
}

// An error is an object with the words that the SDK shows, and with how long
// to wait where there is a time.
func TestErrorsHaveWhatTheSDKShows(t *testing.T) {
	s := newSDK(newWorld(t, 1))
	for status, call := range map[int]struct {
		method, path string
		body         any
	}{400: {"POST", "/data_credentials", m{"name": 1}}, 404: {"GET", "/data_sources/-1", nil}} {
		var got m
		s.decode(s.asks(status, call.method, call.path, call.body), &got)
		if text, _ := got["error"].(string); text == "" || got["error_code"] == nil || got["request_id"] == nil {
			t.Errorf("%d: %v", status, got)
		}
	}
	tight := s.one("Credential", "POST", "/data_credentials", m{"name": "Tight", "credentials_type": "cal_com_api", "credentials": m{"api_key": s.sim.Keys()[0].Key, "rate_limit": 1}})
	var got m
	s.decode(s.asks(429, "GET", "/data_credentials/"+id(tight["id"])+"/probe", nil), &got)
	if wait, _ := got["retry_after"].(float64); wait < 1 || wait > 61 {
		t.Errorf("a budget that is used up: %v", got)
	}
	s.session = "made-up"
	s.asks(401, "GET", "/data_sources", nil)
}
