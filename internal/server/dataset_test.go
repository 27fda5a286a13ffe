package server_test

import (
	"fmt"
	"testing"

	"github.com/weirhq/weir/internal/simulator"
)

func TestHowADatasetsRecordsHaveChangedIsListed(t *testing.T) {
	w := newWorld(t, 5)
	src := w.call(200, "POST", "/data_sources", m{"name": "Types", "source_type": "rest", "data_credentials_id": w.credential()["id"], "endpoint": "event-types"})
	root := src["data_sets"].([]any)[0].(m)["id"]
	path := "/data_sets/" + id(root) + "/schema_changes"
	read := func(more string) {
		t.Helper()
		answer := fmt.Sprintf(`{"status":"success","data":[{"id":1,"title":"a","slug":"a"%s}]}`, more)
		w.must(w.sim.SetFaults([]simulator.Fault{{Match: simulator.FaultMatch{Path: "/v2/event-types"}, Do: simulator.FaultAction{WrongJSON: answer}}}))
		w.call(200, "POST", "/data_sources/"+id(src["id"])+"/run_now", m{})
		w.finished(src["id"])
	}
	if all := w.list(path); len(all) != 0 {
		t.Errorf("before the first run: %v", all)
	}
	read("")
	read(`,"ourColour":1`)
	read(`,"ourColour":"red","zone":true`)
	all := w.list(path)
	if len(all) != 3 || len(w.list(path+"?per_page=2&page=2")) != 1 {
		t.Fatalf("the changes are %v", all)
	}
	wider := all[1]
	for name, want := range map[string]string{"kind": "wider_type", "path": "ourColour", "table": "event_types", "column": "our_colour", "before": "integer", "after": "text",
		"message": "table event_types: the column our_colour was int and is now text"} {
		if wider[name] != want {
			t.Errorf("%s is %v, want %s", name, wider[name], want)
		}
	}
	if all[0]["kind"] != "new_column" || all[0]["after"] != "boolean" || all[0]["run_id"] != wider["run_id"] || all[2]["run_id"] == wider["run_id"] {
		t.Errorf("the newest is %v", all[0])
	}
	w.call(200, "GET", "/runs/"+wider["run_id"].(string), nil)
	ruled := w.call(200, "POST", "/data_sets", m{"name": "Hidden", "parent_data_set_id": root, "transform": []any{rule("drop", m{"field": "ourColour"})}})
	if all := w.list("/data_sets/" + id(ruled["id"]) + "/schema_changes"); len(all) != 0 {
		t.Errorf("what rules make tells %v", all)
	}
}
