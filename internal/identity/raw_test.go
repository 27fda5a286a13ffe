package identity_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// holdsNone looks for the texts in every file of a SQLite database.
func (w *world) holdsNone(t *testing.T, texts ...string) {
	t.Helper()
	path, _ := strings.CutPrefix(w.url, "sqlite:")
	for _, name := range []string{path, path + "-wal"} {
		content, err := os.ReadFile(name)
		w.must(err)
		for i, text := range texts {
			if bytes.Contains(content, []byte(text)) {
				t.Errorf("text %d is in %s", i, name)
			}
		}
	}
}
