package cli

import (
	"fmt"
	"io"
	"net/http"

	"github.com/weirhq/weir/client"
)

// datasetsCommand is `weir datasets`.
type datasetsCommand struct {
	List     datasetsList     `cmd:"" default:"withargs" help:"List datasets."`
	Schema   datasetsSchema   `cmd:"" help:"Print a dataset's JSON Schema."`
	Samples  datasetsSamples  `cmd:"" help:"Print a dataset's newest records as JSON."`
	Failed   datasetsFailed   `cmd:"" help:"Print the records that failed, with the reason."`
	Drift    datasetsDrift    `cmd:"" help:"List how a dataset's records have changed since its first reading."`
	Derive   datasetsDerive   `cmd:"" help:"Make a dataset from another one, with rules that change its records."`
	Update   datasetsUpdate   `cmd:"" help:"Change a dataset's name or description."`
	Activate datasetsActivate `cmd:"" help:"Activate a dataset, and bring its destinations what they lack."`
	Pause    datasetsPause    `cmd:"" help:"Pause a dataset: nothing of it is delivered; what is made from it goes on."`
	Delete   datasetsDelete   `cmd:"" help:"Delete a dataset that is paused and that nothing uses."`
	Restore  datasetsRestore  `cmd:"" help:"Bring a deleted dataset back, paused."`
}

const datasetsNoun = "data_sets"

type datasetsList struct{ remoteFlags }

// Run lists them.
func (c datasetsList) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	all, err := client.List[client.DataSet](s.ctx, server, "/"+datasetsNoun, nil)
	if err != nil {
		return err
	}
	return c.print(s, all, "ID\tNAME\tSTATUS\tSOURCE\tDESTINATIONS", func(w io.Writer) {
		for _, d := range all {
			var to []int64
			for _, one := range d.Destinations {
				to = append(to, one.ID)
			}
			fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%s\n", d.ID, d.Name, d.Status, d.SourceID, list(to))
		}
	})
}

type datasetsSchema struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the dataset."`
}

// Run prints it.
func (c datasetsSchema) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	d, err := client.Get[client.DataSet](s.ctx, server, datasetsNoun, c.ID)
	if err != nil {
		return err
	}
	return printJSON(s.Stdout, d.Schema)
}

type datasetsSamples struct {
	remoteFlags
	ID    int64 `arg:"" help:"Id of the dataset."`
	Count int   `default:"3" help:"How many records (default 3)."`
}

// Run prints them.
func (c datasetsSamples) Run(s *session) error {
	return c.dump(s, fmt.Sprintf("samples?count=%d", c.Count), c.ID)
}

type datasetsFailed struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the dataset."`
}

// Run prints them.
func (c datasetsFailed) Run(s *session) error { return c.dump(s, "quarantine", c.ID) }

type datasetsDrift struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the dataset."`
}

// Run lists the changes, the newest first.
func (c datasetsDrift) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	all, err := client.List[client.SchemaChange](s.ctx, server, fmt.Sprintf("/%s/%d/schema_changes", datasetsNoun, c.ID), nil)
	if err != nil {
		return err
	}
	return c.print(s, all, "FOUND\tBY RUN\tCHANGE", func(w io.Writer) {
		for _, one := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\n", one.At, one.RunID, one.Message)
		}
	})
}

type datasetsDerive struct {
	remoteFlags
	Dataset   int64  `arg:"" help:"Id of the dataset that it is made from."`
	Name      string `arg:"" help:"What to call the new one. Its table is called so, too."`
	Rules     string `placeholder:"FILE" xor:"rules" help:"File with its rules as YAML."`
	Transform int64  `placeholder:"ID" xor:"rules" help:"A transform whose rules it uses."`
}

// Run makes it.
func (c datasetsDerive) Run(s *session) error {
	body := map[string]any{"name": c.Name, "parent_data_set_id": c.Dataset}
	switch {
	case c.Rules != "":
		code, err := readRules(c.Rules)
		if err != nil {
			return err
		}
		body["has_custom_transform"], body["transform"] = true, code
	case c.Transform != 0:
		body["transform_id"] = c.Transform
	}
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	var made client.DataSet
	if err := server.Call(s.ctx, http.MethodPost, "/"+datasetsNoun, body, &made); err != nil {
		return err
	}
	warn(s, made.Warnings...)
	return c.printDataset(s, made)
}

// dump prints what a dataset answers to a verb.
func (f remoteFlags) dump(s *session, verb string, id int64) error {
	server, err := f.dial(s)
	if err != nil {
		return err
	}
	all, err := client.Do[[]any](s.ctx, server, http.MethodGet, datasetsNoun, id, verb, nil)
	if err != nil {
		return err
	}
	return printJSON(s.Stdout, all)
}
