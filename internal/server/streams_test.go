package server_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/identity"
)

// opened asks for a stream with a token, and gives the answer once it has begun.
func (w *world) opened(token, path string) *http.Response {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), "GET", w.url+path, http.NoBody)
	w.must(err)
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	w.must(err)
	w.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// ends reports whether the stream ends, rather than going on until it is cut.
func (w *world) ends(what string, res *http.Response) {
	w.Helper()
	over := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, res.Body)
		over <- err
	}()
	select {
	case <-over:
	case <-time.After(time.Minute):
		w.Errorf("the stream goes on after %s", what)
	}
}

func TestAStreamEndsWithTheRightToLookAtIt(t *testing.T) {
	w := newWorld(t, 5)
	cred := w.credential()
	src := w.call(200, "POST", "/data_sources", m{"name": "Types", "source_type": "rest", "data_credentials_id": cred["id"], "endpoint": "event-types"})
	run := w.call(200, "POST", "/data_sources/"+id(src["id"])+"/run_now", nil)
	w.finished(src["id"])
	ada, people := w.principal(), w.server.People()
	for what, ended := range map[string]func(identity.Session) error{
		"its session was ended": func(s identity.Session) error { return people.SignOut(t.Context(), s.Principal) },
		"its user was locked":   func(s identity.Session) error { return people.Lock(t.Context(), ada, s.Principal.User) },
	} {
		user := w.user(ada, strings.ReplaceAll(what, " ", "-"), identity.RoleAdmin)
		res := w.opened(user.Token.Expose(), "/api/runs/events")
		lines := bufio.NewReader(res.Body)
		for line := ""; !strings.Contains(line, run["run_id"].(string)); {
			var err error
			line, err = lines.ReadString('\n')
			w.must(err)
		}
		w.must(ended(user))
		w.ends(what, res)
	}
	// Who may look at nothing any more sees no more runs, whatever was so at first.
	ben := w.user(ada, "ben", identity.RoleAdmin)
	res := w.opened(ben.Token.Expose(), "/api/runs/events")
	w.must(people.SetRole(t.Context(), ada, ben.Principal.User, identity.RoleCollaborator))
	second := w.call(200, "POST", "/data_sources/"+id(src["id"])+"/run_now", nil)
	w.finished(src["id"])
	w.must(people.SignOut(t.Context(), ben.Principal))
	seen, _ := io.ReadAll(res.Body)
	if strings.Contains(string(seen), second["run_id"].(string)) {
		t.Error("a run is shown to somebody who may not look at it any more")
	}
}

func TestOneCallerHasSoManyStreamsAndNoMore(t *testing.T) {
	w := newWorld(t, 5)
	var open []*http.Response
	for range identity.MostStreams {
		open = append(open, w.opened(w.token, "/api/runs/events"))
	}
	res := w.opened(w.token, "/api/runs/events")
	if b, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusTooManyRequests || !strings.Contains(string(b), "Close pages or programs") {
		t.Errorf("one too many answers %d %s", res.StatusCode, b)
	}
	if other := w.opened(w.user(w.principal(), "ben", identity.RoleCollaborator).Token.Expose(), "/api/runs/events"); other.StatusCode != 200 {
		t.Errorf("somebody else's answers %d", other.StatusCode)
	}
	w.must(open[0].Body.Close())
	w.until("the place is free again", func() bool { return w.opened(w.token, "/api/runs/events").StatusCode == 200 })
}

func TestALivePageEndsWithTheRightToLookAtIt(t *testing.T) {
	w := newWorld(t, 5)
	objects := w.objects()
	b := w.browser()
	ben := w.user(w.principal(), "ben", identity.RoleAdmin)
	b.signInAs("ben@example.com", "a good long password")
	req, err := http.NewRequestWithContext(t.Context(), "GET", w.url+"/flows/"+id(objects["data_sources"])+"/live", http.NoBody)
	w.must(err)
	res, err := b.http.Do(req)
	w.must(err)
	w.Cleanup(func() { _ = res.Body.Close() })
	if line, err := bufio.NewReader(res.Body).ReadString('\n'); err != nil || !strings.HasPrefix(line, "data: ") {
		t.Fatalf("%d %q %v", res.StatusCode, line, err)
	}
	w.must(w.server.People().Lock(t.Context(), w.principal(), ben.Principal.User))
	w.call(200, "PUT", "/data_sources/"+id(objects["data_sources"])+"/activate", nil) // which the page shows
	w.ends("its user was locked", res)
}

// A page that lies open must not be what a restart waits for, or fails of.
func TestAServerThatStopsEndsItsStreams(t *testing.T) {
	w := newWorld(t, 5)
	l := listen(t)
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- w.server.Serve(ctx, l) }()
	objects := w.objects()
	w.url = "http://" + l.Addr().String()
	b := w.browser()
	w.user(w.principal(), "ben", identity.RoleAdmin)
	b.signInAs("ben@example.com", "a good long password")
	page, err := http.NewRequestWithContext(t.Context(), "GET", w.url+"/flows/"+id(objects["data_sources"])+"/live", http.NoBody)
	w.must(err)
	runs, err := http.NewRequestWithContext(t.Context(), "GET", w.url+"/api/runs/events", http.NoBody)
	w.must(err)
	runs.Header.Set("Authorization", "Bearer "+w.token)
	for _, one := range []struct {
		client  *http.Client
		request *http.Request
	}{{b.http, page}, {http.DefaultClient, runs}} {
		res, err := one.client.Do(one.request)
		w.must(err)
		defer res.Body.Close()
		if _, err := bufio.NewReader(res.Body).ReadString('\n'); err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %v", one.request.URL.Path, res.StatusCode, err)
		}
	}
	stop()
	w.must(<-over)
}
