package cli

import (
	"fmt"
	"io"
	"net/http"

	"github.com/weirhq/weir/client"
)

// sessionsCommand is `weir sessions`.
type sessionsCommand struct {
	List sessionsList `cmd:"" default:"withargs" help:"List your sessions, newest first."`
	End  sessionsEnd  `cmd:"" help:"End one of your sessions, or all: the next request is refused."`
}

const sessionsNoun = "sessions"

type sessionsList struct{ remoteFlags }

// Run lists them.
func (c sessionsList) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	all, err := client.List[client.Session](s.ctx, server, "/"+sessionsNoun, nil)
	if err != nil {
		return err
	}
	return c.print(s, all, "ID\tKIND\tLAST SEEN\tENDS\tADDRESS\tBROWSER\tTHIS ONE", func(w io.Writer) {
		for _, e := range all {
			this := ""
			if e.Current {
				this = "yes"
			}
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", e.ID, e.Kind, day(e.SeenAt), day(e.ExpiresAt), e.IP, e.UserAgent, this)
		}
	})
}

type sessionsEnd struct {
	remoteFlags
	ID int64 `arg:"" optional:"" help:"Id of the session; without one, all of them, and your browsers are forgotten."`
}

// Run ends it.
func (c sessionsEnd) Run(s *session) error {
	if c.ID != 0 {
		return drop(s, c.remoteFlags, sessionsNoun, c.ID, "Ended.")
	}
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	if err := server.Call(s.ctx, http.MethodDelete, "/"+sessionsNoun, nil, nil); err != nil {
		return err
	}
	fmt.Fprintln(s.Stdout, "Ended all of them.")
	return nil
}
