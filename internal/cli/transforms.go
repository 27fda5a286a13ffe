package cli

import (
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/manifest"
)

// transformsCommand is `weir transforms`.
type transformsCommand struct {
	List    transformsList    `cmd:"" default:"withargs" help:"List transforms."`
	Show    transformsShow    `cmd:"" help:"Print a transform's rules, as a file has them."`
	Add     transformsAdd     `cmd:"" help:"Make a transform of the rules in a file."`
	Set     transformsSet     `cmd:"" help:"Give a transform the rules in a file; every dataset that uses it is brought to its destinations anew."`
	Preview transformsPreview `cmd:"" help:"Show what the rules in a file would make of a dataset's newest records."`
	Copy    transformsCopy    `cmd:"" help:"Make a transform of its own with the same rules."`
	Delete  transformsDelete  `cmd:"" help:"Delete a transform that no dataset uses."`
	Restore transformsRestore `cmd:"" help:"Bring a deleted transform back."`
}

// printTransforms prints transforms as a table.
func (f remoteFlags) printTransforms(s *session, all ...client.Transform) error {
	return f.print(s, all, "ID\tNAME\tRULES\tDATASETS", func(w io.Writer) {
		for _, t := range all {
			fmt.Fprintf(w, "%d\t%s\t%d\t%s\n", t.ID, t.Name, len(t.Code), list(t.DataSets))
		}
	})
}

type transformsList struct{ remoteFlags }

// Run lists them.
func (c transformsList) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	all, err := client.List[client.Transform](s.ctx, server, "/"+transformsNoun, nil)
	if err != nil {
		return err
	}
	return c.printTransforms(s, all...)
}

type transformsShow struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the transform."`
}

// Run prints it.
func (c transformsShow) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	t, err := client.Get[client.Transform](s.ctx, server, transformsNoun, c.ID)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.Stdout, t)
	}
	_, err = io.WriteString(s.Stdout, manifest.WriteRules(rulesOf(t.Code)))
	return err
}

// rulesFile is a file with rules: the list that stands below transforms in a
// configuration file.
type rulesFile struct {
	Rules string `arg:"" placeholder:"FILE" help:"File with the rules as YAML: - drop: [metadata]"`
}

// read reads the rules, and tells all that is wrong with them by line.
func (f rulesFile) read() ([]client.RuleOf, error) {
	return readRules(f.Rules)
}

func readRules(file string) ([]client.RuleOf, error) {
	content, err := os.ReadFile(file) // #nosec G304 -- the user names it
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: file, Message: "the file cannot be read", Remedy: "Check its name and that you may read it", Err: err}
	}
	rules, problems := manifest.ParseRules(file, content)
	if len(problems) > 0 {
		return nil, wrongFile(problems)
	}
	if len(rules) == 0 {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: file, Message: "there is no rule in it", Remedy: "Write at least one, such as - drop: [metadata]"}
	}
	return codeOf(rules), nil
}

type transformsAdd struct {
	remoteFlags
	Name string `arg:"" help:"What to call it."`
	rulesFile
	Description string `help:"What it is for."`
}

// Run makes it.
func (c transformsAdd) Run(s *session) error {
	code, err := c.read()
	if err != nil {
		return err
	}
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	var made client.Transform
	body := map[string]any{"name": c.Name, "description": c.Description, "code": code}
	if err := server.Call(s.ctx, http.MethodPost, "/"+transformsNoun, body, &made); err != nil {
		return err
	}
	return c.printTransforms(s, made)
}

type transformsSet struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the transform."`
	rulesFile
}

// Run changes it.
func (c transformsSet) Run(s *session) error {
	code, err := c.read()
	if err != nil {
		return err
	}
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	t, err := client.Do[client.Transform](s.ctx, server, http.MethodPut, transformsNoun, c.ID, "", map[string]any{"code": code})
	if err != nil {
		return err
	}
	warn(s, t.Warnings...)
	return c.printTransforms(s, t)
}

type transformsCopy struct {
	remoteFlags
	ID   int64  `arg:"" help:"Id of the transform."`
	Name string `help:"What to call the copy (default: its name and (copy))."`
}

// Run copies it.
func (c transformsCopy) Run(s *session) error {
	return c.another(s, c.ID, "copy", copyBody(c.Name))
}

type transformsRestore struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the transform."`
}

// Run brings it back.
func (c transformsRestore) Run(s *session) error { return c.another(s, c.ID, "restore", nil) }

// another prints the transform that a verb gives.
func (f remoteFlags) another(s *session, id int64, verb string, body any) error {
	server, err := f.dial(s)
	if err != nil {
		return err
	}
	t, err := client.Do[client.Transform](s.ctx, server, http.MethodPost, transformsNoun, id, verb, body)
	if err != nil {
		return err
	}
	return f.printTransforms(s, t)
}

type transformsPreview struct {
	remoteFlags
	Dataset int64 `arg:"" help:"Id of the dataset whose records the rules are carried out on."`
	rulesFile
	Count int `default:"5" help:"How many records (default 5)."`
}

// previewed is what rules would make of records.
type previewed struct {
	Changed  int      `json:"changed"`
	Same     int      `json:"same"`
	Filtered int      `json:"filtered"`
	Failed   int      `json:"failed"`
	Warnings []string `json:"warnings"`
	Records  []struct {
		Outcome string `json:"outcome"`
		Reason  string `json:"reason,omitempty"`
		Before  any    `json:"before"`
		After   any    `json:"after"`
	} `json:"records"`
}

// Run shows it.
func (c transformsPreview) Run(s *session) error {
	code, err := c.read()
	if err != nil {
		return err
	}
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	var out previewed
	body := map[string]any{"data_set_id": c.Dataset, "code": code, "count": c.Count}
	if err := server.Call(s.ctx, http.MethodPost, "/"+transformsNoun+"/preview", body, &out); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.Stdout, out)
	}
	for _, r := range out.Records {
		before, after := jsonLine(r.Before), jsonLine(r.After)
		switch r.Outcome {
		case "filtered":
			after = "(filtered out)"
		case "failed":
			after = "(failed: " + r.Reason + ")"
		case "same":
			after = "(the same)"
		}
		fmt.Fprintf(s.Stdout, "- %s\n+ %s\n", before, after)
	}
	warn(s, out.Warnings...)
	_, err = fmt.Fprintf(s.Stdout, "%d changed, %d the same, %d filtered out, %d failed\n", out.Changed, out.Same, out.Filtered, out.Failed)
	return err
}

// warn says what of rules is most likely not meant so.
func warn(s *session, warnings ...string) {
	for _, w := range warnings {
		fmt.Fprintln(s.Stderr, "warning: "+oneLine(w))
	}
}

func jsonLine(v any) string {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return ""
	}
	return string(b)
}

type transformsDelete struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the transform."`
}

// Run deletes it.
func (c transformsDelete) Run(s *session) error { return c.remove(s, transformsNoun, c.ID) }
