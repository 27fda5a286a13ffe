package trace

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	res "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	otlp "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/weirhq/weir"
)

// The variables of the environment, as OpenTelemetry defines them.
const (
	endpoint       = "OTEL_EXPORTER_OTLP_ENDPOINT"        // v1/traces is added
	tracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT" // taken as it is
	headers        = "OTEL_EXPORTER_OTLP_HEADERS"
	tracesHeaders  = "OTEL_EXPORTER_OTLP_TRACES_HEADERS"
	disabled       = "OTEL_SDK_DISABLED"
)

// exporter sends spans by OTLP over HTTP, in protobuf. OpenTelemetry's own one
// brings gRPC with it, 4.5 MB of what Weir has no other use for.
type exporter struct {
	url    string
	header http.Header
	http   *http.Client
	log    *slog.Logger
	failed atomic.Bool // the last time; that is told once
}

// newExporter reads the environment; nil when nothing is to be sent.
func newExporter(o Options) (*exporter, error) {
	name, address := tracesEndpoint, o.Getenv(tracesEndpoint)
	if base := o.Getenv(endpoint); address == "" && base != "" {
		name, address = endpoint, strings.TrimRight(base, "/")+"/v1/traces"
	}
	if address == "" || strings.EqualFold(o.Getenv(disabled), "true") {
		return nil, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, &weir.Error{Code: weir.CodeConfig, Where: name, Message: "this is no address of a collector", Remedy: "Write it as http://collector:4318: OTLP over HTTP"}
	}
	e := &exporter{url: address, header: http.Header{}, http: o.HTTP, log: o.Logger}
	text := o.Getenv(tracesHeaders)
	if text == "" {
		text = o.Getenv(headers)
	}
	for pair := range strings.SplitSeq(text, ",") {
		key, value, found := strings.Cut(pair, "=")
		if value, err = url.PathUnescape(strings.TrimSpace(value)); found && err == nil {
			e.header.Set(strings.TrimSpace(key), value)
		}
	}
	e.header.Set("Content-Type", "application/x-protobuf")
	return e, nil
}

// ExportSpans implements sdk.SpanExporter. Spans that nobody takes are gone:
// nothing waits for them.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	body, err := proto.Marshal(message(spans))
	if err == nil {
		err = e.send(ctx, body)
	}
	switch {
	case err == nil:
		e.failed.Store(false)
	case !e.failed.Swap(true):
		// Not the error: it may repeat the address, and whoever is named there.
		e.log.WarnContext(ctx, "traces are not taken by the collector, and are lost until it does", "code", weir.CodeOf(err))
	}
	return nil
}

// Shutdown implements sdk.SpanExporter.
func (e *exporter) Shutdown(context.Context) error {
	e.http.CloseIdleConnections()
	return nil
}

func (e *exporter) send(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header = e.header.Clone()
	answer, err := e.http.Do(req)
	if err != nil {
		return &weir.Error{Code: weir.CodeNotSent, Where: "collector", Err: err}
	}
	defer func() { _ = answer.Body.Close() }() // it is read
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20))
	if answer.StatusCode/100 != 2 {
		return &weir.Error{Code: weir.CodeTransient, Where: "collector"}
	}
	return nil
}

// message is spans of one process as the protocol has them.
func message(spans []sdk.ReadOnlySpan) *collector.ExportTraceServiceRequest {
	if len(spans) == 0 {
		return &collector.ExportTraceServiceRequest{}
	}
	scope := &otlp.ScopeSpans{Scope: &common.InstrumentationScope{Name: spans[0].InstrumentationScope().Name}}
	for _, s := range spans {
		scope.Spans = append(scope.Spans, one(s))
	}
	about := &res.Resource{Attributes: pairs(spans[0].Resource().Attributes())}
	return &collector.ExportTraceServiceRequest{ResourceSpans: []*otlp.ResourceSpans{{Resource: about, ScopeSpans: []*otlp.ScopeSpans{scope}}}}
}

func one(s sdk.ReadOnlySpan) *otlp.Span {
	id, trace := s.SpanContext().SpanID(), s.SpanContext().TraceID()
	out := &otlp.Span{
		TraceId: trace[:], SpanId: id[:], TraceState: s.SpanContext().TraceState().String(), Name: s.Name(), Kind: otlp.Span_SpanKind(s.SpanKind()), // #nosec G115 -- the same numbers
		StartTimeUnixNano: uint64(s.StartTime().UnixNano()), EndTimeUnixNano: uint64(s.EndTime().UnixNano()), // #nosec G115 -- after 1970
		Attributes: pairs(s.Attributes()), DroppedAttributesCount: uint32(s.DroppedAttributes()), // #nosec G115 -- a count
		Status: &otlp.Status{Message: s.Status().Description},
	}
	if parent := s.Parent().SpanID(); s.Parent().IsValid() {
		out.ParentSpanId = parent[:]
	}
	switch s.Status().Code {
	case codes.Error:
		out.Status.Code = otlp.Status_STATUS_CODE_ERROR
	case codes.Ok:
		out.Status.Code = otlp.Status_STATUS_CODE_OK
	}
	return out
}

func pairs(all []attribute.KeyValue) (out []*common.KeyValue) {
	for _, a := range all {
		v := &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: a.Value.String()}}
		if a.Value.Type() == attribute.INT64 {
			v.Value = &common.AnyValue_IntValue{IntValue: a.Value.AsInt64()}
		}
		out = append(out, &common.KeyValue{Key: string(a.Key), Value: v})
	}
	return out
}
