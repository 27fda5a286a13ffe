package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/simulator"
)

// A flow fails on a server that runs; its owner hears of it on the command
// line, and a program of theirs by a webhook.
func TestTheCommandLineShowsWhatOneWasTold(t *testing.T) {
	came := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		came <- string(b)
	}))
	t.Cleanup(hook.Close)
	s := newService(t, 5)
	s.setup()
	s.weir([]string{"CAL_API_KEY=" + s.sim.Keys()[0].Key}, "credentials", "add", "Ours")
	channel := s.post("/notification_channel_settings", map[string]any{"channel": "WEBHOOKS", "config": map[string]any{"url": hook.URL, "name": "Ops"}})
	s.post("/notification_settings", map[string]any{"channel": "WEBHOOKS", "notification_type_id": 9, "notification_channel_setting_id": channel["id"]})
	if out := s.weir(nil, "notifications", "channels"); !strings.Contains(out, "WEBHOOKS") || !strings.Contains(out, "Ops") {
		t.Error(out)
	}
	if out := s.weir(nil, "notifications", "test", fmt.Sprint(channel["id"])); !strings.Contains(out, "Delivered") || !strings.Contains(<-came, "test") {
		t.Error(out)
	}
	if err := s.sim.SetFaults([]simulator.Fault{{Match: simulator.FaultMatch{Path: "/v2/me"}, Do: simulator.FaultAction{Status: 401}}}); err != nil {
		t.Fatal(err)
	}
	check := s.command("credentials", "check", "1")
	_, _ = check.CombinedOutput() // it says that the key is refused
	select {
	case body := <-came:
		if !strings.Contains(body, "credential_failed") {
			t.Error(body)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("no webhook came")
	}
	out := s.weir(nil, "notifications")
	if !strings.Contains(out, "Credential failing: Ours") || !strings.Contains(out, "ERROR") {
		t.Error(out)
	}
	s.weir(nil, "notifications", "read", "--all")
	if out := s.weir(nil, "notifications", "list"); strings.Contains(out, "Ours") {
		t.Errorf("it is read, and still there: %s", out)
	}
	if out := s.weir(nil, "notifications", "list", "--all", "--json"); !strings.Contains(out, `"Credential failing"`) {
		t.Error(out)
	}
	if out := s.weir(nil, "notifications", "unsent"); strings.Count(out, "\n") != 1 {
		t.Errorf("unsent: %s", out)
	}
}

// post makes something over the REST API.
func (s *service) post(path string, in any) (out map[string]any) {
	s.Helper()
	c, err := client.New(client.Options{URL: s.url, Key: weir.NewSecret(s.serviceKey())})
	if err != nil {
		s.Fatal(err)
	}
	if err := c.Call(s.Context(), http.MethodPost, path, in, &out); err != nil {
		s.Fatal(err)
	}
	return out
}
