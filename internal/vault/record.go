package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"

	"github.com/weirhq/weir"
)

// A sealed value, byte by byte. All parts but the last have one length.
//
//	1  format, always 1
//	1  algorithm, always 1: AES-256-GCM with a random nonce
//	32 commitment: GCM alone lets two keys open one ciphertext
//	60 the value's own key, wrapped
//	…  the value
const (
	formatOne  = 1
	aesGCM     = 1
	commitSize = sha256.Size
	gcmExtra   = 12 + 16 // nonce and tag
	wrapSize   = keySize + gcmExtra
	headSize   = 2 + commitSize + wrapSize
)

// record is a sealed value, taken apart.
type record struct {
	commitment, wrapped, value []byte
}

// errRecord is all that is told of why a value does not open: an attacker
// learns nothing from which check failed.
var errRecord = errors.New("vault: the record does not open")

func parseRecord(b []byte) (record, error) {
	if len(b) < headSize+gcmExtra || b[0] != formatOne || b[1] != aesGCM {
		return record{}, errRecord
	}
	b = b[2:]
	return record{commitment: b[:commitSize], wrapped: b[commitSize : commitSize+wrapSize], value: b[commitSize+wrapSize:]}, nil
}

func (r record) bytes() []byte {
	out := make([]byte, 0, headSize+len(r.value))
	out = append(out, formatOne, aesGCM)
	out = append(out, r.commitment...)
	out = append(out, r.wrapped...)
	return append(out, r.value...)
}

// Each part of a record is bound to its purpose.
const (
	purposeWrap   = "dek"    // the value's own key under a key of the keyring
	purposeCommit = "commit" // which keys and which place the record is for
	purposeValue  = "value"  // the value under its own key
	purposeRing   = "keyring"
)

// bound writes everything that a part of a record is bound to, each field
// with a number and its length, so that no two bindings have the same bytes.
// The value itself is not bound to the key that wraps its own: that one
// changes without the value being opened. The commitment is.
func bound(instance string, b weir.Binding, key, purpose string) []byte {
	if purpose == purposeValue {
		key = ""
	}
	return fields([]byte("weir/v1"), []byte{formatOne, aesGCM}, []byte(purpose), []byte(instance), number(b.Org), number(b.Credential),
		[]byte(b.Field), number(b.Version), []byte(b.Kind), []byte(b.Origin), []byte(key))
}

func fields(all ...[]byte) (out []byte) {
	for i, f := range all {
		out = append(out, byte(i+1))
		out = binary.BigEndian.AppendUint32(out, uint32(len(f))) // #nosec G115 -- fields are short
		out = append(out, f...)
	}
	return out
}

func number(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) } // #nosec G115 -- its bits are what counts

// commit ties a record to exactly one key of its own, and to all it is bound to.
func commit(dek, aad []byte) []byte {
	h := hmac.New(sha256.New, derive(dek, purposeCommit))
	h.Write(aad)
	return h.Sum(nil)
}

// encrypt seals with AES-256-GCM; the nonce is random and comes first.
func encrypt(key, plaintext, aad []byte) []byte {
	return gcm(key).Seal(nil, nil, plaintext, aad) // #nosec G407 -- this GCM makes its nonce itself, and takes none
}

func decrypt(key, ciphertext, aad []byte) ([]byte, error) {
	plain, err := gcm(key).Open(nil, nil, ciphertext, aad)
	if err != nil {
		return nil, errRecord
	}
	return plain, nil
}

func gcm(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only for another length
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // only for another block size
	}
	return aead
}

// keyID follows from the key, so an id never stands for another key.
func keyID(key []byte) string {
	sum := sha256.Sum256(append([]byte("weir-kek-id"), key...))
	return hex.EncodeToString(sum[:8])
}

// sealRecord seals a value with a key of its own under a key of the keyring.
func sealRecord(instance string, b weir.Binding, kek []byte, value []byte) []byte {
	id, dek := keyID(kek), randomKey()
	return record{
		commitment: commit(dek, bound(instance, b, id, purposeCommit)),
		wrapped:    encrypt(kek, dek, bound(instance, b, id, purposeWrap)),
		value:      encrypt(derive(dek, purposeValue), value, bound(instance, b, id, purposeValue)),
	}.bytes()
}

// unwrapRecord gives the key of a record's own, once its commitment holds.
func unwrapRecord(instance string, b weir.Binding, kek []byte, sealed []byte) (record, []byte, error) {
	r, err := parseRecord(sealed)
	if err != nil {
		return r, nil, err
	}
	id := keyID(kek)
	dek, err := decrypt(kek, r.wrapped, bound(instance, b, id, purposeWrap))
	if err != nil {
		return r, nil, err
	}
	if !hmac.Equal(commit(dek, bound(instance, b, id, purposeCommit)), r.commitment) {
		return r, nil, errRecord
	}
	return r, dek, nil
}

func openRecord(instance string, b weir.Binding, kek []byte, sealed []byte) ([]byte, error) {
	r, dek, err := unwrapRecord(instance, b, kek, sealed)
	if err != nil {
		return nil, err
	}
	return decrypt(derive(dek, purposeValue), r.value, bound(instance, b, "", purposeValue))
}

// rewrapRecord puts a record's own key under another key of the keyring. The
// value is carried along as it is.
func rewrapRecord(instance string, b weir.Binding, from, to []byte, sealed []byte) ([]byte, error) {
	r, dek, err := unwrapRecord(instance, b, from, sealed)
	if err != nil {
		return nil, err
	}
	id := keyID(to)
	r.commitment = commit(dek, bound(instance, b, id, purposeCommit))
	r.wrapped = encrypt(to, dek, bound(instance, b, id, purposeWrap))
	return r.bytes(), nil
}
