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

// withoutKey takes the key out of a refusal: a server that repeats what it was
// sent would otherwise put it into an error.
func withoutKey(body []byte, status int, key weir.Secret) []byte {
	if key.IsZero() || status < http.StatusBadRequest {
		return body
	}
	return bytes.ReplaceAll(body, []byte(key.Expose()), []byte(key.String()))
}
