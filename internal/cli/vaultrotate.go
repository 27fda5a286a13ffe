package cli

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/vault"
)

type vaultRotate struct {
	vaultFlags
	Root bool `help:"Replace the root key instead; secrets are not touched."`
}

// Run rotates the active key, or the root key.
func (c vaultRotate) Run(s *session) error {
	return c.with(s, func(v *vault.Vault, db *store.DB) error {
		if c.Root {
			if err := v.RotateRoot(s.ctx); err != nil {
				return err
			}
			if err := s.auditVault(v, db, "vault.rotate_root", nil); err != nil {
				return err
			}
			fmt.Fprintln(s.Stdout, "The root key is a new one. Backups and recovery kits made before need the old one: run `weir vault recovery-kit` now, and make a backup.")
			return nil
		}
		r, err := v.Rotate(s.ctx, db, s.rotated)
		if err != nil {
			return err
		}
		if err := s.auditVault(v, db, "vault.rotate", &r); err != nil {
			return err
		}
		return printRotation(s, r)
	})
}

// auditVault writes down that keys were replaced, under the keys as they are now.
func (s *session) auditVault(v *vault.Vault, db *store.DB, action string, r *vault.Rotation) error {
	e := audit.Entry{Action: action, Kind: "vault"}
	if r != nil {
		e.Detail = map[string]any{"key": r.Key, "secrets": r.Changed, "retired": len(r.Retired), "failed": len(r.Failed)}
	}
	return auditLog(db, v).Append(s.ctx, e)
}

// rotated logs how far a rotation is.
func (s *session) rotated(done int) { s.log.Info("rotating", "secrets", done) }

func printRotation(s *session, r vault.Rotation) error {
	if r.Resumed {
		fmt.Fprintln(s.Stdout, "An earlier rotation was finished; to make a new key, run this again.")
	}
	fmt.Fprintf(s.Stdout, "%d secrets were brought under key %s.\n", r.Changed, r.Key)
	if len(r.Retired) > 0 {
		fmt.Fprintf(s.Stdout, "Retired: %s.\n", strings.Join(r.Retired, ", "))
	}
	return unopened(s, r.Failed)
}

type vaultRekey struct{ vaultFlags }

// Run replaces every key and lists what was exposed.
func (c vaultRekey) Run(s *session) error {
	return c.with(s, func(v *vault.Vault, db *store.DB) error {
		r, exposed, err := v.Rekey(s.ctx, db, s.rotated)
		if err != nil {
			return err
		}
		if err := resealPeople(s, v, db); err != nil {
			return err
		}
		if err := s.auditVault(v, db, "vault.rekey", &r); err != nil {
			return err
		}
		if len(exposed) > 0 {
			fmt.Fprintln(s.Stdout, "Whoever had the root key and the database may have these. Replace each where it was made, then here:")
			t := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "CREDENTIAL\tFIELD\tKIND\tORIGIN")
			for _, b := range exposed {
				fmt.Fprintf(t, "%d\t%s\t%s\t%s\n", b.Credential, b.Field, b.Kind, b.Origin)
			}
			if err := t.Flush(); err != nil {
				return err
			}
		}
		fmt.Fprintln(s.Stdout, "Every key is a new one. A server that runs knows the old ones and lets nobody in: restart it. Recovery kits made before are worth nothing now: run `weir vault recovery-kit`.")
		return printRotation(s, r)
	})
}

// resealPeople brings the rows that give rights under the new keys, and signs
// everybody out.
func resealPeople(s *session, v *vault.Vault, db *store.DB) error {
	people, err := peopleOf(s, v, db)
	if err != nil {
		return err
	}
	for _, earlier := range v.DeriveEarlier("rows") {
		if _, err := people.Reseal(s.ctx, earlier); err != nil {
			return err
		}
	}
	return nil
}
