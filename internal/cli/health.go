package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/weirhq/weir/client"
)

// healthCommand is `weir health`.
type healthCommand struct {
	remoteFlags
	Status string `placeholder:"RED" help:"Only GREEN, YELLOW or RED."`
}

// Run shows how each flow stands, what needs a person first.
func (c healthCommand) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	query := url.Values{"size": {"1000"}, "sort_by": {"latestErrorCount"}}
	if c.Status != "" {
		query.Set("health_status", c.Status)
	}
	var all []client.FlowHealth
	for page := 1; ; page++ {
		query.Set("page", fmt.Sprint(page))
		var some client.FlowHealths
		if err := server.Call(s.ctx, http.MethodGet, "/health/org/flows?"+query.Encode(), nil, &some); err != nil {
			return err
		}
		all = append(all, some.Health.Data...)
		if page >= some.Health.Meta.Pages {
			break
		}
	}
	return c.print(s, all, "FLOW\tSOURCE\tNAME\tSTATUS\tHEALTH\tRECORDS\tERRORS\tWHAT IS WRONG", func(w io.Writer) {
		for _, h := range all {
			fmt.Fprintf(w, "%d\t%d\t%s\t%s\t%s\t%d\t%d\t%s\n", h.FlowID, h.SourceID, h.Name, h.Status, h.Health, h.Records, h.Errors, h.Summary)
		}
	})
}

// budgetsCommand is `weir budgets`.
type budgetsCommand struct{ remoteFlags }

// Run lists them.
func (c budgetsCommand) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	all, err := client.List[client.Budget](s.ctx, server, "/budgets", nil)
	if err != nil {
		return err
	}
	return c.print(s, all, "CREDENTIALS\tSERVER\tLIMIT\tUSED\tFREE\tNEXT AT\tLAST HOUR\tLAST DAY\tREFUSED", func(w io.Writer) {
		for _, b := range all {
			var ids []int64
			for _, x := range b.Credentials {
				ids = append(ids, x.ID)
			}
			fmt.Fprintf(w, "%v\t%s\t%d\t%d\t%d\t%s\t%d\t%d\t%d\n", ids, b.Origin, b.Limit, b.Used, b.Free, b.FreeAt, b.LastHour.Requests, b.LastDay.Requests, b.LastDay.Refused)
		}
	})
}
