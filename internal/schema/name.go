package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
)

// nameLimit is how long a name may be before its hash: Postgres cuts names at
// 63 bytes without a word, so that two long ones become one.
const nameLimit = 50

// snake turns a field's path into a name of [a-z0-9_]: eventType.id becomes
// event_type_id.
func snake(path string) string {
	var b strings.Builder
	var last rune
	for _, r := range path {
		switch {
		case r >= 'A' && r <= 'Z':
			if last >= 'a' && last <= 'z' || last >= '0' && last <= '9' {
				b.WriteByte('_')
			}
			b.WriteRune(unicode.ToLower(r))
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && last != '_':
			b.WriteByte('_')
			r = '_'
		default:
			r = last
		}
		last = r
	}
	name := strings.TrimRight(b.String(), "_")
	if strings.HasPrefix(path, "_weir_") {
		name = "source_" + name
	}
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "f_" + name
	}
	return name
}

// fit makes a name short enough and free: a name that is cut or taken gets
// eight digits of its path's hash.
func fit(name, path string, taken map[string]bool) string {
	if len(name) <= nameLimit && !taken[name] {
		return name
	}
	sum := sha256.Sum256([]byte(path))
	return strings.TrimRight(name[:min(len(name), nameLimit)], "_") + "_" + hex.EncodeToString(sum[:4])
}

// singular is good enough for the names of datasets: bookings → booking.
func singular(name string) string {
	if strings.HasSuffix(name, "ies") {
		return strings.TrimSuffix(name, "ies") + "y"
	}
	return strings.TrimSuffix(name, "s")
}
