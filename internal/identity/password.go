package identity

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"github.com/weirhq/weir"
)

// Cost is what one computation of a password takes. The zero Cost is the
// usual one: 64 MiB, 3 passes, about 0.15 s.
type Cost struct {
	KiB    uint32 // of memory
	Passes uint32
}

func (c Cost) orUsual() Cost {
	if c == (Cost{}) {
		return Cost{KiB: 64 << 10, Passes: 3}
	}
	return c
}

func (c Cost) params() *argon2id.Params {
	return &argon2id.Params{Memory: c.KiB, Iterations: c.Passes, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

// The limits of a password. There are no rules about kinds of characters:
// length is what counts.
const (
	minPassword = 12   // characters
	maxPassword = 1024 // bytes
)

// acceptable refuses passwords that are too easy to guess.
func acceptable(password weir.Secret, login string) error {
	p := password.Expose()
	refuse := func(message string) error {
		return &weir.Error{Code: weir.CodeUsage, Where: "password", Message: message, Remedy: "Choose another one; a few words that do not belong together are good"}
	}
	switch {
	case utf8.RuneCountInString(p) < minPassword:
		return refuse(fmt.Sprintf("it has fewer than %d characters", minPassword))
	case len(p) > maxPassword:
		return refuse(fmt.Sprintf("it has more than %d bytes", maxPassword))
	case strings.EqualFold(p, login):
		return refuse("it is the e-mail address")
	case strings.Count(p, p[:1]) == len(p):
		return refuse("it is one character, repeated")
	}
	return nil
}

// peppered makes of a password what is hashed: a dump of the database alone
// does not let anybody try passwords.
func peppered(pepper []byte, password weir.Secret) string {
	h := hmac.New(sha256.New, pepper)
	h.Write([]byte("password\x00" + password.Expose()))
	return base64.RawStdEncoding.EncodeToString(h.Sum(nil))
}

// pepperName stands before a hash, so that after a change of keys one
// computation is enough to check it.
func pepperName(pepper []byte) string {
	h := hmac.New(sha256.New, pepper)
	h.Write([]byte("name"))
	return hex.EncodeToString(h.Sum(nil)[:4])
}

// hash computes what is stored of a new password.
func (s *Service) hash(ctx context.Context, password weir.Secret) (string, error) {
	leave, err := s.lanes.enter(ctx, true)
	if err != nil {
		return "", err
	}
	defer leave()
	return s.hashNow(password)
}

// hashNow is hash for who is in a lane already.
func (s *Service) hashNow(password weir.Secret) (string, error) {
	hash, err := argon2id.CreateHash(peppered(s.pepper, password), s.cost.params())
	return pepperName(s.pepper) + hash, err
}

// noPassword is a hash that nothing matches, and that costs the same to
// check: of an unknown user, and of one without a password.
func (s *Service) noPassword() string {
	salt, key := make([]byte, 16), make([]byte, 32)
	_, _ = rand.Read(salt) // never fails
	_, _ = rand.Read(key)
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("%s$argon2id$v=19$m=%d,t=%d,p=1$%s$%s", pepperName(s.pepper), s.cost.KiB, s.cost.Passes, b64(salt), b64(key))
}

// matches compares a password with a stored hash, "" for none. Stale says that
// the hash was made at another cost, or with another pepper, than today's. The
// caller is in a lane.
func (s *Service) matches(password weir.Secret, stored string) (ok, stale bool) {
	i := slices.IndexFunc(s.peppers, func(p []byte) bool { return strings.HasPrefix(stored, pepperName(p)+"$") })
	if i < 0 {
		stored, i = s.noPassword(), 0
	}
	name := pepperName(s.peppers[i])
	ok, made, err := argon2id.CheckHash(peppered(s.peppers[i], password), stored[len(name):])
	return err == nil && ok, err == nil && (i > 0 || *made != *s.cost.params())
}
