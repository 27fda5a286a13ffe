//go:build kms

package vault

import (
	"strings"
	"testing"

	"github.com/weirhq/weir"
)

func TestAKeyManagementServiceWrapsAndUnwrapsTheRootKey(t *testing.T) {
	env := map[string]string{KeeperVariable: "base64key://smGbjm71Nxd1Ig5FS0wj9SlbzAIrnolCz9bQQ6uAhl4="}
	dir, root := t.TempDir(), newRoot()
	for i := range 2 { // another start opens the same service again
		p, _, err := FindRoot(t.Context(), Search{Data: dir, Getenv: func(name string) string { return env[name] }})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if err := p.(WritablePlace).Create(t.Context(), root); err != nil {
				t.Fatal(err)
			}
		}
		if got, _, err := p.Roots(t.Context()); err != nil || got != root {
			t.Errorf("it did not come back: %v", err)
		}
	}
}

func TestAWrongAddressOfAServiceIsNotRepeated(t *testing.T) {
	_, err := OpenKeeper(t.Context(), "base64key://canary")
	if weir.CodeOf(err) != weir.CodeConfig || strings.Contains(err.Error(), "canary") {
		t.Errorf("%v", err)
	}
}
