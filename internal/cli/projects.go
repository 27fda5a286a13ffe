package cli

import (
	"fmt"
	"io"
	"net/http"

	"github.com/weirhq/weir/client"
)

// projectsCommand is `weir projects`.
type projectsCommand struct {
	List    projectsList    `cmd:"" default:"withargs" help:"List projects."`
	Add     projectsAdd     `cmd:"" help:"Make a project."`
	Flows   projectsFlows   `cmd:"" help:"Draw the flows in a project as trees."`
	Put     projectsPut     `cmd:"" help:"Put flows into a project, out of the one they were in."`
	Take    projectsTake    `cmd:"" help:"Take flows out of a project."`
	Delete  projectsDelete  `cmd:"" help:"Delete a project. Its flows stay."`
	Restore projectsRestore `cmd:"" help:"Bring a deleted project back."`
}

const projectsNoun = "projects"

type projectsList struct{ remoteFlags }

// printProjects prints projects as a table.
func (f remoteFlags) printProjects(s *session, all ...client.Project) error {
	return f.print(s, all, "ID\tNAME\tFLOWS\tSOURCES", func(w io.Writer) {
		for _, p := range all {
			sources := []int64{}
			for _, in := range p.Flows {
				sources = append(sources, in.SourceID)
			}
			fmt.Fprintf(w, "%d\t%s\t%d\t%s\n", p.ID, p.Name, len(p.Flows), list(sources))
		}
	})
}

// Run lists them.
func (c projectsList) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	all, err := client.List[client.Project](s.ctx, server, "/"+projectsNoun, nil)
	if err != nil {
		return err
	}
	return c.printProjects(s, all...)
}

type projectsAdd struct {
	remoteFlags
	Name        string  `arg:"" help:"What to call it."`
	Source      []int64 `placeholder:"ID,…" help:"Ids of the sources whose flows go into it."`
	Description string  `help:"What it is for."`
}

// Run makes it.
func (c projectsAdd) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	body := client.FlowsOf(c.Source...)
	body["name"], body["description"] = c.Name, c.Description
	var made client.Project
	if err := server.Call(s.ctx, http.MethodPost, "/"+projectsNoun, body, &made); err != nil {
		return err
	}
	return c.printProjects(s, made)
}

type projectsFlows struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the project."`
}

// Run draws them.
func (c projectsFlows) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	trees, err := server.ProjectTrees(s.ctx, c.ID)
	if err != nil {
		return err
	}
	return c.printFlows(s, server, trees)
}

type projectsPut struct {
	remoteFlags
	ID     int64   `arg:"" help:"Id of the project."`
	Source []int64 `required:"" placeholder:"ID,…" help:"Ids of the sources whose flows go into it."`
}

// Run puts them in.
func (c projectsPut) Run(s *session) error {
	return c.changeFlows(s, http.MethodPut, c.ID, c.Source)
}

type projectsTake struct {
	remoteFlags
	ID     int64   `arg:"" help:"Id of the project."`
	Source []int64 `required:"" placeholder:"ID,…" help:"Ids of the sources whose flows go out of it."`
}

// Run takes them out.
func (c projectsTake) Run(s *session) error {
	return c.changeFlows(s, http.MethodDelete, c.ID, c.Source)
}

func (f remoteFlags) changeFlows(s *session, method string, id int64, sources []int64) error {
	server, err := f.dial(s)
	if err != nil {
		return err
	}
	if _, err := client.Do[[]client.ProjectFlow](s.ctx, server, method, projectsNoun, id, "flows", client.FlowsOf(sources...)); err != nil {
		return err
	}
	after, err := client.Get[client.Project](s.ctx, server, projectsNoun, id)
	if err != nil {
		return err
	}
	return f.printProjects(s, after)
}

type projectsDelete struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the project."`
}

// Run deletes it.
func (c projectsDelete) Run(s *session) error { return c.remove(s, projectsNoun, c.ID) }

type projectsRestore struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the project."`
}

// Run brings it back.
func (c projectsRestore) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	back, err := client.Do[client.Project](s.ctx, server, http.MethodPost, projectsNoun, c.ID, "restore", nil)
	if err != nil {
		return err
	}
	return c.printProjects(s, back)
}
