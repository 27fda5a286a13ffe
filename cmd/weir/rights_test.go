package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
)

// Bob sees the flow, but not the destination of it that fails. Admin on a transform
// and on a dataset that uses it is not enough to change the rules: the key of an
// operator is one, whatever they have on single things.
func TestTheCommandLineTellsAndTakesWhatOneMay(t *testing.T) {
	s := newService(t, 20)
	s.setup()
	rules := filepath.Join(t.TempDir(), "rules.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(rules, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("- mask: {field: attendees.email, method: sha256}\n")
	s.weir([]string{"CAL_API_KEY=" + s.key()}, "credentials", "add", "Ours")
	s.weir(nil, "sources", "add", "Bookings", "--credential", "1", "--endpoint", "bookings")
	s.weir(nil, "transforms", "add", "Hide people", rules) // 4
	s.weir(nil, "datasets", "derive", "3", "Masked", "--transform", "4")
	lake := s.post("/data_credentials", map[string]any{"name": "Lake", "credentials_type": "sqlite", "credentials": map[string]any{"path": "planted.db"}})
	sink := s.post("/data_sinks", map[string]any{"name": "Planted", "sink_type": "rest", "data_credentials_id": lake["id"], "data_set_id": 3})
	if sink["id"] != 7.0 {
		t.Fatalf("the destination is %v", sink["id"])
	}
	if err := os.WriteFile(filepath.Join(s.dir, "files", "1", "planted.db"), []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _ = s.command("destinations", "activate", "7").CombinedOutput() // which fails at once, or later
	_, _ = s.command("sources", "run", "2").CombinedOutput()
	run := strings.Fields(strings.Split(s.weir(nil, "runs", "--source", "2"), "\n")[1])[0]

	link := line(s.weir(nil, "users", "add", "bob@example.com", "--name", "Bob", "--role", "operator"), "wln_")
	server, err := client.New(client.Options{URL: s.url, Key: weir.NewSecret(s.serviceKey())})
	if err != nil {
		t.Fatal(err)
	}
	bob := []any{map[string]any{"type": "USER", "id": 2, "access_roles": []string{"admin"}}}
	for _, shared := range []string{"data_sources/2", "data_sets/3", "transforms/4", "data_sets/5"} {
		if err := server.Call(t.Context(), http.MethodPost, "/"+shared+"/accessors", map[string]any{"accessors": bob}, nil); err != nil {
			t.Fatal(err)
		}
	}
	adas := s.home
	s.home = t.TempDir()
	s.weir([]string{"WEIR_INVITE=" + link, "WEIR_PASSWORD=bobs good password"}, "login", "--invite")
	bobs := s.home
	for _, args := range [][]string{{"runs", "show", run}, {"runs", "logs", run}, {"health"}} {
		s.home = adas
		if got := s.weir(nil, args...); !strings.Contains(strings.ToLower(got), "planted") {
			t.Errorf("weir %s does not tell Ada of the destination: %s", strings.Join(args, " "), got)
		}
		s.home = bobs
		if got := strings.ToLower(s.weir(nil, args...)); strings.Contains(got, "planted") || !strings.Contains(got, "a destination that you may not see failed") {
			t.Errorf("weir %s tells Bob %s", strings.Join(args, " "), got)
		}
	}

	write("- drop: nothing\n")
	for _, args := range [][]string{{"transforms", "set", "4", rules}, {"transforms", "delete", "4"}} {
		if out, err := s.command(args...).CombinedOutput(); err == nil || !strings.Contains(string(out), "transform 4: ") {
			t.Errorf("weir %s says %s", strings.Join(args, " "), out)
		}
	}
	if got := s.weir(nil, "transforms", "show", "4"); !strings.Contains(got, "mask") {
		t.Errorf("the rules are %s", got)
	}
	if out, err := s.command("datasets", "update", "5", "--rules", rules).CombinedOutput(); err == nil {
		t.Errorf("the dataset takes other rules: %s", out)
	}
	write("weir: 1\ndatasets:\n  Masked:\n    source: Bookings\n    endpoint: bookings\n    transforms:\n      - drop: nothing\n")
	if out, err := s.command("apply", "-f", rules, "--yes").CombinedOutput(); err == nil || !strings.Contains(string(out), "this needs the role") {
		t.Errorf("a file gives the dataset other rules: %s", out)
	}
	if got := s.weir(nil, "transforms"); !strings.Contains(got, "5\n") {
		t.Errorf("the dataset does not use the transform any more: %s", got)
	}
	s.weir(nil, "transforms", "copy", "4", "--name", "Mine")
}
