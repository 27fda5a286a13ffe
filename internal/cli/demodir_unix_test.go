//go:build unix

package cli

import (
	"os"
	"path/filepath"
	"testing"
)

// Whoever may remove another user's files does not.
func TestADemoLeavesWhatDemosOfOtherUsersLeft(t *testing.T) {
	if os.Geteuid() != 0 {
		root, err := os.Lstat("/")
		if err != nil || ours(root) {
			t.Fatalf("what is root's passes for ours: %v", err)
		}
		return // nobody else can give a file away
	}
	t.Setenv("TMPDIR", t.TempDir())
	for _, theirs := range []string{"", demoLock} {
		dir, release, err := demoDir(false)
		if err != nil {
			t.Fatal(err)
		}
		release()
		if err := os.Chown(filepath.Join(dir, theirs), 65534, -1); err != nil {
			t.Skip("this root may not give files away: ", err)
		}
		if removed, err := clearDemo(dir); removed || err != nil {
			t.Errorf("%q is another user's, and the directory was removed: %v, %v", theirs, removed, err)
		}
	}
}
