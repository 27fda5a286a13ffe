package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

// setupTokenCommand is `weir setup-token`.
type setupTokenCommand struct{}

// Run prints a new token, which is good for nothing until a server is given it.
func (setupTokenCommand) Run(s *session) error {
	_, err := fmt.Fprintln(s.data, identity.NewSetupToken())
	return err
}

// setupToken gives what the operator has put into the file.
func (c serveCommand) setupToken(s *session) (string, error) {
	content, err := os.ReadFile(c.SetupTokenFile) // #nosec G304 -- the operator names the file
	if err != nil {
		return "", &weir.Error{Code: weir.CodeConfig, Where: "--setup-token-file", Message: "the file cannot be read", Remedy: "Make one with `weir setup-token > FILE`, and let the user that runs Weir read it", Err: err}
	}
	token := strings.TrimSpace(string(content))
	s.secrets.add(token)
	return token, nil
}
