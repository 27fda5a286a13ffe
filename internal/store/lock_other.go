//go:build !unix

package store

import (
	"errors"
	"os"

	"github.com/weirhq/weir"
)

// lockFile makes a file that only one process can: without file locks, one
// that is left by a killed process must be removed by hand.
func lockFile(path string) (release func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- beside the store's own file
	if errors.Is(err, os.ErrExist) {
		return nil, errHeld
	}
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeLocal, Where: path, Message: err.Error(), Err: err}
	}
	return func() { _ = f.Close(); _ = os.Remove(path) }, nil
}
