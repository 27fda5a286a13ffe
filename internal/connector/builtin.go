package connector

import (
	"io/fs"
	"os"
	"slices"
	"sync"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/connectors"
)

// Names lists the connectors of this build.
func Names() []string {
	entries, err := fs.ReadDir(connectors.Files, ".")
	if err != nil {
		return nil // the files are part of the program
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// builtins are those that were asked for, by their names: to read one takes most of
// what a command or a start does.
var builtins sync.Map

// Builtin is a connector of this build; an unknown name is CodeNotFound with the
// nearest ones.
func Builtin(name string) (*Definition, error) {
	if !slices.Contains(Names(), name) {
		return nil, &weir.Error{Code: weir.CodeNotFound, Where: name, Message: "there is no such connector", Remedy: nearest(name, Names())}
	}
	read, _ := builtins.LoadOrStore(name, sync.OnceValues(func() (*Definition, error) {
		sub, err := fs.Sub(connectors.Files, name)
		if err != nil {
			return nil, err
		}
		return Load(sub)
	}))
	return read.(func() (*Definition, error))()
}

// LoadDir reads a connector from a folder.
func LoadDir(dir string) (*Definition, error) { return Load(os.DirFS(dir)) }
