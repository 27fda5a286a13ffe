package identity_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

// Many strangers try many accounts from many addresses, as fast as they can,
// at the full cost of a password. The owner's own browser still gets in.
func TestUnderAFloodOfSignInsTheOwnersBrowserGetsIn(t *testing.T) {
	if testing.Short() {
		t.Skip("it floods for two seconds")
	}
	w := onSQLite(t, identity.Cost{})
	known := home
	known.Device = w.owner().Device.Expose()
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	var tries, owners atomic.Int64
	for i := range 50 {
		group.Go(func() {
			for n := i; ctx.Err() == nil; n += 50 {
				email := "owner@example.com"
				if n%2 == 0 {
					email = fmt.Sprintf("user%d@example.com", n)
				}
				_, err := w.s.SignIn(ctx, identity.SignIn{Email: email, Password: secret(wrongPassword), Client: elsewhere(n % 60_000)})
				tries.Add(1)
				if n%2 == 1 && weir.CodeOf(err) == weir.CodeAuth {
					owners.Add(1)
				}
			}
		})
	}
	var slowest time.Duration
	begin := time.Now()
	for time.Since(begin) < 2*time.Second {
		one := time.Now()
		if _, err := w.signIn("owner@example.com", password, known); err != nil {
			t.Error(err)
		}
		slowest = max(slowest, time.Since(one))
	}
	cancel()
	group.Wait()
	t.Logf("%d tries, %d of them compared with the owner's password; the owner waited at most %v", tries.Load(), owners.Load(), slowest)
	if owners.Load() > 5 {
		t.Errorf("%d tries at the owner's password", owners.Load())
	}
	if slowest > 10*time.Second { // 2 s is the aim; a busy machine is no failure
		t.Errorf("the owner waited %v", slowest)
	}
}
