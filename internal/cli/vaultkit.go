package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/vault"
)

type vaultRecoveryKit struct {
	vaultFlags
	Out string `required:"" placeholder:"DIR" help:"Directory for the three files, made when it is missing."`
}

// Run writes the kit. Shares go to files alone: a terminal keeps what it has
// shown.
func (c vaultRecoveryKit) Run(s *session) error {
	return c.with(s, func(v *vault.Vault, _ *store.DB) error {
		if err := os.MkdirAll(c.Out, 0o700); err != nil {
			return cannotWriteShare(err)
		}
		for i, share := range v.RecoveryKit() {
			path := filepath.Join(c.Out, fmt.Sprintf("weir-recovery-share-%d.txt", i+1))
			if err := writeShare(path, share); err != nil {
				return err
			}
			fmt.Fprintln(s.Stdout, path)
		}
		fmt.Fprintln(s.Stdout, "Print them, keep each in another place, and remove the files. Any two restore the root key; one alone is worth nothing.")
		return nil
	})
}

func writeShare(path string, share weir.Secret) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // #nosec G304 -- the user names the directory
	if err != nil {
		return cannotWriteShare(err)
	}
	_, err = io.WriteString(f, share.Expose())
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return cannotWriteShare(err)
	}
	return nil
}

func cannotWriteShare(err error) error {
	return &weir.Error{Code: weir.CodeLocal, Where: "--out", Message: err.Error(), Remedy: "Name an empty directory that Weir may write", Err: err}
}

type vaultRestore struct {
	vaultFlags
	First  string `arg:"" placeholder:"FILE" help:"File with one share."`
	Second string `arg:"" placeholder:"FILE" help:"File with another share of the same kit."`
}

// Run puts the root key back.
func (c vaultRestore) Run(s *session) error {
	var shares [2]weir.Secret
	for i, path := range []string{c.First, c.Second} {
		share, err := readShare(path)
		if err != nil {
			return err
		}
		shares[i] = share
	}
	o, db, err := c.options(s, openExisting)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if err := vault.Restore(s.ctx, o, shares[0], shares[1]); err != nil {
		return err
	}
	fmt.Fprintf(s.Stdout, "The root key is back in %s.\n", o.Place.Name())
	return nil
}

// shareLimit is far more than a printed page.
const shareLimit = 64 << 10

func readShare(path string) (share weir.Secret, err error) {
	f, err := os.Open(path) // #nosec G304 -- the user names the file
	if err == nil {
		defer func() { _ = f.Close() }()
		var text []byte
		text, err = io.ReadAll(io.LimitReader(f, shareLimit))
		share = weir.NewSecret(string(text))
	}
	if err != nil {
		return share, &weir.Error{Code: weir.CodeUsage, Where: path, Message: "this share cannot be read", Remedy: "Name a file that holds one share of the recovery kit", Err: err}
	}
	return share, nil
}
