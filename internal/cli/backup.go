package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/backup"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/vault"
)

// backupCommand is `weir backup`.
type backupCommand struct {
	Create backupCreate `cmd:"" help:"Write the server's database into one file. It may run meanwhile."`
	Verify backupVerify `cmd:"" help:"Open a scratch copy of a backup, and every secret in it."`
}

type backupCreate struct {
	Data      string   `placeholder:"DIR" help:"Directory of Weir's own store (default $XDG_DATA_HOME/weir)."`
	Database  string   `name:"database-url" env:"WEIR_DATABASE_URL" placeholder:"URL" help:"Weir's own store is in Postgres instead of --data. Give the password as PGPASSWORD."`
	EncryptTo []string `name:"encrypt-to" placeholder:"RECIPIENT" help:"Only this age recipient (age1…) can read the backup; may be given several times."`
	File      string   `arg:"" help:"The new file."`
}

// Run writes the backup.
func (c backupCreate) Run(s *session) error {
	to, err := backup.Recipients(c.EncryptTo...)
	if err != nil {
		return err
	}
	db, err := openExisting(s, c.Data, c.Database)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	m, err := backup.Create(s.ctx, db, c.File, backup.Options{Now: time.Now(), Recipients: to})
	if err != nil {
		return err
	}
	from := "the Postgres database of --database-url"
	if c.Database == "" {
		dir, err := dataPath(c.Data, s.Getenv)
		if err != nil {
			return err
		}
		from = filepath.Join(dir, storeName)
	}
	fmt.Fprintf(s.Stdout, "%s holds a copy of %s (%d bytes, audit entry %d). The root key is not in it: keep that apart, and both safe.\n", c.File, from, m.Bytes, m.AuditSeq)
	keys, err := db.Keyring(s.ctx)
	if err == nil && len(keys) == 0 {
		fmt.Fprintf(s.Stderr, "No server has used %s: it has no keyring, and so no credentials. If a server's store was meant, name it with --data or --database-url.\n", from)
	}
	return err
}

// backupFlags say which backup, and what opens it.
type backupFlags struct {
	Data        string `placeholder:"DIR" help:"Directory of Weir's own store and of the root key (default $XDG_DATA_HOME/weir)."`
	RootKeyFile string `placeholder:"FILE" help:"File of the root key (default root.key in --data)."`
	Identity    string `placeholder:"FILE" help:"File with the age identity of a backup that was encrypted."`
	File        string `arg:"" help:"The backup."`
}

// open unpacks the backup into the directory and opens it, brought up to date.
func (c backupFlags) open(s *session, dir string) (*store.DB, backup.Manifest, error) {
	path := filepath.Join(dir, storeName)
	identities, err := backup.Identities(c.Identity)
	if err != nil {
		return nil, backup.Manifest{}, err
	}
	m, err := backup.Unpack(c.File, path, identities...)
	if err != nil {
		return nil, m, err
	}
	db, err := store.Open(s.ctx, "sqlite:"+path, store.Options{Logger: s.log})
	return db, m, err
}

// storeName is the file of the store in its directory.
const storeName = "weir.db"

// look checks an opened backup: the engine's own check, and with the root key
// every key, every secret and the whole audit log. A root key that is missing
// is said; a wrong one is an error.
func (c backupFlags) look(s *session, db *store.DB) error {
	if err := db.Check(s.ctx); err != nil {
		return err
	}
	data, err := dataPath(c.Data, s.Getenv)
	if err != nil {
		return err
	}
	place, _, err := vault.FindRoot(s.ctx, vault.Search{File: c.RootKeyFile, Data: data, Getenv: s.Getenv})
	if err != nil {
		return err
	}
	root, _, err := place.Roots(s.ctx)
	if err != nil {
		return err
	}
	if root.IsZero() {
		fmt.Fprintf(s.Stdout, "The database is whole. There is no root key in %s, so no secret was opened and the audit log was not checked: put it there, or run `weir vault restore`, then `weir vault verify` and `weir audit verify`.\n", place.Name())
		return nil
	}
	v, err := vault.Open(s.ctx, vault.Options{Place: place, Store: db, Now: time.Now, Logger: s.log})
	if err != nil {
		return err
	}
	found, err := v.Verify(s.ctx, db)
	if err != nil {
		return err
	}
	if len(found.Failed) > 0 {
		return &weir.Error{Code: weir.CodeIntegrity, Where: "vault", Message: fmt.Sprintf("%d of %d secrets do not open", len(found.Failed), found.Opened+len(found.Failed)), Remedy: "Use another copy; weir vault verify names them"}
	}
	entries, err := auditLog(db, v).Verify(s.ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Stdout, "Good: the database is whole, %d secrets open, %d audit entries are as they were written.\n", found.Opened, entries)
	return nil
}

type backupVerify struct{ backupFlags }

// Run verifies it on a copy that is removed afterwards.
func (c backupVerify) Run(s *session) (err error) {
	dir, err := os.MkdirTemp("", "weir-verify-")
	if err != nil {
		return &weir.Error{Code: weir.CodeLocal, Message: err.Error(), Err: err}
	}
	defer func() { _ = os.RemoveAll(dir) }()
	db, _, err := c.open(s, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return c.look(s, db)
}

// restoreCommand is `weir restore`.
type restoreCommand struct {
	backupFlags
	Database string `name:"database-url" env:"WEIR_DATABASE_URL" placeholder:"URL" help:"Restore into this empty Postgres database instead of --data. Give the password as PGPASSWORD."`
	Keys     bool   `name:"confirm-service-keys" help:"Let the service keys in the backup work at once: none was revoked after it was made."`
}

// Run checks the backup on a scratch copy, makes it fit for use, and only then
// puts it in place: when anything is wrong nothing is.
func (c restoreCommand) Run(s *session) error {
	data, err := dataDir(c.Data, s.Getenv)
	if err != nil {
		return err
	}
	if err := c.refuseStore(data); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(data, ".weir-restore-")
	if err != nil {
		return &weir.Error{Code: weir.CodeLocal, Where: data, Message: err.Error(), Err: err}
	}
	defer func() { _ = os.RemoveAll(dir) }()
	where, m, err := c.restore(s, data, dir)
	if err != nil {
		return err
	}
	keys := "Service keys do nothing until they are confirmed, because those that were revoked since are among them: under Keys, or with weir keys confirm."
	if c.Keys {
		keys = "Service keys work, and so do those that were revoked since: revoke them again."
	}
	fmt.Fprintf(s.Stdout, "%s is as it was on %s. %s Everybody must sign in again; for the first minute and a half no request is sent, because nobody knows what the old server has just sent.\n", where, m.Made.Format(time.RFC1123), keys)
	return nil
}

// refuseStore refuses a directory that has a store already.
func (c restoreCommand) refuseStore(data string) error {
	if c.Database != "" {
		return nil // it is asked itself, inside the transaction
	}
	path := filepath.Join(data, storeName)
	if _, err := os.Lstat(path); err == nil {
		return &weir.Error{Code: weir.CodeUsage, Where: path, Message: "there is a store already; nothing was written", Remedy: "Stop the server and move the file away (with its -wal and -shm), or name another directory with --data"}
	}
	return nil
}

func (c restoreCommand) restore(s *session, data, dir string) (where string, m backup.Manifest, err error) {
	db, m, err := c.open(s, dir)
	if err != nil {
		return "", m, err
	}
	closed := false
	defer func() {
		if !closed {
			err = errors.Join(err, db.Close())
		}
	}()
	if err := c.look(s, db); err != nil {
		return "", m, err
	}
	mark := store.Restored{At: time.Now().UnixMicro(), Made: m.Made.UnixMicro()}
	if !c.Keys {
		mark.KeysBefore = mark.At
	}
	if err := db.MarkRestored(s.ctx, mark); err != nil {
		return "", m, err
	}
	if c.Database != "" {
		to, err := openDatabase(s, "", c.Database)
		if err != nil {
			return "", m, err
		}
		defer func() { err = errors.Join(err, to.Close()) }()
		return "The Postgres database", m, to.Fill(s.ctx, db)
	}
	closed = true
	if err := db.Close(); err != nil {
		return "", m, err
	}
	path := filepath.Join(data, storeName)
	if err := os.Link(filepath.Join(dir, storeName), path); err != nil { // not a rename: what appeared meanwhile stays
		return "", m, &weir.Error{Code: weir.CodeLocal, Where: path, Message: err.Error(), Remedy: "Name another directory with --data", Err: err}
	}
	return path, m, nil
}

// auditLog is the audit log of a database, which knows the keys from before a
// rekey, too.
func auditLog(db *store.DB, v *vault.Vault) *audit.Log {
	return audit.New(db, v.Derive("audit"), time.Now, v.DeriveEarlier("audit")...)
}

// auditCommand is `weir audit`.
type auditCommand struct {
	Verify auditVerify `cmd:"" help:"Compute the whole chain of the audit log again."`
}

type auditVerify struct{ vaultFlags }

// Run verifies it.
func (c auditVerify) Run(s *session) error {
	return c.with(s, func(v *vault.Vault, db *store.DB) error {
		n, err := auditLog(db, v).Verify(s.ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.Stdout, "All %d entries are as they were written.\n", n)
		return nil
	})
}
