package store

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"

	"github.com/weirhq/weir"
)

// lockThere opens a lock's file that is there.
const lockThere = os.O_RDWR

// lockFile takes an exclusive lock that ends with this process. The file
// stays: removing it would let two processes lock two files of one name.
func lockFile(path string, flag int) (release func(), err error) {
	f, err := os.OpenFile(path, flag, 0o600) // #nosec G304 -- beside the store's own file
	if err != nil {
		return nil, lockError(path, err)
	}
	err = windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &windows.Overlapped{})
	if err != nil {
		_ = f.Close()
		if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
			return nil, errHeld
		}
		return nil, lockError(path, err)
	}
	return func() { _ = f.Close() }, nil
}

func lockError(path string, err error) error {
	return &weir.Error{Code: weir.CodeLocal, Where: path, Message: err.Error(), Remedy: "Keep Weir's database in a directory that Weir may write", Err: err}
}
