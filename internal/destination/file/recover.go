package file

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

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
	orphans, err := c.writing()
	if err != nil {
		return err
	}
	live := map[string]bool{}
	for _, e := range s.Live {
		live[e.Name] = true
	}
	orphans = append(orphans, s.Removed...)
	orphans = slices.DeleteFunc(orphans, func(name string) bool { return live[name] })
	// CURRENT first: who follows it must not meet files that are gone.
	if err := c.repoint(s); err != nil {
		return err
	}
	if err := c.discard(orphans); err != nil {
		return err
	}
	names, err := c.names()
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasSuffix(name, temporary) || name == writingName {
			if err := c.disk.remove(c.dir + "/" + name); err != nil {
				return err
			}
		}
	}
	return nil
}

// announce lists the files that are about to be written, after those that
// were announced before. A name that is taken belongs to somebody else and is
// refused here, before recovery could take the file for ours.
func (c *chain) announce(before []string, next ...string) error {
	for _, name := range next {
		taken, err := c.disk.exists(name)
		if err != nil {
			return err
		}
		if taken {
			return c.notOurs(name)
		}
	}
	b, err := json.Marshal(slices.Concat(before, next))
	if err != nil {
		return err
	}
	c.stale = true
	return c.overwrite(writingName, b)
}

// writing gives the announced files.
func (c *chain) writing() ([]string, error) {
	b, err := c.disk.root.ReadFile(c.dir + "/" + writingName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	if err := json.Unmarshal(b, &names); err != nil {
		return nil, c.broken(writingName+" is not a list of files", err)
	}
	return names, nil
}

// discard deletes files and their unfinished forms, durably.
func (c *chain) discard(names []string) error {
	dirs := map[string]bool{}
	for _, name := range names {
		for _, n := range []string{name, name + temporary} {
			there, err := c.disk.exists(n)
			if err != nil {
				return err
			}
			if !there {
				continue
			}
			if err := c.disk.remove(n); err != nil {
				return err
			}
			dirs[path.Dir(n)] = true
		}
	}
	for dir := range dirs {
		if err := c.disk.syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

// repoint makes CURRENT name the newest manifest.
func (c *chain) repoint(s *state) error {
	if s.Seq == 0 {
		return nil
	}
	seq, _, err := c.current()
	if err != nil || seq == s.Seq {
		return err
	}
	return c.overwrite("CURRENT", encodeCurrent(s.Seq, s.Hash))
}

// overwrite replaces one of the chain's own small files, durably.
func (c *chain) overwrite(name string, content []byte) error {
	full := c.dir + "/" + name
	if err := c.disk.remove(full + temporary); err != nil {
		return err
	}
	if err := c.disk.writeFile(full+temporary, content); err != nil {
		return err
	}
	if err := c.disk.replace(full+temporary, full); err != nil {
		return err
	}
	return c.disk.syncDir(c.dir)
}
