package cli

import (
	"fmt"
	"os"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/manifest"
)

// exportCommand is `weir export`.
type exportCommand struct {
	Server  string `env:"WEIR_URL" placeholder:"URL" help:"Address of the server (default: where weir setup signed in, or http://127.0.0.1:8080)."`
	KeyFile string `name:"key-file" placeholder:"FILE" help:"File that holds a service key of the server, instead of $WEIR_API_KEY."`
	Output  string `short:"o" placeholder:"FILE" help:"Write into this new file instead of printing."`
	Force   bool   `help:"Write over a file that is there."`
}

// leftOut says what an export has not.
func leftOut(s *session, left []string) {
	for _, line := range left {
		fmt.Fprintln(s.Stderr, "warning: "+line)
	}
	if len(left) > 0 {
		fmt.Fprintf(s.Stderr, "warning: %d of what the server has is not in the file. Give what shares its name another one, on its page or as in weir sources update ID --name NAME, and export again.\n", len(left))
	}
}

// Run writes a server's configuration as YAML.
func (c exportCommand) Run(s *session) error {
	server, err := remoteFlags{Server: c.Server, KeyFile: c.KeyFile}.dial(s)
	if err != nil {
		return err
	}
	have, err := readConfig(s, server, true)
	if err != nil {
		return err
	}
	content, left := manifest.Write(have.Manifest)
	leftOut(s, left)
	if c.Output == "" || c.Output == "-" {
		_, err := s.Stdout.Write(content)
		return err
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if c.Force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(c.Output, flags, 0o644) // #nosec G302 G304 -- the user names it, and no secret is in it
	if os.IsExist(err) {
		return &weir.Error{Code: weir.CodeUsage, Where: c.Output, Message: "there is such a file already", Remedy: "Choose another name, or add --force", Err: err}
	}
	if err == nil {
		_, err = f.Write(content)
		if closed := f.Close(); err == nil {
			err = closed
		}
	}
	if err != nil {
		return &weir.Error{Code: weir.CodeLocal, Where: c.Output, Message: reasonOf(err), Err: err}
	}
	fmt.Fprintf(s.Stderr, "Written to %s.\n", c.Output)
	return nil
}
