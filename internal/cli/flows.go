package cli

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
)

// flowsCommand is `weir flows`.
type flowsCommand struct {
	List   flowsList   `cmd:"" default:"withargs" help:"Draw all flows as trees."`
	Delete flowsDelete `cmd:"" help:"Delete a flow that is paused."`
}

type flowsList struct{ remoteFlags }

// Run draws them.
func (c flowsList) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	var all struct {
		Flows []client.Node `json:"flows"`
	}
	if err := server.Call(s.ctx, http.MethodGet, "/flows?flows_only=1&per_page=1000", nil, &all); err != nil {
		return err
	}
	return c.printFlows(s, server, all.Flows)
}

// printFlows draws flows as trees, and says when each is read.
func (f remoteFlags) printFlows(s *session, server *client.Client, flows []client.Node) error {
	reads := map[int64]string{}
	if !f.JSON && len(flows) > 0 {
		sources, err := client.List[client.Source](s.ctx, server, "/"+sourcesNoun, nil)
		if err != nil {
			return err
		}
		for _, src := range sources {
			reads[src.ID] = src.When.Words
		}
	}
	return f.print(s, flows, "FLOW\tPART\tSTATUS\tREADS", func(w io.Writer) {
		for _, root := range flows {
			draw(w, root, reads, 0)
		}
	})
}

// draw writes a node and what hangs below it, indented.
func draw(w io.Writer, n client.Node, reads map[int64]string, depth int) {
	part, id := "source", n.SourceID
	switch {
	case n.DataSetID != 0:
		part, id = "dataset", n.DataSetID
	case n.DestinationID != 0:
		part, id = "destination", n.DestinationID
	}
	flow, when := "", ""
	if depth == 0 {
		flow, when = fmt.Sprint(n.ID), reads[n.SourceID]
	}
	fmt.Fprintf(w, "%s\t%s%s %d (%s)\t%s\t%s\n", flow, strings.Repeat("  ", depth), part, id, n.Name, n.Status, when)
	for _, child := range n.Children {
		draw(w, child, reads, depth+1)
	}
}

type flowsDelete struct {
	remoteFlags
	ID int64 `arg:"" help:"Number of the flow."`
}

// Run deletes it. A part has a number, too, and whoever gives that one may not mean
// all that hangs on the same source.
func (c flowsDelete) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	var of struct {
		Flows []client.Node `json:"flows"`
	}
	if err := server.Call(s.ctx, http.MethodGet, fmt.Sprintf("/flows/%d?flows_only=1", c.ID), nil, &of); err != nil {
		return err
	}
	if len(of.Flows) == 1 && of.Flows[0].ID != c.ID {
		flow := of.Flows[0]
		return &weir.Error{Code: weir.CodeUsage, Where: fmt.Sprintf("flow %d", c.ID), Message: fmt.Sprintf("this is a part of flow %d (%s), and no flow", flow.ID, oneLine(flow.Name)),
			Remedy: fmt.Sprintf("To delete the whole flow: weir flows delete %d", flow.ID)}
	}
	return c.remove(s, "flows", c.ID)
}
