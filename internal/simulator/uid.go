package simulator

import "strings"

// uidAlphabet is the one of the server's short ids: no 0, O, I or l.
const uidAlphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// halfUID is how many characters hold 64 bits.
const halfUID = 11

// appendUID writes the 22 characters of the uid that belongs to a tag: the tag
// itself and a scattered copy.
func appendUID(b []byte, tag uint64) []byte {
	return appendHalf(appendHalf(b, tag), mix(tag))
}

func appendHalf(b []byte, n uint64) []byte {
	var text [halfUID]byte
	for i := halfUID - 1; i >= 0; i-- {
		text[i] = uidAlphabet[n%58]
		n /= 58
	}
	return append(b, text[:]...)
}

func uidOf(tag uint64) string { return string(appendUID(nil, tag)) }

// tagOf reads a uid; ok is false when it was never written by appendUID.
func tagOf(uid string) (tag uint64, ok bool) {
	if len(uid) != 2*halfUID {
		return 0, false
	}
	for _, ch := range []byte(uid[:halfUID]) {
		i := strings.IndexByte(uidAlphabet, ch)
		if i < 0 {
			return 0, false
		}
		tag = tag*58 + uint64(i)
	}
	return tag, uidOf(tag) == uid
}

// seatUID is the uuid of one seat of a booking.
func seatUID(tag uint64, seat int) string {
	return uuidOf(tag, seat)
}
