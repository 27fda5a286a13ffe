package cli

import (
	"fmt"
	"io"
	"net/http"

	"github.com/weirhq/weir/client"
)

// usersCommand is `weir users`.
type usersCommand struct {
	List       usersList       `cmd:"" default:"withargs" help:"List the organization's users."`
	Show       usersShow       `cmd:"" help:"Show one user."`
	Add        usersAdd        `cmd:"" help:"Add a user, and print the link with which they set a password."`
	Invite     usersInvite     `cmd:"" help:"Make a new link with which a user sets a password. Asks for yours."`
	Recover    usersRecover    `cmd:"" help:"On the server's machine: make a link for who has forgotten the password, when nobody is left to ask."`
	Role       usersRole       `cmd:"" help:"Change a user's role."`
	Deactivate usersDeactivate `cmd:"" help:"Keep a user out, from the next request on."`
	Activate   usersActivate   `cmd:"" help:"Let a deactivated user in again."`
	Lock       usersLock       `cmd:"" help:"Keep a user out until they are unlocked."`
	Unlock     usersUnlock     `cmd:"" help:"Let in a user who was locked, by somebody or by too many tries."`
	Transfer   usersTransfer   `cmd:"" help:"Make another user the owner of all that one owns."`
	Remove     usersRemove     `cmd:"" help:"Remove a user from the organization."`
}

const usersNoun = "users"

type usersList struct{ remoteFlags }

// Run lists them.
func (c usersList) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	all, err := client.List[client.Member](s.ctx, server, "/users", nil)
	if err != nil {
		return err
	}
	return c.print(s, all, "ID\tNAME\tE-MAIL\tROLE\tSTATUS", func(w io.Writer) {
		for _, u := range all {
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", u.ID, u.FullName, u.Email, u.Role, standing(u))
		}
	})
}

// standing says in a word how a user stands.
func standing(u client.Member) string {
	switch {
	case u.Status == "ACTIVE" && u.Locked:
		return "LOCKED"
	case u.Status == "ACTIVE" && u.Invited:
		return "INVITED"
	}
	return u.Status
}

// oneUser names a user of the organization.
type oneUser struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the user."`
}

// change makes a call about the user, and prints how they stand.
func (c oneUser) change(s *session, method, verb string, in any) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	u, err := client.Do[client.Member](s.ctx, server, method, usersNoun, c.ID, verb, in)
	if err != nil {
		return err
	}
	return c.print(s, u, "ID\tNAME\tE-MAIL\tROLE\tSTATUS", func(w io.Writer) {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", u.ID, u.FullName, u.Email, u.Role, standing(u))
	})
}

type usersShow struct{ oneUser }

// Run shows the user.
func (c usersShow) Run(s *session) error { return c.change(s, http.MethodGet, "", nil) }

type usersDeactivate struct{ oneUser }

// Run keeps the user out.
func (c usersDeactivate) Run(s *session) error { return c.change(s, http.MethodPut, "deactivate", nil) }

type usersActivate struct{ oneUser }

// Run lets the user in again.
func (c usersActivate) Run(s *session) error { return c.change(s, http.MethodPut, "activate", nil) }

type usersLock struct{ oneUser }

// Run locks the user.
func (c usersLock) Run(s *session) error { return c.change(s, http.MethodPut, "lock", nil) }

type usersUnlock struct{ oneUser }

// Run unlocks the user.
func (c usersUnlock) Run(s *session) error { return c.change(s, http.MethodPut, "unlock", nil) }

type usersRole struct {
	oneUser
	Role string `arg:"" enum:"owner,admin,operator,collaborator" help:"The new role: ${enum}."`
}

// Run changes the role.
func (c usersRole) Run(s *session) error {
	return c.change(s, http.MethodPut, "", map[string]any{"role": c.Role})
}

type usersAdd struct {
	remoteFlags
	Email string `arg:"" help:"E-mail address."`
	Name  string `required:"" help:"Full name."`
	Role  string `default:"collaborator" enum:"owner,admin,operator,collaborator" help:"Role: ${enum}."`
}

// Run adds the user. The link goes straight to standard output: it is a secret
// that this one person must hand on.
func (c usersAdd) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	var u client.Member
	if err := server.Call(s.ctx, http.MethodPost, "/users", map[string]any{"email": c.Email, "full_name": c.Name, "role": c.Role}, &u); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.data, u)
	}
	fmt.Fprintf(s.Stdout, "Added user %d, %s.\n", u.ID, u.Email)
	handOn(s, u.Link)
	return nil
}

// handOn prints a link and what to do with it.
func handOn(s *session, link *client.Link) {
	if link != nil {
		fmt.Fprintf(s.data, "Hand this link on; it is good once, until %s:\n  %s\n  weir login --invite\n", day(link.ExpiresAt), link.Link)
	}
}

type usersInvite struct {
	oneUser
	PasswordFile string `name:"password-file" placeholder:"FILE" help:"File with your own password (default: $WEIR_PASSWORD, or asked for)."`
}

// Run makes the link. It needs a fresh proof of who asks, which no key gives.
func (c usersInvite) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	me, err := server.Me(s.ctx)
	if err != nil {
		return err
	}
	password, err := askSecret(s, "Password of "+me.Email, c.PasswordFile, passwordVariable)
	if err != nil {
		return err
	}
	proved, end, err := signedIn(s, server.Address(), me.Email, password)
	if err != nil {
		return err
	}
	defer end()
	link, err := client.Do[client.Link](s.ctx, proved, http.MethodPost, usersNoun, c.ID, "link", nil)
	if err != nil {
		return err
	}
	handOn(s, &link)
	return nil
}

type usersTransfer struct {
	oneUser
	To int64 `required:"" placeholder:"ID" help:"Id of the user who gets it."`
}

// Run transfers everything.
func (c usersTransfer) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	done, err := client.Do[map[string]any](s.ctx, server, http.MethodPut, usersNoun, c.ID, "transfer", map[string]any{"delegate_owner_id": c.To})
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Stdout, "Transferred %v things to user %d.\n", done["transferred"], c.To)
	return nil
}

type usersRemove struct{ oneUser }

// Run removes the user.
func (c usersRemove) Run(s *session) error {
	return drop(s, c.remoteFlags, usersNoun, c.ID, "Removed.")
}

// drop deletes a thing and says so.
func drop(s *session, f remoteFlags, noun string, id int64, said string) error {
	server, err := f.dial(s)
	if err != nil {
		return err
	}
	if _, err := client.Do[map[string]any](s.ctx, server, http.MethodDelete, noun, id, "", nil); err != nil {
		return err
	}
	fmt.Fprintln(s.Stdout, said)
	return nil
}
