package netguard

import (
	"net/url"
	"strings"

	"github.com/weirhq/weir"
)

// ParseOrigin reduces the address of an API to its origin, scheme, host and
// port, in its one form: no other spelling has a budget or a secret of its own.
func ParseOrigin(text string) (string, error) {
	refuse := func(message string) error {
		return &weir.Error{Code: weir.CodeUsage, Message: message, Remedy: "Use https://api.cal.com, https://api.cal.eu, or the address of your own Cal.com API"}
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || strings.Trim(u.Hostname(), ".") == "":
		return "", refuse("this is not an address")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", refuse("an address has no user, query or fragment")
	case strings.Trim(u.Path, "/") != "" && strings.Trim(u.Path, "/") != "v2":
		return "", refuse("the address ends after the host; the paths are Weir's")
	case u.Scheme != "https" && u.Scheme != "http":
		return "", refuse("only https (and http on loopback) is spoken")
	}
	return Origin(u), nil
}

// Origin is the origin of a URL in its one form.
func Origin(u *url.URL) string {
	host, port := strings.TrimSuffix(strings.ToLower(u.Hostname()), "."), strings.TrimLeft(u.Port(), "0")
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	scheme := strings.ToLower(u.Scheme)
	if port == "" || port == map[string]string{"http": "80", "https": "443"}[scheme] {
		return scheme + "://" + host
	}
	return scheme + "://" + host + ":" + port
}
