package file

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
)

// script loads three batches and finishes twice, from wherever the directory
// is: what a run does after the one before it died.
func script(ctx context.Context, d *Destination) error {
	w := newWorld(11)
	for i := range 3 {
		b := w.next(25)
		at, err := d.Position(ctx, b.Log, b.Dataset)
		if err != nil {
			return err
		}
		if at < b.To {
			if _, err := d.Load(ctx, b); err != nil {
				return err
			}
		}
		if i > 0 {
			if err := d.Finish(ctx, b.Dataset); err != nil {
				return err
			}
		}
	}
	return nil
}

func afterScript() []string {
	w := newWorld(11)
	for range 3 {
		w.next(25)
	}
	return w.expected()
}

func TestAnyStepOnDiskMayFailAndNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel() // it waits for the disk
	causes := []error{syscall.ENOSPC, syscall.EIO, syscall.EROFS}
	for k := 1; ; k++ {
		dir, cause := t.TempDir(), causes[k%len(causes)]
		d := open(t, dir, Options{Format: FormatJSONL})
		n := 0
		d.volume.(*disk).before = func(_, name string) error {
			if n++; n == k {
				return &fs.PathError{Op: "write", Path: name, Err: cause}
			}
			return nil
		}
		err := script(t.Context(), d)
		failed := n >= k
		if err != nil {
			wantCode(t, err, weir.CodeLocal)
		}
		d.volume.(*disk).before = nil
		if err := script(t.Context(), d); err != nil {
			t.Fatalf("after step %d failed with %v: %v", k, cause, err)
		}
		checkScript(t, dir, fmt.Sprintf("step %d, %v", k, cause))
		if !failed {
			break
		}
	}
}

func TestAnyStepOnDiskMayBeTheLastOne(t *testing.T) {
	t.Parallel() // it waits for the disk
	for k := 1; ; k++ {
		dir := t.TempDir()
		d := open(t, dir, Options{Format: FormatCSV})
		n := 0
		d.volume.(*disk).before = func(string, string) error {
			if n++; n >= k {
				return errors.New("the process is dead")
			}
			return nil
		}
		err := script(t.Context(), d)
		again := open(t, dir, Options{Format: FormatCSV})
		if at, perr := again.Position(t.Context(), "log-a", "bookings"); perr != nil || at%25 != 0 {
			t.Fatalf("after step %d: position %d, %v", k, at, perr)
		}
		if _, err := os.Stat(dir + "/_weir/bookings"); err == nil {
			listed(t, dir, "bookings")
		}
		if err := script(t.Context(), again); err != nil {
			t.Fatalf("after step %d: %v", k, err)
		}
		checkScript(t, dir, fmt.Sprintf("step %d", k))
		if err == nil && n < k {
			break
		}
	}
}

func checkScript(t *testing.T, dir, when string) {
	t.Helper()
	live := listed(t, dir, "bookings")
	if len(live) == 0 {
		t.Fatalf("%s: nothing is live", when)
	}
	f := Format(strings.TrimPrefix(path.Ext(live[0].Name), "."))
	if diff := cmp.Diff(afterScript(), found(t, dir, f)); diff != "" {
		t.Fatalf("%s (-want +got)\n%s", when, diff)
	}
}

// A failed fsync may have dropped the data, and the next one say that all is
// well: the file must be made anew before it is synced again.
func TestAFileIsNeverSyncedAgainAfterItsSyncFailed(t *testing.T) {
	for k := 1; k < 200; k++ {
		d := open(t, t.TempDir(), Options{Format: FormatJSONL})
		n, failed := 0, map[string]bool{}
		d.volume.(*disk).before = func(step, name string) error {
			switch {
			case step == "create":
				delete(failed, name)
			case step == "link" && failed[name+temporary]:
				t.Errorf("%s was published although its fsync failed", name)
			case step == "fsync" && strings.Contains(path.Base(name), temporary):
				if failed[name] {
					t.Errorf("%s was synced again", name)
				}
				if n++; n == k {
					failed[name] = true
					return syscall.EIO
				}
			}
			return nil
		}
		if err := script(t.Context(), d); err != nil {
			if err := script(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		if n < k {
			return
		}
	}
}

// What the manifest lists is durable before the manifest is, and the manifest
// before anything says that it is the newest.
func TestNothingIsNamedBeforeItIsDurable(t *testing.T) {
	d := open(t, t.TempDir(), Options{Format: FormatCSV})
	written, synced, dirty := map[string]bool{}, map[string]bool{}, map[string]bool{}
	d.volume.(*disk).before = func(step, name string) error {
		switch step {
		case "write":
			written[name], synced[name] = true, false
		case "fsync":
			synced[name] = true
			delete(dirty, name)
		case "link", "rename":
			content := name + temporary
			if strings.HasPrefix(name, claimsDir+"/") {
				content = ownDir + "/bookings/claim" + temporary
			}
			if !synced[content] {
				t.Errorf("%s %s before its content is durable", step, name)
			}
			if strings.Contains(name, "MANIFEST") || strings.HasSuffix(name, "CURRENT") {
				for dir := range dirty {
					t.Errorf("%s while names in %s are not durable", name, dir)
				}
			}
			dirty[path.Dir(name)] = true
		}
		return nil
	}
	if err := script(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if len(written) < 15 {
		t.Errorf("only %d files were written", len(written))
	}
}

const killVariable = "WEIR_TEST_KILL_DIR"

// TestKilledChild is the process that TestKill kills.
func TestKilledChild(t *testing.T) {
	dir := os.Getenv(killVariable)
	if dir == "" {
		t.Skip("only as a child of TestKillNineAtAnyMomentLosesAndDoublesNothing")
	}
	d, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("ready")
	if err := script(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

func TestKillNineAtAnyMomentLosesAndDoublesNothing(t *testing.T) {
	kills := 20
	if n, err := strconv.Atoi(os.Getenv("WEIR_KILLS")); err == nil {
		kills = n
	} else if testing.Short() {
		kills = 5
	}
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	killed, longest := 0, 200*time.Millisecond
	for i := 0; killed < kills; i++ {
		dir := t.TempDir()
		for {
			began := time.Now()
			after := time.Duration(random.Int64N(int64(longest)))
			if died := killedAfter(t, dir, after); !died {
				longest = max(time.Since(began)/2, 10*time.Millisecond)
				break
			}
			killed++
			d := open(t, dir, Options{})
			began = time.Now()
			at, err := d.Position(t.Context(), "log-a", "bookings")
			if took := time.Since(began); err != nil || at%25 != 0 || took > 5*time.Second {
				t.Fatalf("after kill %d: position %d in %v, %v", killed, at, took, err)
			}
			if at > 0 {
				listed(t, dir, "bookings")
			}
			if killed%7 == 0 {
				break
			}
		}
		d := open(t, dir, Options{})
		if err := script(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		checkScript(t, dir, fmt.Sprintf("after kill %d", killed))
	}
	t.Logf("%d kills", killed)
}

// killedAfter runs the child and kills it some time after it is ready; false
// when it was done before.
func killedAfter(t *testing.T, dir string, after time.Duration) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledChild$")
	cmd.Env = append(os.Environ(), killVariable+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && lines.Text() != "ready" {
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	var text strings.Builder
	for lines.Scan() {
		text.WriteString(lines.Text() + "\n")
	}
	err = cmd.Wait()
	timer.Stop()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() >= 0 {
		t.Fatalf("the child failed: %v\n%s", err, text.String())
	}
	return err != nil
}
