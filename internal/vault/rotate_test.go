package vault_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/pgtest"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/vault"
)

// underOne fails the test unless all secrets lie under the active key alone.
func (w *world) underOne(n int64) vault.Status {
	w.Helper()
	s, err := w.vault.Status(w.Context())
	must(w.T, err)
	for _, k := range s.Keys {
		want := int64(0)
		if k.State == weir.KeyActive && k.Purpose == weir.KeyWraps {
			want = n
		} else if k.Purpose == weir.KeyWraps && k.State != weir.KeyRetired {
			w.Errorf("key %s is %s", k.ID, k.State)
		}
		if k.Secrets != want {
			w.Errorf("%d secrets are under key %s (%s), want %d", k.Secrets, k.ID, k.State, want)
		}
	}
	if s.Secrets != n {
		w.Errorf("%d secrets, want %d", s.Secrets, n)
	}
	return s
}

func TestRotationBringsEverythingUnderANewKeyAndRetiresTheOld(t *testing.T) {
	const n = 1_203
	w := newWorld(t, n)
	before, err := w.db.AllSecrets(t.Context(), 0, "", n)
	must(t, err)
	last := 0
	r, err := w.vault.Rotate(t.Context(), w.db, func(done int) { last = done })
	must(t, err)
	if r.Changed != n || last != n || len(r.Retired) != 1 || r.Resumed || len(r.Failed) > 0 {
		t.Errorf("%+v, %d", r, last)
	}
	w.underOne(n)
	w.open()
	w.allOpen(n)
	_, err = w.vault.Open(before[0])
	refused(t, err, weir.CodeIntegrity, "retired")
	err = w.db.Change(t.Context(), func(tx *store.Tx) error { return tx.PutSecret(t.Context(), before[0]) })
	refused(t, err, weir.CodeConflict, "rotated")
}

func TestOnPostgresEveryRotationKeepsEverything(t *testing.T) {
	const n = 1_203
	w := &world{T: t, dir: t.TempDir()}
	url := pgtest.New(t)
	db, v, err := openAt(t.Context(), url, w.dir)
	must(t, err)
	defer db.Close()
	w.db, w.vault = db, v
	fill(t, url, db, v, n)
	r, err := v.Rotate(t.Context(), db, nil)
	must(t, err)
	if r.Changed != n || len(r.Retired) != 1 {
		t.Errorf("%+v", r)
	}
	must(t, v.RotateRoot(t.Context()))
	_, exposed, err := v.Rekey(t.Context(), db, nil)
	must(t, err)
	if len(exposed) != n {
		t.Errorf("%d were exposed", len(exposed))
	}
	w.underOne(n)
	w.allOpen(n)
}

func TestOthersMayStoreSecretsWhileARotationRuns(t *testing.T) {
	for name, url := range map[string]func(dir string) string{"sqlite": lite, "postgres": func(string) string { return pgtest.New(t) }} {
		t.Run(name, func(t *testing.T) {
			const n = 600
			w := &world{T: t, dir: t.TempDir()}
			at := url(w.dir)
			db, v, err := openAt(t.Context(), at, w.dir)
			must(t, err)
			defer db.Close()
			w.db, w.vault = db, v
			fill(t, at, db, v, n)
			other, writer, err := openAt(t.Context(), at, w.dir)
			must(t, err)
			defer other.Close()
			done := make(chan struct{})
			var group sync.WaitGroup
			group.Go(func() {
				for i := int64(0); ; i++ {
					select {
					case <-done:
						return
					default:
					}
					// Two of one credential in one transaction, against the order of the rotation.
					err := other.Change(t.Context(), func(tx *store.Tx) error {
						for _, credential := range []int64{1 + (i*7+300)%n, 1 + (i*7)%n} {
							if err := tx.PutSecret(t.Context(), seal(t, writer, credential)); err != nil {
								return err
							}
						}
						return nil
					})
					if err != nil && weir.CodeOf(err) != weir.CodeConflict {
						t.Error(err)
						return
					}
				}
			})
			for range 4 {
				if _, err := v.Rotate(t.Context(), db, nil); err != nil && weir.CodeOf(err) != weir.CodeConflict {
					t.Error(err)
				}
			}
			close(done)
			group.Wait()
			_, err = v.Rotate(t.Context(), db, nil)
			must(t, err)
			w.underOne(n)
			w.allOpen(n)
		})
	}
}

func TestAnotherProcessFollowsARotation(t *testing.T) {
	w := newWorld(t, 3)
	db, other, err := openBoth(t.Context(), w.dir)
	must(t, err)
	defer db.Close()
	_, err = w.vault.Rotate(t.Context(), w.db, nil)
	must(t, err)
	all, err := w.db.AllSecrets(t.Context(), 0, "", 3)
	must(t, err)
	for _, s := range all {
		opens(t, other, s, s.Credential)
	}
}

func TestAValueThatDoesNotOpenIsNamedAndItsKeyIsKept(t *testing.T) {
	w := newWorld(t, 10)
	all, err := w.db.AllSecrets(t.Context(), 5, "", 1)
	must(t, err)
	bad := all[0]
	bad.Sealed = append(bytes.Clone(bad.Sealed[:50]), bad.Sealed[49:]...)
	must(t, w.db.Change(t.Context(), func(tx *store.Tx) error { return tx.PutSecret(t.Context(), bad) }))
	r, err := w.vault.Rotate(t.Context(), w.db, nil)
	must(t, err)
	if r.Changed != 9 || len(r.Retired) != 0 || len(r.Failed) != 1 || r.Failed[0].Credential != 5 || r.Failed[0].Field != "api_key" {
		t.Fatalf("%+v", r)
	}
	s, err := w.vault.Status(t.Context())
	must(t, err)
	if len(s.Advice) != 1 {
		t.Errorf("advice: %q", s.Advice)
	}
	must(t, w.db.Change(t.Context(), func(tx *store.Tx) error { return tx.PutSecret(t.Context(), seal(t, w.vault, 5)) }))
	r, err = w.vault.Rotate(t.Context(), w.db, nil)
	must(t, err)
	if !r.Resumed || len(r.Retired) != 1 {
		t.Errorf("%+v", r)
	}
	w.underOne(10)
	w.allOpen(10)
}

func TestANewRootKeyOpensWhatTheOldOneDid(t *testing.T) {
	w := newWorld(t, 5)
	old := read(t, filepath.Join(w.dir, "root.key"))
	audit := w.vault.Derive("audit")
	must(t, w.vault.RotateRoot(t.Context()))
	w.allOpen(5)
	w.open()
	w.allOpen(5)
	if bytes.Equal(old, read(t, filepath.Join(w.dir, "root.key"))) || !bytes.Equal(audit, w.vault.Derive("audit")) {
		t.Error("the root key is the old one, or what is derived changed")
	}
	if _, err := os.Stat(filepath.Join(w.dir, "root.key.previous")); err == nil {
		t.Error("the old one is still there")
	}
}

func TestManyWhoReplaceTheRootKeyAtOnceLoseNothing(t *testing.T) {
	w := newWorld(t, 5)
	var group sync.WaitGroup
	for range 4 {
		db, v, err := openBoth(t.Context(), w.dir)
		must(t, err)
		t.Cleanup(func() { _ = db.Close() })
		group.Go(func() {
			for range 5 {
				if err := v.RotateRoot(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if _, err := os.Stat(filepath.Join(w.dir, "root.key.previous")); err == nil {
		t.Error("an old root key is still there")
	}
	must(t, func() error { _, err := w.vault.Rotate(t.Context(), w.db, nil); return err }()) // which had the first of all
	w.allOpen(5)
	w.open()
	w.allOpen(5)
}

func TestRekeyReplacesEveryKeyAndSaysWhatWasExposed(t *testing.T) {
	w := newWorld(t, 700)
	before, err := w.db.AllSecrets(t.Context(), 0, "", 1)
	must(t, err)
	audit := w.vault.Derive("audit")
	for name, change := range map[string]func() error{
		"nothing":    func() error { return nil },
		"a rotation": func() error { _, err := w.vault.Rotate(t.Context(), w.db, nil); return err },
		"a root's":   func() error { return w.vault.RotateRoot(t.Context()) },
	} {
		must(t, change())
		if stale, err := w.vault.Rekeyed(t.Context()); stale || err != nil {
			t.Errorf("after %s it says that it was rekeyed: %v", name, err)
		}
	}
	r, exposed, err := w.vault.Rekey(t.Context(), w.db, nil)
	must(t, err)
	if r.Changed != 700 || len(r.Failed) > 0 || len(exposed) != 700 || exposed[699] != binding(700) {
		t.Errorf("%+v, %d exposed", r, len(exposed))
	}
	after, err := w.db.AllSecrets(t.Context(), 0, "", 1)
	must(t, err)
	if bytes.Equal(before[0].Sealed[94:], after[0].Sealed[94:]) {
		t.Error("a value was carried along")
	}
	if stale, err := w.vault.Rekeyed(t.Context()); !stale || err != nil {
		t.Errorf("who opened the vault before is not told: %v", err)
	}
	w.open()
	if stale, err := w.vault.Rekeyed(t.Context()); stale || err != nil {
		t.Errorf("who opened it afterwards is told: %v", err)
	}
	w.allOpen(700)
	w.underOne(700)
	if earlier := w.vault.DeriveEarlier("audit"); bytes.Equal(w.vault.Derive("audit"), audit) || len(earlier) != 1 || !bytes.Equal(earlier[0], audit) {
		t.Error("what is derived must change, and the earlier stay known")
	}
}

// worn is a database that says how often its keys have sealed.
type worn struct {
	*memory
	wraps int64
}

func (w *worn) KeyUses(context.Context) (uses []weir.KeyUse, err error) {
	for _, k := range w.keys {
		uses = append(uses, weir.KeyUse{Key: k.ID, Secrets: 1, Wraps: w.wraps})
	}
	return uses, nil
}

func TestAKeyThatIsOldOrWornIsToBeRotated(t *testing.T) {
	now, db := time.Now(), &worn{memory: &memory{}}
	at := place(t, t.TempDir())
	_, err := vault.Init(t.Context(), vault.Options{Place: at, Store: db.memory, Now: func() time.Time { return now }})
	must(t, err)
	made := now
	for _, c := range []struct {
		days, wraps int64
		says        []string
	}{
		{0, 1, nil}, {89, 1<<24 - 1, nil}, {91, 1, []string{"91 days old"}}, {1, 1 << 24, []string{"16777216 times"}}, {91, 1 << 25, []string{"91 days", "33554432 times"}},
	} {
		now, db.wraps = made.Add(time.Duration(c.days)*24*time.Hour), c.wraps
		v, err := vault.Open(t.Context(), vault.Options{Place: at, Store: db, Now: func() time.Time { return now }})
		must(t, err)
		s, err := v.Status(t.Context())
		must(t, err)
		if len(s.Advice) != len(c.says) {
			t.Errorf("after %d days and %d wraps: %q", c.days, c.wraps, s.Advice)
			continue
		}
		for i, says := range c.says {
			if !strings.Contains(s.Advice[i], says) || !strings.Contains(s.Advice[i], "weir vault rotate") {
				t.Errorf("%q does not say %q", s.Advice[i], says)
			}
		}
	}
}

// child does one thing after the other as another process, until it is killed.
func child(role, dir string) {
	ctx := context.Background()
	db, v, err := openBoth(ctx, dir)
	fmt.Println("ready")
	for err == nil {
		switch role {
		case "rotate":
			_, err = v.Rotate(ctx, db, nil)
		case "root":
			err = v.RotateRoot(ctx)
		case "rekey":
			_, _, err = v.Rekey(ctx, db, nil)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// kills is how often a process is killed.
func kills(t *testing.T) int {
	if n, err := strconv.Atoi(os.Getenv("WEIR_KILLS")); err == nil {
		return n
	}
	if testing.Short() {
		return 3
	}
	return 20
}

func TestKilledAtAnyPointOfARotationEverythingStillOpens(t *testing.T) {
	const n = 1_700 // four batches
	for _, role := range []string{"rotate", "root", "rekey"} {
		t.Run(role, func(t *testing.T) {
			w := newWorld(t, n)
			r, halfway := random(), 0
			for range kills(t) {
				killOne(t, role, w.dir, time.Duration(r.IntN(150_000))*time.Microsecond)
				left, err := filepath.Glob(filepath.Join(w.dir, "*.previous"))
				must(t, err)
				w.open()
				s, err := w.vault.Status(t.Context())
				must(t, err)
				if len(left)+len(s.Advice) > 0 {
					halfway++
				}
				w.allOpen(n)
			}
			if t.Logf("%d of %d kills were in the middle of a rotation", halfway, kills(t)); halfway == 0 && kills(t) >= 20 {
				t.Error("no kill hit a rotation: this test proves nothing")
			}
			_, err := w.vault.Rotate(t.Context(), w.db, nil)
			must(t, err)
			w.underOne(n)
			w.allOpen(n)
		})
	}
}

// killOne runs a child and kills it so long after it was ready.
func killOne(t *testing.T, role, dir string, after time.Duration) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "VAULT_TEST_CHILD="+role, "VAULT_TEST_DIR="+dir)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if said.Len() > 0 {
			t.Errorf("the child said: %s", said.String())
		}
	}()
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the child said %q", line)
	}
	<-time.After(after) // there is no signal for "in the middle of it"
}

// BenchmarkRewrap brings 100,000 secrets in SQLite under a new key, and opens
// all of them to check.
func BenchmarkRewrap(b *testing.B) {
	const n = 100_000
	dir := b.TempDir()
	db, v, err := openBoth(b.Context(), dir)
	must(b, err)
	defer db.Close()
	fill(b, lite(dir), db, v, n)
	for b.Loop() {
		r, err := v.Rotate(b.Context(), db, nil)
		must(b, err)
		if r.Changed != n || len(r.Retired) != 1 {
			b.Fatalf("%+v", r)
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "secrets/s")
}

func BenchmarkSeal(b *testing.B) {
	db, v, err := openBoth(b.Context(), b.TempDir())
	must(b, err)
	defer db.Close()
	for b.Loop() {
		seal(b, v, 1)
	}
}

func BenchmarkOpen(b *testing.B) {
	db, v, err := openBoth(b.Context(), b.TempDir())
	must(b, err)
	defer db.Close()
	s := seal(b, v, 1)
	for b.Loop() {
		opens(b, v, s, 1)
	}
}
