package file

import (
	"errors"
	"io/fs"
	"os"
	"path"
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
func (d *disk) create(name string) (*newFile, error) {
	if err := d.step("create", name); err != nil {
		return nil, err
	}
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return &newFile{disk: d, file: f, name: name}, nil
}

// newFile is a file being written.
type newFile struct {
	disk *disk
	file *os.File
	name string
}

// Write implements io.Writer.
func (f *newFile) Write(p []byte) (int, error) {
	if err := f.disk.step("write", f.name); err != nil {
		return 0, err
	}
	return f.file.Write(p)
}

// finish makes the content durable. After a failed fsync the kernel may have
// dropped the data and a second fsync may claim success, so there is never a
// second one: the file is closed and the caller deletes it.
func (f *newFile) finish() error {
	err := f.disk.step("fsync", f.name)
	if err == nil {
		err = f.file.Sync()
	}
	return errors.Join(err, f.file.Close())
}

// abandon closes and deletes the file.
func (f *newFile) abandon() {
	_ = f.file.Close()
	_ = f.disk.remove(f.name)
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
	if err = f.finish(); err != nil {
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
