package file

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/weirhq/weir"
)

func TestAFullDiskStopsTheRunAndFreeingItLetsItGoOn(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("weir", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skip("needs the right to mount a tmpfs: ", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, 2) }) // 2: lazily, files may be open
	ballast := dir + "/ballast"
	if err := os.WriteFile(ballast, make([]byte, 200<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	d := open(t, dir, Options{})
	err := script(t.Context(), d)
	wantCode(t, err, weir.CodeLocal)
	if err == nil || !strings.Contains(err.Error(), "disk is full") {
		t.Errorf("error is %v", err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := script(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	checkScript(t, dir, "after the disk was full")
}
