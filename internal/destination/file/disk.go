package file

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/weirhq/weir"
)

// disk is the destination's directory. All names are relative to it, with
// slashes, and cannot leave it (os.Root also refuses symbolic links that do).
type disk struct {
	root *os.Root
	dir  string // as the user wrote it, for messages
	// before is called before each step that changes the disk; an error it
	// returns is that step's. Tests fail or kill there; nil otherwise.
	before func(step, name string) error
}

func (d *disk) step(step, name string) error {
	if d.before == nil {
		return nil
	}
	return d.before(step, name)
}

// create opens a new file for writing; it fails when the name exists.
func (d *disk) create(name string) (*diskFile, error) {
	if err := d.step("create", name); err != nil {
		return nil, err
	}
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return &diskFile{disk: d, file: f, name: name}, nil
}

// diskFile is a file being written, under a temporary name.
type diskFile struct {
	disk *disk
	file *os.File
	name string
}

// Write implements io.Writer.
func (f *diskFile) Write(p []byte) (int, error) {
	if err := f.disk.step("write", f.name); err != nil {
		return 0, err
	}
	return f.file.Write(p)
}

// sync makes the content durable. After a failed fsync the kernel may have
// dropped the data and a second fsync may claim success, so there is never a
// second one: the file is closed and the caller deletes it.
func (f *diskFile) sync() error {
	err := f.disk.step("fsync", f.name)
	if err == nil {
		err = f.file.Sync()
	}
	return errors.Join(err, f.file.Close())
}

// finish gives the file its name, durably.
func (f *diskFile) finish() error {
	if err := f.sync(); err != nil {
		_ = f.disk.remove(f.name)
		return err
	}
	final := strings.TrimSuffix(f.name, temporary)
	if err := f.disk.link(f.name, final); err != nil {
		return err
	}
	if err := f.disk.remove(f.name); err != nil {
		return err
	}
	return f.disk.syncDir(path.Dir(final))
}

// abandon closes and deletes the file.
func (f *diskFile) abandon() {
	_ = f.file.Close()
	_ = f.disk.remove(f.name)
}

// where implements volume.
func (d *disk) where() string { return d.dir }

// during implements volume: the disk does not wait for anybody.
func (d *disk) during(context.Context) volume { return d }

// afterwards implements volume.
func (d *disk) afterwards() volume { return d }

// exclusive implements volume: the lock keeps everybody else out.
func (d *disk) exclusive() bool { return true }

// attempt implements volume: the same batch has the same names.
func (d *disk) attempt() string { return "" }

// close implements volume.
func (d *disk) close() error { return d.root.Close() }

// hasDir implements volume.
func (d *disk) hasDir(name string) (bool, error) { return d.exists(name) }

// read implements volume.
func (d *disk) read(name string) ([]byte, error) { return d.root.ReadFile(name) }

// open implements volume.
func (d *disk) open(name string) (*os.File, error) { return d.root.Open(name) }

// names implements volume.
func (d *disk) names(dir string) ([]string, error) {
	f, err := d.root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	names, err := f.Readdirnames(-1)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	slices.Sort(names)
	return names, err
}

// unfinished implements volume.
func (d *disk) unfinished(dir string) (bool, error) { return d.exists(dir + "/" + writingName) }

// announce implements volume.
func (d *disk) announce(dir string, _ int64, content []byte) error {
	return d.overwrite(dir+"/"+writingName, content)
}

// leftovers implements volume: in our turn nobody else is writing.
func (d *disk) leftovers(dir string, _ int64) (lists, useless []string, err error) {
	names, err := d.names(dir)
	for _, name := range names {
		if name == writingName {
			lists = append(lists, dir+"/"+name)
		}
		if name == writingName || strings.HasSuffix(name, temporary) {
			useless = append(useless, dir+"/"+name)
		}
	}
	return lists, useless, err
}

// begin implements volume.
func (d *disk) begin(name string) (newFile, error) {
	if err := d.makeDir(path.Dir(name)); err != nil {
		return nil, err
	}
	return d.create(name + temporary)
}

// putNew implements volume: exactly one of two writers gets the name, because
// a link never replaces.
func (d *disk) putNew(name, by string, content []byte) error {
	if err := d.makeDir(path.Dir(name)); err != nil {
		return err
	}
	if err := d.remove(by + temporary); err != nil {
		return err
	}
	if err := d.writeFile(by+temporary, content); err != nil {
		return err
	}
	if err := d.link(by+temporary, name); err != nil {
		return errors.Join(err, d.remove(by+temporary))
	}
	if err := d.syncDir(path.Dir(name)); err != nil {
		// Not known to be durable, so it must not be believed either.
		return errors.Join(err, d.remove(name))
	}
	_ = d.remove(by + temporary) // the name is linked; recovery removes what stays
	return nil
}

// overwrite implements volume.
func (d *disk) overwrite(name string, content []byte) error {
	if err := d.remove(name + temporary); err != nil {
		return err
	}
	if err := d.writeFile(name+temporary, content); err != nil {
		return err
	}
	if err := d.replace(name+temporary, name); err != nil {
		return err
	}
	return d.syncDir(path.Dir(name))
}

// discard implements volume: unfinished forms go, too.
func (d *disk) discard(names []string) error {
	dirs := map[string]bool{}
	for _, name := range names {
		for _, n := range []string{name, name + temporary} {
			there, err := d.exists(n)
			if err != nil {
				return err
			}
			if !there {
				continue
			}
			if err := d.remove(n); err != nil {
				return err
			}
			dirs[path.Dir(n)] = true
		}
	}
	for dir := range dirs {
		if err := d.syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

// writeFile writes a small file durably, under a name that must be free.
func (d *disk) writeFile(name string, content []byte) error {
	f, err := d.create(name)
	if err != nil {
		return err
	}
	if _, err = f.Write(content); err != nil {
		f.abandon()
		return err
	}
	if err = f.sync(); err != nil {
		_ = d.remove(name)
	}
	return err
}

// link gives a finished file its final name as well, unless that name is
// taken (fs.ErrExist): a hard link never replaces, as a rename would.
func (d *disk) link(temporary, final string) error {
	if err := d.step("link", final); err != nil {
		return err
	}
	return d.root.Link(temporary, final)
}

// replace renames over whatever has the final name.
func (d *disk) replace(temporary, final string) error {
	if err := d.step("rename", final); err != nil {
		return err
	}
	return d.root.Rename(temporary, final)
}

// remove deletes a file; one that is not there is no error.
func (d *disk) remove(name string) error {
	if err := d.step("remove", name); err != nil {
		return err
	}
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// makeDir creates a directory and its parents, each one durably.
func (d *disk) makeDir(name string) error {
	if _, err := d.root.Stat(name); err == nil {
		return nil
	}
	parent := path.Dir(name)
	if parent != "." {
		if err := d.makeDir(parent); err != nil {
			return err
		}
	}
	if err := d.step("mkdir", name); err != nil {
		return err
	}
	if err := d.root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return d.syncDir(parent)
}

// syncDir makes the names in a directory durable.
func (d *disk) syncDir(name string) error {
	if err := d.step("fsync", name); err != nil {
		return err
	}
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// exists reports whether a name is taken.
func (d *disk) exists(name string) (bool, error) {
	_, err := d.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// diskError is what an error of the disk means to the user.
func diskError(where string, err error) error {
	var known *weir.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	e := &weir.Error{Code: weir.CodeLocal, Where: where, Err: err}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.Message = "the disk is full"
		e.Remedy = "Free some space and run again; it continues where it stopped"
	case errors.Is(err, syscall.EROFS):
		e.Message = "the file system is read-only"
		e.Remedy = "Mount it for writing, or choose another directory"
	case isLink(err) && (errors.Is(err, syscall.EPERM) || errors.Is(err, errors.ErrUnsupported)):
		e.Message = "the file system has no hard links, which keep files from being overwritten"
		e.Remedy = "Choose a directory on another file system"
	case errors.Is(err, fs.ErrPermission):
		e.Message = "no permission to read and write there"
		e.Remedy = "Give this user read and write permission, or choose another directory"
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EEXIST):
		e.Message = "a file is where a directory is needed"
		e.Remedy = "Choose another directory"
	case strings.Contains(err.Error(), "escapes from parent"):
		e.Message = "a symbolic link leads out of the directory"
		e.Remedy = "Replace the link by a real directory, or choose another directory"
	default:
		e.Message = "the disk failed: " + bare(err)
		e.Remedy = "Check the disk and run again; it continues where it stopped"
	}
	return e
}

func isLink(err error) bool {
	var l *os.LinkError
	return errors.As(err, &l) && strings.HasPrefix(l.Op, "link")
}

// bare is the system's words without the path that precedes them.
func bare(err error) string {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		return p.Err.Error()
	case errors.As(err, &l):
		return l.Err.Error()
	}
	return err.Error()
}
