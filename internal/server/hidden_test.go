package server_test

import (
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// page asks for a page, or sends it a form, with somebody's session.
func (w *world) page(token, path string, form url.Values) (status int, content string) {
	w.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(w.Context(), method, w.url+path, strings.NewReader(form.Encode()))
	w.must(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", w.url)
	req.AddCookie(&http.Cookie{Name: "weir-" + req.URL.Port(), Value: token})
	res, err := http.DefaultTransport.RoundTrip(req)
	w.must(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	w.must(err)
	return res.StatusCode, string(b)
}

// masked is a dataset with rules that hide addresses, with what is set aside of
// it and of the one that it is made from.
type masked struct {
	*world
	root, made any
	rejects    []string // of the root, of load and of transform on the way to made's destination
	bobs       string   // the session of who may operate made, and nothing else
	bob        any
}

// planted is an address that only the root's records have.
const planted = "planted@secret.example"

func newMasked(t *testing.T) *masked {
	t.Helper()
	w := newWorld(t, 20)
	src, root := w.bookings()
	made := w.call(200, "POST", "/data_sets", m{"name": "Masked", "parent_data_set_id": root["id"], "transform": []any{rule("mask", m{"field": "attendees.email", "method": "sha256"})}})
	lake := w.call(200, "POST", "/data_credentials", m{"name": "Lake", "credentials_type": "sqlite", "credentials": m{"path": "cal.db"}})
	sink := w.call(200, "POST", "/data_sinks", m{"name": "Tables", "sink_type": "rest", "data_credentials_id": lake["id"], "data_set_id": made["id"]})
	w.call(200, "POST", "/data_sources/"+id(src["id"])+"/run_now", m{})
	w.finished(src["id"])
	db := w.db()
	logs, err := db.LogsOf(w.Context(), 1, nil, []int64{toInt(src["id"])})
	w.must(err)
	for _, one := range []struct {
		destination   int64
		stage, reason string
	}{{0, "decode", "not mine: " + planted}, {toInt(sink["id"]), "load", "too long: " + planted}, {toInt(sink["id"]), "transform", "cast: it is no number"}} {
		_, err = db.Quarantine(w.Context(), logs[0], one.destination, "run", time.Now().UnixMicro(), []weir.Reject{{Stage: one.stage, Reason: one.reason, Key: planted, Original: []byte(`{"email":"` + planted + `"}`)}})
		w.must(err)
	}
	mk := &masked{world: w, root: root["id"], made: made["id"]}
	all, err := db.Quarantined(w.Context(), store.QuarantineFilter{Org: 1})
	w.must(err)
	for i := range all {
		mk.rejects = append([]string{id(all[i].ID)}, mk.rejects...)
	}
	bob := w.user(w.principal(), "bob", identity.RoleOperator)
	mk.bobs, mk.bob = bob.Token.Expose(), bob.Principal.User
	mk.grant(mk.made)
	return mk
}

func (mk *masked) grant(dataset any) {
	mk.Helper()
	mk.grantAs("operator", dataset)
}

func (mk *masked) grantAs(role string, dataset any) {
	mk.Helper()
	mk.raw(200, "PUT", "/data_sets/"+id(dataset)+"/accessors", m{"accessors": []any{m{"type": "USER", "id": mk.bob, "access_roles": []string{role}}}})
}

// Rules say what is shown of the dataset that a masked one is made from: whoever
// may change only the masked one neither changes them nor tries others.
func TestRulesAreChangedAndTriedByWhoMaySeeWhatTheyHide(t *testing.T) {
	mk := newMasked(t)
	mk.grantAs("admin", mk.made)
	none := mk.call(200, "POST", "/transforms", m{"name": "None", "code": []any{rule("drop", m{"field": "nothing"})}})
	mk.raw(200, "PUT", "/transforms/"+id(none["id"])+"/accessors", m{"accessors": []any{m{"type": "USER", "id": mk.bob, "access_roles": []string{"admin"}}}})
	path, page := "/data_sets/"+id(mk.made), "/datasets/"+id(mk.made)
	before := mk.call(200, "GET", path, nil)
	form := func(do string) url.Values {
		return url.Values{"do": {do}, "rules": {"- drop: nothing"}, "seen": {""}}
	}
	refused := func(try int) {
		t.Helper()
		for _, change := range []m{{"transform": []any{}}, {"transform": []any{rule("drop", m{"field": "nothing"})}}, {"transform_id": none["id"]}, {"transform_id": 0}} {
			for _, query := range []string{"", "?dry_run=1"} {
				if status, b := mk.ask(mk.bobs, "PUT", path+query, change); status != 403 || !strings.Contains(string(b), "operator on dataset "+id(mk.root)) {
					t.Errorf("%v%s answers %d: %s", change, query, status, b)
				}
			}
		}
		if status, got := mk.page(mk.bobs, page+"/rules", form("try")); status != try || try != 200 && strings.Contains(got, "@") && strings.Contains(got, "What they would do") {
			t.Errorf("trying rules on the page answers %d, want %d", status, try)
		}
		if status, _ := mk.page(mk.bobs, page+"/rules", nil); status != try {
			t.Errorf("the page answers %d, want %d", status, try)
		}
		if _, got := mk.page(mk.bobs, page, nil); strings.Contains(got, page+"/rules") != (try == 200) {
			t.Error("the dataset's page offers the rules to who may not try them, or does not to who may")
		}
	}
	refused(403)
	if status, b := mk.ask(mk.bobs, "PUT", path, m{"name": "Hidden"}); status != 200 {
		t.Errorf("another name answers %d: %s", status, b)
	}
	mk.grantAs("collaborator", mk.root)
	refused(200)
	if after := mk.call(200, "GET", path, nil); !reflect.DeepEqual(after["transform"], before["transform"]) {
		t.Errorf("the rules are %v, and were %v", after["transform"], before["transform"])
	}
	mk.grantAs("operator", mk.root)
	if status, b := mk.ask(mk.bobs, "PUT", path, m{"transform": []any{}}); status != 200 {
		t.Errorf("who operates both gets %d: %s", status, b)
	}
}

// What is set aside is as it was before the rules: whoever sees only what they
// make sees that it is there, and no value of it.
func TestQuarantineShowsNothingThatRulesHide(t *testing.T) {
	mk := newMasked(t)
	made := id(mk.made)
	for _, path := range []string{"/data_sets/" + made + "/quarantine", "/quarantine", "/quarantine?data_set_id=" + made, "/quarantine?data_set_id=" + made + "&state=all",
		"/quarantine?data_set_id=" + id(mk.root), "/quarantine?stage=transform", "/quarantine?data_set_id=" + made + "&reason=planted", "/data_sets/" + made} {
		if status, got := mk.as(mk.bobs, "GET", path); status != 200 || strings.Contains(got, "planted") {
			t.Errorf("%s answers %d with %s", path, status, got)
		}
	}
	for path, n := range map[string]int{"/data_sets/" + made + "/quarantine": 2, "/quarantine?data_set_id=" + made: 2, "/quarantine?data_set_id=" + made + "&stage=transform": 1,
		"/quarantine?data_set_id=" + made + "&reason=planted": 0, "/quarantine?data_set_id=" + made + "&reason=number": 1, "/quarantine": 0, "/quarantine?data_set_id=" + id(mk.root): 0} {
		var got []m
		_, b := mk.as(mk.bobs, "GET", path)
		if mk.decode([]byte(b), &got); len(got) != n {
			t.Errorf("%s lists %d records, not %d", path, len(got), n)
		}
	}
	for _, number := range mk.rejects {
		if status, got := mk.as(mk.bobs, "GET", "/quarantine/"+number); status != 404 {
			t.Errorf("record %s answers %d: %s", number, status, got)
		}
		if status, _ := mk.page(mk.bobs, "/datasets/"+made+"/quarantine/"+number, nil); status != 404 {
			t.Errorf("the page of record %s answers %d", number, status)
		}
	}
	for _, path := range []string{"/", "/quarantine", "/datasets/" + made, "/datasets/" + made + "/quarantine", "/datasets/" + made + "/quarantine?format=csv"} {
		if status, got := mk.page(mk.bobs, path, nil); status != 200 || strings.Contains(got, planted) {
			t.Errorf("the page %s answers %d, or shows the address", path, status)
		}
	}
	if _, got := mk.page(mk.bobs, "/datasets/"+made+"/quarantine?stage=transform", nil); !strings.Contains(got, "it is no number") {
		t.Error("the page does not say why a rule failed")
	}
	mk.grant(mk.root)
	for _, path := range []string{"/data_sets/" + made + "/quarantine", "/quarantine?data_set_id=" + made} {
		if _, got := mk.as(mk.bobs, "GET", path); !strings.Contains(got, planted) {
			t.Errorf("who may see the root is shown %s at %s", got, path)
		}
	}
}

func TestWhoOperatesOnlyAMaskedDatasetSettlesNothingOfItsRoot(t *testing.T) {
	mk := newMasked(t)
	made, list := id(mk.made), "/datasets/"+id(mk.made)+"/quarantine"
	open := func() int { return len(mk.list("/quarantine")) }
	for _, body := range []m{{"data_set_id": mk.made}, {"data_set_id": mk.root}, {"all": true}, {"stage": "transform"}, {"ids": []int64{toInt(mk.rejects[0]), toInt(mk.rejects[1])}}} {
		for _, verb := range []string{"drop", "replay"} {
			var done m
			status, b := mk.ask(mk.bobs, "POST", "/quarantine/bulk/"+verb, body)
			if mk.decode(b, &done); status != 200 || done["done"] != 0.0 || done["refused"] != 0.0 {
				t.Errorf("%s of %v answers %d: %s", verb, body, status, b)
			}
		}
	}
	for _, verb := range []string{"/drop", "/replay"} {
		if status, _ := mk.ask(mk.bobs, "POST", "/quarantine/"+mk.rejects[1]+verb, nil); status != 404 {
			t.Errorf("%s of one answers %d", verb, status)
		}
		for _, form := range []url.Values{{"all": {"1"}}, {"reject": mk.rejects}} {
			if status, _ := mk.page(mk.bobs, list+verb, form); status != 404 {
				t.Errorf("%s of %v on the page answers %d", verb, form, status)
			}
		}
	}
	if n := open(); n != 3 {
		t.Fatalf("%d are open", n)
	}
	mk.grant(mk.root)
	if status, b := mk.ask(mk.bobs, "POST", "/quarantine/bulk/drop", m{"data_set_id": mk.made}); status != 200 || open() != 1 {
		t.Errorf("by who operates the root, those of dataset %s: %d %s, and %d are open", made, status, b, open())
	}
}

// The reason for which a rule sets a record aside has words of that rule: whoever
// may not see the rules reads which one it was, and finds no word by searching.
func TestReasonsShowNoWordOfRulesThatOneMayNotSee(t *testing.T) {
	mk := newMasked(t)
	upper := mk.call(200, "POST", "/data_sets", m{"name": "Upper", "parent_data_set_id": mk.made, "transform": []any{rule("drop", m{"field": "metadata"})}})
	lake := mk.call(200, "POST", "/data_credentials", m{"name": "Other lake", "credentials_type": "sqlite", "credentials": m{"path": "other.db"}})
	sink := mk.call(200, "POST", "/data_sinks", m{"name": "Upper tables", "sink_type": "rest", "data_credentials_id": lake["id"], "data_set_id": upper["id"]})
	db := mk.db()
	logs, err := db.LogsOf(mk.Context(), 1, []int64{toInt(mk.root)}, nil)
	mk.must(err)
	_, err = db.Quarantine(mk.Context(), logs[0], toInt(sink["id"]), "run", time.Now().UnixMicro(), []weir.Reject{{Stage: "transform",
		Reason: `rule 2 (require): it is not true that row.status == "layoff-2027"`, Key: "k", Original: []byte(`{}`)}})
	mk.must(err)
	carol := mk.user(mk.principal(), "carol", identity.RoleOperator)
	shared := func(role string, dataset any) {
		mk.raw(200, "PUT", "/data_sets/"+id(dataset)+"/accessors", m{"accessors": []any{m{"type": "USER", "id": carol.Principal.User, "access_roles": []string{role}}}})
	}
	token := carol.Token.Expose()
	number := id(mk.list("/quarantine?reason=layoff")[0]["id"])
	hidden := func(who string, dataset any) {
		t.Helper()
		own := id(dataset)
		for _, path := range []string{"/quarantine", "/quarantine?data_set_id=" + own, "/data_sets/" + own + "/quarantine", "/quarantine/" + number, "/quarantine?reason=layoff", "/quarantine?reason=layoff&data_set_id=" + own} {
			if _, got := mk.as(token, "GET", path); strings.Contains(got, "layoff") || strings.Contains(path, "reason=") && strings.Contains(got, "require") {
				t.Errorf("%s is told %s at %s", who, got, path)
			}
		}
		for _, path := range []string{"/quarantine", "/quarantine?format=csv", "/quarantine?q=layoff&format=csv", "/datasets/" + own + "/quarantine?format=csv", "/datasets/" + own + "/quarantine?q=layoff&format=csv", "/datasets/" + own + "/quarantine/" + number} {
			if _, got := mk.page(token, path, nil); strings.Contains(got, "layoff-2027") || strings.Contains(path, "q=") && strings.Contains(got, "require") {
				t.Errorf("the page %s shows %s a word of the rule", path, who)
			}
		}
	}
	shared("collaborator", upper["id"])
	hidden("who sees only the upper one", upper["id"])
	shared("operator", mk.root)
	hidden("who sees the root and the upper one", upper["id"])
	hidden("who sees the root and the upper one", mk.root)
	var done m
	status, b := mk.ask(token, "POST", "/quarantine/bulk/drop", m{"reason": "layoff"})
	if mk.decode(b, &done); status != 200 || done["done"] != 0.0 {
		t.Errorf("a bulk by a word of the rule answers %d: %s", status, b)
	}
	if _, got := mk.as(token, "GET", "/quarantine/"+number); !strings.Contains(got, "rule 2 (require)") {
		t.Errorf("which rule it was is not told: %s", got)
	}
	shared("collaborator", mk.made)
	if _, got := mk.as(token, "GET", "/quarantine?reason=layoff"); !strings.Contains(got, "layoff-2027") {
		t.Errorf("who sees all the rules is told %s", got)
	}
}
