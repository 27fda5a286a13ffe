package cli

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/vault"
)

type vaultCommand struct {
	Init        vaultInit        `cmd:"" help:"Make the root key and the keyring, where there are none."`
	Status      vaultStatus      `cmd:"" help:"Show the keys, and what is due."`
	Rotate      vaultRotate      `cmd:"" help:"Make a new key and bring every secret under it; finishes what was interrupted."`
	Rekey       vaultRekey       `cmd:"" help:"Replace every key, after somebody may have had the root key."`
	Verify      vaultVerify      `cmd:"" help:"Open every secret once, and name what does not open."`
	RecoveryKit vaultRecoveryKit `cmd:"" help:"Write the root key as three shares, of which two restore it."`
	Restore     vaultRestore     `cmd:"" help:"Put the root key back from two shares."`
}

// vaultFlags say where the database and the root key are.
type vaultFlags struct {
	Data        string `placeholder:"DIR" help:"Directory of Weir's own store (default $XDG_DATA_HOME/weir)."`
	Database    string `name:"database-url" env:"WEIR_DATABASE_URL" placeholder:"URL" help:"Weir's own store is in Postgres instead of --data. Give the password as PGPASSWORD."`
	RootKeyFile string `placeholder:"FILE" help:"File of the root key (default root.key in --data). See docs/vault.md for other places."`
}

// opener opens a store: one that must be there, or one that may be made.
type opener func(s *session, data, address string) (*store.DB, error)

// options opens the database and finds the root key's place.
func (f vaultFlags) options(s *session, open opener) (o vault.Options, db *store.DB, err error) {
	dir, err := dataPath(f.Data, s.Getenv)
	if err != nil {
		return o, nil, err
	}
	place, warning, err := vault.FindRoot(s.ctx, vault.Search{File: f.RootKeyFile, Data: dir, Getenv: s.Getenv})
	if err != nil {
		return o, nil, err
	}
	if warning != "" {
		s.log.Warn(warning)
	}
	if db, err = open(s, f.Data, f.Database); err != nil {
		return o, nil, err
	}
	if _, err := dataDir(f.Data, s.Getenv); err != nil { // a root key may have to be written there
		return o, nil, err
	}
	return vault.Options{Place: place, Store: db, Now: time.Now, Logger: s.log}, db, nil
}

// with runs f on the open vault.
func (f vaultFlags) with(s *session, do func(*vault.Vault, *store.DB) error) error {
	o, db, err := f.options(s, openExisting)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // all that matters was committed
	v, err := vault.Open(s.ctx, o)
	if err != nil {
		return err
	}
	return do(v, db)
}

type vaultInit struct{ vaultFlags }

// Run makes what is missing and says where it lies.
func (c vaultInit) Run(s *session) error {
	o, db, err := c.options(s, openDatabase)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if _, err := vault.Init(s.ctx, o); err != nil {
		return err
	}
	fmt.Fprintf(s.Stdout, "The root key is in %s.\nIt is in no backup of the database, and nothing opens without it: run `weir vault recovery-kit` now.\n", o.Place.Name())
	return nil
}

type vaultStatus struct {
	vaultFlags
	JSON bool `name:"json" help:"Print JSON."`
}

// Run shows the keyring.
func (c vaultStatus) Run(s *session) error {
	return c.with(s, func(v *vault.Vault, _ *store.DB) error {
		status, err := v.Status(s.ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			return printJSON(s.Stdout, statusJSON(status))
		}
		fmt.Fprintf(s.Stdout, "Root key %s, in %s. %d secrets.\n\n", status.Root, status.Place, status.Secrets)
		t := tabwriter.NewWriter(s.Stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "KEY\tPURPOSE\tSTATE\tCREATED\tSECRETS\tWRAPS")
		for _, k := range status.Keys {
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%d\n", k.ID, k.Purpose, k.State, k.Created.Format(time.DateOnly), k.Secrets, k.Wraps)
		}
		if err := t.Flush(); err != nil {
			return err
		}
		for _, a := range status.Advice {
			fmt.Fprintf(s.Stdout, "\n%s.\n", a)
		}
		return nil
	})
}

// statusJSON is the status as printed by --json.
func statusJSON(status vault.Status) any {
	type key struct {
		ID      string          `json:"id"`
		Purpose weir.KeyPurpose `json:"purpose"`
		State   weir.KeyState   `json:"state"`
		Created time.Time       `json:"created"`
		Secrets int64           `json:"secrets"`
		Wraps   int64           `json:"wraps"`
	}
	keys := []key{}
	for _, k := range status.Keys {
		keys = append(keys, key(k))
	}
	return struct {
		Root    string   `json:"root"`
		Place   string   `json:"place"`
		Secrets int64    `json:"secrets"`
		Keys    []key    `json:"keys"`
		Advice  []string `json:"advice"`
	}{status.Root, status.Place, status.Secrets, keys, append([]string{}, status.Advice...)}
}

type vaultVerify struct{ vaultFlags }

// Run opens everything.
func (c vaultVerify) Run(s *session) error {
	return c.with(s, func(v *vault.Vault, db *store.DB) error {
		found, err := v.Verify(s.ctx, db)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.Stdout, "%d secrets open.\n", found.Opened)
		return unopened(s, found.Failed)
	})
}

// unopened names the secrets that do not open, and is the error that some do
// not.
func unopened(s *session, failed []vault.Failure) error {
	if len(failed) == 0 {
		return nil
	}
	for _, f := range failed {
		fmt.Fprintln(s.Stdout, f.Err)
	}
	return &weir.Error{Code: weir.CodeIntegrity, Where: "vault", Message: fmt.Sprintf("%d secrets do not open", len(failed)),
		Remedy: "Restore the database from a backup, or enter these secrets again; then run `weir vault rotate`"}
}
