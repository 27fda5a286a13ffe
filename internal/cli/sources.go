package cli

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// sourcesCommand is `weir sources`.
type sourcesCommand struct {
	List     sourcesList     `cmd:"" default:"withargs" help:"List sources."`
	Show     sourcesShow     `cmd:"" help:"Show one source and its datasets."`
	Add      sourcesAdd      `cmd:"" help:"Make a source of one or several endpoints."`
	Update   sourcesUpdate   `cmd:"" help:"Change a source's name, description or credential."`
	Test     sourcesTest     `cmd:"" help:"Show the first records of an endpoint, and store nothing."`
	Run      sourcesRun      `cmd:"" help:"Read a source now, and wait until it is done."`
	Activate sourcesActivate `cmd:"" help:"Activate a source, and read it at once."`
	Pause    sourcesPause    `cmd:"" help:"Pause a source."`
	Schedule sourcesSchedule `cmd:"" help:"Show or choose when a source is read."`
	Cancel   sourcesCancel   `cmd:"" help:"Cancel a source's run; what was read is kept."`
	Delete   sourcesDelete   `cmd:"" help:"Delete a source that is paused."`
}

const sourcesNoun = "data_sources"

type sourcesList struct{ remoteFlags }

// printSources prints sources as a table.
func (f remoteFlags) printSources(s *session, all ...client.Source) error {
	return f.print(s, all, "ID\tNAME\tSTATUS\tREADS\tENDPOINT\tCREDENTIAL\tDATASETS", func(w io.Writer) {
		for _, src := range all {
			endpoint := "by hand"
			if src.Endpoint != nil {
				endpoint = src.Endpoint.Name
			}
			if more := len(src.DataSets) - 1; more > 0 {
				endpoint = fmt.Sprintf("%s and %d more", endpoint, more)
			}
			var sets []int64
			for _, d := range src.DataSets {
				sets = append(sets, d.ID)
			}
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%d\t%s\n", src.ID, src.Name, src.Status, src.When.Words, endpoint, src.CredentialID, list(sets))
		}
	})
}

// Run lists them.
func (c sourcesList) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	all, err := client.List[client.Source](s.ctx, server, "/"+sourcesNoun, nil)
	if err != nil {
		return err
	}
	return c.printSources(s, all...)
}

type sourcesAdd struct {
	remoteFlags
	Name       string            `arg:"" help:"What to call it."`
	Credential int64             `required:"" help:"Id of the credential to read with."`
	Endpoints  []string          `name:"endpoint" required:"" placeholder:"ENDPOINT,…" help:"What to read, such as bookings; weir connectors describe calcom lists all."`
	Param      map[string]string `placeholder:"NAME=VALUE" help:"A value that an endpoint needs; may be repeated."`
}

// Run makes it.
func (c sourcesAdd) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	body := map[string]any{"name": c.Name, "source_type": "rest", "data_credentials_id": c.Credential, "endpoints": c.Endpoints}
	if len(c.Param) > 0 {
		body["template_config"] = c.Param
	}
	var made client.Source
	if err := server.Call(s.ctx, http.MethodPost, "/"+sourcesNoun, body, &made); err != nil {
		return err
	}
	return c.printSources(s, made)
}

type sourcesTest struct {
	remoteFlags
	Credential int64             `required:"" help:"Id of the credential to read with."`
	Endpoint   string            `required:"" help:"What to read."`
	Param      map[string]string `placeholder:"NAME=VALUE" help:"A value that the endpoint needs; may be repeated."`
	Count      int               `default:"3" help:"How many records (default 3)."`
}

// Run shows the records as JSON.
func (c sourcesTest) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	body := map[string]any{"endpoint": c.Endpoint}
	for name, value := range c.Param {
		body[name] = value
	}
	var sample struct {
		Output struct {
			Response []any `json:"response"`
		} `json:"output"`
	}
	if err := server.Call(s.ctx, http.MethodPost, fmt.Sprintf("/%s/%d/probe/sample?count=%d", credentialsNoun, c.Credential, c.Count), body, &sample); err != nil {
		return err
	}
	return printJSON(s.Stdout, sample.Output.Response)
}

type sourcesRun struct {
	remoteFlags
	ID          int64 `arg:"" help:"Id of the source."`
	FullRefresh bool  `help:"Read everything again, and mark what is gone."`
	NoWait      bool  `name:"no-wait" help:"Start the run and do not wait for its end."`
}

// runPoll is how often a run that is waited for is looked at.
const runPoll = 500 * time.Millisecond

// Run reads it. A run that fails fails the command.
func (c sourcesRun) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	run, err := client.Do[client.Run](s.ctx, server, http.MethodPost, sourcesNoun, c.ID, "run_now", map[string]any{"full_refresh": c.FullRefresh})
	if err != nil {
		return err
	}
	if !c.NoWait {
		if run, err = ended(s, server, c.ID, run); err != nil {
			return err
		}
	}
	if err := c.printRuns(s, run); err != nil {
		return err
	}
	return outcomeOf(run)
}

// ended waits until a run is over.
func ended(s *session, server *client.Client, source int64, run client.Run) (_ client.Run, err error) {
	for run.Status == "running" || run.Status == "queued" {
		select {
		case <-s.ctx.Done():
			return run, &weir.Error{Code: weir.CodeCancelled, Where: "run " + run.RunID, Message: "it goes on in the server", Remedy: "Watch it with weir runs"}
		case <-time.After(runPoll):
		}
		if run, err = findRun(s, server, source, run); err != nil {
			return run, err
		}
	}
	return run, nil
}

// findRun reads a run of a source again.
func findRun(s *session, server *client.Client, source int64, run client.Run) (client.Run, error) {
	runs, err := client.Do[[]client.Run](s.ctx, server, http.MethodGet, sourcesNoun, source, "runs", nil)
	for _, r := range runs {
		if r.RunID == run.RunID {
			return r, err
		}
	}
	return run, err
}

// outcomeOf is the error of a run that did not succeed.
func outcomeOf(run client.Run) error {
	if run.Status == "succeeded" || (run.Status == "running" || run.Status == "queued") {
		return nil
	}
	message := "it ended as " + run.Status
	if why := whyNot(run); why != "" {
		message += "; " + strings.TrimSuffix(why, ".")
	}
	return &weir.Error{Code: weir.CodeLocal, Where: "run " + run.RunID, Message: message}
}

// whyNot is why a run did not succeed, as far as the server says it.
func whyNot(run client.Run) string {
	if run.Failure != nil {
		return run.Failure.Text()
	}
	for _, stream := range run.Streams {
		if stream.Error != "" {
			return stream.Error
		}
	}
	return ""
}

type sourcesActivate struct {
	remoteFlags
	ID  int64 `arg:"" help:"Id of the source."`
	All bool  `help:"And all its datasets and destinations."`
}

// Run activates it.
func (c sourcesActivate) Run(s *session) error {
	return c.turn(s, sourcesNoun, c.ID, "activate", c.All)
}

type sourcesPause struct {
	remoteFlags
	ID  int64 `arg:"" help:"Id of the source."`
	All bool  `help:"And all its datasets and destinations."`
}

// Run pauses it.
func (c sourcesPause) Run(s *session) error { return c.turn(s, sourcesNoun, c.ID, "pause", c.All) }

// turn activates or pauses a part of a flow.
func (f remoteFlags) turn(s *session, noun string, id int64, verb string, all bool) error {
	server, err := f.dial(s)
	if err != nil {
		return err
	}
	verb += "?all=" + strconv.FormatBool(all)
	part, err := client.Do[client.Named](s.ctx, server, http.MethodPut, noun, id, verb, nil)
	if err != nil {
		return err
	}
	return f.print(s, part, "ID\tNAME\tSTATUS", func(w io.Writer) { fmt.Fprintf(w, "%d\t%s\t%s\n", part.ID, part.Name, part.Status) })
}

type sourcesDelete struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the source."`
}

// Run deletes it.
func (c sourcesDelete) Run(s *session) error { return c.remove(s, sourcesNoun, c.ID) }
