//go:build unix

package store

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/weirhq/weir"
)

// lockFile takes an exclusive lock that ends with this process. The file
// stays: removing it would let two processes lock two files of one name.
func lockFile(path string) (release func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // #nosec G304 -- beside the store's own file
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeLocal, Where: path, Message: err.Error(), Err: err}
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errHeld
		}
		return nil, &weir.Error{Code: weir.CodeLocal, Where: path, Message: err.Error(), Err: err}
	}
	return func() { _ = f.Close() }, nil
}
