// Package backup keeps copies of a server's database and brings them back. A
// backup is one file: the database as it was at one instant, with its secrets
// sealed as they are, and a manifest. The root key is in none: without it a
// backup's secrets are noise.
package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// The names in the archive.
const (
	manifestName = "manifest.json"
	databaseName = "weir.db"
)

// Manifest says what a backup holds.
type Manifest struct {
	Format   int       `json:"format"` // 1
	Made     time.Time `json:"made"`
	Instance string    `json:"instance"` // name of the database
	SHA256   string    `json:"sha256"`   // of the database's file
	Bytes    int64     `json:"bytes"`
	AuditSeq int64     `json:"audit_seq"` // newest entry of the audit log
	AuditMAC string    `json:"audit_mac"`
}

func wrong(path, message, remedy string, err error) error {
	return &weir.Error{Code: weir.CodeLocal, Where: path, Message: message, Remedy: remedy, Err: err}
}

// Options are the choices that a backup has.
type Options struct {
	Now time.Time
	// Recipients are who may read the backup; none leaves the archive as it is.
	// Secrets in it are sealed in any case; records are not.
	Recipients []age.Recipient
}

// Create writes a backup of db to a new file at path, 0600. Whatever engine db
// is on, a backup holds the same: a SQLite file.
func Create(ctx context.Context, db *store.DB, path string, o Options) (m Manifest, err error) {
	dir, err := os.MkdirTemp(filepath.Dir(path), ".weir-backup-")
	if err != nil {
		return m, wrong(path, err.Error(), "Name a file in a directory that Weir may write", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	copied := filepath.Join(dir, databaseName)
	m = Manifest{Format: 1, Made: o.Now.UTC(), Instance: db.InstanceID()}
	if err := db.Snapshot(ctx, copied); err != nil {
		return m, err
	}
	var mac []byte
	if m.AuditSeq, mac, err = store.SnapshotHead(ctx, copied); err != nil {
		return m, wrong(copied, err.Error(), "", err)
	}
	m.AuditMAC = hex.EncodeToString(mac)
	if m.SHA256, m.Bytes, err = sum(copied); err != nil {
		return m, wrong(copied, err.Error(), "", err)
	}
	whole := filepath.Join(dir, "backup")
	if err := pack(whole, copied, m, o.Recipients); err != nil {
		return m, wrong(path, err.Error(), "Make room, and try again", err)
	}
	// A link, not a rename: an older backup of that name stays.
	if err := os.Link(whole, path); errors.Is(err, fs.ErrExist) {
		return m, wrong(path, "there is such a file already; it was left as it is", "Name a new file", err)
	} else if err != nil {
		return m, wrong(path, err.Error(), "Name a new file", err)
	}
	return m, nil
}

func sum(path string) (digest string, size int64, err error) {
	f, err := os.Open(path) // #nosec G304 -- made by us
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = f.Close() }() // only read
	h := sha256.New()
	size, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), size, err
}
