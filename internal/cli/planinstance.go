package cli

import (
	"fmt"
	"io"
	"net/http"

	"github.com/weirhq/weir/client"
)

// instance says what the schedules of a whole server will cost.
func (c planCommand) instance(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	var p client.Plan
	if err := server.Call(s.ctx, http.MethodGet, "/plan", nil, &p); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.Stdout, p)
	}
	err = c.print(s, nil, "SOURCE\tNAME\tREADS\tNEXT\tRUNS\tREQUESTS EACH\tREQUESTS\tCREDENTIAL", func(w io.Writer) {
		for _, src := range p.Sources {
			each := "?" // it has not run yet
			if src.RequestsPerRun != nil {
				each = fmt.Sprint(*src.RequestsPerRun)
			}
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d\t%s\t%d\t%d\n", src.SourceID, src.Name, src.Words, orDash(src.NextRunAt), src.Runs, each, src.Requests, src.CredentialID)
		}
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Stdout, "\nFrom %s to %s:\n", p.From, p.To)
	return c.print(s, nil, "CREDENTIALS\tSERVER\tLIMIT\tSOURCES\tRUNS\tREQUESTS\tOF THE DAY\tBUSIEST HOUR FROM\tOF THAT HOUR\tNOTE", func(w io.Writer) {
		for _, b := range p.Budgets {
			var ids []int64
			for _, x := range b.Credentials {
				ids = append(ids, x.ID)
			}
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%.0f%%\t%s\t%.0f%%\t%s\n", list(ids), b.Origin, b.Limit, b.Sources, b.Runs, b.Requests, 100*b.Share, orDash(b.BusiestFrom), 100*b.BusiestUse, noteOf(b))
		}
	})
}

// noteOf says what the numbers do not.
func noteOf(b client.PlanBudget) string {
	switch {
	case b.Share > 1:
		return "more than the key may do: runs will be late"
	case b.BusiestUse > 1:
		return "runs will last beyond that hour"
	case b.Unknown > 0:
		return fmt.Sprintf("%d sources have not run yet, and are not counted", b.Unknown)
	}
	return ""
}
