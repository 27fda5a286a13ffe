package web_test

import (
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/server"
	"github.com/weirhq/weir/internal/store"
)

// After a restore the keys from before are listed as what they are: whoever owns
// them says which still hold.
func TestAKeyFromBeforeARestoreIsConfirmedOnItsPage(t *testing.T) {
	var ahead atomic.Int64
	s := newSite(t, func(c *server.Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(c.Data, "weir.db"), store.Options{})
		if err == nil {
			at := time.Now().Add(time.Hour).UnixMicro()
			err = db.MarkRestored(t.Context(), store.Restored{At: at, Made: at, KeysBefore: at})
		}
		if err == nil {
			err = db.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
	})
	token := s.setUp().Token.Expose()
	s.asks(http.MethodPost, token, "/service_keys", map[string]any{"name": "warehouse", "scope": "operator"})
	ahead.Store(int64(2 * time.Hour))
	b := s.browse(1440, 1000)
	b.agrees()
	b.signIn()
	b.open("/keys")
	b.sees("keys wait to be confirmed")
	b.sees("waits to be confirmed")
	b.shot("keys-waiting")
	b.press("Confirm")
	b.sees("Confirmed. Programs that have it can sign in again.")
	b.until("nothing waits", `!document.body.innerText.includes('waits to be confirmed')`)
}
