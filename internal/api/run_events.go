package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/store"
)

// Server-sent events of runs. A stream ends after a while, so that whoever may
// not look any more does not for long; an EventSource comes back by itself.
const (
	eventsFor  = 10 * time.Minute
	eventsRuns = 3 // of each source, in a stream of many
)

func (a *API) registerRunEvents() {
	const tag = "runs"
	register(a, Route{Method: http.MethodGet, Path: "/runs/events", Tag: tag, Summary: "Follow the runs of all sources, or of one", Policy: signedIn, Stream: true,
		Detail: "Server-sent events. Each event `run` is a run as GET /runs shows it, sent when it has changed."}, a.allRunEvents)
	register(a, Route{Method: http.MethodGet, Path: "/runs/{run_id}/events", Tag: tag, Summary: "Follow one run until its end", Policy: signedIn, Stream: true,
		Detail: "Server-sent events. Each event `run` is the run as it stands, sent when it has changed; the stream ends with the run."}, a.oneRunEvents)
}

// eventStream is an answer of server-sent events.
type eventStream struct {
	Type  string `header:"Content-Type"`
	Cache string `header:"Cache-Control"`
	Body  func(huma.Context)
}

// errSeen ends a stream whose run is over.
var errSeen = errors.New("the run is over")

func (a *API) oneRunEvents(ctx context.Context, in *oneRunInput) (*eventStream, error) {
	org := actor(ctx).Org
	run, err := a.runFor(ctx, in.RunID)
	if err != nil {
		return nil, err
	}
	return a.stream(ctx, func(ctx context.Context, out *events) error {
		return a.Runner.Watch(ctx, org, func(sources map[int64]bool) error {
			if sources != nil && !sources[run.Resource] {
				return nil
			}
			now, err := a.Flows.Run(ctx, org, in.RunID)
			if err != nil {
				return err
			}
			if err := out.run(now); err != nil || now.Open() {
				return err
			}
			return errSeen
		})
	}), nil
}

type allRunsInput struct {
	DataSourceID int64 `query:"data_source_id"`
}

func (a *API) allRunEvents(ctx context.Context, in *allRunsInput) (*eventStream, error) {
	f, err := a.filter(ctx, ListInput{}, store.KindSource)
	if err != nil {
		return nil, err
	}
	f.Page, f.Number = 0, 0
	return a.stream(ctx, func(ctx context.Context, out *events) error {
		return a.Runner.Watch(ctx, f.Org, func(sources map[int64]bool) error {
			f := f
			switch {
			case in.DataSourceID != 0:
				f.IDs = []int64{in.DataSourceID}
			case sources != nil:
				f.IDs = []int64{}
				for id := range sources {
					f.IDs = append(f.IDs, id)
				}
			}
			visible, _, err := a.Flows.Sources(ctx, f)
			if err != nil {
				return err
			}
			for _, src := range visible {
				runs, err := a.Flows.Runs(ctx, src, eventsRuns)
				if err != nil {
					return err
				}
				for i := range runs {
					if err := out.run(&runs[i]); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}), nil
}

// stream makes an answer of what follow writes until the client goes.
func (a *API) stream(ctx context.Context, follow func(context.Context, *events) error) *eventStream {
	return &eventStream{Type: "text/event-stream", Cache: "no-store", Body: func(c huma.Context) {
		ctx, cancel := context.WithTimeout(ctx, eventsFor)
		defer cancel()
		out := &events{w: c.BodyWriter(), sent: map[weir.RunID]string{}}
		_ = out.say(": weir\n\n") // a client that has gone is noticed below
		err := follow(ctx, out)
		if err != nil && !errors.Is(err, errSeen) && ctx.Err() == nil {
			a.Logger.Warn("a stream of runs ended", "error", err)
		}
	}}
}

// events writes server-sent events: each run when it differs from what was
// sent of it last.
type events struct {
	w    io.Writer
	sent map[weir.RunID]string
}

func (e *events) run(r *flow.Run) error {
	b, err := json.Marshal(showRun(r))
	if err != nil || e.sent[r.ID] == string(b) {
		return err
	}
	e.sent[r.ID] = string(b)
	return e.say(fmt.Sprintf("event: run\nid: %s\ndata: %s\n\n", r.ID, b))
}

func (e *events) say(text string) error {
	if _, err := io.WriteString(e.w, text); err != nil {
		return err
	}
	if f, ok := e.w.(http.Flusher); ok {
		f.Flush()
	}
	return nil
}
