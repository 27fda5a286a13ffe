package archtest

import (
	"strings"
	"testing"
)

// decisions holds a reason for each module that we import.
const decisions = "docs/decisions/0002-dependencies.md"

// required lists the module paths of go.mod, direct ones and others.
func required(t *testing.T) (modules []string) {
	t.Helper()
	block := false
	for line := range strings.Lines(readText(t, "go.mod")) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "//")
		switch fields := strings.Fields(line); {
		case len(fields) == 0:
		case fields[0] == "require" && len(fields) == 2:
			block = true
		case fields[0] == ")":
			block = false
		case block:
			modules = append(modules, fields[0])
		case fields[0] == "require":
			modules = append(modules, fields[1])
		}
	}
	return modules
}

// imported gives the modules of go.mod that a file of ours imports from, on
// any platform.
func imported(t *testing.T) map[string]bool {
	t.Helper()
	modules, direct := required(t), map[string]bool{}
	for _, s := range tree(t) {
		for _, path := range s.imports {
			if _, ours := packageOf(path); ours || standard(path) {
				continue
			}
			longest := ""
			for _, m := range modules {
				if (path == m || strings.HasPrefix(path, m+"/")) && len(m) > len(longest) {
					longest = m
				}
			}
			if longest == "" {
				t.Errorf("%s imports %s, which is in no module of go.mod", s.path, path)
				continue
			}
			direct[longest] = true
		}
	}
	return direct
}

func TestEveryReasonHasADependency(t *testing.T) {
	text, direct := readText(t, decisions), imported(t)
	for m := range direct {
		if !strings.Contains(text, "| `"+m+"` |") {
			t.Errorf("%s has no line for `%s`", decisions, m)
		}
	}
	for line := range strings.Lines(text) {
		m, isRow := strings.CutPrefix(line, "| `")
		if m, _, _ = strings.Cut(m, "`"); isRow && !direct[m] {
			t.Errorf("%s has a reason for `%s`, which nothing imports", decisions, m)
		}
	}
}
