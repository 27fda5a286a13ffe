package vault

import (
	"context"
	"errors"

	"github.com/weirhq/weir"
)

// Failure is a stored value that does not open.
type Failure struct {
	Credential int64
	Field      string
	Err        error
}

// Verification is what opening everything found.
type Verification struct {
	Opened int
	Failed []Failure
}

// Verify opens every stored value once. The error is the store's; values that
// do not open are in the result.
func (v *Vault) Verify(ctx context.Context, s Secrets) (found Verification, err error) {
	var stop error
	err = each(ctx, s, func(one weir.SealedSecret) {
		switch _, err := v.Open(one); {
		case err == nil:
			found.Opened++
		case weir.CodeOf(err) == weir.CodeIntegrity:
			found.Failed = append(found.Failed, Failure{one.Credential, one.Field, err})
		default:
			stop = err
		}
	})
	return found, errors.Join(err, stop)
}

// each hands over every stored value.
func each(ctx context.Context, s Secrets, f func(weir.SealedSecret)) error {
	var last weir.Binding
	for {
		all, err := s.AllSecrets(ctx, last.Credential, last.Field, batch)
		if err != nil || len(all) == 0 {
			return err
		}
		for _, one := range all {
			f(one)
		}
		last = all[len(all)-1].Binding
	}
}
