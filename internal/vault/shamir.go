package vault

import "crypto/rand"

// Two of three shares give a secret; one gives nothing. Each byte of the
// secret is where a line of its own, over the field of 256 elements with the
// polynomial of AES, meets x = 0; a share is the point of every line at one x
// (Shamir, How to Share a Secret, 1979).

// shares is how many there are, with x from 1.
const shares = 3

// split gives the points at x = 1, 2, 3.
func split(secret []byte) (points [shares][]byte) {
	slope := make([]byte, len(secret))
	_, _ = rand.Read(slope) // documented never to fail
	for i := range points {
		points[i] = make([]byte, len(secret))
		for j, s := range secret {
			points[i][j] = s ^ multiply(slope[j], byte(i+1)) // #nosec G115 -- below four
		}
	}
	return points
}

// join gives the secret from the points at two different x that are not 0.
func join(xa byte, a []byte, xb byte, b []byte) []byte {
	// Lagrange at 0: (a·xb + b·xa) / (xa + xb), where + and - are xor.
	divide := inverse(xa ^ xb)
	secret := make([]byte, len(a))
	for i := range a {
		secret[i] = multiply(multiply(a[i], xb)^multiply(b[i], xa), divide)
	}
	return secret
}

// multiply is the product in the field, without a branch or a table that
// would tell of the factors by the time it takes.
func multiply(a, b byte) (product byte) {
	for range 8 {
		product ^= a & -(b & 1)
		a = a<<1 ^ 0x1b&-(a>>7)
		b >>= 1
	}
	return product
}

// inverse is a to the 254th, as a to the 255th is 1.
func inverse(a byte) byte {
	out := byte(1)
	for range 254 {
		out = multiply(out, a)
	}
	return out
}
