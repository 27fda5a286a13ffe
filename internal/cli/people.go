package cli

import (
	"fmt"
	"io"
	"net/http"

	"github.com/weirhq/weir/client"
)

// keysCommand is `weir keys`: service keys of the caller.
type keysCommand struct {
	List    keysList    `cmd:"" default:"withargs" help:"List your service keys."`
	Revoke  keysRevoke  `cmd:"" help:"Revoke a service key: its next request is refused."`
	Confirm keysConfirm `cmd:"" help:"Let service keys work again that wait since the server was restored from a backup."`
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
	return c.print(s, all, "ID\tNAME\tBEGINS\tSCOPE\tEXPIRES\tLAST USED\tENDED", func(w io.Writer) {
		for _, k := range all {
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.Name, k.Prefix, k.Scope, day(k.ExpiresAt), day(k.UsedAt), keyEnd(k))
		}
	})
}

// keyEnd says why a key does nothing.
func keyEnd(k client.ServiceKey) string {
	if k.Waits {
		return "waits: weir keys confirm"
	}
	return day(k.RevokedAt)
}

type keysConfirm struct {
	remoteFlags
	IDs []int64 `arg:"" name:"id" help:"Ids of the keys."`
}

// Run confirms them.
func (c keysConfirm) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	for _, id := range c.IDs {
		if _, err := client.Do[map[string]any](s.ctx, server, http.MethodPost, keysNoun, id, "confirm", nil); err != nil {
			return err
		}
		fmt.Fprintf(s.Stdout, "Key %d works again.\n", id)
	}
	return nil
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
