package rest

import "net/http"

// authorize puts the key into the request: the last hop, and the only place
// where a header is made from a secret.
func authorize(r *http.Request, o ClientOptions) {
	if !o.Key.IsZero() {
		r.Header.Set(o.AuthHeader, o.AuthPrefix+o.Key.Expose())
	}
}
