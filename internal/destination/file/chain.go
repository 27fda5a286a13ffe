package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
)

// chain is one dataset's chain of manifests and the files they name. What it
// remembers is only a copy of what is on disk, checked at every use, so that
// several processes may take turns.
type chain struct {
	place   volume // where it lies
	volume  volume // the same, during a turn
	opts    Options
	dataset string
	dir     string // its own directory, _weir/<dataset>

	mu     sync.Mutex
	closed bool
	state  *state
	stale  bool // files may be lying about that no manifest names: read and recover
	// unsettled is why the last commit was not tidied up after.
	unsettled error
	// announced are the files of a batch whose manifest was not tried yet.
	announced []string
	// claimed are the tables that are known to be this dataset's.
	claimed map[string]bool
}

// locked runs f while no other process touches the dataset, with c.state as
// it is on disk. Without create, a dataset that was never loaded is not
// created and f sees an empty state.
func (c *chain) locked(ctx context.Context, create bool, f func() error) (err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return &weir.Error{Code: weir.CodeInternal, Where: c.place.where(), Message: "the destination is closed"}
	}
	c.volume = c.place.during(ctx)
	defer func() { err = c.locate(err) }()
	there, err := c.volume.hasDir(c.dir)
	if err != nil {
		return err
	}
	if !there && !create {
		c.state, c.stale = &state{}, true
		return f()
	}
	if err := c.volume.makeDir(c.dir); err != nil {
		return err
	}
	lock, err := c.volume.lock(ctx, c.dir)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	if err := c.refresh(); err != nil {
		c.stale = true
		return err
	}
	if err = f(); err == nil {
		return nil
	}
	c.volume = c.volume.afterwards()
	if c.gone() {
		err = overtaken()
	}
	if c.stale {
		c.tidy()
	}
	return err
}

// tidy removes at once what a failed batch left behind. When that fails too,
// the next use of the dataset does it.
func (c *chain) tidy() {
	if !c.volume.exclusive() && len(c.announced) > 0 {
		_ = c.discard(c.announced) // no manifest of ours can name them any more
		c.announced = nil
	}
	if s, err := c.read(); err == nil && c.recover(s) == nil {
		c.state, c.stale = s, false
	}
}

// gone reports whether others have moved the chain on during our turn, which
// makes an error of what they removed.
func (c *chain) gone() bool {
	if c.volume.exclusive() || c.state == nil {
		return false
	}
	before := c.state.Seq
	seq, _, err := c.current()
	return err == nil && seq > before
}

// locate says in an error which directory it is about. Which dataset it is,
// the caller says.
func (c *chain) locate(err error) error {
	if err == nil {
		return nil
	}
	where := c.place.where()
	var known *weir.Error
	if errors.As(err, &known) {
		return weir.At(where, err)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &weir.Error{Code: weir.CodeCancelled, Where: where, Message: "stopped", Err: err}
	}
	return diskError(where, err)
}

// refresh brings c.state to what is on disk, and removes what a process that
// died left behind.
func (c *chain) refresh() error {
	if c.state != nil && !c.stale {
		seq, _, err := c.current()
		if err != nil {
			return err
		}
		more, err := c.volume.exists(c.dir + "/" + manifestName(c.state.Seq+1))
		if err != nil {
			return err
		}
		left, err := c.volume.unfinished(c.dir)
		if err != nil {
			return err
		}
		if (seq == c.state.Seq || seq < c.state.Seq && !c.volume.exclusive()) && !more && !left {
			return nil
		}
	}
	s, err := c.read()
	if err != nil {
		return err
	}
	if err := c.recover(s); err != nil {
		return err
	}
	c.state, c.stale = s, false
	return nil
}

// current reads CURRENT; 0 when there is none.
func (c *chain) current() (int64, string, error) {
	b, err := c.volume.read(c.dir + "/CURRENT")
	if errors.Is(err, fs.ErrNotExist) {
		return 0, "", nil
	}
	if err != nil {
		return 0, "", err
	}
	seq, hash, ok := decodeCurrent(b)
	if !ok {
		return 0, "", c.broken("CURRENT does not name a manifest", nil)
	}
	return seq, hash, nil
}

// read walks the chain: from CURRENT forward to the newest manifest (a
// process may have died before it repointed CURRENT), then back to the last
// full one, checking every hash.
func (c *chain) read() (*state, error) {
	seq, hash, err := c.current()
	if err != nil {
		return nil, err
	}
	if seq > 0 && !c.volume.exclusive() {
		// Who repoints late may have pointed back to what has been deleted since.
		there, err := c.volume.exists(c.dir + "/" + manifestName(seq))
		if err != nil {
			return nil, err
		}
		if !there {
			seq, hash = 0, ""
		}
	}
	if seq == 0 {
		if seq, err = c.newest(); err != nil || seq == 0 {
			return &state{}, err
		}
	}
	base := seq
	for {
		more, err := c.volume.exists(c.dir + "/" + manifestName(seq+1))
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		seq++
	}
	var links []manifest
	var sums []string
	want := ""
	for {
		m, sum, err := c.readManifest(seq)
		if err != nil {
			return nil, err
		}
		if want != "" && sum != want || seq == base && hash != "" && sum != hash {
			return nil, c.broken(manifestName(seq)+" was changed after it was written", nil)
		}
		links, sums, want = append(links, m), append(sums, sum), m.Previous
		if m.Full && seq <= base {
			break
		}
		seq--
	}
	s := &state{}
	for i, m := range slices.Backward(links) {
		s = s.after(m, sums[i])
	}
	return s, nil
}

// readManifest reads one manifest and the hash of its bytes.
func (c *chain) readManifest(seq int64) (manifest, string, error) {
	var m manifest
	b, err := c.volume.read(c.dir + "/" + manifestName(seq))
	if errors.Is(err, fs.ErrNotExist) {
		return m, "", c.broken(manifestName(seq)+" is missing", err)
	}
	if err != nil {
		return m, "", err
	}
	if err := json.Unmarshal(b, &m); err != nil || m.Seq != seq || m.Dataset != c.dataset || !m.Full && m.Seq == 1 {
		return m, "", c.broken(manifestName(seq)+" is not a manifest of this dataset", err)
	}
	if m.Weir != manifestVersion {
		return m, "", &weir.Error{Code: weir.CodeConflict, Message: fmt.Sprintf("the directory was written by a newer Weir (version %d of the manifests)", m.Weir),
			Remedy: "Use that Weir, or choose another directory"}
	}
	return m, hexSum(b), nil
}

// newest is the highest manifest there is; 0 when there is none.
func (c *chain) newest() (int64, error) {
	names, err := c.volume.names(c.dir)
	var highest int64
	for _, name := range names {
		if seq, ok := manifestSeq(name); ok {
			highest = max(highest, seq)
		}
	}
	return highest, err
}

// manifestSeq is the inverse of manifestName.
func manifestSeq(name string) (int64, bool) {
	digits, ok := strings.CutPrefix(name, "MANIFEST-")
	if !ok {
		return 0, false
	}
	digits, ok = strings.CutSuffix(digits, ".json")
	seq, err := strconv.ParseInt(digits, 10, 64)
	return seq, ok && err == nil && seq > 0 && manifestName(seq) == name
}

// broken is the error of a chain that does not hold together.
func (c *chain) broken(message string, err error) error {
	return &weir.Error{Code: weir.CodeIntegrity, Where: c.dir, Message: message,
		Remedy: "Restore the directory from a backup, or load into a new one", Err: err}
}

// checkFormat refuses files that were written in another format.
func (c *chain) checkFormat() error {
	s := c.state
	if s.Seq == 0 || s.Format == c.opts.Format && (s.Format != FormatCSV || s.Formulas == c.opts.AllowFormulas) {
		return nil
	}
	message := fmt.Sprintf("the files here are %s, not %s", s.Format, c.opts.Format)
	if s.Format == c.opts.Format {
		message = "the files here were written with another setting of the formula guard"
	}
	return &weir.Error{Code: weir.CodeConflict, Message: message, Remedy: "Keep the format, or choose another directory"}
}
