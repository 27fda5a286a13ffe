package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir/client"
)

// readyCommand is `weir ready`, for health checks: an image of Weir has
// nothing else that could ask.
type readyCommand struct {
	Server  string        `env:"WEIR_URL" default:"http://127.0.0.1:8080" placeholder:"URL" help:"Address of the server (default http://127.0.0.1:8080)."`
	Timeout time.Duration `default:"3s" placeholder:"TIME" help:"How long to wait for its answer (default 3s)."`
}

// Run asks once.
func (c readyCommand) Run(s *session) error {
	server, err := client.New(client.Options{URL: c.Server})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(s.ctx, c.Timeout)
	defer cancel()
	if err := server.Ready(ctx); err != nil {
		return err
	}
	fmt.Fprintln(s.Stdout, "ready")
	return nil
}
