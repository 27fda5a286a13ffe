package cli

import "fmt"

// diffCommand is `weir diff`.
type diffCommand struct{ configFlags }

// Run shows in what files and server differ, and what of it the server would
// refuse. It changes nothing.
func (c diffCommand) Run(s *session) error {
	both, err := c.compare(s)
	if err != nil {
		return err
	}
	if c.JSON {
		if err := printJSON(s.Stdout, both.json()); err != nil {
			return err
		}
		return both.wouldTake(s)
	}
	both.printPlan(s.Stdout)
	if len(both.plan.Changes) == 0 {
		fmt.Fprintf(s.Stdout, "No difference: %s is as the files say.\n", both.server.Address())
	}
	return both.wouldTake(s)
}
