package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/manifest"
)

// asked is what confirm says to somebody who answers.
func asked(t *testing.T, c applyCommand, interactive bool, answer string) (question string, err error) {
	t.Helper()
	server, err := client.New(client.Options{URL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	s := &session{Terminal: Terminal{Stdin: strings.NewReader(answer), Stderr: &out, Interactive: interactive}}
	plan := &manifest.Plan{Changes: []*manifest.Change{{Action: manifest.Add, Kind: manifest.Sources, Name: "S"}, {Action: manifest.Remove, Kind: manifest.Projects, Name: "P"}}}
	err = c.confirm(s, &comparison{server: server, plan: plan})
	return out.String(), err
}

func TestAnApplyAsksWhoeverSitsThere(t *testing.T) {
	for answer, code := range map[string]weir.Code{"y\n": "", "yes\n": "", "Y\r\n": "", "n\n": weir.CodeCancelled, "\n": weir.CodeCancelled, "": weir.CodeCancelled, "yess\n": weir.CodeCancelled} {
		question, err := asked(t, applyCommand{}, true, answer)
		if question != "1 to add, 1 to remove, on http://127.0.0.1:1. Go on? [y/N] " || weir.CodeOf(err) != code {
			t.Errorf("%q to %q: %v", answer, question, err)
		}
	}
}

func TestAnApplyThatIsInterruptedSaysHowFarItCame(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	server, err := client.New(client.Options{URL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	s := &session{Terminal: Terminal{Stdout: &out}, ctx: ctx}
	plan := &manifest.Plan{Changes: []*manifest.Change{{Action: manifest.Add, Kind: manifest.Sources, Name: "S", File: &manifest.Thing{Kind: manifest.Sources, Name: "S", Spec: &manifest.Source{Active: true}}}}}
	err = applyCommand{}.carryOut(s, &comparison{server: server, plan: plan}, nil)
	want := "apply: it was interrupted\n  done: nothing\n  not done: add source S, activate source S\n  Apply the same files again: it goes on from here"
	if weir.CodeOf(err) != weir.CodeCancelled || err.Error() != want {
		t.Errorf("%v", err)
	}
}

func TestAnApplyThatNobodyCanAnswerNeedsYes(t *testing.T) {
	for name, c := range map[string]applyCommand{
		"no terminal":                 {},
		"the files are what it reads": {configFlags: configFlags{Files: []string{"a.yaml", "-"}}},
		"a program reads the answer":  {configFlags: configFlags{remoteFlags: remoteFlags{JSON: true}}},
	} {
		question, err := asked(t, c, name != "no terminal", "y\n")
		if question != "" || weir.CodeOf(err) != weir.CodeUsage || !strings.Contains(err.Error(), "Add --yes") {
			t.Errorf("%s: %q, %v", name, question, err)
		}
		c.Yes = true
		if question, err := asked(t, c, false, ""); question != "" || err != nil {
			t.Errorf("%s, with --yes: %q, %v", name, question, err)
		}
	}
}
