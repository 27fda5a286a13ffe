package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// nameLimit is how long a name may be before its hash: Postgres cuts names at
// 63 bytes without a word, so that two long ones become one.
const nameLimit = 50

// hashDigits is the length of the hash that follows some names.
const hashDigits = 8

// snake turns a path into a name of [a-z0-9_] that begins with a letter:
// eventType.id becomes event_type_id. Lossy means that letters were left out,
// so that another path may well have the same name by accident.
func snake(path string) (name string, lossy bool) {
	b := make([]byte, 0, len(path)+8)
	word := func() {
		if len(b) > 0 && b[len(b)-1] != '_' {
			b = append(b, '_')
		}
	}
	for i := range len(path) {
		c := path[i]
		switch {
		case c >= 'A' && c <= 'Z':
			if i > 0 && (isLower(path[i-1]) || isDigit(path[i-1]) || isUpper(path[i-1]) && i+1 < len(path) && isLower(path[i+1])) {
				word()
			}
			b = append(b, c|0x20)
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			b = append(b, c)
		default:
			lossy = lossy || c >= 0x80 || c < ' '
			word()
		}
	}
	name = strings.TrimRight(string(b), "_")
	if name == "" || name[0] <= '9' {
		return "f_" + name, true
	}
	return name, lossy
}

// camel reports whether a path is the camel-case form of its name: userId is
// that of user_id, while UserId, userID and user_id are not.
func camel(path string) bool {
	name, _ := snake(path)
	var b strings.Builder
	for i, word := range strings.Split(name, "_") {
		if i > 0 && word != "" {
			word = strings.ToUpper(word[:1]) + word[1:]
		}
		b.WriteString(word)
	}
	return b.String() == path
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }
func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// columnName is the name of a path's column. Reserved names, names cut short
// and lossy ones get the hash of the path.
func columnName(path string, reserved map[string]bool) string {
	if path == "" {
		return columnValue
	}
	name, lossy := snake(path)
	if lossy || len(name) > nameLimit || reserved[name] || looksHashed(name) {
		return hashed(name, path)
	}
	return name
}

// hashed cuts a name and gives it the first digits of its path's hash.
func hashed(name, path string) string {
	sum := sha256.Sum256([]byte(path))
	name = strings.TrimRight(name[:min(len(name), nameLimit)], "_")
	return name + "_" + hex.EncodeToString(sum[:hashDigits/2])
}

// looksHashed reports whether a plain name could be taken for a hashed one.
func looksHashed(name string) bool {
	i := len(name) - hashDigits - 1
	return i >= 0 && name[i] == '_' && strings.Trim(name[i+1:], "0123456789abcdef") == ""
}

// tableName is a free name for the table of a dataset or an array.
func tableName(text, path string, taken map[string]bool) string {
	name, lossy := snake(text)
	if lossy || len(name) > nameLimit || taken[name] {
		name = hashed(name, path)
	}
	taken[name] = true
	return name
}

// singular is good enough for the names of datasets: bookings → booking.
func singular(name string) string {
	switch {
	case strings.HasSuffix(name, "ies"):
		return strings.TrimSuffix(name, "ies") + "y"
	case strings.HasSuffix(name, "ss"), strings.HasSuffix(name, "us"):
		return name
	}
	return strings.TrimSuffix(name, "s")
}
