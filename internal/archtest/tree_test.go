package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// source is one Go file, of whatever platform, tests included.
type source struct {
	path    string // relative to the module's root, with slashes
	dir     string // relative folder; "" is the root package
	test    bool   // its name ends in _test.go
	lines   int
	fset    *token.FileSet
	ast     *ast.File
	imports []string
}

// at is where a node stands, for messages.
func (s source) at(n ast.Node) string {
	return s.path + ":" + strconv.Itoa(s.fset.Position(n.Pos()).Line)
}

// testSupport are packages that only tests and measurements use.
var testSupport = map[string]bool{
	"internal/archtest":                    true,
	"internal/pgtest":                      true,
	"internal/mysqltest":                   true,
	"internal/pacetest":                    true,
	"internal/store/storetest":             true,
	"internal/job/jobtest":                 true,
	"internal/destination/destinationtest": true,
	"bench":                                true,
}

// product reports whether the file is part of what users run.
func (s source) product() bool { return !s.test && !testSupport[s.dir] }

// sources parses every Go file of the module once.
var sources = sync.OnceValues(func() (all []source, err error) {
	const root = "../.."
	err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if base := entry.Name(); entry.IsDir() && name != root && (strings.HasPrefix(base, ".") || base == "testdata" || base == "bin") {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		s, err := parse(root, name)
		all = append(all, s)
		return err
	})
	return all, err
})

func parse(root, name string) (source, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return source{}, err
	}
	relative, err := filepath.Rel(root, name)
	if err != nil {
		return source{}, err
	}
	s := source{path: filepath.ToSlash(relative), test: strings.HasSuffix(name, "_test.go"), fset: token.NewFileSet()}
	if s.dir = path.Dir(s.path); s.dir == "." {
		s.dir = ""
	}
	s.lines = strings.Count(string(text), "\n")
	if s.ast, err = parser.ParseFile(s.fset, s.path, text, parser.ParseComments); err != nil {
		return source{}, err
	}
	for _, i := range s.ast.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			return source{}, err
		}
		s.imports = append(s.imports, p)
	}
	return s, nil
}

// tree gives the files, or ends the test.
func tree(t *testing.T) []source {
	t.Helper()
	all, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// packageOf turns an import path into a folder of the module.
func packageOf(imported string) (dir string, ours bool) {
	if imported == module {
		return "", true
	}
	return strings.CutPrefix(imported, module+"/")
}

// standard reports whether an import path is of the standard library: those
// have no dot in their first element.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

// readText reads a file of the module, named from its root.
func readText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
