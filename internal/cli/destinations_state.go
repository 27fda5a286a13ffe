package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
)

// standings says how destinations stand, by their ids: one, or 0 for all.
func standings(s *session, server *client.Client, destination int64) (map[int64]client.Delivery, error) {
	query := url.Values{}
	if destination != 0 {
		query.Set("data_sink_id", fmt.Sprint(destination))
	}
	all, err := client.List[client.Delivery](s.ctx, server, "/deliveries", query)
	out := make(map[int64]client.Delivery, len(all))
	for _, d := range all {
		out[d.DestinationID] = d
	}
	return out, err
}

// shownDestination is a destination together with how it stands.
type shownDestination struct {
	client.Destination
	Delivery client.Delivery `json:"delivery"`
}

type destinationsShow struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the destination."`
}

// Run shows it.
func (c destinationsShow) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	to, err := client.Do[client.Destination](s.ctx, server, http.MethodGet, destinationsNoun, c.ID, "", nil)
	if err != nil {
		return err
	}
	return c.printDestination(s, server, to)
}

func (f remoteFlags) printDestination(s *session, server *client.Client, to client.Destination) error {
	states, err := standings(s, server, to.ID)
	if err != nil {
		return err
	}
	d := states[to.ID]
	if f.JSON {
		return printJSON(s.Stdout, shownDestination{to, d})
	}
	mode, _ := to.Config["mode"].(string)
	for _, fact := range [][2]string{
		{"id", fmt.Sprint(to.ID)}, {"name", to.Name}, {"description", orDash(to.Description)}, {"status", to.Status}, {"state", d.State},
		{"kind", to.Type}, {"dataset", fmt.Sprint(to.DataSetID)}, {"credential", fmt.Sprint(to.CredentialID)}, {"keeps", keeps(mode)},
		{"last took records", orNever(d.TookAt)}, {"changes it lacks", fmt.Sprint(d.Behind)},
	} {
		fmt.Fprintf(s.Stdout, "%-18s %s\n", fact[0], fact[1])
	}
	if d.LacksSince != "" {
		fmt.Fprintf(s.Stdout, "%-18s %s\n", "oldest read at", d.LacksSince)
	}
	if d.WaitsFor != "" {
		fmt.Fprintf(s.Stdout, "%s.\n", d.WaitsFor)
	}
	if d.Problem != "" {
		fmt.Fprintf(s.Stdout, "%-18s %s\n%-18s %d\n", "failing since", d.FailingSince, "failed tries", d.Failures)
		if d.RetryAt != "" {
			fmt.Fprintf(s.Stdout, "%-18s %s\n", "next try", d.RetryAt)
		}
		fmt.Fprintln(s.Stdout, d.Problem)
	}
	return nil
}

// keeps is what a mode keeps of each record.
func keeps(mode string) string {
	if mode == string(weir.ModeHistory) {
		return "every version"
	}
	return "the newest version"
}

func orNever(text string) string {
	if text == "" {
		return "never"
	}
	return text
}

type destinationsUpdate struct {
	remoteFlags
	ID          int64   `arg:"" help:"Id of the destination."`
	Name        *string `help:"Another name."`
	Description *string `help:"Another description."`
	Credential  int64   `help:"Id of another credential: the new place is filled from what Weir keeps."`
	Keep        string  `enum:",newest,history" default:"" placeholder:"newest|history" help:"Keep the newest version of each record, or every version."`
}

// Run changes it.
func (c destinationsUpdate) Run(s *session) error {
	body := map[string]any{}
	named(body, c.Name, c.Description)
	if c.Credential != 0 {
		body["data_credentials_id"] = c.Credential
	}
	if c.Keep != "" {
		body["sink_config"] = map[string]any{"mode": strings.Replace(c.Keep, "newest", string(weir.ModeUpsert), 1)}
	}
	if len(body) == 0 {
		return nothingToChange("--name, --description, --credential or --keep")
	}
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	to, err := client.Do[client.Destination](s.ctx, server, http.MethodPut, destinationsNoun, c.ID, "", body)
	if err != nil {
		return err
	}
	return c.printDestination(s, server, to)
}

// named puts a new name and description into a body.
func named(body map[string]any, name, description *string) {
	if name != nil {
		body["name"] = *name
	}
	if description != nil {
		body["description"] = *description
	}
}

func nothingToChange(flags string) error {
	return &weir.Error{Code: weir.CodeUsage, Where: "update", Message: "it says nothing to change", Remedy: "Give " + flags}
}

type destinationsDeliver struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the destination."`
}

// Run brings it what it lacks.
func (c destinationsDeliver) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	run, err := client.Do[client.Run](s.ctx, server, http.MethodPost, destinationsNoun, c.ID, "deliver_now", nil)
	if err != nil {
		return err
	}
	return c.printRuns(s, run)
}

type destinationsRestore struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the destination."`
}

// Run brings it back.
func (c destinationsRestore) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	to, err := client.Do[client.Destination](s.ctx, server, http.MethodPost, destinationsNoun, c.ID, "restore", nil)
	if err != nil {
		return err
	}
	return c.print(s, to, "ID\tNAME\tSTATUS", func(w io.Writer) { fmt.Fprintf(w, "%d\t%s\t%s\n", to.ID, to.Name, to.Status) })
}
