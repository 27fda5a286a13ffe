package cli

import (
	"io"
	"strings"
	"sync"

	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/vault"
)

// redactor is the second net under weir.Secret: whatever is written to the
// terminal passes it, and a known secret in it is replaced. It works on
// whole writes; loggers and printers write line by line.
type redactor struct {
	mu     sync.Mutex
	values []string
}

// newRedactor knows the secrets that came in by the environment.
func newRedactor(getenv func(string) string) *redactor {
	r := &redactor{}
	for _, name := range []string{keyVariable, "PGPASSWORD", vault.RootVariable, vault.PreviousVariable, vault.KeeperVariable} {
		r.add(getenv(name))
		r.add(credential.CleanKey(getenv(name)))
	}
	return r
}

// add makes a value unprintable. Very short values are left: they would
// blot out ordinary words.
func (r *redactor) add(value string) {
	if len(value) < 8 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.values = append(r.values, value)
}

func (r *redactor) clean(s string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range r.values {
		s = strings.ReplaceAll(s, v, "[redacted]")
	}
	return keyShape.ReplaceAllString(s, "[redacted]")
}

func (r *redactor) writer(w io.Writer) io.Writer { return redacting{r, w} }

type redacting struct {
	*redactor
	out io.Writer
}

// Write implements io.Writer; it reports the length it was given.
func (w redacting) Write(p []byte) (int, error) {
	if _, err := io.WriteString(w.out, w.clean(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}
