package cli

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weirhq/weir"
)

// A flow's parts have numbers, too: whoever gives one of theirs deletes nothing,
// and is told which flow that would have been.
func TestAFlowIsDeletedByItsOwnNumberAlone(t *testing.T) {
	var deleted []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path == "/api/token":
			_, _ = w.Write([]byte(`{"access_token":"wst_x","expires_in":86400}`))
		case r.Method == http.MethodDelete:
			deleted = append(deleted, r.URL.Path)
			_, _ = w.Write([]byte(`{"code":"200","message":"Ok"}`))
		default:
			_, _ = w.Write([]byte(`{"flows":[{"id":7,"data_source_id":3,"name":"Bookings","children":[{"id":8,"data_set_id":4,"name":"bookings"}]}]}`))
		}
	}))
	defer server.Close()
	run := func(id string) (int, string) {
		var out, wrong bytes.Buffer
		code := Main(t.Context(), []string{"flows", "delete", id, "--server", server.URL}, Terminal{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &wrong,
			Getenv: func(name string) string { return map[string]string{tokenVariable: "wsk_x", "HOME": t.TempDir()}[name] }})
		return code, wrong.String()
	}
	if code, text := run("8"); code != weir.CodeUsage.ExitCode() || !strings.Contains(text, "part of flow 7 (Bookings)") || !strings.Contains(text, "weir flows delete 7") || len(deleted) != 0 {
		t.Errorf("the number of a dataset: exit %d, %s, deleted %v", code, text, deleted)
	}
	if code, text := run("7"); code != 0 || len(deleted) != 1 || deleted[0] != "/api/flows/7" {
		t.Errorf("its own number: exit %d, %s, deleted %v", code, text, deleted)
	}
}
