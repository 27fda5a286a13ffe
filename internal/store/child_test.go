package store_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// child is what this binary does as another process, until it is killed.
func child(role, url string) {
	ctx := context.Background()
	db, err := store.Open(ctx, url, store.Options{})
	stop(err)
	switch role {
	case "open":
	case "append":
		appendForever(ctx, db, "account")
	case "own":
		appendForever(ctx, db, "account of "+fmt.Sprint(os.Getpid()))
	}
	stop(db.Close())
	os.Exit(0)
}

func stop(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// appendForever appends numbered pages from the checkpoint on. The page with
// number n has n%40 records, so the head follows from the checkpoint.
func appendForever(ctx context.Context, db *store.DB, account string) {
	source, err := db.EnsureSource(ctx, store.SourceSpec{Connector: "calcom", Origin: "here", Account: account})
	stop(err)
	lease, err := db.AcquireSource(ctx, source, "a child")
	stop(err)
	d, err := db.EnsureDataset(ctx, source, "bookings")
	stop(err)
	run := weir.RunID(fmt.Sprintf("%s-%d", account, lease.Epoch))
	stop(db.StartRun(ctx, store.Run{ID: run, Source: source, Epoch: lease.Epoch, Started: lease.Epoch}))
	fmt.Println("ready")
	page, _ := binary.Uvarint(d.Checkpoint)
	for {
		page++
		a := store.Append{Dataset: d.ID, Run: run, Epoch: lease.Epoch, Checkpoint: binary.AppendUvarint(nil, page), ExtractedAt: int64(page)}
		for i := range page % 40 {
			a.Records = append(a.Records, numbered(page, i))
		}
		if page%3 == 0 {
			a.Drift = []store.SchemaChange{{Kind: "new_column", Table: "bookings", Column: fmt.Sprint(page)}}
		}
		_, err := db.Append(ctx, a)
		stop(err)
	}
}

// numbered is a record that is told by page and place.
func numbered(page, i uint64) weir.Record {
	data := fmt.Appendf(nil, `{"page":%d,"i":%d}`, page, i)
	return weir.Record{Key: fmt.Sprintf("%d-%d", page, i), Version: int64(page), Data: data, Hash: weir.HashOf(data)}
}

// start runs a child and returns when it says that it is ready, or at once
// for a role that does not.
func start(t *testing.T, role, url string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0]) // #nosec G204 -- ourselves
	cmd.Env = append(os.Environ(), "STORE_TEST_CHILD="+role, "STORE_TEST_URL="+url)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(cmd) })
	if role != "open" {
		if line, _ := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
			t.Fatalf("the child said %q", line)
		}
	}
	return cmd
}

func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// rounds is how often a process is killed.
func rounds() int {
	if testing.Short() {
		return 3
	}
	return 12
}

func open(t *testing.T, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestKilledWhileAppendingNothingIsHalfDone(t *testing.T) {
	for name, newURL := range engines {
		t.Run(name, func(t *testing.T) {
			url := newURL(t)
			db := open(t, url)
			random := rand.New(rand.NewPCG(1, 2))
			for range rounds() {
				cmd := start(t, "append", url)
				after(t, time.Duration(random.IntN(60_000))*time.Microsecond)
				kill(cmd)
				agree(t, db, "account")
			}
		})
	}
}

// after waits: there is no signal for "in the middle of a transaction".
func after(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-t.Context().Done():
	case <-time.After(d):
	}
}

// agree fails unless head, log, key index, counters and drift all say what the
// checkpoint says.
func agree(t *testing.T, db *store.DB, account string) {
	t.Helper()
	source, err := db.EnsureSource(t.Context(), store.SourceSpec{Connector: "calcom", Origin: "here", Account: account})
	if err != nil {
		t.Fatal(err)
	}
	d, err := db.EnsureDataset(t.Context(), source, "bookings")
	if err != nil {
		t.Fatal(err)
	}
	pages, _ := binary.Uvarint(d.Checkpoint)
	var want []weir.Record
	for page := uint64(1); page <= pages; page++ {
		for i := range page % 40 {
			want = append(want, numbered(page, i))
		}
	}
	if int(d.Head) != len(want) {
		t.Fatalf("head %d after %d pages, want %d", d.Head, pages, len(want))
	}
	c, err := db.ReadLog(t.Context(), d.ID, 0, len(want)+1, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Records) != len(want) {
		t.Fatalf("%d records in the log, want %d", len(c.Records), len(want))
	}
	for i, r := range c.Records {
		if r.Key != want[i].Key || r.Hash != want[i].Hash || int(r.Position) != i+1 {
			t.Fatalf("record %d is %+v", i, r)
		}
	}
	live, _, err := db.CountMissing(t.Context(), d.ID, 0)
	if err != nil || live != len(want) {
		t.Fatalf("%d keys in the index, want %d (%v)", live, len(want), err)
	}
	told, drifted, err := db.SchemaChanges(t.Context(), d.ID, 1, 1)
	if err != nil || drifted != min(int(pages/3), 500) || drifted > 0 && told[0].Column != fmt.Sprint(pages/3*3) {
		t.Fatalf("%d changes of the schema after %d pages, the newest %+v (%v)", drifted, pages, told, err)
	}
	runs, err := db.Runs(t.Context(), source, 1000)
	if err != nil {
		t.Fatal(err)
	}
	counted := 0
	for _, r := range runs {
		counted += r.Counts.Fresh
	}
	if counted != len(want) {
		t.Fatalf("the runs counted %d, want %d", counted, len(want))
	}
}

func TestKilledWhileMigratingTheDatabaseIsWholeAtTheNextStart(t *testing.T) {
	for name, newURL := range engines {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(3, 4))
			for range rounds() {
				url := newURL(t)
				cmd := start(t, "open", url)
				after(t, time.Duration(random.IntN(120_000))*time.Microsecond)
				kill(cmd)
				cmd = start(t, "append", url)
				kill(cmd)
				agree(t, open(t, url), "account")
			}
		})
	}
}

func TestTwoProcessesWriteOneDatabase(t *testing.T) {
	for name, newURL := range engines {
		t.Run(name, func(t *testing.T) {
			url := newURL(t)
			db := open(t, url)
			a, b := start(t, "own", url), start(t, "own", url)
			for range 30 {
				if err := db.UpdateBudget(t.Context(), "key", func([]byte) ([]byte, error) { return []byte("x"), nil }); err != nil {
					t.Fatal(err)
				}
			}
			for _, cmd := range []*exec.Cmd{a, b} {
				kill(cmd)
				agree(t, db, "account of "+fmt.Sprint(cmd.Process.Pid))
			}
		})
	}
}

func TestAKilledOwnersSourceIsFreeAndALiveOnesIsNot(t *testing.T) {
	for name, newURL := range engines {
		t.Run(name, func(t *testing.T) {
			url := newURL(t)
			cmd := start(t, "append", url)
			db := open(t, url)
			source, err := db.EnsureSource(t.Context(), store.SourceSpec{Connector: "calcom", Origin: "here", Account: "account"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.AcquireSource(t.Context(), source, "the test"); weir.CodeOf(err) != weir.CodeConflict {
				t.Fatalf("while its owner lives: %v", err)
			}
			kill(cmd)
			lease, err := db.AcquireSource(t.Context(), source, "the test")
			if err != nil {
				t.Fatal(err)
			}
			lease.Release()
			runs, err := db.Runs(t.Context(), source, 1)
			if err != nil || runs[0].Status != store.RunInterrupted {
				t.Errorf("its run is %+v, %v", runs, err)
			}
		})
	}
}
