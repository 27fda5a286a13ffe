package simulator

import (
	"net"
	"net/http"
	"strings"
)

// auth is what a route asks of its caller.
type auth int

const (
	authRequired    auth = iota // 401 without a credential
	authPermissions             // 403 without one: PermissionsGuard runs before authentication
	authOptional                // works without one, but a bad one is refused
)

// Messages as observed on 2026-11-23.
const (
	messageNoAuth       = "ApiAuthStrategy - No authentication method provided. Either pass an API key as 'Bearer' header or OAuth client credentials as 'x-cal-secret-key' and 'x-cal-client-id' headers"
	messageNoPermission = "PermissionsGuard - no authentication provided. Provide either authorization bearer token containing managed user access token or oAuth client id in 'x-cal-client-id' header."
	messageBadToken     = "Invalid Access Token."
	messageExpired      = "ApiAuthStrategy - api key - Your api key is expired"
	messageGone         = "ApiAuthStrategy - api key - Your api key is not valid"
	messageNobody       = "ApiAuthStrategy - api key - No user tied to this apiKey"
	messageUnknownKey   = "CustomThrottlerGuard - Invalid API Key"
)

// bearer takes the credential out of the Authorization header. The scheme is
// case-sensitive, and a bare key is accepted.
func bearer(r *http.Request) (token string, given bool) {
	values, given := r.Header["Authorization"]
	if !given {
		return "", false
	}
	return strings.Replace(values[0], "Bearer ", "", 1), true
}

// authenticate sets the call's user, or says why not.
func (s *Simulator) authenticate(c *call, kind auth) *answer {
	if !c.hasToken {
		if client := c.request.Header.Get("X-Cal-Client-Id"); client != "" {
			return c.fail(http.StatusUnauthorized, "ApiAuthStrategy - oAuth client - Client with ID "+client+" not found")
		}
		switch kind {
		case authOptional:
			return nil
		case authPermissions:
			return c.fail(http.StatusForbidden, messageNoPermission)
		}
		return c.fail(http.StatusUnauthorized, messageNoAuth)
	}
	switch {
	case c.gone:
		return c.fail(http.StatusUnauthorized, messageGone)
	case c.key.Name == "":
		return c.fail(http.StatusUnauthorized, messageBadToken)
	case c.key.expired(c.now):
		return c.fail(http.StatusUnauthorized, messageExpired)
	}
	if c.user = s.dir.user(c.key.user); c.user == nil {
		return c.fail(http.StatusUnauthorized, messageNobody)
	}
	return nil
}

// address is the caller's address without the port, by which anonymous
// requests are counted.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
