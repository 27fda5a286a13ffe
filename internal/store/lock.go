package store

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/weirhq/weir"
)

// makeLock opens a lock's file, and makes it when it is not there.
const makeLock = os.O_CREATE | os.O_RDWR

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
		release, err := lockFile(path, makeLock)
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
	return lockAs(path, makeLock)
}

// LockThere is Lock for a file that must be there, and be no symbolic link where
// the system can tell: it makes none, wherever the path leads by now.
func LockThere(path string) (release func(), held bool, err error) {
	return lockAs(path, lockThere)
}

func lockAs(path string, flag int) (release func(), held bool, err error) {
	release, err = lockFile(path, flag)
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
