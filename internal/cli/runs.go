package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/store"
)

// runsCommand is `weir runs`.
type runsCommand struct {
	List runsList `cmd:"" default:"withargs" help:"List runs, newest first."`
	Show runsShow `cmd:"" help:"Show one run, endpoint by endpoint."`
	Logs runsLogs `cmd:"" help:"Print what one run said."`

	Cancel runsCancel `cmd:"" help:"Cancel a run that is queued or under way; what was read is kept."`
}

type runsList struct {
	remoteFlags
	Source int64  `help:"Only of this source."`
	Status string `help:"Only with this status: queued, running, succeeded, partial, failed, cancelled or interrupted."`
	Since  string `placeholder:"2026-01-31" help:"Only those that began then or later: a day, or a time."`
	Count  int    `short:"n" default:"50" help:"How many (default 50, at most 1000)."`
}

// Run lists them.
func (c runsList) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	query := url.Values{"per_page": {fmt.Sprint(c.Count)}}
	if c.Source != 0 {
		query.Set("data_source_id", fmt.Sprint(c.Source))
	}
	for name, value := range map[string]string{"status": c.Status, "since": c.Since} {
		if value != "" {
			query.Set(name, value)
		}
	}
	var runs []client.Run
	if err := server.Call(s.ctx, http.MethodGet, "/runs?"+query.Encode(), nil, &runs); err != nil {
		return inFlags(err, map[string]string{"per_page": "-n", "data_source_id": "--source", "status": "--status", "since": "--since"})
	}
	return c.printRuns(s, runs...)
}

func (f remoteFlags) printRuns(s *session, runs ...client.Run) error {
	return f.print(s, runs, "RUN\tSOURCE\tWHY\tSTATUS\tREAD\tNEW OR CHANGED\tUNCHANGED\tGONE\tWRITTEN\tFILTERED\tQUARANTINED\tREQUESTS", func(w io.Writer) {
		for _, r := range runs {
			fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\n", r.RunID, r.SourceID, orDash(r.Why.Words()), r.Status, r.Read, r.Fresh, r.Unchanged, r.Deleted, r.Written, r.Filtered, r.Quarantined, r.Requests)
		}
	})
}

type runsShow struct {
	remoteFlags
	ID string `arg:"" name:"run" help:"Id of the run, as the list shows it."`
}

// Run shows it.
func (c runsShow) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	var r client.Run
	if err := server.Call(s.ctx, http.MethodGet, "/runs/"+url.PathEscape(c.ID), nil, &r); err != nil {
		return err
	}
	var table bytes.Buffer
	drawn := *s
	if !c.JSON {
		drawn.Stdout = &table
	}
	err = c.print(&drawn, r, "STREAM\tSTATUS\tREAD\tNEW OR CHANGED\tUNCHANGED\tGONE\tWRITTEN\tFILTERED\tQUARANTINED\tREQUESTS\tSECONDS", func(w io.Writer) {
		for _, x := range r.Streams {
			status := cmp.Or(x.Status, "running") // one under way has none yet
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%.1f\n", x.Name, status, x.Read, x.Fresh, x.Unchanged, x.Deleted, x.Written, x.Filtered, x.Quarantined, x.Requests, x.Seconds)
		}
	})
	if err != nil || c.JSON {
		return err
	}
	// What went wrong with a stream stands under its line, and is in no column.
	for i, line := range slices.Collect(strings.Lines(table.String())) {
		fmt.Fprint(s.Stdout, line)
		if i > 0 && i <= len(r.Streams) && r.Streams[i-1].Error != "" {
			fmt.Fprintf(s.Stdout, "  %s\n", r.Streams[i-1].Error)
		}
	}
	sums := store.Totals{Read: r.Read, Fresh: r.Fresh, Unchanged: r.Unchanged, Deleted: r.Deleted, Written: r.Written, Filtered: r.Filtered, Quarantined: r.Quarantined, Requests: r.Requests}
	fmt.Fprintf(s.Stdout, "Run %s of source %d %s: %s (%d again), %d bytes, %s. Why: %s.\n", r.RunID, r.SourceID, r.Status, sums.Words(), r.Retries, r.Bytes, took(r, time.Now()), orDash(r.Why.Words()))
	if r.Failure != nil && len(r.Waits) == 0 {
		fmt.Fprintln(s.Stdout, r.Failure.Text())
	}
	for _, w := range r.Waits {
		fmt.Fprintln(s.Stdout, waiting(w))
	}
	return nil
}

// took is how long a run took, or has taken so far.
func took(r client.Run, now time.Time) time.Duration {
	if r.EndedAt != "" {
		return time.Duration(r.DurationMS) * time.Millisecond
	}
	started, err := time.Parse(time.RFC3339, r.StartedAt)
	if err != nil {
		return 0
	}
	return max(0, now.Sub(started).Round(time.Second))
}

// waiting says why a run makes no headway, and when that is tried again.
func waiting(w client.RunWait) string {
	who := "The run"
	switch {
	case w.DestinationID != 0:
		who = fmt.Sprintf("Destination %d", w.DestinationID)
	case w.Stream != "":
		who = w.Stream
	}
	tries := fmt.Sprintf("tried %d times so far", w.Tries)
	if w.Most != 0 {
		tries = fmt.Sprintf("tried %d of at most %d times", w.Tries, w.Most)
	}
	// No remedy: that is to run again, which Weir does by itself.
	return fmt.Sprintf("%s waits, %s. %s\n  %s", who, tries, nextTry(w.RetryAt), w.Failure.Message)
}

// nextTry says when something is tried again that failed.
func nextTry(at string) string {
	if at == "" {
		return "It goes on by itself as soon as it can."
	}
	return "The next try is at " + at + "."
}

type runsLogs struct {
	remoteFlags
	ID string `arg:"" name:"run" help:"Id of the run, as the list shows it."`
}

// Run prints the lines, oldest first.
func (c runsLogs) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	var lines []client.RunLine
	for page := 1; ; page++ {
		var some client.RunLog
		if err := server.Call(s.ctx, http.MethodGet, fmt.Sprintf("/runs/%s/logs?per_page=1000&page=%d", url.PathEscape(c.ID), page), nil, &some); err != nil {
			return err
		}
		lines = append(lines, some.Logs.Data...)
		if page >= some.Logs.Meta.Pages {
			break
		}
	}
	return c.print(s, lines, "TIME\tSEVERITY\tABOUT\tLINE", func(w io.Writer) {
		for _, l := range lines {
			fmt.Fprintf(w, "%s\t%s\t%s %d\t%s\n", time.UnixMilli(l.Timestamp).UTC().Format(time.RFC3339), l.Severity, l.ResourceType, l.ResourceID, l.Log)
		}
	})
}
