package job

import (
	"context"
	"log/slog"
	"time"

	"github.com/weirhq/weir"
)

// revive makes this process known, and takes over at once what a process that
// was alone with the database, as this one is, has left.
func (e *Engine) revive(ctx context.Context) error {
	if e.Store.SQLite() != nil {
		if err := e.Store.ForgetProcesses(ctx); err != nil {
			return err
		}
	}
	if err := e.Store.Alive(ctx, e.process); err != nil {
		return err
	}
	return e.free(ctx)
}

// keep says again and again that this process lives, and frees what those had
// that say so no more.
func (e *Engine) keep(ctx context.Context) {
	beat := time.NewTicker(e.Silence / 3)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
		err := e.Store.Alive(ctx, e.process)
		if err == nil {
			err = e.free(ctx)
		}
		if err != nil && weir.CodeOf(err) != weir.CodeCancelled {
			e.Logger.Warn("this process could not say that it lives; others may take over its jobs", "error", err)
		}
	}
}

// free gives back what processes have left that are gone, lets go first what has
// waited for long, and ends what nobody is to end.
func (e *Engine) free(ctx context.Context) error {
	n, err := e.Store.FreeOrphans(ctx, e.Silence)
	if n > 0 {
		e.Logger.Info("jobs of a process that is gone are free again", "jobs", n)
	}
	if err != nil {
		return err
	}
	// A few at a time: a long queue must not be before all whom people wait for.
	if err := e.Store.Hasten(ctx, e.Patience, max(1, e.Room/4)); err != nil {
		return err
	}
	left, err := e.Store.CloseAbandoned(ctx, time.Now().UnixMicro())
	if left > 0 {
		e.Logger.Warn("runs whose job is over were not ended; they are now", "runs", left)
	}
	return err
}

// calm is River's log: what it tells for information is for debugging here.
type calm struct{ slog.Handler }

// Enabled implements slog.Handler.
func (c calm) Enabled(ctx context.Context, l slog.Level) bool {
	return c.Handler.Enabled(ctx, lower(l))
}

// Handle implements slog.Handler.
func (c calm) Handle(ctx context.Context, r slog.Record) error {
	r.Level = lower(r.Level)
	return c.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (c calm) WithAttrs(a []slog.Attr) slog.Handler { return calm{c.Handler.WithAttrs(a)} }

// WithGroup implements slog.Handler.
func (c calm) WithGroup(name string) slog.Handler { return calm{c.Handler.WithGroup(name)} }

func lower(l slog.Level) slog.Level {
	if l < slog.LevelError {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}
