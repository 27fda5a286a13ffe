package cli

import (
	"fmt"
	"io"
	"net/http"

	"github.com/weirhq/weir/client"
)

type datasetsUpdate struct {
	remoteFlags
	ID          int64   `arg:"" help:"Id of the dataset."`
	Name        *string `help:"Another name. Its table keeps the one that it has."`
	Description *string `help:"Another description."`
}

// Run changes it.
func (c datasetsUpdate) Run(s *session) error {
	body := map[string]any{}
	named(body, c.Name, c.Description)
	if len(body) == 0 {
		return nothingToChange("--name or --description")
	}
	return c.changeDataset(s, http.MethodPut, c.ID, "", body)
}

type datasetsActivate struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the dataset."`
}

// Run activates it.
func (c datasetsActivate) Run(s *session) error {
	return c.turn(s, datasetsNoun, c.ID, "activate", false)
}

type datasetsPause struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the dataset."`
}

// Run pauses it.
func (c datasetsPause) Run(s *session) error {
	return c.turn(s, datasetsNoun, c.ID, "pause", false)
}

type datasetsDelete struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the dataset."`
}

// Run deletes it.
func (c datasetsDelete) Run(s *session) error { return c.remove(s, datasetsNoun, c.ID) }

type datasetsRestore struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the dataset."`
}

// Run brings it back.
func (c datasetsRestore) Run(s *session) error {
	return c.changeDataset(s, http.MethodPost, c.ID, "restore", nil)
}

// changeDataset sends a change of a dataset, and prints what it is then.
func (f remoteFlags) changeDataset(s *session, method string, id int64, verb string, body any) error {
	server, err := f.dial(s)
	if err != nil {
		return err
	}
	d, err := client.Do[client.DataSet](s.ctx, server, method, datasetsNoun, id, verb, body)
	if err != nil {
		return err
	}
	return f.printDataset(s, d)
}

// printDataset prints one dataset in a line.
func (f remoteFlags) printDataset(s *session, d client.DataSet) error {
	return f.print(s, d, "ID\tNAME\tSTATUS\tSOURCE", func(w io.Writer) {
		fmt.Fprintf(w, "%d\t%s\t%s\t%d\n", d.ID, d.Name, d.Status, d.SourceID)
	})
}
