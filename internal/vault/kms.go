//go:build kms

package vault

import (
	"context"

	"gocloud.dev/secrets"
	_ "gocloud.dev/secrets/awskms"        // awskms://
	_ "gocloud.dev/secrets/azurekeyvault" // azurekeyvault://
	_ "gocloud.dev/secrets/gcpkms"        // gcpkms://
	_ "gocloud.dev/secrets/hashivault"    // hashivault://
	_ "gocloud.dev/secrets/localsecrets"  // base64key://, for trials: the address holds the key

	"github.com/weirhq/weir"
)

// OpenKeeper opens the key management service at an address such as
// awskms://alias/weir?region=eu-central-1. It is CodeConfig when the address
// or what the service needs to know its caller is wrong. The address is not
// repeated: that of base64key is the key.
func OpenKeeper(ctx context.Context, url string) (Keeper, error) {
	k, err := secrets.OpenKeeper(ctx, url)
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeConfig, Where: KeeperVariable, Message: "the key management service cannot be opened at this address",
			Remedy: "Write it as awskms://, gcpkms://, azurekeyvault:// or hashivault://, as docs/vault.md shows", Err: err}
	}
	return k, nil
}
