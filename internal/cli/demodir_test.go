package cli

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

func TestADemoRemovesOnlyWhatDeadDemosLeft(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s := &session{log: slog.New(slog.DiscardHandler)}
	demo := func(keep bool) (string, func()) {
		dir, release, err := demoDir(keep)
		if err != nil {
			t.Fatal(err)
		}
		return dir, release
	}
	dead, died := demo(false)
	died() // as the end of its process does
	live, end := demo(false)
	defer end()
	kept, _ := demo(true)
	stranger := filepath.Join(os.TempDir(), demoPrefix+"of-somebody")
	if err := os.Mkdir(stranger, 0o700); err != nil {
		t.Fatal(err)
	}
	link, target := filepath.Join(os.TempDir(), demoPrefix+"link"), t.TempDir()
	if err := os.WriteFile(filepath.Join(target, demoLock), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	clearDemos(s)
	if _, err := os.Stat(dead); !os.IsNotExist(err) {
		t.Errorf("what the dead one left is there: %v", err)
	}
	for _, dir := range []string{live, kept, stranger, link, filepath.Join(target, demoLock)} {
		if _, err := os.Stat(dir); err != nil {
			t.Errorf("%s is gone: %v", dir, err)
		}
	}
}
