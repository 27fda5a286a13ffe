package web_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

// member adds somebody in a role and gives their id and session.
func (s *site) member(owner identity.Principal, name string, role identity.Role) (int64, string) {
	s.Helper()
	u, link, err := s.server.People().CreateUser(s.Context(), owner, identity.NewUser{FullName: name, Email: name + "@example.com", Role: role})
	s.must(err)
	session, err := s.server.People().AcceptLink(s.Context(), link.Expose(), weir.NewSecret("a password of their own"), identity.Client{Address: netip.MustParseAddr("127.0.0.1")})
	s.must(err)
	return u.ID, session.Token.Expose()
}

// posts sends a form of a page, and gives the status.
func (s *site) posts(token, path string, form url.Values) int {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.url+path, strings.NewReader(form.Encode()))
	s.must(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", s.url)
	req.AddCookie(&http.Cookie{Name: "weir-" + req.URL.Port(), Value: token})
	res, err := http.DefaultTransport.RoundTrip(req)
	s.must(err)
	s.must(res.Body.Close())
	return res.StatusCode
}

// gets asks for a page, and gives the status.
func (s *site) gets(token, path string) int {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.url+path, nil)
	s.must(err)
	req.AddCookie(&http.Cookie{Name: "weir-" + req.URL.Port(), Value: token})
	res, err := http.DefaultTransport.RoundTrip(req)
	s.must(err)
	s.must(res.Body.Close())
	return res.StatusCode
}

func TestWhoMayLookAtALookupChangesNothingOfIt(t *testing.T) {
	s := newSite(t)
	owner := s.setUp()
	token := owner.Token.Expose()
	made := s.made(token, "/data_maps", map[string]any{"name": "Teams", "data_type": "string", "map_primary_key": "team", "data_map": []any{map[string]any{"team": "sales"}}})
	id, bob := s.member(owner.Principal, "bob", identity.RoleOperator)
	path := fmt.Sprintf("/lookups/%v", made["id"])
	row := url.Values{"column.team": {"help"}}
	for _, p := range []string{path, path + "?format=csv", path + "/row", path + "/edit"} {
		if status := s.gets(bob, p); status != http.StatusNotFound {
			t.Errorf("who may not see it gets %d at %s", status, p)
		}
	}
	s.puts(token, fmt.Sprintf("/data_maps/%v/accessors", made["id"]), map[string]any{"accessors": []any{map[string]any{"type": "USER", "id": id, "access_roles": []string{"collaborator"}}}})
	if page := s.page(bob, path); !strings.Contains(page, "sales") || strings.Contains(page, "Add a row") || strings.Contains(page, "Delete") {
		t.Error("who may look at it does not see its rows, or is offered more")
	}
	for p, form := range map[string]url.Values{path + "/row": row, path + "/row/delete": {"key": {"sales"}}, path + "/import": nil, path + "/edit": {"name": {"Mine"}}, path + "/delete": nil} {
		if status := s.posts(bob, p, form); status != http.StatusForbidden {
			t.Errorf("who may look at it gets %d at %s", status, p)
		}
	}
	if status := s.posts(bob, path+"/copy", nil); status != http.StatusSeeOther {
		t.Errorf("who makes lookups may not copy one: %d", status)
	}
	if status := s.posts(token, path+"/row", row); status != http.StatusSeeOther {
		t.Errorf("its owner gets %d", status)
	}
}

func TestAFlowIsCopiedByWhoMayChangeItsSource(t *testing.T) {
	s := newSite(t)
	owner := s.setUp()
	token := owner.Token.Expose()
	cal := s.made(token, "/data_credentials", map[string]any{"name": "Ours", "credentials_type": "cal_com_api", "credentials": map[string]any{"api_key": s.key()}})
	source := s.made(token, "/data_sources", map[string]any{"name": "Bookings", "source_type": "rest", "data_credentials_id": cal["id"], "endpoint": "bookings"})
	id, bob := s.member(owner.Principal, "bob", identity.RoleOperator)
	share := func(noun string, what any, role string) {
		s.puts(token, fmt.Sprintf("/%s/%v/accessors", noun, what), map[string]any{"accessors": []any{map[string]any{"type": "USER", "id": id, "access_roles": []string{role}}}})
	}
	share("data_credentials", cal["id"], "operator")
	share("data_sources", source["id"], "operator")
	path := fmt.Sprintf("/flows/%v", source["id"])
	if status := s.posts(bob, path+"/copy", nil); status != http.StatusForbidden {
		t.Errorf("who operates it copies it: %d", status)
	}
	if strings.Contains(s.page(bob, path), path+"/copy") {
		t.Error("who operates it is offered to copy it")
	}
	share("data_sources", source["id"], "admin")
	if status := s.posts(bob, path+"/copy", nil); status != http.StatusSeeOther {
		t.Errorf("who may change it cannot copy it: %d", status)
	}
}
