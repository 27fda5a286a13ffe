package cli

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
)

type sourcesSchedule struct {
	remoteFlags
	ID    int64  `arg:"" help:"Id of the source."`
	Every string `xor:"when" placeholder:"N UNIT" help:"Such as 15m, 2h, 1d, 1w or 3mo."`
	Cron  string `xor:"when" help:"Quartz's seven fields, such as '0 30 2 * * ? *'."`
	After int64  `xor:"when" placeholder:"ID" help:"Read it after each run of this source."`
	Once  bool   `xor:"when" help:"Only when it is asked for."`
	At    string `placeholder:"TIME" help:"Time of day of --every, such as 02:30."`
	On    string `placeholder:"DAY" help:"Day of a week, such as monday."`
	Zone  string `placeholder:"ZONE" help:"Time zone, such as Europe/Berlin (default UTC)."`
}

// units are the short names of intervals.
var units = map[string]string{"m": "minute", "h": "hour", "d": "day", "w": "week", "mo": "month"}

// Run shows the schedule, after changing it when there is what to change.
func (c sourcesSchedule) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	method, body := http.MethodGet, map[string]any(nil)
	changes := c.Every != "" || c.Cron != "" || c.After != 0 || c.Once
	if !changes && (c.At != "" || c.On != "" || c.Zone != "") {
		return &weir.Error{Code: weir.CodeUsage, Where: "schedule", Message: "--at, --on and --zone say more of --every or --cron, and neither is there", Remedy: "Add --every 1d, for example"}
	}
	if changes {
		method = http.MethodPut
		if body, err = c.body(); err != nil {
			return err
		}
	}
	at, err := client.Do[client.Schedule](s.ctx, server, method, sourcesNoun, c.ID, "schedule", body)
	if err != nil {
		return inFlags(err, map[string]string{"cron": "--cron", "every": "--every", "count": "--every", "unit": "--every", "at": "--at", "on": "--on", "time_zone": "--zone", "run_after": "--after"})
	}
	return c.print(s, at, "READS\tNEXT\tKEY\tNOTE", func(w io.Writer) {
		fmt.Fprintf(w, "%s\t%s\t%.0f%%\t%s\n", at.Words, orDash(at.NextAt), 100*at.KeyShare, at.Note)
	})
}

func (c sourcesSchedule) body() (map[string]any, error) {
	body := map[string]any{}
	for name, text := range map[string]string{"cron": c.Cron, "at": c.At, "on": strings.ToLower(c.On), "time_zone": c.Zone} {
		if text != "" {
			body[name] = text
		}
	}
	if c.After != 0 {
		body["run_after"] = c.After
	}
	if c.Every == "" {
		return body, nil
	}
	digits := strings.TrimRight(c.Every, "abcdefghijklmnopqrstuvwxyz ")
	unit := units[strings.TrimSpace(c.Every[len(digits):])]
	count, err := strconv.Atoi(digits)
	if err != nil || unit == "" {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "--every", Message: fmt.Sprintf("%q is no interval", c.Every), Remedy: "Write it as 15m, 2h, 1d, 1w or 3mo"}
	}
	body["every"], body["unit"] = count, unit
	return body, nil
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

type sourcesCancel struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the source."`
}

// Run cancels it.
func (c sourcesCancel) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	runs, err := client.Do[[]client.Run](s.ctx, server, http.MethodGet, sourcesNoun, c.ID, "runs", nil)
	if err != nil {
		return err
	}
	open := slices.IndexFunc(runs, func(r client.Run) bool { return r.Status == "running" || r.Status == "queued" })
	// Asked for all the same: a run may have begun just now.
	if err := server.Call(s.ctx, http.MethodPost, fmt.Sprintf("/%s/%d/cancel", sourcesNoun, c.ID), nil, nil); err != nil {
		return err
	}
	if c.JSON {
		return nil
	}
	if open < 0 {
		fmt.Fprintf(s.Stdout, "No run of source %d is queued or under way.\n", c.ID)
		return nil
	}
	fmt.Fprintf(s.Stdout, "Run %s is being cancelled; what was read is kept.\n", runs[open].RunID)
	return nil
}
