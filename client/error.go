package client

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
)

// Error is what the server refused, in its own words.
type Error struct {
	Status      int      `json:"-"`
	Message     string   `json:"error"`
	Description string   `json:"error_description"` // with what to do about it
	Code        string   `json:"error_code"`
	RequestID   string   `json:"request_id"`
	RetryAfter  int      `json:"retry_after"` // seconds
	Details     []Detail `json:"details"`
}

// Detail is what is wrong with one field.
type Detail struct {
	Field   string `json:"field"`
	Message string `json:"message"`
	Remedy  string `json:"remedy"`
	Reason  string `json:"reason"`
}

// Error says it in words.
func (e *Error) Error() string {
	text := e.Description
	if len(e.Details) > 1 {
		var b strings.Builder
		for _, d := range e.Details {
			b.WriteString("\n  " + (&weir.Error{Where: d.Field, Message: d.Message, Remedy: d.Remedy}).Error())
		}
		text = e.Message + b.String()
	}
	return text
}

// codes are the classes of what a server refuses, by its status.
var codes = map[int]weir.Code{
	http.StatusBadRequest: weir.CodeUsage, http.StatusUnauthorized: weir.CodeAuth, http.StatusForbidden: weir.CodeForbidden, http.StatusNotFound: weir.CodeNotFound,
	http.StatusConflict: weir.CodeConflict, http.StatusMethodNotAllowed: weir.CodeConflict, http.StatusTooManyRequests: weir.CodeThrottled, http.StatusBadGateway: weir.CodeTransient,
}

// reasons are those of a credential that was not accepted which are not about
// its secret: nobody useful answered.
var reasons = map[string]weir.Code{
	"host_unreachable": weir.CodeNotSent, "tls_failed": weir.CodeNotSent, "server_error": weir.CodeTransient, "not_the_api": weir.CodeCapability,
}

// Unwrap gives the error's class, so that weir.CodeOf works on it.
func (e *Error) Unwrap() error {
	code, known := codes[e.Status]
	switch {
	case strings.HasPrefix(e.Code, "CRED_"):
		code = weir.CodeAuth
		for _, d := range e.Details {
			if upstream, ok := reasons[d.Reason]; ok {
				code = upstream
			}
		}
	case e.Code == "VAL_001": // 403 where a credential is asked, as the contract has it
		code = weir.CodeUsage
	case !known:
		code = weir.CodeLocal
	}
	return &weir.Error{Code: code, Message: e.Message}
}

func refusal(status int, content []byte) error {
	e := &Error{}
	if err := json.Unmarshal(content, e); err != nil || e.Message == "" {
		e = &Error{Message: fmt.Sprintf("the server answered %d", status), Description: fmt.Sprintf("the server answered %d, and not as Weir does. Check the address", status)}
	}
	e.Status = status
	return e
}
