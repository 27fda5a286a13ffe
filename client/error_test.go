package client

import (
	"net/http"
	"testing"

	"github.com/weirhq/weir"
)

// Scripts tell a wrong key from a service that is down by the exit code.
func TestARefusalLeavesWithTheCodeOfWhatIsWrong(t *testing.T) {
	cred := func(reason string) string {
		return `{"error": "x", "error_code": "CRED_001", "details": [{"reason": "` + reason + `"}]}`
	}
	for name, is := range map[string]struct {
		status int
		answer string
		exit   int
	}{
		"a key that is unknown":           {http.StatusBadRequest, cred("key_unknown"), 4},
		"a key that is probed":            {http.StatusForbidden, cred("key_expired"), 4},
		"a password":                      {http.StatusBadRequest, cred("password_wrong"), 4},
		"a host that cannot be reached":   {http.StatusBadRequest, cred("host_unreachable"), 6},
		"a host that is probed":           {http.StatusForbidden, cred("host_unreachable"), 6},
		"a web page":                      {http.StatusBadRequest, cred("not_the_api"), 6},
		"a service that fails":            {http.StatusBadRequest, cred("server_error"), 6},
		"an endpoint that there is not":   {http.StatusForbidden, `{"error": "x", "error_code": "VAL_001"}`, 2},
		"what the role does not permit":   {http.StatusForbidden, `{"error": "x", "error_code": "AUTH_003"}`, 4},
		"an id that there is not":         {http.StatusNotFound, `{"error": "x", "error_code": "NOT_001"}`, 5},
		"an answer that is not the API's": {http.StatusBadGateway, `<html>`, 6},
	} {
		if got := weir.CodeOf(refusal(is.status, []byte(is.answer))).ExitCode(); got != is.exit {
			t.Errorf("%s: exit code %d, want %d", name, got, is.exit)
		}
	}
}
