package cli

import (
	"fmt"
	"io"
	"net/http"

	"github.com/weirhq/weir/client"
)

// datasetsCommand is `weir datasets`.
type datasetsCommand struct {
	List    datasetsList    `cmd:"" default:"withargs" help:"List datasets."`
	Schema  datasetsSchema  `cmd:"" help:"Print a dataset's JSON Schema."`
	Samples datasetsSamples `cmd:"" help:"Print a dataset's newest records as JSON."`
	Failed  datasetsFailed  `cmd:"" help:"Print the records that failed, with the reason."`
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
