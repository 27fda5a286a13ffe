package file

import (
	"errors"
	"io/fs"
	"path"
	"slices"

	"github.com/go-json-experiment/json"
)

// writingName lists the files that are about to be written, before the first
// of them is. A process that dies between the files and the manifest leaves
// files that nothing names; this list is how they are found, and nothing that
// is not on it is ever deleted.
const writingName = "WRITING"

// temporary is how unfinished files end, so that no pattern of data files
// (*.parquet) matches them.
const temporary = ".tmp"

// recover removes what a process that died left behind: files of a batch
// without a manifest, and files that the newest manifest replaced.
func (c *chain) recover(s *state) error {
	// CURRENT first: who follows it must not meet files that are gone.
	if err := c.repoint(s); err != nil {
		return err
	}
	if err := c.discard(without(s.Removed, s)); err != nil {
		return err
	}
	return c.sweep(s)
}

// sweep removes files that were announced and that no manifest names, and
// the lists that announced them.
func (c *chain) sweep(s *state) error {
	lists, useless, err := c.volume.leftovers(c.dir, s.Seq)
	if err != nil {
		return err
	}
	for _, list := range lists {
		orphans, err := c.writing(list)
		if err != nil {
			return err
		}
		if err := c.discard(without(orphans, s)); err != nil {
			return err
		}
	}
	for _, name := range useless {
		if err := c.volume.remove(name); err != nil {
			return err
		}
	}
	return nil
}

// without leaves out the names of live files.
func without(names []string, s *state) []string {
	live := map[string]bool{}
	for _, e := range s.Live {
		live[e.Name] = true
	}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return live[name] })
}

// announce lists the files that are about to be written, after those that
// were announced before. A name that is taken belongs to somebody else and is
// refused here, before recovery could take the file for ours.
func (c *chain) announce(before []string, next ...string) error {
	for _, name := range next {
		taken, err := c.volume.exists(name)
		if err != nil {
			return err
		}
		if taken {
			return c.notOurs(name)
		}
	}
	c.announced = slices.Concat(before, next)
	b, err := json.Marshal(c.announced)
	if err != nil {
		return err
	}
	c.stale = true
	return c.volume.announce(c.dir, c.state.Seq+1, b)
}

// writing reads a list of announced files.
func (c *chain) writing(list string) ([]string, error) {
	b, err := c.volume.read(list)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	if err := json.Unmarshal(b, &names); err != nil {
		return nil, c.broken(path.Base(list)+" is not a list of files", err)
	}
	return names, nil
}

// discard deletes files and their unfinished forms, durably.
func (c *chain) discard(names []string) error { return c.volume.discard(names) }

// repoint makes CURRENT name the newest manifest.
func (c *chain) repoint(s *state) error {
	if s.Seq == 0 {
		return nil
	}
	seq, _, err := c.current()
	if err != nil || seq >= s.Seq {
		return err
	}
	return c.volume.overwrite(c.dir+"/CURRENT", encodeCurrent(s.Seq, s.Hash))
}
