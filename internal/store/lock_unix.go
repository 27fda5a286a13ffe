//go:build unix

package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/weirhq/weir"
)

// lockThere opens a lock's file that is there.
const lockThere = os.O_RDWR | unix.O_NOFOLLOW

// lockFile takes an exclusive lock that ends with this process. The file
// stays: removing it would let two processes lock two files of one name.
func lockFile(path string, flag int) (release func(), err error) {
	f, err := os.OpenFile(path, flag, 0o600) // #nosec G304 -- beside the store's own file
	if err != nil {
		return nil, lockError(path, err)
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) // #nosec G115 -- a descriptor
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errHeld
		}
		return nil, lockError(path, err)
	}
	return func() { _ = f.Close() }, nil
}

func lockError(path string, err error) error {
	return &weir.Error{Code: weir.CodeLocal, Where: path, Message: err.Error(), Remedy: "Keep Weir's database on a disk with file locks, in a directory that Weir may write", Err: err}
}
