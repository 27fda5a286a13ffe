package cli

import (
	"fmt"
	"time"

	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/vault"
)

// usersRecover is `weir users recover`: it asks no server, but reads the
// store, as the vault commands do.
type usersRecover struct {
	vaultFlags
	Email string `arg:"" help:"With which the user signs in."`
}

// Run makes the link.
func (c usersRecover) Run(s *session) error {
	return c.with(s, func(v *vault.Vault, db *store.DB) error {
		people, err := peopleOf(s, v, db)
		if err != nil {
			return err
		}
		value, err := people.Recover(s.ctx, c.Email)
		if err != nil {
			return err
		}
		// Straight to standard output: it is a secret that this one person must read.
		fmt.Fprintf(s.data, "With this link they set a new password; it is good once, until %s:\n  %s\n  weir login --invite\n",
			time.Now().Add(identity.LinkAge).Format(time.DateOnly), value.Expose())
		return nil
	})
}

// peopleOf are the users of a store.
func peopleOf(s *session, v *vault.Vault, db *store.DB) (*identity.Service, error) {
	return identity.New(db, identity.Options{
		Audit: auditLog(db, v), MACKey: v.Derive("rows"), Pepper: v.Derive("pepper"), EarlierPeppers: v.DeriveEarlier("pepper"), Logger: s.log,
	})
}
