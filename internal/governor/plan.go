package governor

import (
	"container/heap"
	"time"
)

// PlanOptions describe the requests to plan. Zero values are the governor's
// own defaults.
type PlanOptions struct {
	Limit       int           // requests per window; 0: DefaultLimit
	Window      time.Duration // 0: 60 s
	Margin      time.Duration // 0: 1 s
	Latency     time.Duration // of one request
	Concurrency int           // requests under way at once; 0: 1
	AlreadyUsed int           // places occupied now; taken to have been used this moment
	Every       time.Duration // how often the requests are made; 0: once
}

// Plan is what a number of requests will cost.
type Plan struct {
	Requests int
	Duration time.Duration // from the first request to the last answer
	Waited   time.Duration // of it, waiting for places with nothing under way
	// Share is the part of the key's places that the requests take: of those
	// in the repetition's interval, or of those in the windows that the plan
	// touches when it is made once. Above 1 the requests cannot be made so often.
	Share float64
}

// PlanRequests runs the window on virtual time and says what a number of
// requests will cost.
func PlanRequests(requests int, o PlanOptions) Plan {
	g := Options{Window: o.Window, Margin: o.Margin}.withDefaults()
	if o.Limit < 1 {
		o.Limit = DefaultLimit
	}
	requests = max(requests, 0)
	var w window
	for range min(max(o.AlreadyUsed, 0), o.Limit) {
		w.occupy(g.hold())
	}
	workers := make(instants, max(1, min(o.Concurrency, requests))) // when each is idle again
	p := Plan{Requests: requests}
	for range requests {
		start := workers[0]
		w.expire(start)
		at := w.usable(start, o.Limit)
		p.Waited += max(0, at-max(start, p.Duration))
		answered := at + o.Latency
		w.occupy(answered + g.hold())
		p.Duration = max(p.Duration, answered)
		workers[0] = answered
		heap.Fix(&workers, 0)
	}
	interval := o.Every
	if interval <= 0 {
		interval = max(1, (p.Duration+g.Window-1)/g.Window) * g.Window
	}
	if requests > 0 {
		p.Share = float64(requests) / (float64(o.Limit) * float64(interval) / float64(g.Window))
	}
	return p
}

// instants is a heap, earliest first.
type instants []time.Duration

func (h instants) Len() int           { return len(h) }
func (h instants) Less(i, j int) bool { return h[i] < h[j] }
func (h instants) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *instants) Push(x any)        { *h = append(*h, x.(time.Duration)) }
func (h *instants) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
