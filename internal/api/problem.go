package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// Problem is an error as clients see it, on every path and with every status.
type Problem struct {
	Error       string   `json:"error" doc:"What happened"`
	Description string   `json:"error_description" doc:"What happened, and what to do about it"`
	Code        string   `json:"error_code" doc:"The class of the error; see the list of codes"`
	Timestamp   string   `json:"timestamp" format:"date-time"`
	RequestID   string   `json:"request_id" doc:"Also in the header x-request-id; find it in the server's log"`
	Details     []Detail `json:"details" nullable:"false" doc:"What is wrong, field by field"`
	RetryAfter  int      `json:"retry_after,omitzero" doc:"Seconds to wait"`

	Status      int     `json:"status,omitzero" doc:"Of a credential that is not good: 403"`
	Message     string  `json:"message,omitzero" doc:"Of a credential that is not good, and of a flow that is active and so cannot be deleted"`
	DataSources []int64 `json:"data_sources,omitzero" nullable:"false" doc:"Its sources that are active"`
	DataSets    []int64 `json:"data_sets,omitzero" nullable:"false" doc:"Its datasets that are active"`
	DataSinks   []int64 `json:"data_sinks,omitzero" nullable:"false" doc:"Its destinations that are active"`
}

// Detail is what is wrong with one field. The value is never in it.
type Detail struct {
	Field   string `json:"field"`
	Message string `json:"message"`
	Remedy  string `json:"remedy"`
	Reason  string `json:"reason,omitzero" doc:"Finer than the code, such as key_expired"`
}

// problem is an error that knows its status.
type problem struct {
	status  int
	code    string
	message string
	remedy  string
	details []Detail
	header  http.Header
	wait    time.Duration
	hidden  error // for the log alone
	parts   *activeParts
	probe   bool // the answer says status and message, too, as the contract has it for probes
}

// Error is what happened.
func (p *problem) Error() string { return p.message }

// class is how one of Weir's codes leaves by this door.
type class struct {
	status int
	code   string
}

// classes is the one table from code to status and error_code. 502, 503 and
// 504 are for reads alone: the SDK sends everything again that gets one of
// them, and what half happened must not happen twice (see problemOf).
var classes = map[weir.Code]class{
	weir.CodeUsage:      {http.StatusBadRequest, "VAL_001"},
	weir.CodeConfig:     {http.StatusBadRequest, "VAL_002"},
	weir.CodeData:       {http.StatusBadRequest, "VAL_006"},
	weir.CodeAuth:       {http.StatusUnauthorized, "AUTH_001"},
	weir.CodeForbidden:  {http.StatusForbidden, "AUTH_003"},
	weir.CodeNotFound:   {http.StatusNotFound, "NOT_001"},
	weir.CodeConflict:   {http.StatusConflict, "CONF_001"},
	weir.CodeThrottled:  {http.StatusTooManyRequests, "RATE_001"},
	weir.CodeNotSent:    {http.StatusBadGateway, "UP_001"},
	weir.CodeTransient:  {http.StatusBadGateway, "UP_001"},
	weir.CodeCapability: {http.StatusBadGateway, "UP_002"},
	weir.CodeLocal:      {http.StatusServiceUnavailable, "SRV_002"},
	weir.CodeCancelled:  {http.StatusServiceUnavailable, "SRV_003"},
	weir.CodeIntegrity:  {http.StatusInternalServerError, "SRV_004"},
	weir.CodeInternal:   {http.StatusInternalServerError, "SRV_001"},
}

// problemOf gives any error its status. Of an error that is not meant for
// users nothing is shown.
func problemOf(err error, method string) *problem {
	var known *problem
	if errors.As(err, &known) {
		return known
	}
	cause := err
	err = store.ForUsers(err)
	e := &weir.Error{}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		e = &weir.Error{Code: weir.CodeCancelled, Message: "it took too long and was stopped", Remedy: "Look whether it was done before you ask again"}
	case errors.Is(err, context.Canceled):
		e = &weir.Error{Code: weir.CodeCancelled, Message: "it was stopped", Remedy: "Look whether it was done before you ask again"}
	case !errors.As(err, &e) || e.Code == weir.CodeInternal:
		e = &weir.Error{Code: weir.CodeInternal, Message: "something went wrong here", Remedy: "Report it with its request_id"}
	}
	c, ok := classes[e.Code]
	if !ok {
		c = classes[weir.CodeInternal]
	}
	p := &problem{status: c.status, code: c.code, message: strings.TrimPrefix(e.Where+": "+e.Message, ": "), remedy: e.Remedy}
	if e.Code == weir.CodeNotFound && p.remedy == "" {
		p.remedy = "List what there is, and take an id from there"
	}
	if errors.Is(err, identity.ErrNotRecent) {
		p.code = "AUTH_004"
	}
	if p.status > http.StatusInternalServerError && !safe(method) {
		p.status = http.StatusInternalServerError
	}
	if p.status >= http.StatusInternalServerError {
		p.hidden = cause
	}
	if p.status == http.StatusBadRequest {
		p.details = []Detail{{Field: e.Where, Message: e.Message, Remedy: e.Remedy}}
	}
	var rules flow.WrongRules
	if errors.As(cause, &rules) {
		p.several(fmt.Sprintf("%d rules are wrong", len(rules)), "Mend each of them", rules)
	}
	var taken *flow.Taken
	if errors.As(cause, &taken) {
		p.several(fmt.Sprintf("%d tables are filled by others already", len(taken.Clashes)), "Lead these destinations elsewhere, or delete the others", taken.Unwrap())
	}
	return p
}

// several tells of everything that is wrong. What is wrong alone is the message
// itself.
func (p *problem) several(message, remedy string, all []error) {
	if len(all) > 1 {
		p.message, p.remedy = message, remedy
	}
	p.details = nil
	for _, one := range all {
		var e *weir.Error
		if errors.As(one, &e) {
			p.details = append(p.details, Detail{Field: e.Where, Message: e.Message, Remedy: e.Remedy, Reason: e.Reason})
		}
	}
}

// upstream is what a connected service has said of its key. Its 401 is not
// ours: the SDK would get itself a new session for it.
func upstream(err error) error {
	switch weir.CodeOf(err) {
	case weir.CodeAuth, weir.CodeForbidden:
		p := problemOf(err, http.MethodGet)
		p.status, p.code = http.StatusForbidden, "UP_003"
		return p
	}
	return err
}

// fail writes the exchange's error as the answer, in place of whatever was
// written before.
func (a *API) fail(x *exchange) {
	p := problemOf(x.err, x.r.Method)
	if p.hidden != nil {
		severity := slog.LevelError
		if errors.Is(x.r.Context().Err(), context.Canceled) { // the client has left
			severity = slog.LevelDebug
		}
		a.Logger.Log(x.r.Context(), severity, "request failed", "request_id", x.id, "error", p.hidden)
	}
	if x.out.started {
		panic(http.ErrAbortHandler) // of a stream: the client must see that it is cut
	}
	x.out.discard()
	x.out.direct = false
	for name, values := range p.header {
		x.out.header[name] = values
	}
	body := Problem{Error: p.message, Description: p.message, Code: p.code, Timestamp: a.Now().UTC().Format(time.RFC3339), RequestID: x.id, Details: p.details}
	if p.remedy != "" {
		body.Description = (&weir.Error{Message: strings.TrimRight(p.message, ".!"), Remedy: p.remedy}).Error()
	}
	if p.probe {
		body.Status, body.Message = p.status, body.Description
	}
	if p.parts != nil {
		body.Message, body.DataSources, body.DataSets, body.DataSinks = p.parts.Message, some(p.parts.DataSources), some(p.parts.DataSets), some(p.parts.DataSinks)
	}
	if wait := a.waitOf(p, x.err); wait > 0 {
		body.RetryAfter = seconds(wait)
		x.out.header.Set("Retry-After", strconv.Itoa(seconds(wait)))
	}
	if p.status == http.StatusUnauthorized {
		x.out.header.Set("WWW-Authenticate", `Bearer realm="weir"`)
	}
	x.out.header.Set("Content-Type", "application/json")
	x.out.status = p.status
	text, err := json.Marshal(body)
	if err != nil { // a text of ours that is not UTF-8
		text = []byte(`{"error":"something went wrong here","error_description":"","error_code":"SRV_001","timestamp":"","request_id":"","details":[]}`)
	}
	_, _ = x.out.Write(text) // into memory
}

// waitOf is how long the client should wait; 0 where nobody knows.
func (a *API) waitOf(p *problem, err error) time.Duration {
	var limited *identity.Wait
	if p.wait == 0 && errors.As(err, &limited) {
		return limited.Until.Sub(a.Now())
	}
	return p.wait
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
