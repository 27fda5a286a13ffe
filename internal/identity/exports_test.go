package identity_test

import (
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
)

func TestOneCallerHasTwoFilesMadeAtOnceAndNoMore(t *testing.T) {
	var e identity.Exports
	me := identity.Principal{Org: 1, User: 2}
	var leave func()
	for range identity.MostExports {
		var err error
		if leave, err = e.Enter(me); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.Enter(me); weir.CodeOf(err) != weir.CodeThrottled {
		t.Errorf("one too many: %v", err)
	}
	if _, err := e.Enter(identity.Principal{Org: 1, User: 3}); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	leave()
	if _, err := e.Enter(me); err != nil {
		t.Errorf("after one was there: %v", err)
	}
}
