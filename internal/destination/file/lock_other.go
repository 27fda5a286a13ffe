//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package file

import (
	"os"

	"github.com/weirhq/weir"
)

// tryLock refuses: without a lock that dies with its process, two writers
// could delete each other's files.
func tryLock(*os.File) (bool, error) {
	return false, &weir.Error{Code: weir.CodeLocal, Message: "this system has no file locks that Weir can use",
		Remedy: "Use a database as destination"}
}
