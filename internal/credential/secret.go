package credential

import (
	"encoding/base64"

	"github.com/weirhq/weir"
)

// open takes a value out of its wrapping, to be cleaned and checked before it
// is sealed. Nothing else in this package sees a value.
func open(s weir.Secret) string { return s.Expose() }

// Basic is what HTTP's basic authentication sends after the word Basic.
func Basic(user string, password weir.Secret) weir.Secret {
	return weir.NewSecret(base64.StdEncoding.EncodeToString([]byte(user + ":" + password.Expose())))
}
