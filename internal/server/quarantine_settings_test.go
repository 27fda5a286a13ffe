package server_test

import (
	"testing"

	"github.com/weirhq/weir/internal/identity"
)

func TestQuarantineSettingsLiveOverTheContract(t *testing.T) {
	w := newWorld(t, 1)
	path := "/users/" + id(w.principal().User) + "/quarantine_settings"
	cal := w.credential()["id"]
	shelf := w.call(200, "POST", "/data_credentials", m{"name": "Shelf", "credentials_type": "file", "credentials": m{"path": "aside", "format": "jsonl"}})["id"]
	w.call(404, "GET", path, nil)
	w.call(404, "PUT", path, m{"config": m{"path": "x"}})
	w.call(404, "DELETE", path, nil)
	for field, in := range map[string]m{
		"data_credentials_id": {"data_credentials_id": cal, "config": m{"start.cron": "0 0 * * * ? *"}},
		"config.start.cron":   {"data_credentials_id": shelf, "config": m{"start.cron": "now and then"}},
		"config.path":         {"data_credentials_id": shelf, "config": m{"start.cron": "0 0 * * * ? *", "path": "a/../../b"}},
	} {
		if got := w.call(400, "POST", path, in); got["details"].([]any)[0].(m)["field"] != field {
			t.Errorf("a wrong %s: %v", field, got)
		}
	}
	made := w.call(200, "POST", path, m{"data_credentials_id": shelf, "config": m{"start.cron": "0 0 0 1 1 ? *", "path": "/weir/test"}})
	if made["data_credentials_id"] != shelf || made["config"].(m)["path"] != "weir/test" || made["next_at"] == nil || made["exported_at"] != nil {
		t.Errorf("made %v", made)
	}
	w.call(409, "POST", path, m{"data_credentials_id": shelf, "config": m{"start.cron": "0 0 0 1 1 ? *"}})
	w.call(409, "DELETE", "/data_credentials/"+id(shelf), nil) // they use it
	if got := w.call(200, "PUT", path, m{"config": m{"start.cron": "0 0 * * * ? *"}}); got["config"].(m)["start.cron"] != "0 0 * * * ? *" || got["config"].(m)["path"] != "weir/test" {
		t.Errorf("changed %v", got)
	}
	bob := w.user(w.principal(), "bob", identity.RoleOperator)
	if status, _ := w.ask(bob.Token.Expose(), "GET", path, nil); status != 403 {
		t.Errorf("another user is answered %d", status)
	}
	w.call(200, "DELETE", path, nil)
	w.call(404, "GET", path, nil)
	w.call(200, "DELETE", "/data_credentials/"+id(shelf), nil)
}
