package credential

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
)

// bearer is the word that belongs to the header and not to the key.
var bearer = regexp.MustCompile(`(?i)^(authorization:\s*)?bearer\s+`)

// CleanKey removes what comes along when a key is copied: quotes, blanks,
// invisible characters at the ends, the word Bearer.
func CleanKey(s string) string {
	const around = " \t\r\n\"'`“”‘’\u00a0\u200b\u200c\u200d\ufeff"
	for {
		before := s
		s = bearer.ReplaceAllString(strings.Trim(s, around), "")
		if s == before {
			return s
		}
	}
}

// CheckKey refuses what certainly is no key of the connector's service,
// without repeating it.
func CheckKey(key string, d *connector.Definition) error {
	refuse := func(message, remedy string) error {
		return &weir.Error{Code: weir.CodeUsage, Reason: "key_malformed", Message: message, Remedy: remedy}
	}
	for _, r := range key {
		if r <= ' ' || r > '~' {
			return refuse("the key has a blank or another character inside that no key has", "Copy it again, whole and alone")
		}
	}
	known := false
	for _, form := range d.Auth.KeyForms {
		known = known || strings.HasPrefix(key, form)
	}
	switch {
	case key == "":
		return refuse("there is nothing in the key but blanks or quotes", "Copy it again")
	case !known:
		return refuse(fmt.Sprintf("this is not a %s API key: those begin with %s", d.Title, strings.Join(d.Auth.KeyForms, " or ")), "Copy the key as it was shown, prefix included")
	case len(key) < shortestKey:
		return refuse("the key is too short; a part of it is missing", "Copy it again, whole")
	case len(key) > longestKey:
		return refuse("this is far longer than a key", "Copy the key alone")
	}
	return nil
}

// What no key is shorter or longer than.
const (
	shortestKey = 12
	longestKey  = 512
)
