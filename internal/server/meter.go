package server

import (
	"context"
	"time"

	"github.com/weirhq/weir/internal/credential"
)

// flushEvery is how often the statistics of keys' use are written down.
const flushEvery = 10 * time.Second

// meter writes down the use of keys, until it is stopped.
type meter struct {
	credentials *credential.Service
	stop        context.CancelFunc
	over        chan struct{}
}

// startMeter begins to write down what keys are used for.
func (s *Server) startMeter(credentials *credential.Service) {
	ctx, stop := context.WithCancel(context.Background())
	s.meter = &meter{credentials: credentials, stop: stop, over: make(chan struct{})}
	go func() {
		defer close(s.meter.over)
		tick := time.NewTicker(flushEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := credentials.FlushUse(ctx); err != nil && ctx.Err() == nil {
				s.config.Logger.Warn("the use of keys could not be written down; it is tried again", "error", err)
			}
		}
	}()
}

// end writes down what is left.
func (m *meter) end(ctx context.Context) error {
	m.stop()
	<-m.over
	return m.credentials.FlushUse(ctx)
}

// Flush writes down what keys were used for so far.
func (s *Server) Flush(ctx context.Context) error { return s.meter.credentials.FlushUse(ctx) }
