package server_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/job/jobtest"
	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/simulator"
)

// hook is somebody's webhook.
type hook struct {
	*httptest.Server
	mu   sync.Mutex
	got  []string
	came chan struct{}
}

func newHook(t *testing.T) *hook {
	t.Helper()
	h := &hook{came: make(chan struct{}, 100)}
	h.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		h.mu.Lock()
		defer h.mu.Unlock()
		h.got = append(h.got, string(b))
		h.came <- struct{}{}
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) all() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.got, "\n")
}

// tellAll delivers what was raised.
func (w *world) tellAll() {
	w.Helper()
	_, err := w.server.Notify().Deliver(w.Context())
	w.must(err)
}

// A flow's owner is told over the contract's routes, as the SDK asks.
func TestTheStoryOfNotificationsOverTheContract(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { notificationStory(t, newWorld(t, 20)) })
	t.Run("postgres", func(t *testing.T) { notificationStory(t, buildWorld(t, 20, 120, jobtest.Fresh.Postgres(t))) })
}

func notificationStory(t *testing.T, w *world) {
	t.Helper()
	objects := w.objects()
	h := newHook(t)
	types := w.list("/notification_types?status=ACTIVE")
	failed := w.call(200, "GET", "/notification_types/list?event_type=ERROR&resource_type=SOURCE", nil)
	if len(types) < 15 || failed["name"] != "Flow failed" || failed["category"] != "DATA" {
		t.Fatalf("%v", failed)
	}
	w.call(404, "GET", "/notification_types/list?event_type=ERROR&resource_type=NONE", nil)
	channel := w.call(200, "POST", "/notification_channel_settings", m{"channel": "WEBHOOKS", "config": m{"url": h.URL + "/x?token=planted"}})
	if secret, _ := channel["secret"].(string); !strings.HasPrefix(secret, "whsec_") || strings.Contains(string(w.raw(200, "GET", "/notification_channel_settings/"+id(channel["id"]), nil)), secret) {
		t.Errorf("channel %v", channel)
	}
	if tested := w.call(200, "POST", "/notification_channel_settings/"+id(channel["id"])+"/test", nil); tested["delivered"] != true || tested["status"] != 200.0 {
		t.Errorf("test %v", tested)
	}
	setting := w.call(200, "POST", "/notification_settings", m{"channel": "WEBHOOKS", "notification_type_id": failed["id"], "status": "ACTIVE", "config": m{}, "notification_channel_setting_id": channel["id"]})
	if setting["status"] != "ACTIVE" || setting["code"] != failed["id"] || setting["event_type"] != "ERROR" || setting["notification_resource_type"] != "SOURCE" || setting["resource_id"] != nil {
		t.Errorf("setting %v", setting)
	}
	// The flow fails twice and recovers.
	w.must(w.sim.SetFaults([]simulator.Fault{{Match: simulator.FaultMatch{Path: "/v2/event-types"}, Do: simulator.FaultAction{HTML: "<html>"}}}))
	source := "/data_sources/" + id(objects["data_sources"])
	w.call(200, "PUT", source+"/activate", nil)
	w.finished(objects["data_sources"])
	w.rerun(source)
	w.must(w.sim.SetFaults(nil))
	w.rerun(source)
	w.tellAll()
	told := w.list("/notifications?page=1&per_page=50")
	var titles []string
	for _, n := range slices.Backward(told) {
		titles = append(titles, n["title"].(string))
		for _, key := range []string{"id", "owner", "org", "access_roles", "level", "resource_type", "message_id", "message", "created_at", "updated_at"} {
			if n[key] == nil {
				t.Errorf("%s is null in %v", key, n)
			}
		}
	}
	if got := strings.Join(titles, ", "); got != "Flow failed, Dataset detected, Flow recovered" {
		t.Errorf("told %s", got)
	}
	if all := h.all(); strings.Count(all, `{"type":"flow_failed"`) != 1 || strings.Contains(all, "flow_recovered") {
		t.Errorf("the webhook got %s", all)
	}
	w.reading(told)
	w.overriding(objects, failed, setting)
	if sent := w.list("/notification_dispatches"); len(sent) != 1 || sent[0]["status"] != "SENT" || sent[0]["attempts"] != 1.0 || sent[0]["subject"] != "Flow failed: Bookings" {
		t.Errorf("dispatches %v", sent)
	}
	w.call(200, "DELETE", "/notification_settings/"+id(setting["id"]), nil)
	w.call(200, "DELETE", "/notification_channel_settings/"+id(channel["id"]), nil)
	w.call(404, "GET", "/notification_channel_settings/"+id(channel["id"]), nil)
	if strings.Contains(w.log.String(), "planted") {
		t.Error("the webhook's token is in the log")
	}
}

// rerun reads a source once more and waits.
func (w *world) rerun(source string) {
	w.Helper()
	before := len(w.list(source + "/runs"))
	w.call(200, "POST", source+"/run_now", nil)
	w.until("the run is over", func() bool {
		runs := w.list(source + "/runs")
		return len(runs) > before && runs[0]["status"] != "running" && runs[0]["status"] != "queued"
	})
}

// reading reads, marks, counts and deletes.
func (w *world) reading(told []m) {
	w.Helper()
	count := func(query string) any {
		w.Helper()
		return w.call(200, "GET", "/notifications/count"+query, nil)["count"]
	}
	first := told[0]["id"]
	if count("?read=0") != float64(len(told)) || count("?read=1") != 0.0 {
		w.Error("something was read already")
	}
	w.call(200, "PUT", "/notifications/mark_read", []any{first})
	if got := w.call(200, "GET", "/notifications/"+id(first)+"?expand=True", nil); got["read_at"] == nil || count("?read=0") != float64(len(told)-1) {
		w.Errorf("marked %v", got)
	}
	w.call(200, "PUT", "/notifications/mark_read?notification_id=all", nil)
	if count("?read=1") != float64(len(told)) {
		w.Error("not all are read")
	}
	w.call(200, "PUT", "/notifications/mark_unread", []any{first, 999999})
	if got := w.list("/notifications?read=0"); len(got) != 1 || got[0]["read_at"] != nil {
		w.Errorf("unread %v", got)
	}
	for _, bad := range []any{nil, []any{"x"}, m{}} {
		w.call(400, "PUT", "/notifications/mark_read", bad)
	}
	w.call(400, "PUT", "/notifications/mark_read?notification_id=some", nil)
	if got := w.list("/notifications?level=ERROR"); len(got) != 1 || got[0]["level"] != "ERROR" {
		w.Errorf("errors %v", got)
	}
	if got := w.list(fmt.Sprintf("/notifications?from=%d&to=%d", time.Now().Add(-time.Hour).Unix(), time.Now().Add(time.Hour).Unix())); len(got) != len(told) {
		w.Errorf("within the hour %d", len(got))
	}
	if got := w.list("/notifications?from=2099-01-01"); len(got) != 0 {
		w.Errorf("in times to come %v", got)
	}
	w.call(200, "DELETE", "/notifications/"+id(first), nil)
	w.call(404, "GET", "/notifications/"+id(first), nil)
	w.call(404, "DELETE", "/notifications/"+id(first), nil)
	w.call(200, "DELETE", "/notifications/all", nil)
	if count("") != 0.0 {
		w.Error("some are left")
	}
}

// overriding sets what one resource is told of.
func (w *world) overriding(objects map[string]any, failed, setting m) {
	w.Helper()
	mute := w.call(200, "POST", "/notification_settings", m{"channel": "APP", "notification_type_id": failed["id"], "status": "PAUSED", "notification_resource_type": "SOURCE", "resource_id": objects["data_sources"]})
	if mute["status"] != "PAUSED" || mute["resource_id"] != objects["data_sources"] {
		w.Errorf("override %v", mute)
	}
	w.call(409, "POST", "/notification_settings", m{"channel": "APP", "notification_type_id": failed["id"], "notification_resource_type": "SOURCE", "resource_id": objects["data_sources"]})
	for _, path := range []string{"SOURCE", "data_sources"} {
		if got := w.list("/notification_settings/" + path + "/" + id(objects["data_sources"]) + "?filter_overridden_settings=True&expand=True&notification_type_id=" + id(failed["id"])); len(got) != 2 {
			w.Errorf("for the source: %v", got)
		}
	}
	w.call(404, "GET", "/notification_settings/SOURCE/999999", nil)
	w.call(404, "GET", "/notification_settings/PLANET/1", nil)
	if got := w.list("/notification_settings/notification_types/" + id(failed["id"])); len(got) != 2 {
		w.Errorf("for the type: %v", got)
	}
	if got := w.call(200, "PUT", "/notification_settings/"+id(setting["id"]), m{"checked": false, "config": m{"digest": "daily", "hour": 7}}); got["status"] != "PAUSED" || got["config"].(m)["hour"] != 7.0 {
		w.Errorf("updated %v", got)
	}
	for field, bad := range map[string]m{
		"channel":                         {"channel": "SMS", "notification_type_id": 1},
		"notification_type_id":            {"channel": "APP", "notification_type_id": 999},
		"resource_id":                     {"channel": "APP", "notification_type_id": 1, "notification_resource_type": "SOURCE", "resource_id": 999999},
		"notification_resource_type":      {"channel": "APP", "notification_type_id": 1, "resource_id": objects["data_sources"]},
		"notification_channel_setting_id": {"channel": "SLACK", "notification_type_id": 1},
		"config.digest":                   {"channel": "APP", "notification_type_id": 1, "config": m{"digest": "never"}},
		"config":                          {"channel": "APP", "notification_type_id": 1, "config": m{"colour": "red"}},
		"scope":                           {"channel": "APP", "notification_type_id": 1, "scope": "WORLD"},
	} {
		got := w.call(400, "POST", "/notification_settings", bad)
		if details, _ := got["details"].([]any); len(details) == 0 || details[0].(m)["field"] != field {
			w.Errorf("%s: %v", field, got)
		}
	}
	got := w.call(400, "POST", "/notification_channel_settings", m{"channel": "SMS", "config": m{}})
	if !strings.Contains(got["error"].(string), "SMS") {
		w.Errorf("SMS: %v", got)
	}
}

// Each contract's type is there once, and every type of ours has its words.
func TestEachTypeHasOneEventAndResourceType(t *testing.T) {
	w := newWorld(t, 1)
	seen := map[string]bool{}
	closed := strings.Fields("SHARE CREATE DELETE UPDATE ACTIVATE PAUSE METRICS RESETPASS ERROR_AGGREGATED ERROR MONITOR WRITE EMPTY_DATA READ_START READ_DONE WRITE_START WRITE_DONE")
	for _, typ := range w.list("/notification_types") {
		pair := fmt.Sprint(typ["event_type"], " ", typ["resource_type"])
		if seen[pair] || !slices.Contains(closed, typ["event_type"].(string)) || typ["resource_type"] == "" || !slices.Contains([]any{"PLATFORM", "SYSTEM", "DATA"}, typ["category"]) {
			t.Errorf("%v", typ)
		}
		seen[pair] = true
	}
	if len(seen) != len(notify.Types()) {
		t.Errorf("%d types", len(seen))
	}
}

// Nobody reads, changes or uses what is another user's.
func TestNotificationsAreEachUsersOwn(t *testing.T) {
	w := newWorld(t, 5)
	owner := w.principal()
	h := newHook(t)
	channel := w.call(200, "POST", "/notification_channel_settings", m{"channel": "SLACK", "config": m{"webhook_url": h.URL}})
	setting := w.call(200, "POST", "/notification_settings", m{"channel": "SLACK", "notification_type_id": 1, "notification_channel_setting_id": channel["id"]})
	helper := w.user(owner, "helper", identity.RoleOperator)
	w.tellAll()
	mine := w.token
	w.token = helper.Token.Expose()
	if got := w.list("/notifications"); len(got) != 1 || got[0]["title"] != "Added to the organization" || got[0]["resource_type"] != "USER" {
		t.Errorf("the new member was told %v", got)
	}
	if got := w.list("/notification_settings"); len(got) != 0 {
		t.Errorf("settings %v", got)
	}
	w.call(404, "GET", "/notification_settings/"+id(setting["id"]), nil)
	w.call(404, "PUT", "/notification_settings/"+id(setting["id"]), m{"status": "PAUSED"})
	w.call(404, "POST", "/notification_channel_settings/"+id(channel["id"])+"/test", nil)
	w.call(400, "POST", "/notification_settings", m{"channel": "SLACK", "notification_type_id": 1, "notification_channel_setting_id": channel["id"]})
	own := w.call(200, "POST", "/notification_channel_settings", m{"channel": "SLACK", "config": m{"webhook_url": h.URL}})
	w.call(403, "POST", "/notification_settings", m{"channel": "SLACK", "notification_type_id": 1, "notification_channel_setting_id": own["id"], "scope": "ORG"})
	w.token = mine
	if got := w.list("/notification_channel_settings"); len(got) != 2 {
		t.Errorf("an administrator sees %v", got)
	}
}

// While the server serves, what happens is told without anybody's call.
func TestAServerThatServesTells(t *testing.T) {
	w := newWorld(t, 5)
	h := newHook(t)
	channel := w.call(200, "POST", "/notification_channel_settings", m{"channel": "WEBHOOKS", "config": m{"url": h.URL}})
	typ := w.call(200, "GET", "/notification_types/list?event_type=CREATE&resource_type=USER", nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	ctx, stop := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- w.server.Serve(ctx, l) }()
	other := w.user(w.principal(), "other", identity.RoleAdmin)
	w.token = other.Token.Expose()
	w.call(200, "POST", "/notification_settings", m{"channel": "WEBHOOKS", "notification_type_id": typ["id"], "notification_channel_setting_id": channel["id"]})
	for range 400 {
		if len(w.list("/notifications")) > 0 {
			break
		}
		time.Sleep(25 * time.Millisecond)
	}
	if len(w.list("/notifications")) != 1 {
		t.Error("nobody was told")
	}
	stop()
	w.must(<-over)
}
