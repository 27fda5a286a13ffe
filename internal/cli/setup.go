package cli

import (
	"fmt"
	"net/http"

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
	password, err := askNewPassword(s, c.PasswordFile)
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
	signedIn, end, err := withSession(s, c.Server, session)
	if err != nil {
		return err
	}
	defer end()
	return keepNewKey(s, c.Server, signedIn, "the command line of "+c.Name)
}

// loginCommand is `weir login`: later commands use a service key.
type loginCommand struct {
	Server       string `env:"WEIR_URL" default:"http://127.0.0.1:8080" placeholder:"URL" help:"Address of the server (default http://127.0.0.1:8080)."`
	KeyFile      string `name:"key-file" placeholder:"FILE" help:"File with a service key (default: $WEIR_API_KEY, or asked for)."`
	Email        string `xor:"way" help:"Sign in with this address and a password, and make a service key."`
	Invite       bool   `xor:"way" help:"Set a password with the link that an administrator handed you, and make a service key."`
	InviteFile   string `name:"invite-file" placeholder:"FILE" help:"File with the link (default: $WEIR_INVITE, or asked for)."`
	PasswordFile string `name:"password-file" placeholder:"FILE" help:"File with the password (default: $WEIR_PASSWORD, or asked for)."`
}

// passwordVariable may hold the password of who runs a command.
const passwordVariable = "WEIR_PASSWORD" // #nosec G101 -- a variable's name

// askNewPassword reads a password that is to be. Who types it unseen types it
// twice: a slip would lock them out.
func askNewPassword(s *session, file string) (weir.Secret, error) {
	const what = "New password"
	password, err := askSecret(s, what, file, passwordVariable)
	if err != nil || file != "" || s.Getenv(passwordVariable) != "" || !typed(s) {
		return password, err
	}
	again, err := askSecret(s, "The same again", "", passwordVariable)
	if err == nil && again != password {
		err = &weir.Error{Code: weir.CodeUsage, Where: what, Message: "the two are not the same; nothing was changed", Remedy: "Run the command again"}
	}
	return password, err
}

// Run tries the key, or makes one, and keeps it.
func (c loginCommand) Run(s *session) error {
	if c.Email != "" || c.Invite {
		return c.withPassword(s)
	}
	key, err := askSecret(s, "Service key", c.KeyFile, tokenVariable)
	if err != nil {
		return err
	}
	server, err := s.withKey(c.Server, key)
	if err != nil {
		return err
	}
	return keepKey(s, c.Server, server, key)
}

func (c loginCommand) withPassword(s *session) error {
	anonymous, err := client.New(client.Options{URL: c.Server})
	if err != nil {
		return err
	}
	var link, token weir.Secret
	var password weir.Secret
	if c.Invite {
		if link, err = askSecret(s, "Link", c.InviteFile, "WEIR_INVITE"); err != nil {
			return err
		}
		password, err = askNewPassword(s, c.PasswordFile)
	} else {
		password, err = askSecret(s, "Password", c.PasswordFile, passwordVariable)
	}
	if err != nil {
		return err
	}
	if c.Invite {
		token, err = anonymous.AcceptLink(s.ctx, link, password)
	} else {
		token, err = anonymous.SignIn(s.ctx, c.Email, password)
	}
	if err != nil {
		return err
	}
	proved, end, err := withSession(s, c.Server, token)
	if err != nil {
		return err
	}
	defer end()
	me, err := proved.Me(s.ctx)
	if err != nil {
		return err
	}
	return keepNewKey(s, c.Server, proved, "the command line of "+me.FullName)
}

// signedIn begins a session of one command, with a password.
func signedIn(s *session, address, email string, password weir.Secret) (*client.Client, func(), error) {
	anonymous, err := client.New(client.Options{URL: address})
	if err != nil {
		return nil, nil, err
	}
	token, err := anonymous.SignIn(s.ctx, email, password)
	if err != nil {
		return nil, nil, err
	}
	return withSession(s, address, token)
}

// withSession is a client with a session that end ends.
func withSession(s *session, address string, token weir.Secret) (c *client.Client, end func(), err error) {
	c, err = client.New(client.Options{URL: address, Token: token})
	end = func() {
		if err := c.Call(s.ctx, http.MethodDelete, "/session", nil, nil); err != nil {
			s.log.Warn("the session could not be ended; it ends by itself", "error", err)
		}
	}
	return c, end, err
}

// keepNewKey makes a service key and keeps it.
func keepNewKey(s *session, address string, server *client.Client, name string) error {
	key, err := server.NewKey(s.ctx, name)
	if err != nil {
		return err
	}
	withKey, err := s.withKey(address, key)
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
