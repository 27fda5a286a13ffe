package file

import (
	"errors"
	"io/fs"

	"github.com/weirhq/weir"
)

// publish makes a manifest exist. This is the commit: before the link is
// durable nothing has happened, after it the batch is there. Exactly one of
// two writers gets a number, because a link never replaces.
func (c *chain) publish(m manifest) error {
	if !m.Full && (c.state.Seq == 0 || c.state.Links+1 >= fullEvery) {
		m = c.state.complete(m)
	}
	b, err := m.encode()
	if err != nil {
		return err
	}
	name := c.dir + "/" + manifestName(m.Seq)
	if err := c.disk.remove(name + temporary); err != nil {
		return err
	}
	if err := c.disk.writeFile(name+temporary, b); err != nil {
		return err
	}
	err = c.disk.link(name+temporary, name)
	if errors.Is(err, fs.ErrExist) {
		return &weir.Error{Code: weir.CodeConflict, Message: "another process loaded a batch at the same time",
			Remedy: "Run again; it continues after that batch"}
	}
	if err != nil {
		return err
	}
	if err := c.disk.syncDir(c.dir); err != nil {
		// Not known to be durable, so it must not be believed either.
		return errors.Join(err, c.disk.remove(name))
	}
	_ = c.disk.remove(name + temporary) // the name is linked; recovery removes what stays
	before := c.state
	c.state = before.after(m, hexSum(b))
	c.unsettled = c.settle(before)
	c.stale = c.unsettled != nil
	return nil
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
	if err := c.disk.remove(c.dir + "/" + writingName); err != nil {
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
	names, err := c.names()
	if err != nil {
		return err
	}
	for _, name := range names {
		if seq, ok := manifestSeq(name); ok && seq < before.LastFull {
			if err := c.disk.remove(c.dir + "/" + name); err != nil {
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
