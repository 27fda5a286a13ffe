package file

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/weirhq/weir"
)

// Glance is a look at a directory or bucket that leaves nothing behind in it.
type Glance struct {
	volume volume // nil when there is nothing yet
	opts   Options
}

// Look takes a look at a directory, which Open would create.
func Look(dir string, opts Options) (*Glance, error) {
	opts, err := opts.complete()
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return &Glance{opts: opts}, nil
	}
	if err != nil {
		return nil, diskError(dir, err)
	}
	return &Glance{volume: &disk{root: root, dir: dir}, opts: opts}, nil
}

// LookBucket takes a look at a bucket.
func LookBucket(b Bucket, opts Options) (*Glance, error) {
	d, err := OpenBucket(b, opts)
	if err != nil {
		return nil, err
	}
	return &Glance{volume: d.volume, opts: d.opts}, nil
}

// Fits says why a batch of a dataset would be refused, whatever is in it:
// CodeConflict when the files are in another format, or of another source,
// mode or key, or when another dataset has a table. Between a look and a batch
// anything may happen: Load has the last word.
func (g *Glance) Fits(ctx context.Context, b weir.Batch) error {
	if err := checkName("dataset", b.Dataset); err != nil {
		return err
	}
	if err := checkLayout(b.Layout); err != nil || g.volume == nil {
		return err
	}
	c := &chain{place: g.volume, volume: g.volume.during(ctx), opts: g.opts, dataset: b.Dataset, dir: ownDir + "/" + b.Dataset}
	return c.locate(c.fits(identify(b)))
}

// fits looks at the chain as it is, without waiting for who writes it.
func (c *chain) fits(b weir.Batch) (err error) {
	there, err := c.volume.hasDir(c.dir)
	if err != nil {
		return err
	}
	c.state = &state{}
	if there {
		if c.state, err = c.read(); err != nil {
			return err
		}
	}
	if err := c.checkFormat(); err != nil {
		return err
	}
	if err := checkOwner(c.state, b); err != nil {
		return err
	}
	for _, t := range b.Layout.Tables {
		owner, err := c.volume.read(claimsDir + "/" + t.Name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if string(owner) != c.dataset {
			return taken(t.Name, string(owner))
		}
	}
	return nil
}

// Close lets go of the directory.
func (g *Glance) Close() error {
	if g.volume == nil {
		return nil
	}
	return g.volume.close()
}
