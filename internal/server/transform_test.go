package server_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/internal/identity"
)

// rule is one rule in the contract's shape.
func rule(operation string, spec m) m { return m{"operation": operation, "spec": spec} }

// dataset makes a source that reads bookings, and gives the dataset it yields.
func (w *world) bookings() (source, dataset m) {
	w.Helper()
	source = w.call(200, "POST", "/data_sources", m{"name": "Bookings", "source_type": "rest", "data_credentials_id": w.credential()["id"], "endpoint": "bookings"})
	return source, source["data_sets"].([]any)[0].(m)
}

func TestADatasetIsMadeWithRulesOfItsOwn(t *testing.T) {
	w := newWorld(t, 120)
	src, root := w.bookings()
	code := []any{rule("filter", m{"expression": `row.status == "accepted"`}), rule("rename", m{"field": "title", "to": "subject"})}
	// As the SDK sends it: an object, and the switch.
	made := w.call(200, "POST", "/data_sets", m{"name": "Accepted", "parent_data_set_id": root["id"], "has_custom_transform": true, "transform": m{"code_type": "rules", "code": code}})
	if made["has_custom_transform"] != true || made["transform_id"] != nil || len(made["transform"].(m)["code"].([]any)) != 2 || made["parent_data_sets"].([]any)[0].(m)["id"] != root["id"] {
		t.Errorf("made: %v", made)
	}
	w.call(200, "POST", "/data_sources/"+id(src["id"])+"/run_now", m{})
	w.finished(src["id"])
	path := "/data_sets/" + id(made["id"])
	samples := w.list(path + "/samples?count=20")
	for _, s := range samples {
		if s["status"] != "accepted" || s["subject"] == nil || s["title"] != nil {
			t.Errorf("a sample: %v", s)
		}
	}
	properties := w.call(200, "GET", path, nil)["output_schema"].(m)["properties"].(m)
	if len(samples) == 0 || properties["subject"] == nil || properties["title"] != nil {
		t.Errorf("%d samples of the shape %v", len(samples), properties)
	}
	changed := w.call(200, "PUT", path, m{"transform": []any{rule("upper", m{"field": "title"})}})
	if got := w.list(path + "/samples?count=100"); len(changed["transform"].(m)["code"].([]any)) != 1 || len(got) != 100 {
		t.Errorf("with other rules: %d samples, %v", len(got), changed["transform"])
	}
	if plain := w.call(200, "PUT", path, m{"transform": []any{}}); plain["has_custom_transform"] != false || plain["transform"] != nil {
		t.Errorf("without rules: %v", plain)
	}
}

func TestTransformsAreKeptAndUsedById(t *testing.T) {
	w := newWorld(t, 50)
	_, root := w.bookings()
	code := []any{rule("mask", m{"field": "attendees.email", "method": "sha256"})}
	made := w.call(200, "POST", "/transforms", m{"name": "Hide people", "output_type": "record", "reusable": true, "code_type": "rules", "code_encoding": "none", "code": code, "tags": []any{"privacy"}})
	if made["code_type"] != "rules" || made["output_type"] != "record" || made["access_roles"].(m)["owner"] != true || len(made["code"].([]any)) != 1 {
		t.Errorf("made: %v", made)
	}
	path := "/transforms/" + id(made["id"])
	user := w.call(200, "POST", "/data_sets", m{"name": "Hidden", "parent_data_set_id": root["id"], "has_custom_transform": false, "transform_id": made["id"]})
	if user["transform_id"] != made["id"] || w.call(200, "GET", path, nil)["data_sets"].([]any)[0] != user["id"] {
		t.Errorf("used: %v", user)
	}
	w.call(409, "DELETE", path, nil)
	if refused := w.call(400, "PUT", path, m{"code": []any{rule("drop", m{"field": "uid"})}}); !strings.Contains(id(refused), "uid") {
		t.Errorf("rules that break a dataset: %v", refused)
	}
	w.call(200, "PUT", path, m{"name": "Hide addresses", "code": []any{rule("drop", m{"field": "attendees.email"})}})
	copied := w.call(200, "POST", path+"/copy", m{})
	if copied["copied_from_id"] != made["id"] || copied["name"] != "Hide addresses (copy)" {
		t.Errorf("copied: %v", copied)
	}
	w.call(200, "PUT", "/data_sets/"+id(user["id"]), m{"transform_id": 0})
	w.call(200, "DELETE", path, nil)
	w.call(404, "GET", path, nil)
	w.call(200, "POST", path+"/restore", nil)
	if n := len(w.list("/transforms")); n != 2 {
		t.Errorf("%d transforms are listed", n)
	}
	if n := len(w.list("/transforms/public")); n != 0 {
		t.Errorf("%d are everybody's", n)
	}
}

func TestAPreviewShowsBeforeAndAfterAndStoresNothing(t *testing.T) {
	w := newWorld(t, 60)
	src, root := w.bookings()
	w.call(200, "POST", "/data_sources/"+id(src["id"])+"/run_now", m{})
	w.finished(src["id"])
	ask := m{"data_set_id": root["id"], "count": 60, "code": []any{rule("filter", m{"expression": `row.status == "accepted"`}), rule("compute", m{"field": "odd", "expression": "row.location.nothing + 1"})}}
	got := w.call(200, "POST", "/transforms/preview", ask)
	records := got["records"].([]any)
	if len(records) != 60 || got["filtered"] == 0.0 || got["failed"] == 0.0 || got["changed"] != 0.0 {
		t.Errorf("of %d: %v filtered, %v failed, %v changed", len(records), got["filtered"], got["failed"], got["changed"])
	}
	for _, r := range records {
		one := r.(m)
		if one["before"].(m)["uid"] == nil || one["after"] != nil || (one["outcome"] == "failed") != (one["reason"] != "") {
			t.Errorf("a record: %v", one)
		}
	}
	w.call(400, "POST", "/transforms/preview", m{"data_set_id": 4711, "code": []any{}})
	if n := len(w.list("/transforms")) + len(w.list("/data_sets")); n != 1 {
		t.Errorf("%d things are there", n)
	}
}

func TestCodeThatIsNotRulesIsRefusedByItsField(t *testing.T) {
	w := newWorld(t, 1)
	_, root := w.bookings()
	for name, test := range map[string]struct {
		path  string
		in    m
		field string
	}{
		"python":            {"/transforms", m{"name": "x", "code_type": "python", "code": []any{}}, "code_type"},
		"jolt":              {"/transforms", m{"name": "x", "code_type": "jolt_standard", "code": []any{rule("shift", m{})}}, "code_type"},
		"an attribute":      {"/transforms", m{"name": "x", "output_type": "attribute", "code": []any{rule("trim", m{"field": "a"})}}, "output_type"},
		"encoded":           {"/transforms", m{"name": "x", "code_encoding": "base64", "code": []any{rule("trim", m{"field": "a"})}}, "code_encoding"},
		"no rule":           {"/transforms", m{"name": "x"}, "code"},
		"an odd operation":  {"/transforms", m{"name": "x", "code": []any{rule("shift", m{})}}, "transform: rule 1 shift"},
		"an odd field":      {"/transforms", m{"name": "x", "code": []any{rule("trim", m{"field": "a", "left": true})}}, "transform: rule 1 trim.left"},
		"a key":             {"/data_sets", m{"name": "x", "parent_data_set_id": root["id"], "transform": []any{rule("drop", m{"field": "uid"})}}, "transform: rule 1 drop"},
		"both":              {"/data_sets", m{"name": "x", "parent_data_set_id": root["id"], "transform_id": 1, "transform": []any{rule("trim", m{"field": "a"})}}, "transform_id"},
		"nothing":           {"/data_sets", m{"name": "x", "parent_data_set_id": root["id"], "has_custom_transform": true}, "transform"},
		"one that is not":   {"/data_sets", m{"name": "x", "parent_data_set_id": root["id"], "transform_id": 4711}, "transform_id"},
		"code in a dataset": {"/data_sets", m{"name": "x", "parent_data_set_id": root["id"], "transform": m{"code_type": "python", "code": []any{}}}, "transform.code_type"},
	} {
		got := w.call(400, "POST", test.path, test.in)
		details, _ := got["details"].([]any)
		if len(details) != 1 || details[0].(m)["field"] != test.field || details[0].(m)["remedy"] == "" {
			t.Errorf("%s: %v, want one about %s", name, got, test.field)
		}
	}
}

func TestACheckOfRulesStoresNothingAndTellsAllThatIsWrong(t *testing.T) {
	w := newWorld(t, 20)
	src, root := w.bookings()
	w.call(200, "POST", "/data_sources/"+id(src["id"])+"/run_now", m{})
	w.finished(src["id"])
	before := len(w.list("/data_sets"))
	wrong := []any{rule("cast", m{"field": "title", "to": "money"}), rule("drop", m{"field": "uid"})}
	body := func(code []any) m { return m{"name": "Mine", "parent_data_set_id": root["id"], "transform": code} }
	details := w.call(400, "POST", "/data_sets?dry_run=1", body(wrong))["details"].([]any)
	if len(details) != 2 || details[0].(m)["field"] != "transform: rule 1 cast.to" || details[1].(m)["field"] != "transform: rule 2 drop" || details[1].(m)["remedy"] == "" {
		t.Errorf("wrong rules: %v", details)
	}
	tried := w.call(200, "POST", "/data_sets?dry_run=1", body([]any{rule("mask", m{"field": "phone", "method": "sha256"})}))
	if said, _ := tried["warnings"].([]any); len(said) != 1 || !strings.Contains(said[0].(string), "has the field phone") {
		t.Errorf("a check says %v", tried["warnings"])
	}
	if after := len(w.list("/data_sets")); after != before {
		t.Errorf("checks have made %d datasets", after-before)
	}
	made := w.call(200, "POST", "/data_sets", body([]any{rule("drop", m{"field": "metadata"})}))
	path := "/data_sets/" + id(made["id"])
	w.call(400, "PUT", path+"?dry_run=1", m{"transform": wrong})
	if checked := w.call(200, "PUT", path+"?dry_run=1", m{"transform": []any{rule("upper", m{"field": "title"})}}); checked["transform"].(m)["code"].([]any)[0].(m)["operation"] != "upper" {
		t.Errorf("a check shows %v", checked["transform"])
	}
	if now := w.call(200, "GET", path, nil); now["transform"].(m)["code"].([]any)[0].(m)["operation"] != "drop" {
		t.Errorf("a check has changed the rules to %v", now["transform"])
	}
}

func TestASecondDestinationOfATableIsRefusedByName(t *testing.T) {
	w := newWorld(t, 5)
	_, root := w.bookings()
	lake := w.call(200, "POST", "/data_credentials", m{"name": "Lake", "credentials_type": "sqlite", "credentials": m{"path": "cal.db"}})["id"]
	body := m{"name": "Tables", "sink_type": "rest", "data_credentials_id": lake, "data_set_id": root["id"]}
	first := w.call(200, "POST", "/data_sinks", body)
	if got := w.call(409, "POST", "/data_sinks", body); !strings.Contains(got["error_description"].(string), "destination "+id(first["id"])+" (Tables) fills the table bookings") {
		t.Errorf("a second one: %v", got)
	}
	copied := w.call(200, "POST", "/data_sinks/"+id(first["id"])+"/copy", m{})
	w.call(200, "PUT", "/data_sinks/"+id(first["id"])+"/activate", nil)
	w.call(409, "PUT", "/data_sinks/"+id(copied["id"])+"/activate", nil)
}

// Whoever activates a flow hears of all its destinations that are refused, and of
// those that stand against them as much as they may see.
func TestAllDestinationsThatAreRefusedForTheirTablesAreTold(t *testing.T) {
	w := newWorld(t, 5)
	src, root := w.bookings()
	var lakes [2]any
	for i := range lakes {
		lakes[i] = w.call(200, "POST", "/data_credentials", m{"name": "Lake", "credentials_type": "sqlite", "credentials": m{"path": fmt.Sprintf("cal%d.db", i)}})["id"]
		w.call(200, "POST", "/data_sinks", m{"name": fmt.Sprintf("First %d", i), "sink_type": "rest", "data_credentials_id": lakes[i], "data_set_id": root["id"]})
	}
	flowOf := func(source any) string { return "/data_sources/" + id(source) }
	w.call(200, "PUT", flowOf(src["id"])+"/activate?all=1", nil)
	node := w.call(200, "GET", flowOf(src["id"])+"/flow?flows_only=1", nil)["flows"].([]any)[0].(m)["id"]
	copied := w.call(200, "POST", "/flows/"+id(node)+"/copy", m{})
	made := copied["data_sources"].([]any)[0].(m)["id"]
	got := w.call(409, "PUT", flowOf(made)+"/activate?all=1", nil)
	details := got["details"].([]any)
	if len(details) != 2 || !strings.Contains(got["error"].(string), "2 ") {
		t.Fatalf("the owner hears %v", got)
	}
	for i, one := range details {
		text := one.(m)["message"].(string)
		if one.(m)["field"] != "data_credentials_id" || one.(m)["reason"] != "taken" || one.(m)["remedy"] == "" ||
			!strings.Contains(text, fmt.Sprintf("(First %d) fills the table bookings", i)) || !strings.Contains(text, fmt.Sprintf("(First %d (copy)) cannot go there", i)) {
			t.Errorf("of destination %d the owner hears %v", i, one)
		}
	}
	bob := w.user(w.principal(), "bob", identity.RoleOperator)
	w.raw(200, "PUT", "/flows/"+id(copied["flows"].([]any)[0].(m)["id"])+"/accessors", m{"accessors": []any{m{"type": "USER", "id": bob.Principal.User, "access_roles": []any{"operator"}}}})
	status, b := w.ask(bob.Token.Expose(), "PUT", flowOf(made)+"/activate?all=1", nil)
	if text := string(b); status != 409 || strings.Count(text, "another destination fills the table bookings") != 2 || !strings.Contains(text, "(First 1 (copy)) cannot go there") || strings.Contains(text, "(First 1)") {
		t.Errorf("who may not see the others hears %d %s", status, text)
	}
}

func TestACopyOfADerivedDatasetStandsBesideItWithItsRulesAndItsSchema(t *testing.T) {
	w := newWorld(t, 20)
	src, root := w.bookings()
	w.call(200, "POST", "/data_sources/"+id(src["id"])+"/run_now", m{})
	w.finished(src["id"])
	shared := w.call(200, "POST", "/transforms", m{"name": "Hide", "output_type": "record", "reusable": true, "code_type": "rules", "code_encoding": "none", "code": []any{rule("drop", m{"field": "attendees"})}})["id"]
	for name, with := range map[string]m{"its own": {"transform": []any{rule("drop", m{"field": "attendees"})}}, "shared": {"transform_id": shared}} {
		body := m{"name": "Quiet " + name, "description": "d", "parent_data_set_id": root["id"]}
		for k, v := range with {
			body[k] = v
		}
		of := w.call(200, "POST", "/data_sets", body)
		w.raw(200, "POST", "/data_sets/"+id(of["id"])+"/docs", m{"docs": []any{m{"name": "Read me", "text": "quiet"}}})
		copied := w.call(200, "POST", "/data_sets/"+id(of["id"])+"/copy", m{})
		of = w.call(200, "GET", "/data_sets/"+id(of["id"])+"?expand=1", nil)
		made := w.call(200, "GET", "/data_sets/"+id(copied["id"])+"?expand=1", nil)
		if made["name"] != "Quiet "+name+" (copy)" || made["description"] != "d" || made["copied_from_id"] != of["id"] || len(made["data_sinks"].([]any)) != 0 {
			t.Errorf("%s: the copy is %v", name, made)
		}
		for _, field := range []string{"parent_data_sets", "transform", "transform_id", "has_custom_transform", "output_schema", "data_source_id"} {
			if diff := cmp.Diff(of[field], made[field]); diff != "" {
				t.Errorf("%s: %s: %s", name, field, diff)
			}
		}
		if docs := id(w.list("/data_sets/" + id(copied["id"]) + "/docs")); !strings.Contains(docs, "quiet") {
			t.Errorf("%s: its documentation is %s", name, docs)
		}
	}
	below := w.call(200, "POST", "/data_sets/"+id(root["id"])+"/copy", m{})
	if got := w.call(200, "GET", "/data_sets/"+id(below["id"])+"?expand=1", nil); !strings.Contains(id(got["parent_data_sets"]), id(root["id"])) {
		t.Errorf("what its source yields is there once, and its copy shows it: %v", got["parent_data_sets"])
	}
}

func TestWhatIsNotDeletedIsNotRestoredAndSaysSo(t *testing.T) {
	w := newWorld(t, 5)
	for noun, of := range w.objects() {
		if noun == "flows" || noun == "teams" || noun == "orgs" || noun == "users" {
			continue
		}
		status, b := w.ask(w.token, "POST", "/"+noun+"/"+id(of)+"/restore", nil)
		if status == 404 && strings.Contains(string(b), "at this path") {
			continue // it is deleted for good
		}
		if status != 409 || !strings.Contains(string(b), "it is not deleted") {
			t.Errorf("%s: %d %s", noun, status, b)
		}
	}
}

func TestAWrongScheduleIsToldByTheFieldThatWasSent(t *testing.T) {
	w := newWorld(t, 5)
	src, _ := w.bookings()
	field := func(got m) any { return got["details"].([]any)[0].(m)["field"] }
	for want, schedule := range map[string]m{"cron": {"cron": "every day"}, "time_zone": {"cron": "0 0 2 * * ? *", "time_zone": "Nowhere"}, "at": {"every": 1, "unit": "day", "at": "noon"}, "unit": {"every": 2}} {
		if got := w.call(400, "PUT", "/data_sources/"+id(src["id"])+"/schedule", schedule); field(got) != want {
			t.Errorf("%v: %v", schedule, got)
		}
		if got := w.call(400, "PUT", "/data_sources/"+id(src["id"]), m{"schedule": schedule}); field(got) != "schedule."+want {
			t.Errorf("%v with the source: %v", schedule, got)
		}
	}
	if got := w.call(400, "PUT", "/data_sources/"+id(src["id"])+"/schedule", m{"cron": "0 0 0 1 1 ? 2020"}); field(got) != "cron" || !strings.Contains(got["error"].(string), "never due again") {
		t.Errorf("a year that is over: %v", got)
	}
}

func TestACredentialThatCannotLeadElsewhereSaysForWhom(t *testing.T) {
	w := newWorld(t, 5)
	_, root := w.bookings()
	lake := func(path string) any {
		at := w.call(200, "POST", "/data_credentials", m{"name": "Lake", "credentials_type": "sqlite", "credentials": m{"path": path}})["id"]
		w.call(200, "POST", "/data_sinks", m{"name": "In " + path, "sink_type": "rest", "data_credentials_id": at, "data_set_id": root["id"]})
		return at
	}
	at := lake("a.db")
	lake("b.db")
	got := w.call(409, "PUT", "/data_credentials/"+id(at), m{"credentials": m{"path": "b.db"}})
	one := got["details"].([]any)[0].(m)
	if text := one["message"].(string); one["field"] != "credentials" || one["reason"] != "taken" || one["remedy"] == "" || !strings.Contains(text, "(In b.db) fills the table bookings") || !strings.Contains(text, "(In a.db) would fill") {
		t.Errorf("it says %v", one)
	}
	w.call(200, "PUT", "/data_credentials/"+id(at), m{"credentials": m{"path": "c.db"}})
}
