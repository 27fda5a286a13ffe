package cli

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/weirhq/weir/internal/governor"
	"github.com/weirhq/weir/internal/pipeline"
)

// planCommand is `weir plan`: what a sync would cost, or all schedules of a server.
type planCommand struct {
	sourceFlags
	Instance bool `help:"Say instead what the schedules of a whole server will cost each key within a day."`
	remoteFlags

	full  bool // as after --full-refresh
	quiet bool // as with --quiet
}

// planLatency is what one request is assumed to take; lists of 250 bookings
// take some hundred milliseconds.
const planLatency = 300 * time.Millisecond

// planned is the command's answer.
type planned struct {
	Requests    int                 `json:"requests"`
	Seconds     float64             `json:"seconds"`
	BudgetShare float64             `json:"budget_share"` // of one minute's requests of this key
	RateLimit   int                 `json:"rate_limit"`
	SpentAsking int                 `json:"spent_asking"` // requests this plan itself made
	Streams     []pipeline.Estimate `json:"streams"`
}

// Run asks what it must, and prints the plan.
func (c planCommand) Run(s *session) error {
	if c.Instance {
		return c.instance(s)
	}
	src, err := openSource(s, c.sourceFlags, c.JSON || c.quiet)
	if err != nil {
		return err
	}
	defer src.close()
	flow := src.flow(s)
	flow.FullRefresh = c.full
	streams, err := pipeline.EstimateRun(s.ctx, flow)
	if err != nil {
		return err
	}
	p := planned{RateLimit: c.RateLimit, Streams: streams, Requests: 1} // one to check the key
	for _, e := range streams {
		p.Requests += e.Requests
	}
	stats := src.budget.Stats()
	p.SpentAsking = stats.Requests
	times := governor.PlanRequests(p.Requests, governor.PlanOptions{Limit: c.RateLimit, Latency: planLatency, Concurrency: 1, AlreadyUsed: stats.Used})
	p.Seconds = times.Duration.Seconds()
	p.BudgetShare = float64(p.Requests) / float64(c.RateLimit)
	if c.JSON {
		return printJSON(s.Stdout, p)
	}
	p.print(s, src)
	return nil
}

func (p planned) print(s *session, src *source) {
	t := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "stream\treads\trecords\trequests\t  \t")
	for _, e := range p.Streams {
		records := "?"
		if e.Records >= 0 {
			records = fmt.Sprint(e.Records)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t  %s\t\n", e.Name, e.Reading, records, e.Requests, e.Note)
	}
	_ = t.Flush()
	fmt.Fprintf(s.Stdout, "%s (%s): %s %d requests, %s; %.0f %% of one minute's budget of %d requests.\n",
		src.account.Name, src.base, p.how(), p.Requests, time.Duration(p.Seconds*float64(time.Second)).Round(time.Second), 100*p.BudgetShare, p.RateLimit)
}

// how says how sure the number is.
func (p planned) how() string {
	for _, e := range p.Streams {
		if e.Open {
			return "at least"
		}
	}
	return "about"
}
