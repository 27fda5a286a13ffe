package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
)

// quarantineCommand is `weir quarantine`.
type quarantineCommand struct {
	List   quarantineList   `cmd:"" default:"withargs" help:"List records that failed, newest first."`
	Show   quarantineShow   `cmd:"" help:"Show one with its bytes."`
	Replay quarantineReplay `cmd:"" help:"Send records on their way again."`
	Drop   quarantineDrop   `cmd:"" help:"Decide that nobody needs them; their bytes are kept."`
}

const quarantineNoun = "quarantine"

type quarantineList struct {
	remoteFlags
	Dataset     int64  `help:"Only of this dataset."`
	Source      int64  `help:"Only of this source."`
	Destination int64  `help:"Only what this destination refused."`
	Stage       string `help:"Only of this stage: decode, schema, transform or load."`
	Reason      string `help:"Only with this in the reason."`
	Counted     string `name:"run" placeholder:"RUN" help:"Only what this run counts; with --state all, as many as it says."`
	State       string `default:"open" help:"open (default), replayed, dropped or all."`
	Since       string `placeholder:"2026-01-31" help:"Only those set aside then or later: a day, or a time."`
	Count       int    `short:"n" default:"50" help:"How many (default 50, at most 1000)."`
}

// Run lists them.
func (c quarantineList) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	query := url.Values{"per_page": {fmt.Sprint(c.Count)}, "state": {c.State}}
	for name, id := range map[string]int64{"data_set_id": c.Dataset, "data_source_id": c.Source, "data_sink_id": c.Destination} {
		if id != 0 {
			query.Set(name, fmt.Sprint(id))
		}
	}
	for name, value := range map[string]string{"stage": c.Stage, "reason": c.Reason, "since": c.Since, "run_id": c.Counted} {
		if value != "" {
			query.Set(name, value)
		}
	}
	var all []client.Reject
	if err := server.Call(s.ctx, http.MethodGet, "/"+quarantineNoun+"?"+query.Encode(), nil, &all); err != nil {
		return inFlags(err, map[string]string{"per_page": "-n", "data_set_id": "--dataset", "data_source_id": "--source", "data_sink_id": "--destination",
			"state": "--state", "stage": "--stage", "reason": "--reason", "since": "--since", "run_id": "--run"})
	}
	return c.print(s, all, "ID\tDATASET\tDESTINATION\tSTAGE\tKEY\tSTATE\tAT\tREASON", func(w io.Writer) {
		for _, r := range all {
			fmt.Fprintf(w, "%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.DataSetID, r.DestinationID, r.Stage, strings.Join(r.Key, " "), r.State, r.At, r.Reason)
		}
	})
}

type quarantineShow struct {
	remoteFlags
	ID int64 `arg:"" help:"Number of the record in quarantine."`
}

// Run shows it as JSON, which is what it is for.
func (c quarantineShow) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	r, err := client.Get[client.Reject](s.ctx, server, quarantineNoun, c.ID)
	if err != nil {
		return err
	}
	return printJSON(s.Stdout, r)
}

type quarantineReplay struct {
	remoteFlags
	IDs  []int64 `arg:"" name:"id" help:"Numbers of records in quarantine."`
	Data string  `type:"existingfile" placeholder:"FILE" help:"File with the whole record, mended, as JSON; for one record."`
}

// Run replays them one by one. One that is refused again fails the command,
// after the others.
func (c quarantineReplay) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	body := map[string]any{}
	if c.Data != "" {
		if len(c.IDs) != 1 {
			return &weir.Error{Code: weir.CodeUsage, Where: "--data", Message: "it is one record's", Remedy: "Name one number"}
		}
		content, err := os.ReadFile(c.Data)
		if err != nil {
			return &weir.Error{Code: weir.CodeUsage, Where: "--data", Message: "it cannot be read", Remedy: "Name a file with one JSON object", Err: err}
		}
		if value := jsontext.Value(content); value.IsValid() {
			body["data"] = value
		} else {
			return &weir.Error{Code: weir.CodeUsage, Where: "--data", Message: "it is not JSON", Remedy: "Write the whole record as one JSON object"}
		}
	}
	var all []client.Replayed
	refused := 0
	for _, id := range c.IDs {
		r, err := client.Do[client.Replayed](s.ctx, server, http.MethodPost, quarantineNoun, id, "replay", body)
		if err != nil {
			return err
		}
		if r.State == "open" || r.RefusedAs != 0 {
			refused++
		}
		all = append(all, r)
	}
	err = c.print(s, all, "ID\tSTATE\tREFUSED AS\tREASON", func(w io.Writer) {
		for _, r := range all {
			fmt.Fprintf(w, "%d\t%s\t%d\t%s\n", r.ID, r.State, r.RefusedAs, r.Reason)
		}
	})
	if err == nil && refused > 0 {
		err = &weir.Error{Code: weir.CodeData, Where: quarantineNoun, Message: fmt.Sprintf("%d of %d were refused again", refused, len(all)), Remedy: "Mend them and replay them with --data, or drop them"}
	}
	return err
}

type quarantineDrop struct {
	remoteFlags
	IDs []int64 `arg:"" name:"id" help:"Numbers of records in quarantine."`
}

// Run drops them. Some that are not there do not keep the others.
func (c quarantineDrop) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	var done struct {
		Done int `json:"done"`
	}
	if err := server.Call(s.ctx, http.MethodPost, "/quarantine/bulk/drop", map[string]any{"ids": c.IDs}, &done); err != nil {
		return err
	}
	if done.Done < len(c.IDs) {
		return &weir.Error{Code: weir.CodeNotFound, Where: quarantineNoun, Message: fmt.Sprintf("%d were dropped; the others are not there, or not open", done.Done)}
	}
	return c.print(s, done, "DROPPED", func(w io.Writer) { fmt.Fprintln(w, done.Done) })
}
