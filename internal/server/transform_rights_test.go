package server_test

import (
	"net/url"
	"strings"
	"testing"
)

// shared is a masked dataset whose rules are those of a transform that Bob has
// admin on.
type shared struct {
	*masked
	transform, source any
}

func newShared(t *testing.T) *shared {
	t.Helper()
	s := &shared{masked: newMasked(t)}
	s.transform = s.call(200, "POST", "/transforms", m{"name": "Hide people", "code": []any{rule("mask", m{"field": "attendees.email", "method": "sha256"})}})["id"]
	s.call(200, "PUT", "/data_sets/"+id(s.made), m{"transform_id": s.transform})
	s.may("admin", "transforms", s.transform)
	s.source = s.list("/data_sources")[0]["id"]
	return s
}

// may gives Bob a role on something, and no other; "" takes away what he has.
func (s *shared) may(role, noun string, what any) {
	s.Helper()
	path := "/" + noun + "/" + id(what) + "/accessors"
	if role == "" {
		s.raw(200, "DELETE", path, nil)
		return
	}
	s.raw(200, "PUT", path, m{"accessors": []any{m{"type": "USER", "id": s.bob, "access_roles": []string{role}}}})
}

// openly are rules that hide nothing.
func openly() m { return m{"code": []any{rule("drop", m{"field": "nothing"})}} }

// The rules of a transform are the rules of the datasets that use it: it takes as
// much to change them.
func TestRulesOfATransformAreChangedByWhoMayChangeThoseOfItsDatasets(t *testing.T) {
	s := newShared(t)
	path := "/transforms/" + id(s.transform)
	hidden := func() bool { return !strings.Contains(string(s.raw(200, "GET", path, nil)), "nothing") }
	for _, c := range []struct{ transform, made, root string }{{"admin", "", ""}, {"admin", "collaborator", ""}, {"admin", "admin", ""}, {"admin", "admin", "collaborator"},
		{"admin", "operator", "operator"}, {"admin", "", "admin"}, {"operator", "admin", "admin"}, {"collaborator", "admin", "admin"}} {
		s.may(c.transform, "transforms", s.transform)
		s.may(c.made, "data_sets", s.made)
		s.may(c.root, "data_sets", s.root)
		for method, body := range map[string]any{"PUT": openly(), "DELETE": nil} {
			status, b := s.ask(s.bobs, method, path, body)
			if got := string(b); status != 403 || c.transform == "admin" && !strings.Contains(got, "a dataset uses this transform whose rules you may not change") || strings.Contains(got, "Masked") {
				t.Errorf("%+v: %s answers %d: %s", c, method, status, got)
			} else if c.transform == "admin" && !strings.Contains(got, "Copy the transform") {
				t.Errorf("%+v: %s does not say what to do: %s", c, method, got)
			}
		}
		if !hidden() {
			t.Fatalf("%+v: the rules are others", c)
		}
		if c.transform != "admin" {
			continue
		}
		if status, b := s.ask(s.bobs, "PUT", path, m{"name": "Hide people", "description": "of " + c.made}); status != 200 {
			t.Errorf("%+v: a new description answers %d: %s", c, status, b)
		}
	}
	s.may("admin", "transforms", s.transform)
	s.may("admin", "data_sets", s.made)
	s.may("operator", "data_sets", s.root)
	second := s.call(200, "POST", "/data_sets", m{"name": "Unknown", "parent_data_set_id": s.root, "transform_id": s.transform})
	if status, b := s.ask(s.bobs, "PUT", path, openly()); status != 403 || !strings.Contains(string(b), "2 datasets use this transform, and you may not change the rules of 1 of them") || strings.Contains(string(b), "Unknown") {
		t.Errorf("with another dataset it answers %d: %s", status, b)
	}
	s.call(200, "PUT", "/data_sets/"+id(second["id"]), m{"transform_id": 0})
	if status, b := s.ask(s.bobs, "DELETE", path, nil); status != 409 || !strings.Contains(string(b), "Masked") {
		t.Errorf("who may change the dataset's rules deletes a transform in use: %d: %s", status, b)
	}
	if status, b := s.ask(s.bobs, "PUT", path, openly()); status != 200 || hidden() {
		t.Errorf("who may change the dataset's rules gets %d: %s", status, b)
	}
}

// A copy is used by nobody: whoever copies a transform does as they like with it,
// and attaches it where they may change rules.
func TestACopyOfATransformIsOnesOwn(t *testing.T) {
	s := newShared(t)
	_, b := s.ask(s.bobs, "POST", "/transforms/"+id(s.transform)+"/copy", m{})
	var copied m
	s.decode(b, &copied)
	path := "/transforms/" + id(copied["id"])
	if status, b := s.ask(s.bobs, "PUT", path, openly()); status != 200 {
		t.Fatalf("%d: %s", status, b)
	}
	s.may("admin", "data_sets", s.made)
	for _, change := range []m{{"transform_id": copied["id"]}, {"transform_id": 0}} {
		if status, b := s.ask(s.bobs, "PUT", "/data_sets/"+id(s.made), change); status != 403 || !strings.Contains(string(b), "operator on dataset "+id(s.root)) {
			t.Errorf("%v answers %d: %s", change, status, b)
		}
	}
	if status, b := s.ask(s.bobs, "POST", "/data_sets", m{"name": "Mine", "parent_data_set_id": s.root, "transform_id": copied["id"]}); status != 400 || !strings.Contains(string(b), "parent_data_set_id") {
		t.Errorf("a dataset of the root answers %d: %s", status, b)
	}
	s.may("operator", "data_sets", s.root)
	if status, b := s.ask(s.bobs, "PUT", "/data_sets/"+id(s.made), m{"transform_id": copied["id"]}); status != 200 {
		t.Errorf("who may change rules attaches it with %d: %s", status, b)
	}
	if status, b := s.ask(s.bobs, "DELETE", "/transforms/"+id(s.transform), nil); status != 200 {
		t.Errorf("what nothing uses any more is deleted with %d: %s", status, b)
	}
}

// A dataset that was deleted does not come back with other rules than it had for
// who may not change its rules.
func TestADeletedDatasetComesBackWithTheRulesThatOneMayChange(t *testing.T) {
	s := newShared(t)
	s.may("operator", "data_sets", s.root)
	_, b := s.ask(s.bobs, "POST", "/data_sets", m{"name": "Bob's", "parent_data_set_id": s.root, "transform_id": s.transform})
	var own m
	s.decode(b, &own)
	s.call(200, "PUT", "/data_sets/"+id(s.made), m{"transform": []any{rule("drop", m{"field": "attendees"})}})
	s.may("", "data_sets", s.root)
	path, page := "/data_sets/"+id(own["id"]), "/datasets/"+id(own["id"])
	if status, b := s.ask(s.bobs, "PUT", path+"/pause", nil); status != 200 {
		t.Fatalf("%d: %s", status, b)
	}
	gone := func() {
		t.Helper()
		if status, b := s.ask(s.bobs, "DELETE", path, nil); status != 200 {
			t.Fatalf("%d: %s", status, b)
		}
	}
	back := func(form url.Values, at string) bool {
		t.Helper()
		s.page(s.bobs, at, form)
		status, _ := s.as(s.bobs, "GET", path)
		return status == 200
	}
	gone()
	if !back(url.Values{"was": {""}}, page+"/restore") {
		t.Error("it does not come back with the rules that it had")
	}
	gone()
	if status, b := s.ask(s.bobs, "POST", path+"/restore", nil); status != 200 {
		t.Errorf("over the REST API it does not come back with the rules that it had: %d %s", status, b)
	}
	gone()
	if status, b := s.ask(s.bobs, "PUT", "/transforms/"+id(s.transform), openly()); status != 200 {
		t.Fatalf("what no dataset uses is changed with %d: %s", status, b)
	}
	for at, form := range map[string]url.Values{page + "/restore": {"was": {""}}, "/flows/" + id(s.source) + "/restore": {"part": {"dataset." + id(own["id"])}}} {
		if back(form, at) {
			t.Errorf("by %s it comes back, and shows what it hid", at)
		}
	}
	if status, b := s.ask(s.bobs, "POST", path+"/restore", nil); status != 403 {
		t.Errorf("over the REST API it comes back, and shows what it hid: %d %s", status, b)
	}
	s.may("operator", "data_sets", s.root)
	if !back(url.Values{"was": {""}}, page+"/restore") {
		t.Error("it does not come back for who may change its rules")
	}
}
