package transform

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
)

// mask puts something else in the place of what nobody is to see. Null stays
// null.
type mask struct {
	changes
	make func(string) string
}

// mostKept is how many characters keep_last may leave.
const mostKept = 100

// The ways of masking.
const (
	maskReplace  = "replace"
	maskKeepLast = "keep_last"
	maskHash     = "sha256"
)

func newMask(s *spec) step {
	m := &mask{changes: changes{paths: s.paths(), typ: weir.TypeText}}
	with, keep, salt := s.value("with"), s.value("characters"), s.value("salt")
	switch method := s.text("method"); method {
	case maskReplace:
		other := "***"
		if with != nil {
			other = s.text("with")
		}
		m.make = func(string) string { return other }
	case maskKeepLast:
		n := 4
		if keep != nil && (json.Unmarshal(keep, &n) != nil || n < 1 || n > mostKept) {
			s.refuse("characters", fmt.Sprintf("it is no number from 1 to %d", mostKept), "Say how many characters stay")
		}
		m.make = func(text string) string { return keepLast(text, n) }
	case maskHash:
		before := s.text("salt")
		m.make = func(text string) string {
			sum := sha256.Sum256([]byte(before + text))
			return hex.EncodeToString(sum[:])
		}
	default:
		s.refuse("method", "it says not how", "Use replace, keep_last or sha256")
	}
	for _, odd := range []struct {
		field, method string
		there         bool
	}{{"with", maskReplace, with != nil}, {"characters", maskKeepLast, keep != nil}, {"salt", maskHash, salt != nil}} {
		if odd.there && s.text("method") != odd.method {
			s.refuse(odd.field, "it belongs to the method "+odd.method, "Leave it out, or use that method")
		}
	}
	return m
}

// keepLast leaves the last n characters, but never more than half of them: of
// a short text nearly all would be seen.
func keepLast(text string, n int) string {
	all := []rune(text)
	n = min(n, len(all)/2)
	return strings.Repeat("*", len(all)-n) + string(all[len(all)-n:])
}

func (m *mask) apply(root *value) (bool, error) {
	for _, path := range m.paths {
		err := leaves(root, path, func(leaf *value) error {
			if leaf.kind() != 'n' {
				leaf.set(quote(m.make(leaf.plain())))
			}
			return nil
		})
		if err != nil {
			return true, err
		}
	}
	return true, nil
}
