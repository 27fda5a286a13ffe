package vault

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/weirhq/weir"
)

// keySize is the length of every key here: root, keyring, and of each secret.
const keySize = 32

// Root is the root key. It cannot be printed; the zero Root is none.
type Root struct{ key string }

// newRoot makes a root key.
func newRoot() Root { return Root{string(randomKey())} }

// randomKey makes a key. crypto/rand ends the program where it cannot.
func randomKey() []byte {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // documented never to fail
	return key
}

// parseRoot reads a root key as text: 32 bytes in base64 or hex, with blanks
// around them. Errors do not repeat it.
func parseRoot(text string) (Root, error) {
	text = strings.TrimSpace(text)
	for _, decode := range []func(string) ([]byte, error){
		hex.DecodeString, base64.StdEncoding.DecodeString, base64.RawStdEncoding.DecodeString, base64.URLEncoding.DecodeString, base64.RawURLEncoding.DecodeString,
	} {
		key, err := decode(text)
		if err == nil && len(key) == keySize && strings.Trim(string(key), string(key[:1])) != "" {
			return Root{string(key)}, nil
		}
	}
	return Root{}, &weir.Error{Code: weir.CodeConfig, Message: "this is not a root key: one is 32 random bytes in base64 or hex",
		Remedy: "Put back the key that this database was made with; a new database needs none, or `openssl rand -base64 32`"}
}

// text is the root key as it lies in a file.
func (r Root) text() string { return base64.StdEncoding.EncodeToString([]byte(r.key)) + "\n" }

// derive gives the key for one purpose. What is known of one says nothing
// about the root or about another.
func (r Root) derive(purpose string) []byte { return derive([]byte(r.key), purpose) }

// ID names the root key without giving anything of it away: it is derived.
func (r Root) ID() string { return hex.EncodeToString(r.derive("root-id")[:8]) }

// IsZero reports whether there is no root key.
func (r Root) IsZero() bool { return r.key == "" }

// String implements fmt.Stringer without revealing the key.
func (r Root) String() string { return "[redacted]" }

// Format implements fmt.Formatter, so that no verb reaches the key.
func (r Root) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, r.String()) }

// derive is HKDF-SHA256 with the purpose under Weir's own name.
func derive(key []byte, purpose string) []byte {
	out, err := hkdf.Key(sha256.New, key, nil, "weir/v1/"+purpose, keySize)
	if err != nil {
		panic(err) // only for a length beyond 255 hashes
	}
	return out
}
