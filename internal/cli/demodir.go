package cli

import (
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// A demo that is killed leaves its temporary directory. The file demoLock in it
// is locked for as long as its demo lives, and is in no directory that somebody
// wants to keep: where it is and nobody has it, nobody needs the rest.
const (
	demoPrefix = "weir-demo-"
	demoLock   = "demo.lock"
)

// demoDir makes a temporary directory, which others leave alone until release is
// called; one to be kept they leave alone for good. It gets the name by which
// others look for it only once it is locked.
func demoDir(keep bool) (dir string, release func(), err error) {
	refuse := func(err error) (string, func(), error) {
		return "", nil, &weir.Error{Code: weir.CodeLocal, Where: "demo", Message: "a temporary directory cannot be made: " + err.Error(), Remedy: "Name a directory with --dir", Err: err}
	}
	made, err := os.MkdirTemp("", "."+demoPrefix)
	if err != nil {
		return refuse(err)
	}
	release = func() {}
	if !keep {
		lock, _, err := store.Lock(filepath.Join(made, demoLock))
		if err != nil {
			return refuse(err)
		}
		release = sync.OnceFunc(lock)
	}
	dir = filepath.Join(filepath.Dir(made), strings.TrimPrefix(filepath.Base(made), "."))
	if err := os.Rename(made, dir); err != nil {
		release()
		return refuse(err)
	}
	return dir, release, nil
}

// clearDemos removes what demos that were killed have left. What cannot be
// removed stays.
func clearDemos(s *session) {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), demoPrefix+"*"))
	if err != nil {
		return // the pattern is ours
	}
	for _, dir := range left {
		if removed, err := clearDemo(dir); err != nil {
			s.log.Debug("what an earlier demo left stays", "directory", dir, "error", err)
		} else if removed {
			s.log.Info("what a demo left that was killed is removed", "directory", dir)
		}
	}
}

// clearDemo removes the directory of a demo, unless that lives, or the directory
// is none of a demo, is to be kept, or is another user's.
func clearDemo(dir string) (removed bool, err error) {
	lock := filepath.Join(dir, demoLock)
	for _, name := range []string{dir, lock} {
		is, err := os.Lstat(name)
		if err != nil || name == dir && !is.IsDir() || name == lock && !is.Mode().IsRegular() || !ours(is) {
			return false, err
		}
	}
	release, held, err := store.LockThere(lock)
	if err != nil || held {
		return false, err
	}
	release()
	return true, os.RemoveAll(dir)
}
