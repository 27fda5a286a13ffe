package identity

import (
	"math"
	"strings"
	"testing"
)

func TestATokenSaysWhatItIsAndThatItIsWhole(t *testing.T) {
	for _, f := range []form{sessionForm, keyForm, deviceForm, linkForm, setupForm, browserForm, stateForm} {
		token := f.make()
		if !f.fits(token) || len(token) != 54 || strings.Count(token, "_") != 2 {
			t.Errorf("%s does not fit its own form", f)
		}
		for i := range token {
			other := []byte(token)
			if other[i]++; f.fits(string(other)) {
				t.Errorf("%s fits with byte %d changed", f, i)
			}
		}
		for _, part := range []string{token[:len(token)-1], token + "0", token[1:], " " + token, token + "\n", strings.ToUpper(token)} {
			if f.fits(part) {
				t.Errorf("%s fits %q", f, part[:4])
			}
		}
	}
	if LooksLikeKey(sessionForm.make()) || LooksLikeSession(keyForm.make()) {
		t.Error("one form fits another")
	}
}

func TestATokenHas256BitsAndNoTwoAreEqual(t *testing.T) {
	if bits := randomSize * math.Log2(62); bits < 256 {
		t.Errorf("%.1f bits", bits)
	}
	const n = 2000
	seen, digits := map[string]bool{}, [256]int{}
	for range n {
		token := keyForm.make()
		if seen[token] {
			t.Fatal("twice")
		}
		seen[token] = true
		for _, c := range []byte(token[4 : 4+randomSize]) {
			digits[c]++
		}
	}
	// Each digit is drawn n*43/62 times, give or take six deviations.
	want := float64(n*randomSize) / 62
	for _, c := range []byte(base62) {
		if off := math.Abs(float64(digits[c]) - want); off > 6*math.Sqrt(want) {
			t.Errorf("%c came %d times, want about %.0f", c, digits[c], want)
		}
	}
}

func FuzzTokens(f *testing.F) {
	for _, form := range []form{sessionForm, keyForm, setupForm} {
		f.Add(form.make())
	}
	f.Add("wst__")
	f.Add("wsk_" + strings.Repeat("\xff", 50))
	f.Fuzz(func(t *testing.T, token string) {
		if !LooksLikeSession(token) && !LooksLikeKey(token) {
			return
		}
		if len(token) != 54 || token[47] != '_' || token[48:] != sum(token[:47]) {
			t.Errorf("%q fits", token)
		}
	})
}
