package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
)

// readLogin reads what the last setup or login left; nothing when there was
// none.
func readLogin(s *session) (l login, err error) {
	path, err := configPath(s)
	if err != nil {
		return l, nil //nolint:nilerr // no home, no login
	}
	content, err := os.ReadFile(path) // #nosec G304 -- the user's own configuration
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err == nil {
		err = json.Unmarshal(content, &l)
	}
	if err != nil {
		return l, &weir.Error{Code: weir.CodeConfig, Where: path, Message: "it cannot be read", Remedy: "Remove it, and run weir login again", Err: err}
	}
	return l, nil
}

// writeLogin keeps the login for later commands, in a file that nobody else
// can read, in place of an earlier one.
func writeLogin(s *session, l login) (path string, err error) {
	if path, err = configPath(s); err != nil {
		return "", err
	}
	refuse := func(err error) (string, error) {
		return "", &weir.Error{Code: weir.CodeLocal, Where: path, Message: "the login cannot be kept: " + err.Error(), Remedy: "Give the key as " + tokenVariable, Err: err}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return refuse(err)
	}
	content, err := json.Marshal(l)
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".login-*") // 0600
	if err != nil {
		return refuse(err)
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return refuse(err)
	}
	return path, nil
}
