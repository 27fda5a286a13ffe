package file

import (
	"errors"
	"io/fs"
	"path"

	"github.com/weirhq/weir"
)

// claimsDir is where it says which dataset a table's directory belongs to. No
// dataset can have its name.
const claimsDir = ownDir + "/.tables"

// claim makes the tables of a layout this dataset's, for good: a pattern over
// a table's directory must never find the rows of two datasets. A link never
// replaces, so of two datasets that want a name at once one gets it.
func (c *chain) claim(l weir.Layout) error {
	for _, t := range l.Tables {
		if c.claimed[t.Name] {
			continue
		}
		owner, err := c.owner(t.Name)
		if err != nil {
			return err
		}
		if owner != c.dataset {
			return &weir.Error{Code: weir.CodeConflict, Where: "table " + t.Name, Message: "the dataset " + owner + " has it, and two cannot share one",
				Remedy: "Load one of the two into another directory"}
		}
		if c.claimed == nil {
			c.claimed = map[string]bool{}
		}
		c.claimed[t.Name] = true
	}
	return nil
}

// owner gives the dataset that has a table: this one, when none had it.
func (c *chain) owner(table string) (string, error) {
	name := claimsDir + "/" + table
	content, err := c.disk.root.ReadFile(name)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return string(content), err
	}
	if err := c.disk.makeDir(claimsDir); err != nil {
		return "", err
	}
	// Under a name of the dataset's own, in whose turn this is.
	mine := c.dir + "/" + "claim" + temporary
	if err := c.disk.remove(mine); err != nil {
		return "", err
	}
	if err := c.disk.writeFile(mine, []byte(c.dataset)); err != nil {
		return "", err
	}
	err = c.disk.link(mine, name)
	if err = errors.Join(err, c.disk.remove(mine)); errors.Is(err, fs.ErrExist) {
		content, err = c.disk.root.ReadFile(name)
		return string(content), err
	}
	if err != nil {
		return "", err
	}
	return c.dataset, c.disk.syncDir(path.Dir(name))
}
