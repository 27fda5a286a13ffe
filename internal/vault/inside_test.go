package vault

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir"
)

func TestAnyTwoPointsGiveTheSecretAndOneGivesNothing(t *testing.T) {
	for range 200 {
		secret := randomKey()
		points := split(secret)
		for a := range points {
			for b := range points {
				if a != b && !bytes.Equal(join(byte(a+1), points[a], byte(b+1), points[b]), secret) {
					t.Fatalf("points %d and %d give another secret", a+1, b+1)
				}
			}
		}
	}
	// Whatever one point is, every secret has a slope that gives it.
	for x := byte(1); x <= shares; x++ {
		seen := map[byte]bool{}
		for slope := range 256 {
			seen[multiply(byte(slope), x)] = true
		}
		if len(seen) != 256 {
			t.Errorf("a point at %d tells of the secret", x)
		}
	}
}

func TestTheFieldIsAField(t *testing.T) {
	if got := multiply(0x57, 0x83); got != 0xc1 { // the example of FIPS 197
		t.Errorf("%#x", got)
	}
	for a := range 256 {
		a := byte(a)
		if multiply(a, 1) != a || multiply(a, 0) != 0 || a != 0 && multiply(a, inverse(a)) != 1 {
			t.Errorf("%#x breaks a law", a)
		}
		for b := range 256 {
			b := byte(b)
			if multiply(a, b) != multiply(b, a) || multiply(a, b^0x1d) != multiply(a, b)^multiply(a, 0x1d) {
				t.Fatalf("%#x and %#x break a law", a, b)
			}
		}
	}
}

func TestAKeyUnderAnIDThatIsNotItsOwnIsRefused(t *testing.T) {
	root, now := newRoot(), time.Now()
	wrap, derives := newKey(weir.KeyWraps, now), newKey(weir.KeyDerives, now)
	if _, err := unlock([]weir.StoredKey{wrap.seal(root, "db"), derives.seal(root, "db")}, root, "db"); err != nil {
		t.Fatal(err)
	}
	// Sealed by somebody who has the root key, under the id of another.
	wrap.ID = keyID(randomKey())
	_, err := unlock([]weir.StoredKey{wrap.seal(root, "db"), derives.seal(root, "db")}, root, "db")
	if weir.CodeOf(err) != weir.CodeConfig || !strings.Contains(err.Error(), "another's id") {
		t.Errorf("%v", err)
	}
}

func TestAKeyPutBackAsActiveIsRefused(t *testing.T) {
	root, now := newRoot(), time.Now()
	old, next, derives := newKey(weir.KeyWraps, now), newKey(weir.KeyWraps, now), newKey(weir.KeyDerives, now)
	_, err := unlock([]weir.StoredKey{old.seal(root, "db"), next.seal(root, "db"), derives.seal(root, "db")}, root, "db")
	if weir.CodeOf(err) != weir.CodeConfig || !strings.Contains(err.Error(), "tampered") {
		t.Errorf("%v", err)
	}
}

func TestARecordForTwoKeysIsRefusedByItsCommitment(t *testing.T) {
	b, kek, dek := weir.Binding{Credential: 1}, randomKey(), randomKey()
	r, err := parseRecord(sealRecord("db", b, kek, []byte("value")))
	if err != nil {
		t.Fatal(err)
	}
	// Everything about the other key is right but what the record commits to.
	r.wrapped = encrypt(kek, dek, bound("db", b, keyID(kek), purposeWrap))
	r.value = encrypt(derive(dek, purposeValue), []byte("other"), bound("db", b, "", purposeValue))
	if _, err := openRecord("db", b, kek, r.bytes()); err == nil {
		t.Error("it opened")
	}
}

func TestNoKeyCanBePrinted(t *testing.T) {
	r := Root{"canary-canary-canary-canary-cana"}
	for _, form := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{r, &r, []Root{r}, struct{ R Root }{r}, &Vault{ring: ring{root: r}}} {
			text := fmt.Sprintf(form, v)
			if strings.Contains(text, "canary") || strings.Contains(text, fmt.Sprintf("%x", "canary")) {
				t.Errorf("%s of %T: %s", form, v, text)
			}
		}
	}
}

func TestEachLetterOfAShareCounts(t *testing.T) {
	v := &Vault{store: fakeInstance{}, now: time.Now, ring: ring{root: newRoot()}}
	kit := v.RecoveryKit()
	for a := range kit {
		for b := range kit {
			if a == b {
				continue
			}
			root, err := rootOf(kit[a].Expose(), strings.ToLower(kit[b].Expose()))
			if err != nil || root != v.ring.root {
				t.Fatalf("shares %d and %d: %v", a+1, b+1, err)
			}
		}
	}
	found := grouped.FindString(kit[0].Expose())
	bare := strings.Join(strings.Fields(found), "")
	if _, err := parseShare(kit[0].Expose()); err != nil || len(bare) != shareLetters {
		t.Fatalf("%d letters: %v", len(bare), err)
	}
	for i := range bare {
		for _, c := range "A2" {
			if wrong := bare[:i] + string(c) + bare[i+1:]; wrong != bare {
				if _, err := parseShare(wrong); weir.CodeOf(err) != weir.CodeUsage {
					t.Fatalf("letter %d: %v", i, err)
				}
			}
		}
	}
	for _, two := range [][2]weir.Secret{{kit[0], kit[0]}, {kit[0], v.RecoveryKit()[1]}, {kit[0], weir.NewSecret("hello")}} {
		_, err := rootOf(two[0].Expose(), two[1].Expose())
		if weir.CodeOf(err) != weir.CodeUsage {
			t.Errorf("%v", err)
		}
	}
}

func FuzzParseShare(f *testing.F) {
	v := &Vault{store: fakeInstance{}, now: time.Now, ring: ring{root: newRoot()}}
	f.Add(v.RecoveryKit()[0].Expose())
	f.Add(strings.Repeat("ABCDE ", 16))
	f.Fuzz(func(t *testing.T, text string) {
		s, err := parseShare(text)
		if err == nil && (s.x < 1 || s.x > shares || len(s.y) != keySize) {
			t.Errorf("%+v", s)
		}
	})
}

type fakeInstance struct{ Keystore }

func (fakeInstance) InstanceID() string { return "instance" }

// FuzzParseRecord checks that what is taken apart is put together the same.
func FuzzParseRecord(f *testing.F) {
	b := make([]byte, 200)
	_, _ = rand.Read(b)
	f.Add(b)
	f.Add(append([]byte{formatOne, aesGCM}, b...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := parseRecord(b); err == nil && !bytes.Equal(r.bytes(), b) {
			t.Error("it came back as something else")
		}
	})
}
