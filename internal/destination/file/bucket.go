package file

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

// Bucket is a place of an object store. Names are relative to it. It is safe
// for concurrent use; what was written is read at once, also by others.
type Bucket interface {
	Where() string // for people
	// Create stores an object under a name that must be free, and says that it
	// did only when it knows: fs.ErrExist when somebody else has the name. An
	// object that was sent and may have arrived is looked for.
	Create(ctx context.Context, name string, content io.ReadSeeker, size int64) error
	Replace(ctx context.Context, name string, content []byte) error
	Read(ctx context.Context, name string, into io.Writer) error // fs.ErrNotExist when it is not there
	Exists(ctx context.Context, name string) (bool, error)
	// List gives the names under a prefix in order, at most so many; 0 is all.
	List(ctx context.Context, prefix string, most int) ([]string, error)
	Remove(ctx context.Context, name string) error // also what is not there
}

// OpenBucket takes a bucket as destination, as Open takes a directory. There
// is no lock: of several writers that load the same batch, the one whose
// manifest gets the next number has loaded it.
func OpenBucket(b Bucket, opts Options) (*Destination, error) {
	opts, err := opts.complete()
	if err != nil {
		return nil, err
	}
	return &Destination{volume: &bucket{Bucket: b, now: time.Now, ctx: context.Background()}, opts: opts, chains: map[string]*chain{}}, nil
}

// bucket is the volume of a bucket, for one turn.
//
// A batch's files have names of their own in each attempt, and a manifest's
// number goes to one writer. So a file that was announced for a number can be
// named by the manifest of that number alone, and once there is one that does
// not name it, or there is a later one, it is nobody's. Until then it stays:
// whoever announced it may be slow and not dead.
type bucket struct {
	Bucket
	now   func() time.Time
	ctx   context.Context // of the turn
	token string          // of the turn
	list  string          // of what the turn writes
}

func (b *bucket) where() string { return b.Where() }

func (b *bucket) during(ctx context.Context) volume {
	return &bucket{Bucket: b.Bucket, now: b.now, ctx: ctx, token: strings.ToLower(rand.Text()[:10])}
}

// afterwards is the turn without its end.
func (b *bucket) afterwards() volume {
	same := *b
	same.ctx = context.WithoutCancel(b.ctx)
	return &same
}

func (b *bucket) close() error                                    { return nil }
func (b *bucket) exclusive() bool                                 { return false }
func (b *bucket) attempt() string                                 { return "-" + b.token }
func (b *bucket) lock(context.Context, string) (io.Closer, error) { return io.NopCloser(nil), nil }
func (b *bucket) makeDir(string) error                            { return nil }
func (b *bucket) unfinished(string) (bool, error)                 { return false, nil }
func (b *bucket) exists(name string) (bool, error)                { return b.Exists(b.ctx, name) }
func (b *bucket) overwrite(name string, content []byte) error     { return b.Replace(b.ctx, name, content) }
func (b *bucket) remove(name string) error                        { return b.Remove(b.ctx, name) }
func (b *bucket) putNew(name, _ string, content []byte) error {
	return b.Create(b.ctx, name, bytes.NewReader(content), int64(len(content)))
}

func (b *bucket) hasDir(name string) (bool, error) {
	found, err := b.List(b.ctx, name+"/", 1)
	return len(found) > 0, err
}

func (b *bucket) names(dir string) ([]string, error) {
	found, err := b.List(b.ctx, dir+"/", 0)
	for i, name := range found {
		found[i] = path.Base(name)
	}
	return found, err
}

func (b *bucket) discard(names []string) error {
	for _, name := range names {
		if err := b.remove(name); err != nil {
			return err
		}
	}
	return nil
}

// longestOwn is how large a manifest may be that is read.
const longestOwn = 256 << 20

func (b *bucket) read(name string) ([]byte, error) {
	var out limited
	err := b.Read(b.ctx, name, &out)
	return out.Bytes(), err
}

// limited is a buffer that does not fill the memory.
type limited struct{ bytes.Buffer }

// Write implements io.Writer.
func (l *limited) Write(p []byte) (int, error) {
	if l.Len()+len(p) > longestOwn {
		return 0, errors.New("the object is larger than any that Weir writes")
	}
	return l.Buffer.Write(p)
}

// spool makes a file of this machine that is gone when it is closed.
func spool() (*os.File, error) {
	f, err := os.CreateTemp("", "weir-")
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (b *bucket) open(name string) (*os.File, error) {
	f, err := spool()
	if err != nil {
		return nil, err
	}
	// Its name goes at once, so that nothing is left of it whatever happens.
	err = os.Remove(f.Name())
	if err == nil {
		err = b.Read(b.ctx, name, f)
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func (b *bucket) begin(name string) (newFile, error) {
	f, err := spool()
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &object{bucket: b, File: f, name: name}, nil
}

// object is an object being written: on this machine until it is whole.
type object struct {
	*os.File
	bucket *bucket
	name   string
}

func (o *object) finish() error {
	defer func() { _ = o.Close() }() // it has no name any more
	size, err := o.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	if _, err := o.Seek(0, io.SeekStart); err != nil {
		return err
	}
	err = o.bucket.Create(o.bucket.ctx, o.name, o.File, size)
	if errors.Is(err, fs.ErrExist) {
		return (&chain{}).notOurs(o.name)
	}
	return err
}

func (o *object) abandon() { _ = o.Close() }

// writingList is where a turn announces the files for a manifest's number.
func (b *bucket) writingList(dir string, seq int64) string {
	return fmt.Sprintf("%s/%s-%010d-%010d-%s.json", dir, writingName, seq, b.now().Unix(), b.token)
}

func (b *bucket) announce(dir string, seq int64, list []byte) error {
	if b.list == "" {
		b.list = b.writingList(dir, seq)
	}
	return b.Replace(b.ctx, b.list, list)
}

// slowest is how long a writer that was overtaken may go on writing files:
// until then the list of them is kept, and what is on it removed again.
const slowest = 24 * time.Hour

func (b *bucket) leftovers(dir string, seq int64) (lists, useless []string, err error) {
	found, err := b.List(b.ctx, dir+"/"+writingName+"-", 0)
	for _, name := range found {
		var n, began int64
		if _, err := fmt.Sscanf(path.Base(name), writingName+"-%d-%d-", &n, &began); err != nil || n > seq {
			continue
		}
		lists = append(lists, name)
		if name == b.list || b.now().Sub(time.Unix(began, 0)) > slowest {
			useless = append(useless, name)
		}
	}
	return lists, useless, err
}
