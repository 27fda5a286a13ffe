package server_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/job/jobtest"
	"github.com/weirhq/weir/internal/pacetest"
	"github.com/weirhq/weir/internal/server"
)

// event is a run as a stream shows it, and when it came.
type event struct {
	run m
	at  time.Time
}

// follow reads a stream of runs until it ends or enough says so.
func (w *world) follow(url string, enough func(m) bool) (all []event) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", url, http.NoBody)
	w.must(err)
	req.Header.Set("Authorization", "Bearer "+w.token)
	res, err := http.DefaultClient.Do(req)
	w.must(err)
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		w.Fatalf("%s answers %d %v", url, res.StatusCode, res.Header)
	}
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			var run m
			w.must(json.Unmarshal([]byte(data), &run))
			all = append(all, event{run, time.Now()})
			if enough(run) {
				break
			}
		}
	}
	return all
}

// A run's progress is on every screen within a second, whichever process does
// it and whichever answers.
func TestProgressIsSeenWithinASecondInEveryProcess(t *testing.T) {
	for name, database := range map[string]func() string{"sqlite": func() string { return "" }, "postgres": func() string { return jobtest.Fresh.Postgres(t) }} {
		t.Run(name, func(t *testing.T) {
			w := buildWorld(t, 1500, 120, database())
			cred := w.credential()
			src := w.call(200, "POST", "/data_sources", m{"name": "Bookings", "source_type": "rest", "data_credentials_id": cred["id"], "endpoint": "bookings"})
			at := w.url
			if w.database != "" {
				c := w.config
				c.Role = server.RoleAPI
				other, err := server.New(t.Context(), c)
				w.must(err)
				front := httptest.NewServer(other.Handler())
				t.Cleanup(func() { front.Close(); w.must(other.Close(context.Background())) })
				at = front.URL
			}
			w.slow.Store(int64(500 * time.Millisecond))
			run := w.call(200, "POST", "/data_sources/"+id(src["id"])+"/run_now", nil)
			slower := pacetest.Watch(t)
			events := w.follow(at+"/api/runs/"+run["run_id"].(string)+"/events", func(m) bool { return false })
			longest := time.Duration(slower() * float64(1900*time.Millisecond))
			steps := 0
			for i, e := range events {
				if i == 0 {
					continue
				}
				if e.run["read"].(float64) > events[i-1].run["read"].(float64) {
					steps++
				}
				// Every page takes half a second, so that a second without a
				// word would be one in which something was not told.
				if quiet := e.at.Sub(events[i-1].at); quiet > longest {
					t.Errorf("%s without a word", quiet)
				}
			}
			last := events[len(events)-1].run
			if steps < 4 || last["status"] != "succeeded" || last["read"].(float64) < 1500 {
				t.Errorf("%d steps in %d events to %v", steps, len(events), last)
			}
			if many := w.follow(at+"/api/runs/events?data_source_id="+id(src["id"]), func(m) bool { return true }); len(many) != 1 || many[0].run["run_id"] != run["run_id"] {
				t.Errorf("the stream of many begins with %v", many)
			}
			w.call(404, "GET", "/runs/20260101T000000.000-AAAAAA/events", nil)
		})
	}
}

func TestASourceIsReadWhenItsScheduleSays(t *testing.T) {
	w := newWorld(t, 5)
	cred := w.credential()
	src := w.call(200, "POST", "/data_sources", m{"name": "Types", "source_type": "rest", "data_credentials_id": cred["id"], "endpoint": "event-types",
		"schedule": m{"every": 15, "unit": "minute", "time_zone": "Europe/Berlin"}})
	path := "/data_sources/" + id(src["id"])
	got := w.call(200, "GET", path+"/schedule", nil)
	if got["cron"] != "0 0/15 * * * ? *" || got["active"] != false || got["next_at"] != nil || src["poll_schedule"] != "0 0/15 * * * ? *" {
		t.Errorf("before it is active: %v", got)
	}
	w.call(200, "PUT", path+"/activate", nil)
	got = w.call(200, "GET", path+"/schedule", nil)
	next, err := time.Parse(time.RFC3339, got["next_at"].(string))
	if wait := time.Until(next); err != nil || wait < 0 || wait > 16*time.Minute || got["every_seconds"].(float64) != 900 || got["key_share"].(float64) <= 0 {
		t.Errorf("once it is active: %v", got)
	}
	for name, in := range map[string]m{
		"an interval of none":  {"every": 7, "unit": "minute"},
		"a unit of none":       {"every": 7, "unit": "year"},
		"no unit":              {"every": 2},
		"a cron of none":       {"cron": "every day"},
		"a time of none":       {"every": 1, "unit": "day", "at": "25:00"},
		"a zone of none":       {"every": 1, "unit": "day", "time_zone": "Mars/Olympus"},
		"after itself":         {"run_after": src["id"]},
		"after nothing":        {"run_after": 4711},
		"in two ways at once":  {"every": 1, "unit": "day", "cron": "0 0 0 * * ? *"},
		"a cron that is never": {"cron": "0 0 0 31 2 ? *"},
	} {
		if got := w.call(400, "PUT", path+"/schedule", in); got["error_code"] == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	w.call(200, "PUT", path+"/schedule", m{"cron": "0/1 * * * * ? *"})
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		runs := w.list(path + "/runs")
		if len(runs) > 0 && runs[0]["why"] == "schedule" && runs[0]["status"] == "succeeded" {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("it is not read: %v", runs)
		}
	}
	w.call(200, "PUT", path+"/schedule", m{})
	if got = w.call(200, "GET", path+"/schedule", nil); got["cron"] != "" || got["next_at"] != nil {
		t.Errorf("without a schedule: %v", got)
	}
}

func TestASecondServerOnOneSQLiteFileIsRefusedAtOnce(t *testing.T) {
	w := newWorld(t, 1)
	began := time.Now()
	_, err := server.New(t.Context(), w.config)
	if weir.CodeOf(err) != weir.CodeConflict || time.Since(began) > time.Second {
		t.Errorf("%v after %s", err, time.Since(began))
	}
	w.call(200, "GET", "/users/current", nil) // the first one lives
}
