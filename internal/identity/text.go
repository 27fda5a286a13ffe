package identity

import (
	"net/mail"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/weirhq/weir"
)

const (
	maxEmail = 254 // characters, RFC 5321
	maxName  = 200 // bytes
	maxText  = 4000
)

// printable makes a text fit to be stored and shown: valid, on one line, at
// most n bytes.
func printable(text string, n int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text)
	if len(text) > n {
		text = strings.ToValidUTF8(text[:n], "")
	}
	return strings.TrimSpace(text)
}

// loginOf is an e-mail address as it is compared.
func loginOf(email string) string { return strings.ToLower(printable(email, maxEmail)) }

// emailAddress refuses what is no plain e-mail address.
func emailAddress(text string) (email, login string, err error) {
	email = strings.TrimSpace(text)
	a, err := mail.ParseAddress(email)
	if err != nil || a.Address != email || len(email) > maxEmail || email != printable(email, maxEmail) {
		return "", "", &weir.Error{Code: weir.CodeUsage, Where: "e-mail", Message: "this is no e-mail address", Remedy: "Write it as name@example.com"}
	}
	return email, loginOf(email), nil
}

// named refuses an empty or overlong name.
func named(what, text string) (string, error) {
	name := printable(text, maxName+1)
	if name == "" || len(name) > maxName {
		return "", &weir.Error{Code: weir.CodeUsage, Where: what, Message: "it is empty or too long", Remedy: "Write between 1 and 200 characters"}
	}
	return name, nil
}

func formatID(id int64) string { return strconv.FormatInt(id, 10) }

// SameAddress reports whether two e-mail addresses are one and the same user's.
func SameAddress(a, b string) bool { return loginOf(a) == loginOf(b) }
