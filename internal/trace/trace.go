// Package trace tells where the time of a run went: spans from the request that
// asks for it over the slices of its reading, each of their requests, to the
// batches that destinations take, all of one trace, in whichever process each
// of them happens.
//
//	trace.go   spans, and the trace that goes with a run through the queue
//	export.go  OpenTelemetry's protocol over HTTP
//
// A span holds ids, numbers, codes and names out of this program, because
// there is no way to give it anything else: no address, no header, no text of
// an error, and so no secret. Without an address to send spans to a Tracer is
// nil, and its methods do nothing.
package trace

import (
	"context"
	"log/slog"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/weirhq/weir"
)

// Options are what a Tracer is made of.
type Options struct {
	Getenv  func(string) string // OTEL_EXPORTER_OTLP_ENDPOINT and its like
	HTTP    *http.Client        // the way there
	Version string
	Role    string // what this process does
	Logger  *slog.Logger
}

// Tracer makes spans. It is safe for concurrent use; nil makes none.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

// Open gives a tracer as the environment's standard variables say; nil when
// they name no address.
func Open(o Options) (*Tracer, error) {
	e, err := newExporter(o)
	if err != nil || e == nil {
		return nil, err
	}
	about, err := resource.Merge(resource.NewSchemaless(attribute.String("service.name", "weir"), attribute.String("service.version", o.Version), attribute.String("weir.role", o.Role)), resource.Environment())
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeConfig, Where: "OTEL_RESOURCE_ATTRIBUTES", Message: "it cannot be read", Remedy: "Write it as key=value,key=value", Err: err}
	}
	p := sdk.NewTracerProvider(sdk.WithBatcher(e), sdk.WithResource(about))
	return &Tracer{provider: p, tracer: p.Tracer("github.com/weirhq/weir")}, nil
}

// Close sends what is left.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// IDs say what a span is about. Zero fields are left out.
type IDs struct {
	Run                                  weir.RunID
	Org, Source, Destination, Credential int64
}

func (i IDs) attributes() (all []attribute.KeyValue) {
	if i.Run != "" {
		all = append(all, attribute.String("weir.run", string(i.Run)))
	}
	for name, id := range map[string]int64{"weir.org": i.Org, "weir.source": i.Source, "weir.destination": i.Destination, "weir.credential": i.Credential} {
		if id != 0 {
			all = append(all, attribute.Int64(name, id))
		}
	}
	return all
}

// Span is a piece of work; nil when there is no tracer.
type Span struct{ span trace.Span }

// Start begins a span under the one that ctx has, or else a trace. Name is one
// of few, such as "ingest".
func (t *Tracer) Start(ctx context.Context, name string, about IDs) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithAttributes(about.attributes()...))
	return ctx, &Span{span}
}

// Serve begins the span of a request to this server.
func (t *Tracer) Serve(ctx context.Context) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	ctx, span := t.tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer))
	return ctx, &Span{span}
}

// Follow puts what Parent gave into ctx: what is started next belongs to that.
func (t *Tracer) Follow(ctx context.Context, parent string) context.Context {
	if t == nil || parent == "" {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": parent})
}

// Parent names the span, for those who go on with its trace elsewhere.
func (s *Span) Parent() string {
	if s == nil {
		return ""
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(trace.ContextWithSpan(context.Background(), s.span), carrier)
	return carrier["traceparent"]
}

// Count notes a number. The name is one of few.
func (s *Span) Count(name string, n int) {
	if s != nil {
		s.span.SetAttributes(attribute.Int("weir."+name, n))
	}
}

// Route names a request by the route that it took, and its answer.
func (s *Span) Route(method, pattern string, status int) {
	if s == nil {
		return
	}
	s.span.SetName(method + " " + pattern)
	s.span.SetAttributes(attribute.String("http.route", pattern), attribute.String("http.request.method", method), attribute.Int("http.response.status_code", status))
	if status >= http.StatusInternalServerError {
		s.span.SetStatus(codes.Error, "")
	}
}

// End ends the span. Of an error its code is told, and no word.
func (s *Span) End(err error) {
	if s == nil {
		return
	}
	if err != nil {
		code := string(weir.CodeOf(err))
		s.span.SetAttributes(attribute.String("weir.code", code))
		s.span.SetStatus(codes.Error, code)
	}
	s.span.End()
}
