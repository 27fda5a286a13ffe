package file

import (
	"context"
	"io"
	"os"
)

// volume is what a chain needs of where it lies. Names are relative, with
// slashes. What is not there is fs.ErrNotExist, what is taken fs.ErrExist.
type volume interface {
	where() string
	// during gives the volume as it is used in one turn, which ends with the
	// context.
	during(ctx context.Context) volume
	// afterwards is the turn for what must not stop half-way.
	afterwards() volume
	close() error

	// exclusive says that lock keeps every other writer out. Without it others
	// may be writing at any moment: then names hold the attempt they are of, and
	// what somebody has announced is only removed when it can be published no more.
	exclusive() bool
	lock(ctx context.Context, dir string) (io.Closer, error)
	attempt() string

	hasDir(name string) (bool, error)
	makeDir(name string) error
	names(dir string) ([]string, error) // sorted
	exists(name string) (bool, error)
	read(name string) ([]byte, error)
	open(name string) (*os.File, error)

	// begin starts a new file.
	begin(name string) (newFile, error)
	// putNew writes a small file durably under a name that must be free: one
	// of several writers gets it. By is a name that is this writer's own.
	putNew(name, by string, content []byte) error
	overwrite(name string, content []byte) error
	remove(name string) error
	discard(names []string) error

	// announce keeps a list of files that are about to be written for the
	// manifest of a number.
	announce(dir string, seq int64, list []byte) error
	// unfinished reports whether somebody has announced files and nothing more.
	unfinished(dir string) (bool, error)
	// leftovers are the lists whose files no manifest after seq can name, and
	// what is of no use any more once these are gone.
	leftovers(dir string, seq int64) (lists, useless []string, err error)
}

// newFile is a file being written. Finish makes it durable under its name;
// what is abandoned was never there.
type newFile interface {
	io.Writer
	finish() error
	abandon()
}
