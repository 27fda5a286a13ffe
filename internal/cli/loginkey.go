package cli

import "github.com/weirhq/weir"

// newLogin is a login to be written into the user's own file.
func newLogin(address string, key weir.Secret) login {
	return login{Server: address, Key: key.Expose()}
}
