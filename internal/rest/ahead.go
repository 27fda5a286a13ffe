package rest

import (
	"context"

	"github.com/weirhq/weir"
)

// ahead reads and emits side by side, so that the next page is on its way
// while the last one becomes durable. One page waits at most. What was read
// before an error is still emitted; an error of emit ends the reading.
func ahead(ctx context.Context, read func(context.Context, Emit) error, emit Emit) error {
	reading, stop := context.WithCancel(ctx)
	defer stop()
	pages, ended := make(chan weir.Page), make(chan error, 1)
	go func() {
		defer close(pages)
		ended <- read(reading, func(ctx context.Context, p weir.Page) error {
			select {
			case pages <- p:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()
	var failed error
	for p := range pages {
		if failed != nil {
			continue
		}
		if failed = emit(ctx, p); failed != nil {
			stop()
		}
	}
	if err := <-ended; failed == nil {
		return err
	}
	return failed
}
