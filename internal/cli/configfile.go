package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/manifest"
)

// configFlags say which files a command is about.
type configFlags struct {
	remoteFlags
	Files []string `name:"file" short:"f" required:"" sep:"none" placeholder:"FILE|DIR|-" help:"File, directory of .yaml files, or - for standard input; may be repeated."`
	Prune bool     `help:"Also remove what the server has and the files have not, of the sections that the files have."`
}

// stdinName is how problems name standard input.
const stdinName = "standard input"

// comparison is files and a server, side by side.
type comparison struct {
	server *client.Client
	file   *manifest.Manifest
	have   *serverConfig
	plan   *manifest.Plan
}

// compare reads the files, then the server, and plans the way from one to the
// other. It changes nothing.
func (f configFlags) compare(s *session) (*comparison, error) {
	files, err := f.read(s)
	if err != nil {
		return nil, err
	}
	c := &comparison{}
	var problems manifest.Problems
	if c.file, problems = manifest.Read(files...); len(problems) > 0 {
		return nil, wrongFile(problems)
	}
	if c.server, err = f.dial(s); err != nil {
		return nil, err
	}
	return c, c.again(s, f.Prune)
}

// again reads the server once more, and compares anew.
func (c *comparison) again(s *session, prune bool) (err error) {
	if c.have, err = readConfig(s, c.server, false); err != nil {
		return err
	}
	if problems := manifest.Check(c.file, c.have.Manifest, c.have.catalogue, prune); len(problems) > 0 {
		return wrongFile(problems)
	}
	c.plan = manifest.Compare(c.file, c.have.Manifest, prune)
	return nil
}

// wrongFile is all that is wrong with files as one error.
func wrongFile(problems manifest.Problems) error {
	if len(problems) == 1 {
		return &weir.Error{Code: weir.CodeConfig, Message: problems[0].String()}
	}
	lines := make([]string, len(problems))
	for i, p := range problems {
		lines[i] = "\n  " + p.String()
	}
	return &weir.Error{Code: weir.CodeConfig, Message: fmt.Sprintf("there are %d problems, and nothing was changed:%s", len(problems), strings.Join(lines, ""))}
}

// configLimit is far more than all files of a person.
const configLimit = 16 << 20

// read reads the files that are named.
func (f configFlags) read(s *session) (files []manifest.File, err error) {
	for _, name := range f.Files {
		if name == "-" {
			content, err := io.ReadAll(io.LimitReader(s.Stdin, configLimit))
			if err != nil {
				return nil, &weir.Error{Code: weir.CodeLocal, Where: stdinName, Message: "it cannot be read", Err: err}
			}
			files = append(files, manifest.File{Name: stdinName, Content: content})
			continue
		}
		paths, err := configPaths(name)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			content, err := os.ReadFile(path) // #nosec G304 -- the user names it
			if err != nil {
				return nil, &weir.Error{Code: weir.CodeUsage, Where: path, Message: reasonOf(err), Remedy: "Check the path after -f", Err: err}
			}
			files = append(files, manifest.File{Name: path, Content: content})
		}
	}
	return files, nil
}

// configPaths are the files that a name stands for, in the order of their
// names.
func configPaths(name string) ([]string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: name, Message: reasonOf(err), Remedy: "Check the path after -f", Err: err}
	}
	if !info.IsDir() {
		return []string{name}, nil
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: name, Message: reasonOf(err), Remedy: "Check the path after -f", Err: err}
	}
	var paths []string
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); !e.IsDir() && (ext == ".yaml" || ext == ".yml") && !strings.HasPrefix(e.Name(), ".") {
			paths = append(paths, filepath.Join(name, e.Name()))
		}
	}
	if len(paths) == 0 {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: name, Message: "there is no .yaml file in this directory", Remedy: "Name one that has some; those below it are not read"}
	}
	slices.Sort(paths)
	return paths, nil
}

// signs stand before a plan's lines.
var signs = map[manifest.Action]string{manifest.Add: "+", manifest.Edit: "~", manifest.Activate: ">", manifest.Pause: "=", manifest.Remove: "-"}

// printPlan prints a plan for people.
func (c *comparison) printPlan(w io.Writer) {
	for _, change := range c.plan.Changes {
		fmt.Fprintf(w, "%s %-8s %s %s\n", signs[change.Action], change.Action, change.Kind.One(), oneLine(change.Name))
		if change.Action == manifest.Activate || change.Action == manifest.Pause {
			continue
		}
		for _, d := range change.Fields {
			fmt.Fprintf(w, "      %s: ", d.Field)
			if change.Action == manifest.Edit {
				fmt.Fprintf(w, "%s -> ", shownValue(d.Server))
			}
			fmt.Fprintln(w, shownValue(d.File))
		}
	}
	if names := c.alone(); len(names) > 0 {
		fmt.Fprintf(w, "On the server alone, and left there: %s.\n", strings.Join(names, ", "))
	}
}

func (c *comparison) alone() (names []string) {
	for _, t := range c.plan.Alone {
		names = append(names, t.Kind.One()+" "+oneLine(t.Name))
	}
	return names
}

// shownValue is a value in a plan: in one line.
func shownValue(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case string:
		return fmt.Sprintf("%q", v)
	}
	return oneLine(manifest.Text(v))
}

// count says how many changes of each kind there are.
func (c *comparison) count() string {
	n := map[manifest.Action]int{}
	for _, change := range c.plan.Changes {
		n[change.Action]++
	}
	var parts []string
	for _, a := range []manifest.Action{manifest.Add, manifest.Edit, manifest.Activate, manifest.Pause, manifest.Remove} {
		if n[a] > 0 {
			parts = append(parts, fmt.Sprintf("%d to %s", n[a], a))
		}
	}
	return strings.Join(parts, ", ")
}

// planJSON is a plan for programs, and what became of it.
type planJSON struct {
	Server  string             `json:"server"`
	Equal   bool               `json:"equal"`
	Changes []*manifest.Change `json:"changes"`
	Alone   []aloneJSON        `json:"alone"` // on the server, and left there
	Done    []string           `json:"done,omitzero"`
	NotDone []string           `json:"not_done,omitzero"`
}

type aloneJSON struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	ID   int64  `json:"id"`
}

func (c *comparison) json() planJSON {
	out := planJSON{Server: c.server.Address(), Equal: len(c.plan.Changes) == 0, Changes: c.plan.Changes, Alone: []aloneJSON{}}
	if out.Changes == nil {
		out.Changes = []*manifest.Change{}
	}
	for _, t := range c.plan.Alone {
		out.Alone = append(out.Alone, aloneJSON{t.Kind.One(), t.Name, t.ID})
	}
	return out
}
