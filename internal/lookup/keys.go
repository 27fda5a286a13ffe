package lookup

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Keys say which rows a request means: some by their keys, and all whose key
// fits one of the patterns.
type Keys struct {
	Exact    []string // each once
	Patterns []*regexp.Regexp
}

// ParseKeys reads the keys at the end of a path as it was sent, with its
// escapes: a comma stands between two keys, and * for any text. %2C and %2A
// are the characters themselves.
func ParseKeys(escaped string) (k Keys, err error) {
	parts := strings.Split(escaped, ",")
	if len(parts) > MaxKeys {
		return k, refuse("keys", fmt.Sprintf("these are %d keys, and at most %d are taken at once", len(parts), MaxKeys), "Ask in several requests")
	}
	seen, exact := map[string]bool{}, map[string]bool{}
	for _, part := range parts {
		key, err := url.PathUnescape(part)
		switch {
		case err != nil, !utf8.ValidString(key):
			return k, refuse("keys", "they cannot be read", "Write special characters as %XX, a comma inside a key as %2C and a star as %2A")
		case key == "":
			return k, refuse("keys", "one of them is empty", "Write them as k1,k2, and a comma inside a key as %2C")
		case seen[part]:
			continue
		}
		seen[part] = true
		if strings.Contains(part, "*") {
			k.Patterns = append(k.Patterns, pattern(part))
		} else if !exact[key] {
			exact[key] = true
			k.Exact = append(k.Exact, key)
		}
	}
	return k, nil
}

// pattern makes an expression of a key in which * stands for any text. Its
// time is linear in the key's length.
func pattern(part string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for i, piece := range strings.Split(part, "*") {
		if i > 0 {
			b.WriteString(".*")
		}
		text, _ := url.PathUnescape(piece) // the whole could be read, and * is in no escape
		b.WriteString(regexp.QuoteMeta(text))
	}
	b.WriteString(`\z`)
	return regexp.MustCompile(b.String())
}

// Fits reports whether a pattern means the key.
func (k Keys) Fits(key string) bool {
	for _, p := range k.Patterns {
		if p.MatchString(key) {
			return true
		}
	}
	return false
}
