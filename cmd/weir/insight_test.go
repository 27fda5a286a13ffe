package main

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

func TestTheCommandLineShowsWhatHappened(t *testing.T) {
	s := newService(t, 30)
	s.setup()
	s.weir([]string{"CAL_API_KEY=" + s.key()}, "credentials", "add", "Ours")
	s.weir(nil, "sources", "add", "Bookings", "--credential", "1", "--endpoint", "bookings")
	s.weir(nil, "sources", "run", "2")
	var runs []struct {
		RunID string `json:"run_id"`
	}
	list, err := s.command("runs", "--json", "--source", "2", "--status", "succeeded").Output()
	if err != nil || json.Unmarshal(list, &runs) != nil || len(runs) != 1 {
		t.Fatalf("%s: %v", list, err)
	}
	for _, c := range []struct {
		want string
		args []string
	}{
		{"succeeded: 30 read", []string{"runs", "logs", runs[0].RunID}},
		{"of source 2 succeeded", []string{"runs", "show", runs[0].RunID}},
		{"Why: by hand.", []string{"runs", "show", runs[0].RunID}},
		{" by hand ", []string{"runs"}},
		{"when it is told to", []string{"flows"}}, // before it has a schedule
		{"every day at 02:30, Europe/Berlin", []string{"sources", "schedule", "2", "--every", "1d", "--at", "02:30", "--zone", "Europe/Berlin"}},
		{"GREEN", []string{"health"}},
		{"OF THE DAY", []string{"plan", "--instance"}},
		{`"budgets": [`, []string{"plan", "--instance", "--json"}},
		{"[1]", []string{"budgets"}},
		{"REASON", []string{"quarantine", "list", "--dataset", "3"}},
	} {
		if out := s.weir(nil, c.args...); !strings.Contains(out, c.want) {
			t.Errorf("weir %s says\n%s", strings.Join(c.args, " "), out)
		}
	}
	for _, args := range [][]string{{"quarantine", "show", "99"}, {"quarantine", "replay", "99"}, {"quarantine", "drop", "99"}, {"runs", "show", "none"}} {
		if out, err := s.command(args...).CombinedOutput(); err == nil || !strings.Contains(string(out), "weir: ") {
			t.Errorf("weir %s says\n%s", strings.Join(args, " "), out)
		}
	}
}
