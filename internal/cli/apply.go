package cli

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/manifest"
)

// applyCommand is `weir apply`.
type applyCommand struct {
	configFlags
	Yes   bool `short:"y" help:"Do not ask."`
	Check bool `help:"Change nothing; exit with 1 when the server is not as the files say."`
	Renew bool `name:"renew-secrets" help:"Send the secrets of credentials and channels that the server has already, too."`
}

// Run shows the plan, asks, and takes its steps.
func (c applyCommand) Run(s *session) error {
	both, err := c.compare(s)
	if err != nil {
		return err
	}
	if c.Renew {
		both.plan.Renew(both.file, both.have.Manifest)
	}
	if !c.JSON {
		both.printPlan(s.Stdout)
	}
	switch {
	case len(both.plan.Changes) == 0 && c.JSON, c.Check && c.JSON:
		err = printJSON(s.Stdout, both.json())
	case len(both.plan.Changes) == 0:
		fmt.Fprintf(s.Stdout, "Nothing to do: %s is as the files say.\n", both.server.Address())
	}
	switch {
	case err != nil || len(both.plan.Changes) == 0:
		return err
	case c.Check:
		if err := both.wouldTake(s); err != nil {
			return err
		}
		return &weir.Error{Code: weir.CodeConflict, Where: "apply --check", Message: "the server is not as the files say: " + both.count(), Remedy: "Run weir apply without --check, or take over what the server has with weir export"}
	}
	w := newConfigWriter(s, both.server, both.have, both.file)
	if err := w.gather(both.plan); err != nil {
		return err
	}
	if err := w.try(both.plan); err != nil {
		return err
	}
	if err := c.confirm(s, both); err != nil {
		return err
	}
	return c.carryOut(s, both, w)
}

// confirm asks, where there is somebody to ask.
func (c applyCommand) confirm(s *session, both *comparison) error {
	if c.Yes {
		return nil
	}
	if c.JSON || !asks(s) || c.stdin() {
		return &weir.Error{Code: weir.CodeUsage, Where: "apply", Message: "nothing was changed, for there is nobody to ask: " + both.count(), Remedy: "Add --yes"}
	}
	fmt.Fprintf(s.Stderr, "%s, on %s. Go on? [y/N] ", sentence(both.count()), both.server.Address())
	answer, err := readLine(s.Stdin)
	if err != nil {
		return err
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return &weir.Error{Code: weir.CodeCancelled, Where: "apply", Message: "nothing was changed"}
	}
	return nil
}

// stdin reports whether standard input is one of the files.
func (c applyCommand) stdin() bool {
	for _, name := range c.Files {
		if name == "-" {
			return true
		}
	}
	return false
}

// asks reports whether somebody sits at the terminal.
func asks(s *session) bool {
	f, isFile := s.Stdin.(*os.File)
	return s.Interactive && (!isFile || term.IsTerminal(int(f.Fd())))
}

func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// Words for steps before and after they are taken.
var (
	stepVerbs = map[manifest.Stage]string{manifest.Pausing: "pause", manifest.Making: "change", manifest.Activating: "activate", manifest.Removing: "remove"}
	stepPast  = map[string]string{"pause": "paused", "change": "changed", "activate": "activated", "remove": "removed", "add": "added"}
)

// verbOf is what a step does.
func verbOf(step manifest.Step) string {
	if step.Stage == manifest.Making && step.Change.Server == nil {
		return "add"
	}
	return stepVerbs[step.Stage]
}

func objectOf(step manifest.Step) string {
	return " " + step.Change.Kind.One() + " " + oneLine(step.Change.Name)
}

// carryOut takes the steps, one after the other, and says what was done and
// what was not. Afterwards it looks whether the server is as the files say.
func (c applyCommand) carryOut(s *session, both *comparison, w *configWriter) error {
	steps, out := both.plan.Steps(), both.json()
	out.Equal = true
	for i, step := range steps {
		err := s.ctx.Err()
		if err == nil {
			err = w.take(step)
		}
		if err != nil {
			return c.broke(s, out, steps[i:], err)
		}
		did := stepPast[verbOf(step)] + objectOf(step)
		out.Done = append(out.Done, did)
		if !c.JSON {
			fmt.Fprintln(s.Stdout, sentence(did)+".")
		}
	}
	if c.JSON {
		if err := printJSON(s.Stdout, out); err != nil {
			return err
		}
	}
	return c.confirmEqual(s, both)
}

// broke says what was not done when a step fails.
func (c applyCommand) broke(s *session, out planJSON, rest []manifest.Step, err error) error {
	for _, step := range rest {
		out.NotDone = append(out.NotDone, verbOf(step)+objectOf(step))
	}
	if out.Equal = false; c.JSON {
		if err := printJSON(s.Stdout, out); err != nil {
			return err
		}
	}
	if s.ctx.Err() != nil {
		err = &weir.Error{Code: weir.CodeCancelled, Where: "apply", Message: "it was interrupted"}
	}
	return &weir.Error{Code: weir.CodeOf(err), Message: fmt.Sprintf("%v\n  done: %s\n  not done: %s\n  Apply the same files again: it goes on from here", err, listOf(out.Done), listOf(out.NotDone)), Err: err}
}

func listOf(all []string) string {
	if len(all) == 0 {
		return "nothing"
	}
	return strings.Join(all, ", ")
}

// confirmEqual looks whether the server has what it was given: it may write an
// address in another way, or have switched off what failed at once.
func (c applyCommand) confirmEqual(s *session, both *comparison) error {
	if err := both.again(s, c.Prune); err != nil {
		return weir.At("all was done, but what came of it could not be looked at", err)
	}
	if len(both.plan.Changes) == 0 {
		return nil
	}
	var fields []string
	for _, change := range both.plan.Changes {
		for _, d := range change.Fields {
			fields = append(fields, fmt.Sprintf("\n  %s %s: %s is %s on the server, and %s in the file", change.Kind.One(), oneLine(change.Name), d.Field, shownValue(d.Server), shownValue(d.File)))
		}
	}
	return &weir.Error{Code: weir.CodeConflict, Where: "apply", Message: "all was done, and the server has something else than it was given:" + strings.Join(fields, ""),
		Remedy: "Write into the file what the server has, or look at why it was switched off (weir health)"}
}
