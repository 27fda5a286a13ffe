//go:build !kms

package vault

import (
	"context"

	"github.com/weirhq/weir"
)

// OpenKeeper says how to get a Weir that speaks to key management services:
// this one is built without, because their clients are larger than all of it.
func OpenKeeper(context.Context, string) (Keeper, error) {
	return nil, &weir.Error{Code: weir.CodeConfig, Where: KeeperVariable, Message: "this Weir was built without key management services",
		Remedy: "Take the build that has them, or make it: go build -tags kms ./cmd/weir"}
}
