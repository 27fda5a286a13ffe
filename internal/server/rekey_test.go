package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/vault"
)

// text is what a path answers, with its status.
func (w *world) text(path string) (int, string) {
	w.Helper()
	res, err := http.Get(w.url + path)
	w.must(err)
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	w.must(err)
	return res.StatusCode, string(b)
}

func TestAServerWhoseVaultWasRekeyedSaysThatItMustBeRestarted(t *testing.T) {
	w := newWorld(t, 1)
	if status, said := w.text("/readyz"); status != 200 || said != "ready\n" {
		t.Fatalf("before, it says %d %s", status, said)
	}
	db := w.db()
	other, err := vault.Open(t.Context(), vault.Options{Place: w.config.Root, Store: db, Now: time.Now})
	w.must(err)
	_, _, err = other.Rekey(t.Context(), db, nil)
	w.must(err)
	if status, said := w.text("/readyz"); status != 503 || !strings.Contains(said, "restart this server") {
		t.Errorf("rekeyed, it says %d %s", status, said)
	}
	if status, page := w.text("/sign-in"); status != 200 || !strings.Contains(page, "must restart it") {
		t.Errorf("the sign-in page says nothing of it: %d", status)
	}
	if n := strings.Count(w.log.String(), "nobody gets in until it is restarted"); n != 1 {
		t.Errorf("the log says it %d times", n)
	}
	w.restart()
	if status, said := w.text("/readyz"); status != 200 {
		t.Errorf("restarted, it says %d %s", status, said)
	}
}
