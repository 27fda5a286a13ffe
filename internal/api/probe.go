package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/flow"
)

// Probe is what a test of a credential found. With async it is said in another
// way, and Result is that.
type Probe struct {
	Status         string   `json:"status" doc:"ok; with async completed or failed"`
	Message        string   `json:"message"`
	ConnectionType string   `json:"connection_type"`
	Account        *Account `json:"account,omitempty"`
	RequestID      string   `json:"request_id,omitzero" doc:"With async: what to ask for again"`
	Progress       int      `json:"progress,omitzero" doc:"With async: 100, for it is over at once"`
	Result         *Probe   `json:"result,omitzero" doc:"With async: what was found"`
}

type probeInput struct {
	One
	Async     flag   `query:"async" doc:"A bad key is no error, but status failed"`
	RequestID string `query:"request_id" maxLength:"64" doc:"Of an answer to async: what that found, and the service is not asked again"`
}

func (a *API) probeCredential(ctx context.Context, in *probeInput) (*value[Probe], error) {
	if in.Async.On || in.RequestID != "" {
		return a.probeAsync(ctx, in)
	}
	c, err := a.Credentials.Check(ctx, actor(ctx), in.ID)
	if err != nil {
		return nil, notGood(err)
	}
	return show(found(c)), nil
}

// found is what is known of a good credential.
func found(c *credential.Credential) Probe {
	out := Probe{Status: "ok", Message: "The credential is good.", ConnectionType: c.Kind.Connection}
	if c.Status() == credential.StatusUnverified {
		out.Message = "Nobody can be asked: the credential has no test."
	}
	if c.Account != nil {
		account := Account(*c.Account)
		out.Account = &account
	}
	return out
}

// probeAsync answers as if it had been done in the background. It is one request,
// and so it is over when it is answered; whoever comes back for it is told what is
// stored of it.
func (a *API) probeAsync(ctx context.Context, in *probeInput) (*value[Probe], error) {
	var bad *problem
	out := Probe{Status: "completed", RequestID: in.RequestID, Progress: 100}
	if out.RequestID == "" {
		out.RequestID = from(ctx).id
		_, err := a.Credentials.Check(ctx, actor(ctx), in.ID)
		if err = notGood(err); err != nil && (!errors.As(err, &bad) || !bad.probe) {
			return nil, err
		}
	}
	c, err := a.Credentials.Credential(ctx, actor(ctx).Org, in.ID)
	if err != nil {
		return nil, err
	}
	result := found(c)
	switch status := c.Status(); {
	case bad != nil:
		out.Status, result = "failed", Probe{Status: "failed", Message: bad.message, ConnectionType: c.Kind.Connection}
	case status == credential.StatusFailed, status == credential.StatusUnknown:
		out.Status, result = "failed", Probe{Status: "failed", Message: c.Problem, ConnectionType: c.Kind.Connection}
	}
	out.ConnectionType, out.Message, out.Result = result.ConnectionType, result.Message, &result
	return show(out), nil
}

// notGood is what a credential's service says, or its absence: 403, as the
// contract has it, with the reason.
func notGood(err error) error {
	var p *problem
	if !errors.As(validation(err), &p) {
		return err
	}
	if p.status == http.StatusBadRequest {
		p.status, p.probe = http.StatusForbidden, true
	}
	return p
}

// Tree is what can be read with a credential.
type Tree struct {
	Status         string         `json:"status"`
	Message        string         `json:"message"`
	ConnectionType string         `json:"connection_type"`
	Object         map[string]any `json:"object"`
}

type treeInput struct {
	One
	Body *struct {
		Depth    int    `json:"depth,omitempty"`
		Path     string `json:"path,omitempty" maxLength:"1024"`
		Database string `json:"database,omitempty" maxLength:"255"`
		Table    string `json:"table,omitempty" maxLength:"255"`
	}
}

// probeTree lists a connector's endpoints by their names. What other credentials
// lead to is no tree: there is nothing to read in it.
func (a *API) probeTree(ctx context.Context, in *treeInput) (*value[Tree], error) {
	c, err := a.Credentials.Credential(ctx, actor(ctx).Org, in.ID)
	if err != nil {
		return nil, err
	}
	out := Tree{Status: "ok", Message: "Ok", ConnectionType: c.Kind.Connection, Object: map[string]any{}}
	if c.Kind.Connector != nil {
		for _, e := range c.Kind.Connector.Describe().Endpoints {
			out.Object[e.ID] = map[string]any{"path": e.Path, "dataset": e.Dataset, "incremental": e.Incremental, "type": "endpoint"}
		}
	}
	return show(out), nil
}

// SampleAnswer is a glance at what a source would yield.
type SampleAnswer struct {
	Status         string       `json:"status"`
	Message        string       `json:"message"`
	ConnectionType string       `json:"connection_type"`
	Output         SampleOutput `json:"output"`
	Rejects        []Rejected   `json:"rejects" nullable:"false" doc:"What came and would go to quarantine, with the reason."`
	Exchanges      []Exchange   `json:"exchanges" nullable:"false" doc:"What was asked, in order. The key is in no part of it."`
}

// SampleOutput is the records of a sample.
type SampleOutput struct {
	ContentType string   `json:"contentType"`
	StatusCode  int      `json:"statusCode"`
	Response    []object `json:"response" nullable:"false"`
}

// Rejected is what a source would not take as a record.
type Rejected struct {
	Reason string `json:"reason"`
	Raw    string `json:"rawMessage" doc:"The bytes as they came"`
}

// Exchange is one request of a sample.
type Exchange struct {
	Method string `json:"method"`
	URL    string `json:"url"`
	Status int    `json:"status"`
	Millis int64  `json:"ms"`
	Bytes  int    `json:"bytes"`
}

type sampleInput struct {
	One
	Count int            `query:"count" minimum:"1" maximum:"100" default:"10"`
	Body  map[string]any `doc:"A source_config, or {path: …} for one request."`
}

func (a *API) probeSample(ctx context.Context, in *sampleInput) (*value[SampleAnswer], error) {
	c, err := a.Credentials.Credential(ctx, actor(ctx).Org, in.ID)
	if err != nil {
		return nil, err
	}
	spec, err := a.sampleSpec(ctx, c, in.Body)
	if err != nil {
		return nil, err
	}
	look, err := a.Flows.Test(ctx, actor(ctx), spec, in.ID, in.Count)
	if err != nil {
		return nil, notGood(err)
	}
	out := SampleAnswer{Status: "ok", ConnectionType: c.Kind.Connection, Output: SampleOutput{ContentType: "application/json", StatusCode: http.StatusOK, Response: []object{}},
		Rejects: []Rejected{}, Exchanges: []Exchange{}}
	for _, r := range look.Records {
		out.Output.Response = append(out.Output.Response, object(r.Data))
	}
	for _, r := range look.Rejects {
		if one := jsontext.Value(r.Original); byPath(in.Body) && one.Kind() == '{' && one.IsValid() {
			out.Output.Response = append(out.Output.Response, object(one)) // an answer, whatever it is
			continue
		}
		out.Rejects = append(out.Rejects, Rejected{Reason: r.Reason, Raw: string(r.Original)})
	}
	out.Message = fmt.Sprintf("%d records", len(out.Output.Response))
	if len(out.Rejects) > 0 {
		out.Message += fmt.Sprintf(", and %d that could not be taken as records", len(out.Rejects))
	}
	for _, e := range look.Exchanges {
		out.Exchanges = append(out.Exchanges, Exchange(e))
		out.Output.StatusCode = e.Status
	}
	return show(out), nil
}

// byPath reports whether one address is to be looked at.
func byPath(config map[string]any) bool {
	path, _ := config["path"].(string)
	return path != "" && config["rest.iterations"] == nil
}

// sampleSpec reads what a sample is to be of.
func (a *API) sampleSpec(ctx context.Context, c *credential.Credential, config map[string]any) (flow.SourceSpec, error) {
	if byPath(config) {
		path, _ := config["path"].(string)
		config = map[string]any{"rest.iterations": []any{map[string]any{
			"key": "step_1", "iteration.type": "static.url", "method": "GET", "url.template": path, "response.data.path": "$",
		}}}
	}
	spec, err := a.sourceSpec(ctx, c.Kind, c.Origin, sourceInput{SourceConfig: config})
	if err != nil || c.Kind.Connector == nil {
		return spec, err
	}
	for _, name := range spec.Endpoints { // what is asked for is wrong, and not the credential
		_, err := c.Kind.Connector.Endpoint(name)
		if e := (*weir.Error)(nil); errors.As(err, &e) {
			return spec, refuse("endpoint", e.Message, e.Remedy)
		}
	}
	return spec, nil
}
