package weir

import (
	"strings"
	"unicode"
)

// mostClipped is how much of a foreign text is shown, in characters.
const mostClipped = 200

// Clip shortens a foreign text and takes out what could not be printed: what
// a terminal obeys, and what makes text look like other text.
func Clip(s string) string {
	// Cut before it is looked at: it may have megabytes.
	cut := len(s) > 8*mostClipped
	if cut {
		s = s[:8*mostClipped]
	}
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if r := []rune(s); len(r) > mostClipped {
		return string(r[:mostClipped]) + "…"
	}
	if cut {
		s += "…"
	}
	return s
}
