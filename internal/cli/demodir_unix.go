//go:build unix

package cli

import (
	"os"
	"syscall"
)

// ours reports whether a file is of the user who asks. Root could remove anybody's.
func ours(file os.FileInfo) bool {
	is, ok := file.Sys().(*syscall.Stat_t)
	return ok && int(is.Uid) == os.Geteuid()
}
