package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/destination/destinationtest"
)

// memory is a bucket in memory. Before is asked before each request, and
// after once it has been done; their errors are the request's.
type memory struct {
	mu            sync.Mutex
	objects       map[string][]byte
	before, after func(step, name string) error
}

func newMemory() *memory { return &memory{objects: map[string][]byte{}} }

func (m *memory) change(step, name string, f func() error) error {
	m.mu.Lock()
	before, after := m.before, m.after
	m.mu.Unlock()
	if before != nil {
		if err := before(step, name); err != nil {
			return err
		}
	}
	m.mu.Lock()
	err := f()
	m.mu.Unlock()
	if err == nil && after != nil {
		return after(step, name)
	}
	return err
}

func (m *memory) Where() string { return "memory" }

func (m *memory) Create(ctx context.Context, name string, content io.ReadSeeker, size int64) error {
	b, err := io.ReadAll(content)
	if err != nil || int64(len(b)) != size {
		return fmt.Errorf("%d bytes of %d: %w", len(b), size, err)
	}
	return m.change("create", name, func() error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if _, taken := m.objects[name]; taken {
			return fs.ErrExist
		}
		m.objects[name] = b
		return nil
	})
}

func (m *memory) Replace(ctx context.Context, name string, content []byte) error {
	return m.change("replace", name, func() error { m.objects[name] = slices.Clone(content); return ctx.Err() })
}

func (m *memory) Remove(ctx context.Context, name string) error {
	return m.change("remove", name, func() error { delete(m.objects, name); return ctx.Err() })
}

func (m *memory) Read(_ context.Context, name string, into io.Writer) error {
	return m.change("read", name, func() error {
		b, there := m.objects[name]
		if !there {
			return fs.ErrNotExist
		}
		_, err := io.Copy(into, bytes.NewReader(b))
		return err
	})
}

func (m *memory) Exists(_ context.Context, name string) (bool, error) {
	there := false
	err := m.change("exists", name, func() error { _, there = m.objects[name]; return nil })
	return there, err
}

func (m *memory) List(_ context.Context, prefix string, most int) ([]string, error) {
	var names []string
	err := m.change("list", prefix, func() error {
		names = slices.DeleteFunc(slices.Sorted(maps.Keys(m.objects)), func(n string) bool { return !strings.HasPrefix(n, prefix) })
		return nil
	})
	if most > 0 && len(names) > most {
		names = names[:most]
	}
	return names, err
}

// copied writes the bucket's objects into a directory, to be looked at as one.
func (m *memory) copied(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, content := range m.objects {
		full := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func openBucket(t testing.TB, m *memory, f Format) *Destination {
	t.Helper()
	d, err := OpenBucket(m, Options{Format: f})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// One format is enough: what it is does not depend on where it lies.
func TestBucketsKeepThePromisesOfEveryDestination(t *testing.T) {
	destinationtest.Run(t, func(*testing.T) destinationtest.Place {
		m := newMemory()
		return destinationtest.Place{History: true,
			Open: func(t testing.TB) destinationtest.Destination { return openBucket(t, m, FormatParquet) },
			Rows: func(t testing.TB, table weir.Table) []map[string]any {
				d := openBucket(t, m, FormatParquet)
				for _, dataset := range m.datasets() {
					finish(t, d, dataset)
				}
				return tableRows(t, m.copied(t), FormatParquet, table)
			},
		}
	})
}

func (m *memory) datasets() []string {
	var out []string
	names, _ := m.List(context.Background(), ownDir+"/", 0)
	for _, name := range names {
		if dataset := path.Base(path.Dir(name)); dataset != path.Base(claimsDir) && !slices.Contains(out, dataset) {
			out = append(out, dataset)
		}
	}
	return out
}

// checkBucket compares a bucket with what the script leaves, and makes sure
// that nothing else lies in it.
func checkBucket(t *testing.T, m *memory, f Format, when string) {
	t.Helper()
	dir := m.copied(t)
	listed(t, dir, "bookings")
	if lists, _ := m.List(t.Context(), "_weir/bookings/WRITING", 0); len(lists) > 0 {
		t.Errorf("%s: %v are left", when, lists)
	}
	if diff := cmp.Diff(afterScript(), found(t, dir, f)); diff != "" {
		t.Fatalf("%s (-want +got)\n%s", when, diff)
	}
}

var errStore = &weir.Error{Code: weir.CodeTransient, Message: "the store failed"}

// isRead reports a request that changes nothing.
func isRead(step string) bool { return step == "read" || step == "exists" || step == "list" }

func TestAnyRequestMayFailAndNothingIsLostOrDoubled(t *testing.T) {
	for _, c := range []struct {
		name        string
		reads, done bool // which requests fail, and whether they did their work
		step        int
	}{{"a write that is not done", false, false, 1}, {"a write that is done", false, true, 1}, {"a read", true, false, 5}} {
		for k := 1; ; k += c.step {
			m := newMemory()
			n := 0
			hook := func(step, _ string) error {
				if isRead(step) != c.reads {
					return nil
				}
				if n++; n == k {
					return errStore
				}
				return nil
			}
			if m.before = hook; c.done {
				m.before, m.after = nil, hook
			}
			err := script(t.Context(), openBucket(t, m, FormatJSONL))
			failed := n >= k
			if err != nil {
				wantCode(t, err, weir.CodeTransient)
			}
			m.before, m.after = nil, nil
			if err := script(t.Context(), openBucket(t, m, FormatJSONL)); err != nil {
				t.Fatalf("after %s, %d, failed: %v", c.name, k, err)
			}
			tomorrow(t, m, FormatJSONL)
			checkBucket(t, m, FormatJSONL, fmt.Sprintf("%s, %d", c.name, k))
			if !failed {
				break
			}
		}
	}
}

// tomorrow loads a batch a day later, when everybody who was slow is dead.
func tomorrow(t *testing.T, m *memory, f Format) {
	t.Helper()
	d := openBucket(t, m, f)
	d.volume.(*bucket).now = func() time.Time { return time.Now().Add(slowest + time.Minute) }
	load(t, d, nothing())
}

// nothing is a batch after the script's, with nothing in it.
func nothing() weir.Batch {
	w := newWorld(11)
	for range 3 {
		w.next(25)
	}
	b := w.next(0)
	b.To++
	return b
}

func TestAnyRequestMayBeTheLastOne(t *testing.T) {
	for k := 1; ; k++ {
		m := newMemory()
		n := 0
		m.before = func(step, _ string) error {
			if isRead(step) {
				return nil
			}
			if n++; n >= k {
				return errors.New("the process is dead")
			}
			return nil
		}
		err := script(t.Context(), openBucket(t, m, FormatCSV))
		m.before = nil
		again := openBucket(t, m, FormatCSV)
		if at, perr := again.Position(t.Context(), "log-a", "bookings"); perr != nil || at%25 != 0 {
			t.Fatalf("after request %d: position %d, %v", k, at, perr)
		}
		if err := script(t.Context(), again); err != nil {
			t.Fatalf("after request %d: %v", k, err)
		}
		tomorrow(t, m, FormatCSV)
		checkBucket(t, m, FormatCSV, fmt.Sprintf("request %d", k))
		if err == nil && n < k {
			break
		}
	}
}

func TestOfSeveralWritersOfABucketOneWinsEachBatch(t *testing.T) {
	m := newMemory()
	var batches []weir.Batch
	w := newWorld(20)
	for range 8 {
		batches = append(batches, w.next(20))
	}
	won := make([]int, len(batches))
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 4 {
		d := openBucket(t, m, FormatJSONL)
		wg.Go(func() {
			for i, b := range batches {
				var loaded weir.Loaded
				err := again(func() (err error) { loaded, err = d.Load(t.Context(), b); return err })
				if err == nil && i%3 == 2 {
					err = again(func() error { return d.Finish(t.Context(), b.Dataset) })
				}
				if err != nil {
					t.Errorf("batch %d: %v", i, err)
				}
				if loaded.Rows > 0 {
					mu.Lock()
					won[i]++
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	for i, n := range won {
		if n != 1 {
			t.Errorf("batch %d was loaded %d times", i, n)
		}
	}
	d := openBucket(t, m, FormatJSONL)
	finish(t, d, "bookings")
	dir := m.copied(t)
	listed(t, dir, "bookings")
	if diff := cmp.Diff(w.expected(), found(t, dir, FormatJSONL)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// again tries what another writer got in between.
func again(f func() error) error {
	for {
		if err := f(); weir.CodeOf(err) != weir.CodeConflict {
			return err
		}
	}
}

// slow starts a load that stops before its manifest is written, and gives
// what lets it go on.
func slow(t *testing.T, m *memory, d *Destination, b weir.Batch) (goOn func() error) {
	t.Helper()
	reached, wait, result := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	var once sync.Once
	m.mu.Lock()
	m.before = func(step, name string) error {
		if step == "create" && strings.Contains(name, "MANIFEST") {
			once.Do(func() { close(reached); <-wait })
		}
		return nil
	}
	m.mu.Unlock()
	go func() { _, err := d.Load(t.Context(), b); result <- err }()
	<-reached
	m.mu.Lock()
	m.before = nil
	m.mu.Unlock()
	return func() error { close(wait); return <-result }
}

func TestASlowWriterLosesToTheOneThatTookOver(t *testing.T) {
	for _, more := range []int{1, 2, 3 * fullEvery} { // with the last its number has been deleted
		t.Run(fmt.Sprint(more), func(t *testing.T) {
			m, w := newMemory(), newWorld(31)
			first := openBucket(t, m, FormatJSONL)
			load(t, first, w.next(20))
			late := w.next(20)
			goOn := slow(t, m, first, late)
			second := openBucket(t, m, FormatJSONL)
			load(t, second, late)
			for range more {
				load(t, second, w.next(3))
			}
			finish(t, second, "bookings")
			wantCode(t, goOn(), weir.CodeConflict)
			finish(t, openBucket(t, m, FormatJSONL), "bookings")
			load(t, second, w.next(5))
			finish(t, second, "bookings")
			dir := m.copied(t)
			listed(t, dir, "bookings")
			if diff := cmp.Diff(w.expected(), found(t, dir, FormatJSONL)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// Who takes over does not delete what a slow writer may still publish.
func TestASlowWriterThatIsNotOvertakenFinishes(t *testing.T) {
	m, w := newMemory(), newWorld(32)
	first := openBucket(t, m, FormatJSONL)
	load(t, first, w.next(20))
	late := w.next(20)
	goOn := slow(t, m, first, late)
	other := openBucket(t, m, FormatJSONL)
	if at, err := other.Position(t.Context(), w.log, "bookings"); err != nil || at != late.From {
		t.Fatal(at, err)
	}
	if err := goOn(); err != nil {
		t.Fatal(err)
	}
	finish(t, other, "bookings")
	dir := m.copied(t)
	listed(t, dir, "bookings")
	if diff := cmp.Diff(w.expected(), found(t, dir, FormatJSONL)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAnObjectOfSomebodyElseIsNeverReplacedOrRemoved(t *testing.T) {
	m, w := newMemory(), newWorld(33)
	m.objects["bookings/mine.jsonl"], m.objects["notes.txt"] = []byte("{}"), []byte("mine")
	d := openBucket(t, m, FormatJSONL)
	for range 3 {
		load(t, d, w.next(20))
		finish(t, d, "bookings")
	}
	if string(m.objects["notes.txt"]) != "mine" || string(m.objects["bookings/mine.jsonl"]) != "{}" {
		t.Error("it was touched")
	}
}
