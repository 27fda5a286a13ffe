package cli

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/weirhq/weir/client"
)

// teamsCommand is `weir teams`.
type teamsCommand struct {
	List   teamsList   `cmd:"" default:"withargs" help:"List the teams that you may see."`
	Add    teamsAdd    `cmd:"" help:"Make a team."`
	Join   teamsJoin   `cmd:"" help:"Put users into a team."`
	Leave  teamsLeave  `cmd:"" help:"Take users out of a team."`
	Delete teamsDelete `cmd:"" help:"Delete a team. What was shared with it is not shared any more."`
}

const teamsNoun = "teams"

type teamsList struct{ remoteFlags }

// Run lists them.
func (c teamsList) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	all, err := client.List[client.Team](s.ctx, server, "/teams", nil)
	if err != nil {
		return err
	}
	return c.print(s, all, "ID\tNAME\tMEMBERS", func(w io.Writer) {
		for _, t := range all {
			fmt.Fprintf(w, "%d\t%s\t%s\n", t.ID, t.Name, members(t.Members))
		}
	})
}

func members(all []client.TeamMember) string {
	names := make([]string, len(all))
	for i, m := range all {
		names[i] = m.Email
		if m.Admin {
			names[i] += " (admin)"
		}
	}
	return strings.Join(names, ", ")
}

type teamsAdd struct {
	remoteFlags
	Name        string `arg:"" help:"Its name."`
	Description string `help:"What it is for."`
}

// Run makes it.
func (c teamsAdd) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	var t client.Team
	if err := server.Call(s.ctx, http.MethodPost, "/teams", map[string]any{"name": c.Name, "description": c.Description}, &t); err != nil {
		return err
	}
	return c.print(s, t, "ID\tNAME", func(w io.Writer) { fmt.Fprintf(w, "%d\t%s\n", t.ID, t.Name) })
}

// teamMembers names users of a team.
type teamMembers struct {
	remoteFlags
	ID    int64    `arg:"" help:"Id of the team."`
	Users []string `arg:"" help:"E-mail addresses of the users."`
}

func (c teamMembers) change(s *session, method string, admin bool) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	named := make([]client.TeamMember, len(c.Users))
	for i, u := range c.Users {
		named[i] = client.TeamMember{Email: u, Admin: admin}
	}
	all, err := client.Do[[]client.TeamMember](s.ctx, server, method, teamsNoun, c.ID, "members", map[string]any{"members": named})
	if err != nil {
		return err
	}
	return c.print(s, all, "ID\tE-MAIL\tADMIN", func(w io.Writer) {
		for _, m := range all {
			fmt.Fprintf(w, "%d\t%s\t%v\n", m.ID, m.Email, m.Admin)
		}
	})
}

type teamsJoin struct {
	teamMembers
	Admin bool `help:"They may change the team."`
}

// Run puts them in.
func (c teamsJoin) Run(s *session) error { return c.change(s, http.MethodPut, c.Admin) }

type teamsLeave struct{ teamMembers }

// Run takes them out.
func (c teamsLeave) Run(s *session) error { return c.change(s, http.MethodDelete, false) }

type teamsDelete struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the team."`
}

// Run deletes it.
func (c teamsDelete) Run(s *session) error {
	return drop(s, c.remoteFlags, teamsNoun, c.ID, "Deleted.")
}
