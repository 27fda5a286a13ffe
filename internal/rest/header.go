package rest

import (
	"net/textproto"
	"strings"

	"github.com/weirhq/weir"
)

// ownHeaders belong to the client or the transport. An Idempotency-Key makes
// Go's transport send a request again by itself, also a POST (measured).
var ownHeaders = map[string]bool{
	"Host": true, "Content-Length": true, "Transfer-Encoding": true, "Connection": true, "Keep-Alive": true, "Te": true, "Trailer": true,
	"Upgrade": true, "Expect": true, "Accept-Encoding": true, "Proxy-Authorization": true, "Idempotency-Key": true, "X-Idempotency-Key": true,
	"If-None-Match": true, "If-Modified-Since": true, "Range": true,
}

// checkHeader refuses a header that would become another one, or that is not
// a configuration's to set.
func checkHeader(name, value string) error {
	wrong := func(what string) error {
		return &weir.Error{Code: weir.CodeConfig, Where: "header", Message: what, Remedy: "Leave it out of the configuration"}
	}
	switch {
	case name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("()<>@,;:\\\"/[]?={}", r) }):
		return wrong("a header's name is not one")
	case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
		return wrong("a header has a line break in it")
	case ownHeaders[textproto.CanonicalMIMEHeaderKey(name)]:
		return wrong("the header " + name + " is Weir's own to set")
	}
	return nil
}
