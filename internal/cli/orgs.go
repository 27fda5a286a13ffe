package cli

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/weirhq/weir/client"
)

// orgsCommand is `weir orgs`.
type orgsCommand struct {
	List   orgsList   `cmd:"" default:"withargs" help:"List the organizations that you are in. A service key belongs to one."`
	Add    orgsAdd    `cmd:"" help:"Make another organization, which you own."`
	Rename orgsRename `cmd:"" help:"Change your organization's name or e-mail domain."`
}

type orgsList struct{ remoteFlags }

// Run lists them.
func (c orgsList) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	all, err := client.List[client.Org](s.ctx, server, "/orgs", nil)
	if err != nil {
		return err
	}
	return c.printOrgs(s, all...)
}

// printOrgs prints organizations.
func (f remoteFlags) printOrgs(s *session, all ...client.Org) error {
	return f.print(s, all, "ID\tNAME\tDOMAIN\tYOUR ROLE", func(w io.Writer) {
		for _, o := range all {
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\n", o.ID, o.Name, o.Domain, strings.Join(o.Roles, ", "))
		}
	})
}

type orgsAdd struct {
	remoteFlags
	Name   string `arg:"" help:"Its name."`
	Domain string `help:"Domain of its e-mail addresses."`
}

// Run makes it.
func (c orgsAdd) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	var o client.Org
	if err := server.Call(s.ctx, http.MethodPost, "/orgs", map[string]any{"name": c.Name, "email_domain": c.Domain}, &o); err != nil {
		return err
	}
	return c.printOrgs(s, o)
}

type orgsRename struct {
	remoteFlags
	ID     int64   `arg:"" help:"Its id."`
	Name   *string `help:"Its new name."`
	Domain *string `help:"Its new domain."`
}

// Run changes it.
func (c orgsRename) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	o, err := client.Do[client.Org](s.ctx, server, http.MethodPut, "orgs", c.ID, "", map[string]any{"name": c.Name, "email_domain": c.Domain})
	if err != nil {
		return err
	}
	return c.printOrgs(s, o)
}
