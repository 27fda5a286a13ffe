package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/weirhq/weir"
)

// form is a kind of token: its name, an underscore, 43 random base62 digits
// (256 bits), an underscore, and the CRC-32 of all before as 6 digits. The
// name lets scanners of source code find a token that leaked; the sum keeps a
// mistyped one from the database.
type form string

// The forms of tokens.
const (
	sessionForm form = "wst" // a session
	keyForm     form = "wsk" // a service key
	deviceForm  form = "wdv" // a browser that has signed in before
	linkForm    form = "wln" // a link that sets a password
	setupForm   form = "wsu" // the first start
	browserForm form = "wbr" // a browser that went to an identity provider
	stateForm   form = "wos" // what comes back from it
)

const (
	base62     = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	randomSize = 43 // digits: 62^43 is just over 2^256
	sumSize    = 6  // digits: 62^6 is more than 2^32
)

// make gives a new token.
func (f form) make() string {
	b := append([]byte(f), '_')
	var raw [randomSize]byte
	for missing := randomSize; missing > 0; {
		_, _ = rand.Read(raw[:missing]) // never fails
		for _, r := range raw[:missing] {
			if r < 4*62 { // each digit as likely as any other
				b = append(b, base62[r%62])
				missing--
			}
		}
	}
	return string(b) + "_" + sum(string(b))
}

// fits reports whether the token has this form and its sum is right.
func (f form) fits(token string) bool {
	body, ok := strings.CutPrefix(token, string(f)+"_")
	if !ok || len(body) != randomSize+1+sumSize || body[randomSize] != '_' {
		return false
	}
	for _, c := range []byte(body[:randomSize]) {
		if strings.IndexByte(base62, c) < 0 {
			return false
		}
	}
	end := len(token) - sumSize
	return token[end:] == sum(token[:end-1])
}

func sum(s string) string {
	n := crc32.ChecksumIEEE([]byte(s))
	var out [sumSize]byte
	for i := range out {
		out[sumSize-1-i] = base62[n%62]
		n /= 62
	}
	return string(out[:])
}

// digest is what is stored of a token. It needs no salt and no time: 256
// random bits cannot be guessed.
func digest(token string) []byte {
	d := sha256.Sum256([]byte(token))
	return d[:]
}

// LooksLikeKey reports whether the text has the form of a service key, without
// asking the database.
func LooksLikeKey(text string) bool { return keyForm.fits(text) }

// LooksLikeSession reports whether the text has the form of a session token,
// without asking the database.
func LooksLikeSession(text string) bool { return sessionForm.fits(text) }

// mistyped is the error for a token whose form is wrong.
func mistyped(what string) error {
	return &weir.Error{Code: weir.CodeAuth, Where: what, Message: fmt.Sprintf("this is no %s", what), Remedy: "Copy all of it, from the first letter to the last"}
}
