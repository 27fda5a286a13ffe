package notify

import (
	"context"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// How often is looked for what other processes wrote down, and how often what
// is found by looking at the clock.
const (
	lookEvery  = 2 * time.Second
	checkEvery = time.Hour
	keepEvents = 90 * 24 * time.Hour
	settle     = 50 * time.Millisecond // from the news to the commit of what it is about
)

// Background delivers until it is stopped.
type Background struct {
	stop context.CancelFunc
	done chan struct{}
}

// Start begins to deliver in the background. Checks are called now and every
// hour: they raise the events that time brings, such as a key that expires.
func (s *Service) Start(checks ...func(context.Context) error) *Background {
	ctx, stop := context.WithCancel(context.Background())
	b := &Background{stop: stop, done: make(chan struct{})}
	go func() {
		defer close(b.done)
		s.run(ctx, checks)
	}()
	return b
}

// Stop ends it, after the messages under way; what was not sent stays.
func (b *Background) Stop(ctx context.Context) error {
	b.stop()
	select {
	case <-b.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Service) run(ctx context.Context, checks []func(context.Context) error) {
	var checked time.Time
	for ctx.Err() == nil {
		if now := s.Now(); now.Sub(checked) >= checkEvery {
			checked = now
			s.check(ctx, append(checks, s.Forget))
		}
		next, err := s.Deliver(ctx)
		if err != nil && ctx.Err() == nil {
			s.Logger.Warn("notifications could not be delivered; they are kept and tried again", "error", err)
		}
		s.rest(ctx, next)
	}
}

// rest waits until there may be something to do.
func (s *Service) rest(ctx context.Context, next time.Time) {
	wait := lookEvery
	if !next.IsZero() {
		wait = max(settle, min(wait, next.Sub(s.Now())))
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-s.Intake.news:
		timer.Reset(settle)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
	}
}

func (s *Service) check(ctx context.Context, checks []func(context.Context) error) {
	for _, check := range checks {
		if err := check(ctx); err != nil && ctx.Err() == nil {
			s.Logger.Warn("what is to be told could not be found out; it is tried again within the hour", "error", err)
		}
	}
}

// Forget removes events that are older than 90 days and were told.
func (s *Service) Forget(ctx context.Context) error {
	for {
		n, err := s.Store.ForgetEvents(ctx, s.Now().Add(-keepEvents).UnixMicro())
		if err != nil || n == 0 {
			return err
		}
	}
}

// Notices gives the user's notices, the newest first.
func (s *Service) Notices(ctx context.Context, f store.NoticeFilter) ([]store.Notice, int, error) {
	return s.Store.Notices(ctx, f)
}
