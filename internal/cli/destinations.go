package cli

import (
	"fmt"
	"io"
	"net/http"

	"github.com/weirhq/weir/client"
)

// destinationsCommand is `weir destinations`.
type destinationsCommand struct {
	List     destinationsList     `cmd:"" default:"withargs" help:"List destinations."`
	Show     destinationsShow     `cmd:"" help:"Show one destination, how it stands, and what it failed of."`
	Add      destinationsAdd      `cmd:"" help:"Make a destination of a dataset."`
	Update   destinationsUpdate   `cmd:"" help:"Change a destination's name, description, credential, or what it keeps."`
	Deliver  destinationsDeliver  `cmd:"" help:"Bring a destination what it lacks, from what Weir keeps."`
	Activate destinationsActivate `cmd:"" help:"Activate a destination, and fill it from the log."`
	Pause    destinationsPause    `cmd:"" help:"Pause a destination."`
	Delete   destinationsDelete   `cmd:"" help:"Delete a destination that is paused."`
	Restore  destinationsRestore  `cmd:"" help:"Bring a deleted destination back, paused."`
}

const destinationsNoun = "data_sinks"

type destinationsList struct{ remoteFlags }

// printDestinations prints destinations as a table, with how each stands.
func (f remoteFlags) printDestinations(s *session, server *client.Client, all ...client.Destination) error {
	only := int64(0)
	if len(all) == 1 {
		only = all[0].ID
	}
	states, err := standings(s, server, only)
	if err != nil {
		return err
	}
	shown := make([]shownDestination, len(all))
	for i, to := range all {
		shown[i] = shownDestination{to, states[to.ID]}
	}
	return f.print(s, shown, "ID\tNAME\tSTATE\tLACKS\tLAST TOOK\tKIND\tDATASET\tCREDENTIAL", func(w io.Writer) {
		for _, d := range shown {
			fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%s\t%s\t%d\t%d\n", d.ID, d.Name, d.Delivery.State, d.Delivery.Behind, orNever(d.Delivery.TookAt), d.Type, d.DataSetID, d.CredentialID)
		}
	})
}

// Run lists them.
func (c destinationsList) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	all, err := client.List[client.Destination](s.ctx, server, "/"+destinationsNoun, nil)
	if err != nil {
		return err
	}
	return c.printDestinations(s, server, all...)
}

type destinationsAdd struct {
	remoteFlags
	Name       string `arg:"" help:"What to call it."`
	Dataset    int64  `required:"" help:"Id of the dataset that goes there."`
	Credential int64  `required:"" help:"Id of the credential of the database or directory."`
	History    bool   `help:"Keep every version of every record instead of the newest."`
}

// Run makes it.
func (c destinationsAdd) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	mode := "upsert"
	if c.History {
		mode = "history"
	}
	body := map[string]any{"name": c.Name, "data_set_id": c.Dataset, "data_credentials_id": c.Credential, "sink_config": map[string]any{"mode": mode}}
	var made client.Destination
	if err := server.Call(s.ctx, http.MethodPost, "/"+destinationsNoun, body, &made); err != nil {
		return err
	}
	return c.printDestinations(s, server, made)
}

type destinationsActivate struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the destination."`
}

// Run activates it.
func (c destinationsActivate) Run(s *session) error {
	return c.turn(s, destinationsNoun, c.ID, "activate", false)
}

type destinationsPause struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the destination."`
}

// Run pauses it.
func (c destinationsPause) Run(s *session) error {
	return c.turn(s, destinationsNoun, c.ID, "pause", false)
}

type destinationsDelete struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the destination."`
}

// Run deletes it.
func (c destinationsDelete) Run(s *session) error { return c.remove(s, destinationsNoun, c.ID) }
