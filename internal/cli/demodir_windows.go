package cli

import "os"

// ours reports whether a file is of the user who asks: each has a temporary
// directory of their own.
func ours(os.FileInfo) bool { return true }
