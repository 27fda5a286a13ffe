package backup

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"filippo.io/age"
	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"

	"github.com/weirhq/weir"
)

// pack writes manifest and database as a compressed archive, synced.
func pack(path, database string, m Manifest, to []age.Recipient) (err error) {
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // #nosec G304 -- in our own directory
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	sealed, err := encrypt(out, to)
	if err != nil {
		return err
	}
	z, err := zstd.NewWriter(sealed)
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
	return errors.Join(t.Close(), z.Close(), sealed.Close(), out.Sync())
}

// Unpack writes a backup's database to a new file at path, and checks it
// against the manifest. When it is not whole, nothing is left. One that was
// encrypted needs an identity of one of its recipients.
func Unpack(backup, path string, identities ...age.Identity) (m Manifest, err error) {
	damaged := func(err error) error {
		return &weir.Error{Code: weir.CodeIntegrity, Where: backup, Message: "it is no backup of Weir, or it is damaged", Remedy: "Use another copy", Err: err}
	}
	in, err := os.Open(backup) // #nosec G304 -- the operator names the file
	if err != nil {
		return m, &weir.Error{Code: weir.CodeUsage, Where: backup, Message: err.Error(), Remedy: "Name a file that weir backup made", Err: err}
	}
	defer func() { _ = in.Close() }() // only read
	plain, err := decrypt(backup, in, identities)
	if err != nil {
		return m, err
	}
	z, err := zstd.NewReader(plain)
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
		return m, wrong(path, "there is a file already, or the directory cannot be written", "Name another directory", err)
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
