package cli

import (
	"fmt"
	"io"
	"net/http"

	"github.com/weirhq/weir/client"
)

// keysCommand is `weir keys`: service keys of the caller.
type keysCommand struct {
	List   keysList   `cmd:"" default:"withargs" help:"List your service keys."`
	Revoke keysRevoke `cmd:"" help:"Revoke a service key: its next request is refused."`
}

const keysNoun = "service_keys"

type keysList struct{ remoteFlags }

// Run lists them.
func (c keysList) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	all, err := client.List[client.ServiceKey](s.ctx, server, "/"+keysNoun, nil)
	if err != nil {
		return err
	}
	return c.print(s, all, "ID\tNAME\tBEGINS\tSCOPE\tEXPIRES\tLAST USED\tREVOKED", func(w io.Writer) {
		for _, k := range all {
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Name, k.Prefix, k.Scope, day(k.ExpiresAt), day(k.UsedAt), day(k.RevokedAt))
		}
	})
}

type keysRevoke struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the key."`
}

// Run revokes it.
func (c keysRevoke) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	if _, err := client.Do[map[string]any](s.ctx, server, http.MethodDelete, keysNoun, c.ID, "", nil); err != nil {
		return err
	}
	fmt.Fprintln(s.Stdout, "Revoked.")
	return nil
}
