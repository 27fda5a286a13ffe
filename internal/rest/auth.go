package rest

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// authorize puts the key into the request: the last hop, and the only place
// where a header is made from a secret.
func authorize(r *http.Request, o ClientOptions) {
	if !o.Key.IsZero() {
		r.Header.Set(o.AuthHeader, o.AuthPrefix+o.Key.Expose())
	}
}

// shortestForm is how long another spelling of a key must be to be looked for:
// a shorter one is anywhere by chance.
const shortestForm = 8

// spellings are the forms in which a server repeats a key that it was sent: as it
// is, in JSON, in an address, and in base64, alone or with the header's prefix.
func spellings(o ClientOptions) (all [][]byte) {
	if o.Key.IsZero() {
		return nil
	}
	key := o.Key.Expose()
	all = append(all, []byte(key))
	for _, form := range []string{
		strings.ReplaceAll(key, "/", `\/`), strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(key), url.QueryEscape(key), url.PathEscape(key),
		base64.RawStdEncoding.EncodeToString([]byte(key)), base64.RawURLEncoding.EncodeToString([]byte(key)),
		base64.RawStdEncoding.EncodeToString([]byte(o.AuthPrefix + key)), base64.RawURLEncoding.EncodeToString([]byte(o.AuthPrefix + key)),
	} {
		if len(form) >= shortestForm && !slices.ContainsFunc(all, func(b []byte) bool { return string(b) == form }) {
			all = append(all, []byte(form))
		}
	}
	return all
}

// withoutKey takes the key out of an answer: a server that repeats what it was
// sent would otherwise put it into an error, a sample or a table.
func (c *Client) withoutKey(body []byte) []byte {
	for _, form := range c.spellings {
		body = bytes.ReplaceAll(body, form, []byte(c.o.Key.String()))
	}
	return body
}

// headersWithoutKey does the same to an answer's headers: one of them may be the
// next address.
func (c *Client) headersWithoutKey(h http.Header) {
	for _, values := range h {
		for i, value := range values {
			values[i] = string(c.withoutKey([]byte(value)))
		}
	}
}
