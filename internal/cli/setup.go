package cli

import (
	"fmt"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
)

// setupCommand is `weir setup`: the first user of a new server.
type setupCommand struct {
	Server       string `env:"WEIR_URL" default:"http://127.0.0.1:8080" placeholder:"URL" help:"Address of the server (default http://127.0.0.1:8080)."`
	Organization string `default:"My organization" help:"Name of the organization."`
	Email        string `required:"" help:"E-mail address of its owner."`
	Name         string `required:"" help:"Full name of its owner."`
	TokenFile    string `name:"token-file" placeholder:"FILE" help:"File with the setup token that weir serve printed (default: $WEIR_SETUP_TOKEN, or asked for)."`
	PasswordFile string `name:"password-file" placeholder:"FILE" help:"File with the owner's new password (default: $WEIR_PASSWORD, or asked for)."`
}

// Run makes the first user and a service key for this user's later commands.
func (c setupCommand) Run(s *session) error {
	token, err := askSecret(s, "Setup token", c.TokenFile, "WEIR_SETUP_TOKEN")
	if err != nil {
		return err
	}
	password, err := askSecret(s, "New password", c.PasswordFile, "WEIR_PASSWORD")
	if err != nil {
		return err
	}
	anonymous, err := client.New(client.Options{URL: c.Server})
	if err != nil {
		return err
	}
	session, err := anonymous.SetUp(s.ctx, client.Setup{Token: token, Organization: c.Organization, Email: c.Email, FullName: c.Name, Password: password})
	if err != nil {
		return err
	}
	signedIn, err := client.New(client.Options{URL: c.Server, Token: session})
	if err != nil {
		return err
	}
	return keepNewKey(s, c.Server, signedIn, "the command line of "+c.Name)
}

// loginCommand is `weir login`: later commands use the service key.
type loginCommand struct {
	Server  string `env:"WEIR_URL" default:"http://127.0.0.1:8080" placeholder:"URL" help:"Address of the server (default http://127.0.0.1:8080)."`
	KeyFile string `name:"key-file" placeholder:"FILE" help:"File with a service key (default: $WEIR_API_KEY, or asked for)."`
}

// Run tries the key, and keeps it.
func (c loginCommand) Run(s *session) error {
	key, err := askSecret(s, "Service key", c.KeyFile, tokenVariable)
	if err != nil {
		return err
	}
	server, err := client.New(client.Options{URL: c.Server, Key: key})
	if err != nil {
		return err
	}
	return keepKey(s, c.Server, server, key)
}

// keepNewKey makes a service key and keeps it.
func keepNewKey(s *session, address string, server *client.Client, name string) error {
	key, err := server.NewKey(s.ctx, name)
	if err != nil {
		return err
	}
	withKey, err := client.New(client.Options{URL: address, Key: key})
	if err != nil {
		return err
	}
	return keepKey(s, address, withKey, key)
}

func keepKey(s *session, address string, server *client.Client, key weir.Secret) error {
	me, err := server.Me(s.ctx)
	if err != nil {
		return err
	}
	path, err := writeLogin(s, newLogin(address, key))
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Stdout, "Signed in to %s as %s <%s>. The key is in %s.\n", address, me.FullName, me.Email, path)
	return nil
}
