package backup

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"

	"filippo.io/age"

	"github.com/weirhq/weir"
)

// ageHeader begins every file that age has encrypted.
const ageHeader = "age-encryption.org/"

// nopCloser is a writer that somebody else closes.
type nopCloser struct{ io.Writer }

// Close implements io.Closer.
func (nopCloser) Close() error { return nil }

// encrypt gives what to write into so that only the recipients can read it;
// without any, out itself.
func encrypt(out io.Writer, to []age.Recipient) (io.WriteCloser, error) {
	if len(to) == 0 {
		return nopCloser{out}, nil
	}
	return age.Encrypt(out, to...)
}

// decrypt gives the archive itself, whether it was encrypted or not.
func decrypt(path string, in io.Reader, identities []age.Identity) (io.Reader, error) {
	b := bufio.NewReader(in)
	begin, err := b.Peek(len(ageHeader))
	if err != nil || string(begin) != ageHeader {
		return b, nil //nolint:nilerr // the archive's reader says what is wrong with it
	}
	if len(identities) == 0 {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: path, Message: "this backup is encrypted", Remedy: "Name the file with the age identity that may read it: --identity FILE"}
	}
	plain, err := age.Decrypt(b, identities...)
	if none := new(age.NoIdentityMatchError); errors.As(err, &none) {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: path, Message: "this backup was encrypted to others: the identity does not open it", Remedy: "Name the identity of the recipient that it was made for: --identity FILE", Err: err}
	}
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeIntegrity, Where: path, Message: "it is damaged", Remedy: "Use another copy", Err: err}
	}
	return plain, nil
}

// Recipients reads age recipients ("age1…"), who may read a backup.
func Recipients(texts ...string) (all []age.Recipient, err error) {
	for _, text := range texts {
		found, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil { // its text repeats what was given, which may be an identity by mistake
			return nil, &weir.Error{Code: weir.CodeUsage, Where: "--encrypt-to", Message: "this is no age recipient", Remedy: "Give the public line that age-keygen prints: age1…"}
		}
		all = append(all, found...)
	}
	return all, nil
}

// Identities reads a file of age identities ("AGE-SECRET-KEY-1…"); none for "".
func Identities(path string) ([]age.Identity, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path) // #nosec G304 -- the operator names the file
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "--identity", Message: err.Error(), Remedy: "Name the file that age-keygen made", Err: err}
	}
	defer func() { _ = f.Close() }() // only read
	all, err := age.ParseIdentities(f)
	if err != nil { // its text may repeat a line of the file
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "--identity", Message: "this file holds no age identity", Remedy: "Name the file that age-keygen made"}
	}
	return all, nil
}
