package file

import (
	"errors"
	"io/fs"

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
			return taken(t.Name, owner)
		}
		if c.claimed == nil {
			c.claimed = map[string]bool{}
		}
		c.claimed[t.Name] = true
	}
	return nil
}

// taken refuses a table that another dataset has.
func taken(table, owner string) error {
	return &weir.Error{Code: weir.CodeConflict, Where: "table " + table, Message: "the dataset " + owner + " has it, and two cannot share one",
		Remedy: "Load one of the two into another directory"}
}

// owner gives the dataset that has a table: this one, when none had it.
func (c *chain) owner(table string) (string, error) {
	name := claimsDir + "/" + table
	content, err := c.volume.read(name)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return string(content), err
	}
	// Written under a name of the dataset's own, in whose turn this is.
	err = c.volume.putNew(name, c.dir+"/claim", []byte(c.dataset))
	if errors.Is(err, fs.ErrExist) {
		content, err = c.volume.read(name)
		return string(content), err
	}
	return c.dataset, err
}
