package rest

import (
	"bytes"
	"net/http"

	"github.com/weirhq/weir"
)

// authorize puts the key into the request: the last hop, and the only place
// where a header is made from a secret.
func authorize(r *http.Request, o ClientOptions) {
	if !o.Key.IsZero() {
		r.Header.Set(o.AuthHeader, o.AuthPrefix+o.Key.Expose())
	}
}

// withoutKey takes the key out of an answer: a server that repeats what it was
// sent would otherwise put it into an error, a sample or a table.
func withoutKey(body []byte, key weir.Secret) []byte {
	if key.IsZero() {
		return body
	}
	return bytes.ReplaceAll(body, []byte(key.Expose()), []byte(key.String()))
}
