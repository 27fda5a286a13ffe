package pipeline

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/schema"
)

// Preview is a glance at what an endpoint yields.
type Preview struct {
	Records   []weir.Record
	Rejects   []weir.Reject
	Exchanges []Exchange // what was asked, in order
}

// Exchange is one request of a preview and what became of it.
type Exchange struct {
	Method string
	URL    string // as it was sent; the key is in no part of it
	Status int    // of a good answer, 0 otherwise
	Millis int64
	Bytes  int
}

// parentsLooked is how many records of an endpoint's need a preview tries.
const parentsLooked = 5

// errEnough ends a preview.
var errEnough = errors.New("enough")

// Look reads the first n records of an endpoint and stores nothing. It reads
// in the interactive lane; an endpoint that needs another is read for the
// first few records of that one.
func Look(ctx context.Context, f *Flow, e *connector.Endpoint, n int) (*Preview, error) {
	w := &watched{Exchanger: rest.Retrying(f.Exchanger, rest.RetryPolicy{Attempts: 2}), now: f.Now}
	records, rejects, err := look(ctx, f, e, n, w)
	return &Preview{Records: records, Rejects: rejects, Exchanges: w.seen}, err
}

func look(ctx context.Context, f *Flow, e *connector.Endpoint, n int, ex rest.Exchanger) (records []weir.Record, rejects []weir.Reject, err error) {
	request := rest.ReadRequest{Mode: rest.ModeSweep, Lane: weir.LaneInteractive, Since: f.Since, OnSkip: func(rest.Seed, error) {}}
	if len(e.Needs) > 0 {
		if request.Seeds, err = lookSeeds(ctx, f, e.Needs[0], ex); err != nil {
			return nil, nil, err
		}
	}
	config, err := f.config(e)
	if err != nil {
		return nil, nil, err
	}
	source, err := rest.NewSource(config, ex)
	if err != nil {
		return nil, nil, err
	}
	err = source.Read(ctx, request, func(_ context.Context, p weir.Page) error {
		records, rejects = append(records, p.Records...), append(rejects, p.Rejects...)
		if len(records) >= n {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return records[:min(n, len(records))], rejects, err
}

// lookSeeds takes seeds from the first records of the endpoint that is needed.
func lookSeeds(ctx context.Context, f *Flow, need connector.Need, ex rest.Exchanger) (iter.Seq2[rest.Seed, error], error) {
	for _, parent := range f.Streams {
		if parent.ID != need.Endpoint {
			continue
		}
		records, _, err := look(ctx, f, parent, parentsLooked, ex)
		return func(yield func(rest.Seed, error) bool) {
			for _, r := range records {
				if seed, whole := seedOf(r, need); whole && !yield(seed, nil) {
					return
				}
			}
		}, err
	}
	return nil, &weir.Error{Code: weir.CodeInternal, Where: need.Endpoint, Message: "it is needed and not among the flow's streams"}
}

// watched notes what passes through it.
type watched struct {
	rest.Exchanger
	now func() time.Time

	mu   sync.Mutex
	seen []Exchange
}

// Exchange implements rest.Exchanger.
func (w *watched) Exchange(ctx context.Context, req rest.Request) (rest.Response, error) {
	req.Lane = weir.LaneInteractive
	began := w.now()
	res, err := w.Exchanger.Exchange(ctx, req)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, Exchange{Method: req.Method, URL: req.URL, Status: res.Status, Bytes: len(res.Body), Millis: w.now().Sub(began).Milliseconds()})
	return res, err
}

// Shape is the learned shape of an endpoint's dataset: what its connector
// declares and what saved, the store's copy, has learned since.
func Shape(d *connector.Definition, e *connector.Endpoint, saved []byte) (*schema.Schema, error) {
	return schema.New(schemaSpec(d, e), saved)
}
