package flow

import (
	"context"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/trace"
)

// asked makes the span that all others of a run belong to, and names it: under
// that of the request which asked for the run, or else of a trace of its own.
func (s *Service) asked(ctx context.Context, run weir.RunID, org, source int64) string {
	_, span := s.Tracer.Start(ctx, "run", trace.IDs{Run: run, Org: org, Source: source})
	span.End(nil)
	return span.Parent()
}

// ids say what a slice of reading is about.
func (rd *reader) ids() trace.IDs {
	return trace.IDs{Run: rd.run.ID, Org: rd.src.Org, Source: rd.src.ID, Credential: rd.src.Credential}
}

// spanned makes a span of each exchange.
func (rd *reader) spanned(e rest.Exchanger) rest.Exchanger {
	if rd.flows.Tracer == nil {
		return e
	}
	return exchanges{e, rd.flows.Tracer, rd.ids()}
}

type exchanges struct {
	rest.Exchanger
	tracer *trace.Tracer
	about  trace.IDs
}

// Exchange implements rest.Exchanger. The span has the wait for a place in the
// key's budget in it.
func (e exchanges) Exchange(ctx context.Context, r rest.Request) (rest.Response, error) {
	ctx, span := e.tracer.Start(ctx, "source request", e.about)
	answer, err := e.Exchanger.Exchange(ctx, r)
	span.Count("status", answer.Status)
	span.Count("bytes", len(answer.Body))
	span.End(err)
	return answer, err
}

// span begins the span of a slice of filling, in the trace of the source's
// newest run: that is what brought most of what is delivered now.
func (f *filler) span(ctx context.Context) (context.Context, *trace.Span) {
	t := f.flows.Tracer
	if t == nil {
		return ctx, nil
	}
	about := trace.IDs{Org: f.job.Org, Source: f.load.Flow, Destination: f.to.ID, Credential: f.to.Credential}
	if runs, err := f.flows.Store.FlowRuns(ctx, f.load.Flow, 1); err == nil && len(runs) == 1 {
		if o, err := orderOf(runs[0].Wanted); err == nil {
			ctx, about.Run = t.Follow(ctx, o.Trace), runs[0].ID
		}
	}
	return t.Start(ctx, "deliver", about)
}

// spanned makes a span of each batch.
func (f *filler) spanned(d pipeline.Destination) pipeline.Destination {
	if f.flows.Tracer == nil {
		return d
	}
	return batches{d, f.flows.Tracer, trace.IDs{Org: f.job.Org, Source: f.load.Flow, Destination: f.to.ID}}
}

type batches struct {
	pipeline.Destination
	tracer *trace.Tracer
	about  trace.IDs
}

// Load implements pipeline.Destination.
func (b batches) Load(ctx context.Context, batch weir.Batch) (weir.Loaded, error) {
	about := b.about
	about.Run = batch.RunID
	ctx, span := b.tracer.Start(ctx, "batch", about)
	loaded, err := b.Destination.Load(ctx, batch)
	span.Count("records", len(batch.Changes))
	span.Count("written", loaded.Rows)
	span.Count("refused", len(loaded.Refused))
	span.End(err)
	return loaded, err
}

// Finish implements pipeline.Finisher.
func (b batches) Finish(ctx context.Context, dataset string) error {
	if f, ok := b.Destination.(pipeline.Finisher); ok {
		return f.Finish(ctx, dataset)
	}
	return nil
}
