package file

import (
	"context"
	"errors"
	"io/fs"

	"github.com/weirhq/weir"
)

// publish makes a manifest exist. This is the commit: before the link is
// durable nothing has happened, after it the batch is there. Exactly one of
// two writers gets a number, because a link never replaces.
func (c *chain) publish(ctx context.Context, m manifest) error {
	if !m.Full && (c.state.Seq == 0 || c.state.Links+1 >= fullEvery) {
		m = c.state.complete(m)
	}
	b, err := m.encode()
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// From here on nobody stops it half-way: what was sent may arrive.
	c.volume = c.volume.afterwards()
	announced := c.announced
	c.announced = nil
	name := c.dir + "/" + manifestName(m.Seq)
	if err := c.volume.putNew(name, name, b); err != nil {
		if errors.Is(err, fs.ErrExist) {
			c.announced = announced // nobody will ever name them
			return overtaken()
		}
		return err
	}
	if err := c.confirm(m.Seq, hexSum(b)); err != nil {
		if weir.CodeOf(err) == weir.CodeConflict {
			c.announced = announced
		}
		return err // any other error leaves open whether it counts
	}
	before := c.state
	c.state = before.after(m, hexSum(b))
	c.unsettled = c.settle(before)
	c.stale = c.unsettled != nil
	return nil
}

// overtaken is the error of a number that another writer got.
func overtaken() error {
	return &weir.Error{Code: weir.CodeConflict, Message: "another process loaded a batch at the same time",
		Remedy: "Run again; it continues after that batch"}
}

// confirm makes sure that a manifest that was just made is a link of the
// chain, where no lock keeps others out: a number can be free because it is
// so far behind that its manifest was deleted. Manifests are deleted from the
// oldest on, so one that is the newest, or that the next one follows, counts.
func (c *chain) confirm(seq int64, hash string) error {
	if c.volume.exclusive() {
		return nil
	}
	newest, err := c.newest()
	if err != nil || newest <= seq {
		return err
	}
	if next, _, err := c.readManifest(seq + 1); err == nil && next.Previous == hash {
		return nil
	}
	_ = c.volume.remove(c.dir + "/" + manifestName(seq)) // nothing names it
	return overtaken()
}

// settle does what may fail after the commit: whatever is left undone is done
// by recover at the next use, so that a committed batch is never reported as
// failed.
func (c *chain) settle(before *state) error {
	if err := c.repoint(c.state); err != nil {
		return err
	}
	if err := c.discard(c.state.Removed); err != nil {
		return err
	}
	if err := c.sweep(c.state); err != nil {
		return err
	}
	return c.prune(before)
}

// prune deletes manifests that no reader needs: those before the full
// manifest that came before the newest full one.
func (c *chain) prune(before *state) error {
	if !c.state.Full || before.LastFull == 0 {
		return nil
	}
	names, err := c.volume.names(c.dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if seq, ok := manifestSeq(name); ok && seq < before.LastFull {
			if err := c.volume.remove(c.dir + "/" + name); err != nil {
				return err
			}
		}
	}
	return nil
}

// notOurs is the error of a name that is taken by a file of somebody else.
func (c *chain) notOurs(name string) error {
	return &weir.Error{Code: weir.CodeConflict, Where: name, Message: "a file that Weir did not write has this name",
		Remedy: "Move that file away, or choose another directory"}
}
