package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// What a browser is made to send by somebody else's page has the cookie: 15
// ways to be sent by 4 kinds of bodies. Only our own pages, in JSON, and whoever
// has read the session's own token, change anything.
func TestNoOtherSiteChangesAnythingThroughABrowser(t *testing.T) {
	w := newWorld(t, 1)
	b, other := w.browser(), w.browser()
	mine := b.signInAs("ada@example.com", adasPassword)["csrf_token"].(string)
	its := other.signInAs("ada@example.com", adasPassword)["csrf_token"].(string)
	ours := w.url
	const evil = "https://evil.example"
	ways := []struct {
		name    string
		headers map[string]string
		ok      bool
	}{
		{"our page", map[string]string{"Origin": ours, "Sec-Fetch-Site": "same-origin"}, true},
		{"our page in an old browser", map[string]string{"Origin": ours}, true},
		{"the user's own doing", map[string]string{"Sec-Fetch-Site": "none"}, true},
		{"a form of another site", map[string]string{"Origin": evil, "Sec-Fetch-Site": "cross-site"}, false},
		{"another site in an old browser", map[string]string{"Origin": evil}, false},
		{"a sibling of our site", map[string]string{"Origin": "https://sibling.example.com", "Sec-Fetch-Site": "same-site"}, false},
		{"another port of our host", map[string]string{"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site"}, false},
		{"a sandbox", map[string]string{"Origin": "null"}, false},
		{"a sandbox of another site", map[string]string{"Origin": "null", "Sec-Fetch-Site": "cross-site"}, false},
		{"a lie about the origin", map[string]string{"Origin": ours, "Sec-Fetch-Site": "cross-site"}, false},
		{"nothing", nil, false},
		{"a client with the session's token", map[string]string{"X-Weir-CSRF": mine}, true},
		{"a client with another session's token", map[string]string{"X-Weir-CSRF": its}, false},
		{"a client with an empty token", map[string]string{"X-Weir-CSRF": ""}, false},
		{"another site with the session's token", map[string]string{"X-Weir-CSRF": mine, "Origin": evil, "Sec-Fetch-Site": "cross-site"}, false},
	}
	bodies := []struct {
		kind, text string
		json       bool
	}{
		{"application/json", `{"name":"%s"}`, true},
		{"text/plain", `{"name":"%s"}`, false},
		{"application/x-www-form-urlencoded", `name=%s`, false},
		{"multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\n%s\r\n--x--\r\n", false},
	}
	cases, made := 0, map[string]bool{}
	for _, way := range ways {
		for _, body := range bodies {
			cases++
			name := fmt.Sprintf("team %d", cases)
			req, err := http.NewRequestWithContext(t.Context(), "POST", w.url+"/api/teams", strings.NewReader(fmt.Sprintf(body.text, name)))
			w.must(err)
			for k, v := range way.headers {
				req.Header.Set(k, v)
			}
			req.Header.Set("Content-Type", body.kind)
			res, err := b.http.Do(req)
			w.must(err)
			res.Body.Close()
			want := 403
			if way.ok {
				want = 415
			}
			if way.ok && body.json {
				want, made[name] = 200, true
			}
			if res.StatusCode != want {
				t.Errorf("%s, as %s: %d, want %d", way.name, body.kind, res.StatusCode, want)
			}
		}
	}
	if cases != 60 {
		t.Errorf("%d cases", cases)
	}
	for _, team := range w.list("/teams") {
		if !made[team["name"].(string)] {
			t.Errorf("%s was made", team["name"])
		}
		delete(made, team["name"].(string))
	}
	if len(made) > 0 {
		t.Errorf("not made: %v", made)
	}
}

// Signing somebody in as somebody else, and what only reads, are no way in either.
func TestAnotherSiteSignsNobodyInAndGETChangesNothing(t *testing.T) {
	w := newWorld(t, 1)
	b := w.browser()
	b.signInAs("ada@example.com", adasPassword)
	session := b.cookie("wst_")
	b.headers = map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
	b.want(403, "POST", "/session", m{"email": "ada@example.com", "password": adasPassword})
	b.want(403, "DELETE", "/session", nil)
	b.want(403, "POST", "/setup", m{})
	if b.cookie("wst_") != session {
		t.Error("the session was changed")
	}
	before := len(w.list("/orgs/1/audit_log"))
	b.headers["Upgrade"], b.headers["Connection"] = "websocket", "Upgrade"
	b.headers["X-HTTP-Method-Override"] = "DELETE"
	objects := objects{"users": 1, "orgs": 1, "service_keys": 1, "teams": 1, "data_credentials": 1, "data_sources": 1, "data_sets": 1, "data_sinks": 1, "flows": 1, "sessions": 1}
	for _, r := range w.routes() {
		if r.method == http.MethodGet && !strings.HasSuffix(r.path, "/events") { // those last until they are left
			if res, _ := b.do("GET", r.filled(objects), nil); res.StatusCode == http.StatusSwitchingProtocols {
				t.Errorf("%s switches protocols", r.path)
			}
		}
	}
	if after := len(w.list("/orgs/1/audit_log")); after != before {
		t.Errorf("%d entries in the audit log, before %d", after, before)
	}
	b.headers = nil
	b.want(200, "GET", "/session", nil)
}
