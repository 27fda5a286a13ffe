package store

import (
	"context"
	"errors"
	"time"

	"github.com/weirhq/weir"
)

// Opening a database takes milliseconds, migrating one perhaps minutes.
const (
	startUpPause = 10 * time.Millisecond
	startUpLimit = 5 * time.Minute
)

// waitLock takes a file lock and waits for whoever has it.
func waitLock(ctx context.Context, path string) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, startUpLimit)
	defer cancel()
	for {
		release, err := lockFile(path)
		if !errors.Is(err, errHeld) {
			return release, err
		}
		if err := pause(ctx, startUpPause); err != nil {
			code := weir.CodeConflict
			if errors.Is(err, context.Canceled) {
				code = weir.CodeCancelled
			}
			return nil, &weir.Error{Code: code, Where: path, Message: "another process is still preparing the database", Remedy: "Wait for it, or stop it", Err: err}
		}
	}
}

// Lock takes an exclusive lock on a file, which is made for it, and which ends
// with this process at the latest. held reports that another process has it.
func Lock(path string) (release func(), held bool, err error) {
	release, err = lockFile(path)
	if errors.Is(err, errHeld) {
		return nil, true, nil
	}
	return release, false, err
}

// pause waits, or gives the context's error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
