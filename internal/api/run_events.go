package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir/internal/store"
)

// Server-sent events of runs. A stream ends after a while, so that whoever may
// not look any more does not for long; an EventSource comes back by itself.
const (
	eventsFor  = 10 * time.Minute
	eventsRuns = 3 // for each source, in a stream of many
	eventsMost = 300
	// eventsPatience is how long a client may leave unread what was sent.
	eventsPatience = 30 * time.Second
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
	run, err := a.runFor(ctx, in.RunID)
	if err != nil {
		return nil, err
	}
	return a.stream(ctx, func(ctx context.Context, sources map[int64]bool, out *events) error {
		if sources != nil && !sources[run.Resource] {
			return nil
		}
		now, err := a.runFor(ctx, in.RunID)
		if err != nil {
			return err
		}
		shown, err := a.showRuns(ctx, now)
		if err != nil {
			return err
		}
		if err := out.run(&shown[0]); err != nil || now.Open() {
			return err
		}
		return errSeen
	})
}

type allRunsInput struct {
	DataSourceID int64 `query:"data_source_id"`
}

func (a *API) allRunEvents(ctx context.Context, in *allRunsInput) (*eventStream, error) {
	return a.stream(ctx, func(ctx context.Context, sources map[int64]bool, out *events) error {
		f, err := a.filter(ctx, ListInput{}.ofAll(), store.KindSource)
		if err != nil {
			return err
		}
		switch {
		case in.DataSourceID != 0:
			f.IDs = []int64{in.DataSourceID}
		case sources != nil:
			f.IDs = slices.Collect(maps.Keys(sources))
		}
		visible, err := a.visibleOf(ctx, f)
		if err != nil || len(visible) == 0 {
			return err
		}
		runs, _, err := a.runsOf(ctx, store.RunFilter{Org: f.Org, Sources: visible, Whole: true, Page: 1, Size: min(eventsRuns*len(visible), eventsMost)})
		for i := range runs {
			if err := out.run(&runs[i]); err != nil {
				return err
			}
		}
		return err
	})
}

// stream makes an answer of what each turn of a watch writes, until the client
// goes, reads no more, or may not look any more: who asks is asked for anew at
// each turn, because a session, a role or a membership may end meanwhile.
func (a *API) stream(ctx context.Context, turn func(context.Context, map[int64]bool, *events) error) (*eventStream, error) {
	x := from(ctx)
	leave, err := a.streams.Enter(x.who)
	if err != nil {
		return nil, err
	}
	return &eventStream{Type: "text/event-stream", Cache: "no-store", Body: func(c huma.Context) {
		defer leave()
		ctx, cancel := context.WithTimeout(ctx, eventsFor)
		defer cancel()
		ctx, end := a.streams.Until(ctx)
		defer end()
		out := &events{w: c.BodyWriter(), control: http.NewResponseController(x.out.w), sent: map[string]string{}}
		defer func() { _ = out.control.SetWriteDeadline(time.Time{}) }() // the connection may serve other requests
		_ = out.say(": weir\n\n")                                        // a client that has gone is noticed below
		err := a.Runner.Watch(ctx, x.who.Org, func(sources map[int64]bool) error {
			if err := a.again(x); err != nil {
				return err
			}
			return turn(ctx, sources, out)
		})
		if err != nil && !errors.Is(err, errSeen) && ctx.Err() == nil {
			a.Logger.Info("a stream of runs ended", "error", err)
		}
	}}, nil
}

// again asks once more who asks, and whether they may.
func (a *API) again(x *exchange) error {
	before := x.who
	if err := a.identify(x); err != nil {
		return err
	}
	if x.who.User != before.User || x.who.Org != before.Org {
		return nowhere()
	}
	return a.authorize(x)
}

// events writes server-sent events: each run when it differs from what was
// sent of it last.
type events struct {
	w       io.Writer
	control *http.ResponseController
	sent    map[string]string // by the run's id
}

func (e *events) run(r *Run) error {
	b, err := json.Marshal(r)
	if err != nil || e.sent[r.RunID] == string(b) {
		return err
	}
	e.sent[r.RunID] = string(b)
	return e.say(fmt.Sprintf("event: run\nid: %s\ndata: %s\n\n", r.RunID, b))
}

func (e *events) say(text string) error {
	_ = e.control.SetWriteDeadline(time.Now().Add(eventsPatience)) // a writer without one belongs to a test
	if _, err := io.WriteString(e.w, text); err != nil {
		return err
	}
	if f, ok := e.w.(http.Flusher); ok {
		f.Flush()
	}
	return nil
}
