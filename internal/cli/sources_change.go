package cli

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
)

type sourcesShow struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the source."`
}

// Run shows it.
func (c sourcesShow) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	src, err := client.Do[client.Source](s.ctx, server, http.MethodGet, sourcesNoun, c.ID, "", nil)
	if err != nil {
		return err
	}
	return c.printSource(s, src)
}

func (f remoteFlags) printSource(s *session, src client.Source) error {
	if f.JSON {
		return printJSON(s.Stdout, src)
	}
	for _, fact := range [][2]string{{"id", fmt.Sprint(src.ID)}, {"name", src.Name}, {"description", orDash(src.Description)}, {"status", src.Status}, {"credential", fmt.Sprint(src.CredentialID)}} {
		fmt.Fprintf(s.Stdout, "%-12s %s\n", fact[0], fact[1])
	}
	for _, d := range src.DataSets {
		fmt.Fprintf(s.Stdout, "%-12s %d %s\n", "dataset", d.ID, d.Name)
	}
	return nil
}

type sourcesUpdate struct {
	remoteFlags
	ID          int64   `arg:"" help:"Id of the source."`
	Name        *string `help:"Another name."`
	Description *string `help:"Another description."`
	Credential  int64   `help:"Id of another credential to read with."`
}

// Run changes it.
func (c sourcesUpdate) Run(s *session) error {
	body := map[string]any{}
	named(body, c.Name, c.Description)
	if c.Credential != 0 {
		body["data_credentials_id"] = c.Credential
	}
	if len(body) == 0 {
		return nothingToChange("--name, --description or --credential")
	}
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	src, err := client.Do[client.Source](s.ctx, server, http.MethodPut, sourcesNoun, c.ID, "", body)
	if err != nil {
		return err
	}
	return c.printSource(s, src)
}

type runsCancel struct {
	remoteFlags
	ID string `arg:"" name:"run" help:"Id of the run, as the list shows it."`
}

// Run cancels it. What was read is kept.
func (c runsCancel) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	var run client.Run
	if err := server.Call(s.ctx, http.MethodGet, "/runs/"+url.PathEscape(c.ID), nil, &run); err != nil {
		return err
	}
	if run.Status != "running" && run.Status != "queued" {
		return &weir.Error{Code: weir.CodeConflict, Where: "run " + run.RunID, Message: "it is over: it " + run.Status, Remedy: "See `weir runs` for those that are under way"}
	}
	return sourcesCancel{c.remoteFlags, run.SourceID}.Run(s)
}
