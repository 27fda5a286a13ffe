package archtest

import (
	"go/ast"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEachPackageHasOneCommentThatNamesIt(t *testing.T) {
	comments, names := map[string][]string{}, map[string]string{}
	for _, s := range tree(t) {
		if s.test {
			continue
		}
		names[s.dir] = s.ast.Name.Name
		if s.ast.Doc != nil {
			comments[s.dir] = append(comments[s.dir], s.ast.Doc.Text())
		}
	}
	for dir, name := range names {
		start := "Package " + name + " "
		if name == "main" {
			start = "Command " + path.Base(dir) + " "
		}
		if found := comments[dir]; len(found) != 1 || !strings.HasPrefix(found[0], start) {
			t.Errorf("package %q has %d package comments; it needs one, which begins %q", dir, len(found), start)
		}
	}
}

func TestExportedValuesAreDocumented(t *testing.T) {
	for _, s := range tree(t) {
		for _, d := range s.ast.Decls {
			d, ok := d.(*ast.GenDecl)
			if !ok || s.test || d.Doc != nil || d.Tok == token.IMPORT || d.Tok == token.TYPE {
				continue
			}
			for _, spec := range d.Specs {
				v, ok := spec.(*ast.ValueSpec)
				if !ok || v.Doc != nil || v.Comment != nil {
					continue
				}
				for _, name := range v.Names {
					if name.IsExported() {
						t.Errorf("%s: %s has no comment", s.at(name), name)
					}
				}
			}
		}
	}
}

func TestEveryPackageIsInTheArchitecture(t *testing.T) {
	text := readText(t, "docs/architecture.md")
	for _, s := range tree(t) {
		if s.dir != "" && !strings.Contains(text, "`"+s.dir+"`") {
			t.Errorf("docs/architecture.md has no paragraph on `%s`", s.dir)
		}
	}
}

// mention is a document that a comment names, link one that a document does.
var (
	mention = regexp.MustCompile(`docs/[a-z0-9/_.-]+\.md`)
	link    = regexp.MustCompile(`\]\(([^():#]+)(#[^()]*)?\)`)
)

func TestDocumentsThatAreNamedExist(t *testing.T) {
	for _, s := range tree(t) {
		for _, group := range s.ast.Comments {
			for _, name := range mention.FindAllString(group.Text(), -1) {
				mustExist(t, s.at(group), name)
			}
		}
	}
	for _, name := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(readText(t, name), -1) {
			mustExist(t, name, path.Join(path.Dir(name), m[1]))
		}
	}
}

// documents lists the Markdown files of the module.
func documents(t *testing.T) (names []string) {
	t.Helper()
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md", "connectors/*/*.md"} {
		found, err := filepath.Glob("../../" + pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range found {
			names = append(names, strings.TrimPrefix(filepath.ToSlash(name), "../../"))
		}
	}
	return names
}

func mustExist(t *testing.T, where, name string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join("../..", filepath.FromSlash(name))); err != nil {
		t.Errorf("%s names %s, which does not exist", where, name)
	}
}

// large is where a file is worth a second look.
const large = 500

// TestLargeFilesAreLogged fails nothing: size is for the eye. When a file
// shows up here, ask which second idea has moved in.
func TestLargeFilesAreLogged(t *testing.T) {
	var sizes []int
	for _, s := range tree(t) {
		if s.test {
			continue
		}
		sizes = append(sizes, s.lines)
		if s.lines > large {
			t.Logf("%s has %d lines", s.path, s.lines)
		}
	}
	slices.Sort(sizes)
	t.Logf("%d files, median %d lines", len(sizes), sizes[len(sizes)/2])
}
