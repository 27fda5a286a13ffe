package cli

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
)

type connectorsCommand struct {
	List     connectorsList     `cmd:"" help:"List the connectors of this build."`
	Describe connectorsDescribe `cmd:"" help:"Show a connector's endpoints."`
	Check    connectorsCheck    `cmd:"" help:"Check a folder that holds a connector."`
}

type connectorsList struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run lists the connectors.
func (c connectorsList) Run(s *session) error {
	type row struct {
		Name      string `json:"name"`
		Title     string `json:"title"`
		Endpoints int    `json:"endpoints"`
	}
	rows := []row{}
	for _, name := range connector.Names() {
		d, err := connector.Builtin(name)
		if err != nil {
			return err
		}
		rows = append(rows, row{d.Name, d.Title, len(d.Endpoints)})
	}
	if c.JSON {
		return printJSON(s.Stdout, rows)
	}
	for _, r := range rows {
		fmt.Fprintf(s.Stdout, "%s  %s, %d endpoints\n", r.Name, r.Title, r.Endpoints)
	}
	return nil
}

type connectorsDescribe struct {
	Name string `arg:"" help:"The connector."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Run shows every endpoint: what it reads, from where, and what it needs.
func (c connectorsDescribe) Run(s *session) error {
	d, err := connector.Builtin(c.Name)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.Stdout, d.Describe())
	}
	fmt.Fprintf(s.Stdout, "%s (%s)\n%s\n\n", d.Title, d.Name, strings.TrimSpace(d.Description))
	t := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "STREAM\tBY DEFAULT\tINCREMENTAL\tNEEDS\tPATH")
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		var needs []string
		for _, n := range e.Needs {
			needs = append(needs, n.Endpoint)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", e.ID, yesNo(e.Default), yesNo(e.Incremental()), strings.Join(needs, ", "), e.Path)
	}
	return t.Flush()
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

type connectorsCheck struct {
	Dir string `arg:"" help:"Folder with connector.yaml and endpoints/."`
}

// Run reads the folder and names everything that is wrong with it.
func (c connectorsCheck) Run(s *session) error {
	if info, err := os.Stat(c.Dir); err != nil || !info.IsDir() {
		return &weir.Error{Code: weir.CodeUsage, Where: c.Dir, Message: "there is no such folder"}
	}
	d, err := connector.LoadDir(c.Dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Stdout, "%s: %d endpoints, nothing wrong\n", d.Name, len(d.Endpoints))
	return nil
}
