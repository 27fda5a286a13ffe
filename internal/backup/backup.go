// Package backup keeps copies of a server's database and brings them back. A
// backup is one file: the database as it was at one instant, with its secrets
// sealed as they are, and a manifest. The root key is in none: without it a
// backup's secrets are noise.
package backup

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"

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

// Create writes a backup of db to a new file at path, 0600.
func Create(ctx context.Context, db *store.DB, path string, now time.Time) (m Manifest, err error) {
	dir, err := os.MkdirTemp(filepath.Dir(path), ".weir-backup-")
	if err != nil {
		return m, wrong(path, err.Error(), "Name a file in a directory that Weir may write", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	copied := filepath.Join(dir, databaseName)
	m = Manifest{Format: 1, Made: now.UTC(), Instance: db.InstanceID()}
	var mac []byte
	if m.AuditSeq, mac, err = db.AuditHead(ctx); err != nil {
		return m, err
	}
	m.AuditMAC = hex.EncodeToString(mac)
	if err := db.Snapshot(ctx, copied); err != nil {
		return m, err
	}
	if m.SHA256, m.Bytes, err = sum(copied); err != nil {
		return m, wrong(copied, err.Error(), "", err)
	}
	whole := filepath.Join(dir, "backup")
	if err := pack(whole, copied, m); err != nil {
		return m, wrong(path, err.Error(), "Make room, and try again", err)
	}
	// A link, not a rename: an older backup of that name stays.
	if err := os.Link(whole, path); err != nil {
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

// pack writes manifest and database as a compressed archive, synced.
func pack(path, database string, m Manifest) (err error) {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // #nosec G304 -- in our own directory
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	z, err := zstd.NewWriter(out)
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	manifest, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: manifestName, Mode: 0o600, Size: int64(len(manifest)), ModTime: m.Made}); err != nil {
		return err
	}
	if _, err := t.Write(manifest); err != nil {
		return err
	}
	in, err := os.Open(database) // #nosec G304 -- made by us
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read
	if err := t.WriteHeader(&tar.Header{Name: databaseName, Mode: 0o600, Size: m.Bytes, ModTime: m.Made}); err != nil {
		return err
	}
	if _, err := io.Copy(t, in); err != nil {
		return err
	}
	return errors.Join(t.Close(), z.Close(), out.Sync())
}

// Unpack writes a backup's database to a new file at path, and checks it
// against the manifest. When it is not whole, nothing is left.
func Unpack(backup, path string) (m Manifest, err error) {
	damaged := func(err error) error {
		return &weir.Error{Code: weir.CodeIntegrity, Where: backup, Message: "it is no backup of Weir, or it is damaged", Remedy: "Use another copy", Err: err}
	}
	in, err := os.Open(backup) // #nosec G304 -- the operator names the file
	if err != nil {
		return m, &weir.Error{Code: weir.CodeUsage, Where: backup, Message: err.Error(), Remedy: "Name a file that weir backup made", Err: err}
	}
	defer func() { _ = in.Close() }() // only read
	z, err := zstd.NewReader(in)
	if err != nil {
		return m, damaged(err)
	}
	defer z.Close()
	t := tar.NewReader(z)
	if h, err := t.Next(); err != nil || h.Name != manifestName || h.Size > 1<<16 {
		return m, damaged(err)
	}
	if err := json.UnmarshalRead(t, &m); err != nil || m.Format != 1 {
		return m, damaged(err)
	}
	if h, err := t.Next(); err != nil || h.Name != databaseName || h.Size != m.Bytes {
		return m, damaged(err)
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // #nosec G304 -- the operator names the directory
	if err != nil {
		return m, wrong(path, "there is a database already, or the directory cannot be written", "Name an empty directory with --data", err)
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, h), io.LimitReader(t, m.Bytes))
	err = errors.Join(err, out.Sync(), out.Close())
	if err == nil && hex.EncodeToString(h.Sum(nil)) != m.SHA256 {
		err = fmt.Errorf("the hash differs")
	}
	if err != nil {
		_ = os.Remove(path)
		return m, damaged(err)
	}
	return m, nil
}
