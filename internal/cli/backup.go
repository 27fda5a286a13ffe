package cli

import (
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
	Data string `placeholder:"DIR" help:"Directory of Weir's own store (default $XDG_DATA_HOME/weir)."`
	File string `arg:"" help:"The new file."`
}

// Run writes the backup.
func (c backupCreate) Run(s *session) error {
	db, err := openDatabase(s, c.Data, "")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	m, err := backup.Create(s.ctx, db, c.File, time.Now())
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Stdout, "%s holds the database (%d bytes, audit entry %d). The root key is not in it: keep that apart, and both safe.\n", c.File, m.Bytes, m.AuditSeq)
	return nil
}

type backupVerify struct {
	Data        string `placeholder:"DIR" help:"Directory in which the root key lies (default $XDG_DATA_HOME/weir)."`
	RootKeyFile string `placeholder:"FILE" help:"File of the root key (default root.key in --data)."`
	File        string `arg:"" help:"The backup."`
}

// Run verifies it on a copy that is removed afterwards.
func (c backupVerify) Run(s *session) error {
	dir, err := os.MkdirTemp("", "weir-verify-")
	if err != nil {
		return &weir.Error{Code: weir.CodeLocal, Message: err.Error(), Err: err}
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if _, err := backup.Unpack(c.File, filepath.Join(dir, "weir.db")); err != nil {
		return err
	}
	data, err := dataDir(c.Data, s.Getenv)
	if err != nil {
		return err
	}
	return checkCopy(s, dir, vault.Search{File: c.RootKeyFile, Data: data, Getenv: s.Getenv}, nil)
}

// checkCopy opens a database with the root key, every secret in it, and its
// audit log; then does what is wanted besides.
func checkCopy(s *session, dir string, search vault.Search, besides func(*store.DB) error) error {
	place, _, err := vault.FindRoot(s.ctx, search)
	if err != nil {
		return err
	}
	db, err := store.Open(s.ctx, "sqlite:"+filepath.Join(dir, "weir.db"), store.Options{Logger: s.log})
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
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
	if besides != nil {
		if err := besides(db); err != nil {
			return err
		}
	}
	fmt.Fprintf(s.Stdout, "Good: %d secrets open, %d audit entries are as they were written.\n", found.Opened, entries)
	return nil
}

// restoreCommand is `weir restore`.
type restoreCommand struct {
	Data        string `placeholder:"DIR" help:"Directory for Weir's own store; it must hold none (default $XDG_DATA_HOME/weir)."`
	RootKeyFile string `placeholder:"FILE" help:"File of the root key (default root.key in --data)."`
	File        string `arg:"" help:"The backup."`
}

// Run puts the database back and signs everybody out: sessions that have
// ended since the backup must not live again.
func (c restoreCommand) Run(s *session) error {
	data, err := dataDir(c.Data, s.Getenv)
	if err != nil {
		return err
	}
	path := filepath.Join(data, "weir.db")
	m, err := backup.Unpack(c.File, path)
	if err != nil {
		return err
	}
	err = checkCopy(s, data, vault.Search{File: c.RootKeyFile, Data: data, Getenv: s.Getenv}, func(db *store.DB) error { return db.EndAllSessions(s.ctx) })
	if err != nil {
		return weir.At("the database is back in "+path+", but", err)
	}
	fmt.Fprintf(s.Stdout, "%s is as it was on %s; everybody must sign in again.\n", path, m.Made.Format(time.RFC1123))
	return nil
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
