package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/pipeline"
)

// sourceFlags say what to read and with what: the same for sync and plan.
type sourceFlags struct {
	From       string            `default:"calcom" placeholder:"CONNECTOR" help:"Connector to read from (default calcom)."`
	Streams    []string          `placeholder:"STREAM,…" help:"Streams to read; default: all that the key can read."`
	BaseURL    string            `default:"${base_url}" placeholder:"URL" help:"The API's address; https only, except on loopback. The EU is https://api.cal.eu."`
	APIKeyFile string            `name:"api-key-file" placeholder:"FILE" help:"File that holds the API key, instead of $CAL_API_KEY."`
	Param      map[string]string `placeholder:"NAME=VALUE" help:"A value that a stream needs; may be repeated."`
	RateLimit  int               `default:"120" placeholder:"N" help:"Requests per minute of this key (default 120); the server's headers win when they say less."`
	Data       string            `placeholder:"DIR" help:"Directory of Weir's own store (default $XDG_DATA_HOME/weir)."`
	Database   string            `name:"database-url" env:"WEIR_DATABASE_URL" placeholder:"URL" help:"Keep Weir's own store in Postgres instead of --data. Give the password as PGPASSWORD."`
}

// syncCommand is `weir sync`: one flow in the foreground.
type syncCommand struct {
	sourceFlags
	To           string `required:"" placeholder:"DESTINATION" help:"sqlite:FILE, postgres://user@host/db, mysql://user@host/db, file:///DIR?format=parquet|csv|jsonl, s3://BUCKET/PREFIX?format=…, or - for standard output."`
	FullRefresh  bool   `help:"Read everything again, and mark what is gone."`
	DryRun       bool   `help:"Check the key and the destination's name, say what would be read and what it would cost; write nothing."`
	Since        string `placeholder:"DATE" help:"Only bookings created since then (2026-01-01 or an RFC 3339 time)."`
	History      bool   `help:"Keep every version of every record instead of the newest."`
	AllowDeletes bool   `help:"Mark records deleted even when very many are gone at once."`
	JSON         bool   `name:"json" help:"Print the result as one JSON object on standard output and nothing else there."`
	Calm         bool   `kong:"-"` // the demo: no line for each stream while they run
	Quiet        bool   `short:"q" help:"Print nothing but errors."`
}

// Run reads, delivers and reports.
func (c syncCommand) Run(s *session) error {
	since, err := parseSince(c.Since)
	if err != nil {
		return err
	}
	if c.DryRun {
		return c.dryRun(s)
	}
	target, err := parseDestination(c.To)
	if err != nil {
		return err
	}
	quiet := c.Quiet || c.JSON
	src, err := openSource(s, c.sourceFlags, quiet)
	if err != nil {
		return err
	}
	defer src.close()
	dest, err := target.open(s.ctx, s)
	if err != nil {
		return weir.At("--to", err)
	}
	defer closing(s, "destination", dest.Close)
	flow := src.flow(s)
	to := &pipeline.Target{Destination: dest, Where: target.shown, Mode: weir.ModeUpsert, Streams: src.chosen}
	flow.Targets = []*pipeline.Target{to}
	flow.Since, flow.FullRefresh, flow.AllowDelete = since, c.FullRefresh, c.AllowDeletes
	if c.History {
		to.Mode = weir.ModeHistory
	}
	bars := newProgress(s, quiet || c.Calm, len(flow.Streams))
	flow.Progress = bars.show
	if !quiet {
		src.waitLine.through(bars.above())
		src.greet(s, target.shown)
	}
	result, err := pipeline.Run(s.ctx, flow)
	bars.close()
	if result == nil {
		return err
	}
	result.Requests += src.requests()
	result.Refused = src.refused()
	return c.report(s, result, err)
}

// report prints the result in the form that was asked for.
func (c syncCommand) report(s *session, result *pipeline.Result, failed error) error {
	if c.JSON {
		if err := printJSON(s.Stdout, result); err != nil {
			return err
		}
	} else if !c.Quiet {
		out := s.Stdout
		if c.To == "-" {
			out = s.Stderr // standard output carries the records
		}
		printResult(out, result)
		return reported(failed)
	}
	return failed
}

// dryRun says what would happen, at the price of checking the key.
func (c syncCommand) dryRun(s *session) error {
	if _, err := parseDestination(c.To); err != nil {
		return err
	}
	plan := planCommand{sourceFlags: c.sourceFlags, remoteFlags: remoteFlags{JSON: c.JSON}, full: c.FullRefresh, quiet: c.Quiet}
	return plan.Run(s)
}

// parseSince reads a day or an exact time; a day begins in UTC.
func parseSince(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, &weir.Error{Code: weir.CodeUsage, Where: "--since", Message: fmt.Sprintf("%q is not a date", text), Remedy: "Write it as 2026-01-31 or 2026-01-31T09:00:00Z"}
}

// closing closes something at the end and logs when that fails.
func closing(s *session, what string, close func() error) {
	if err := close(); err != nil && !errors.Is(err, context.Canceled) {
		s.log.Warn("closing", "what", what, "error", err)
	}
}
