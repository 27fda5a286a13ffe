package vault_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/weirhq/weir"
)

func TestWhatWasSealedOpens(t *testing.T) {
	v, _ := newVault(t)
	for _, text := range []string{"", "x", "päss wörd\x00", string(make([]byte, 1<<16))} {
		s, err := v.Seal(binding(1), weir.NewSecret(text))
		must(t, err)
		if len(text) > 1 && bytes.Contains(s.Sealed, []byte(text)) {
			t.Error("the value lies open in what is stored")
		}
		got, err := v.OpenFor(binding(1), s)
		must(t, err)
		if got.Expose() != text {
			t.Errorf("%d bytes came back as %d", len(text), len(got.Expose()))
		}
	}
}

func TestEverySingleBitFlipOfARecordIsRefused(t *testing.T) {
	v, _ := newVault(t)
	s := seal(t, v, 1)
	for bit := range len(s.Sealed) * 8 {
		flipped := s
		flipped.Sealed = bytes.Clone(s.Sealed)
		flipped.Sealed[bit/8] ^= 1 << (bit % 8)
		if _, err := v.Open(flipped); weir.CodeOf(err) != weir.CodeIntegrity {
			t.Fatalf("bit %d: %v", bit, err)
		}
	}
	for cut := range len(s.Sealed) {
		short := s
		short.Sealed = s.Sealed[:cut]
		if _, err := v.Open(short); weir.CodeOf(err) != weir.CodeIntegrity {
			t.Fatalf("cut after %d bytes: %v", cut, err)
		}
	}
	s.Sealed = append(s.Sealed, 0)
	_, err := v.Open(s)
	refused(t, err, weir.CodeIntegrity)
}

func TestASecretOpensUnderNoOtherFieldOfItsBinding(t *testing.T) {
	v, _ := newVault(t)
	s := seal(t, v, 7)
	typ := reflect.TypeFor[weir.Binding]()
	for i := range typ.NumField() {
		for _, more := range []int64{1, -1, 1 << 40} {
			other := s
			field := reflect.ValueOf(&other.Binding).Elem().Field(i)
			if field.CanInt() {
				field.SetInt(field.Int() + more)
			} else {
				field.SetString(field.String() + "x")
			}
			_, err := v.Open(other)
			refused(t, err, weir.CodeIntegrity)
			_, err = v.OpenFor(s.Binding, other)
			refused(t, err, weir.CodeIntegrity)
			_, err = v.Rewrap(other)
			refused(t, err, weir.CodeIntegrity)
		}
	}
	// What moves from the end of one field to the beginning of the next is another binding too.
	b := binding(7)
	b.Kind, b.Origin = b.Kind+"h", b.Origin[1:]
	_, err := v.Open(weir.SealedSecret{Binding: b, Key: s.Key, Sealed: s.Sealed})
	refused(t, err, weir.CodeIntegrity)
}

func TestSecretsSwappedBetweenRowsAreRefused(t *testing.T) {
	v, _ := newVault(t)
	const rows = 400
	all := make([]weir.SealedSecret, rows)
	for i := range all {
		all[i] = seal(t, v, int64(i+1))
	}
	swaps := 10_000
	if testing.Short() {
		swaps = 1_000
	}
	r := random()
	for range swaps {
		a, b := r.IntN(rows), r.IntN(rows-1)
		if b >= a {
			b++
		}
		moved := all[a]
		moved.Sealed = all[b].Sealed
		if _, err := v.Open(moved); weir.CodeOf(err) != weir.CodeIntegrity {
			t.Fatalf("row %d opened what was sealed for row %d: %v", a, b, err)
		}
	}
}

func TestAnOlderVersionPutBackIsRefused(t *testing.T) {
	v, _ := newVault(t)
	old := seal(t, v, 1)
	now := old.Binding
	now.Version++
	// The whole row as it was, and its value alone in the new row.
	_, err := v.OpenFor(now, old)
	refused(t, err, weir.CodeIntegrity, "version")
	_, err = v.OpenFor(now, weir.SealedSecret{Binding: now, Key: old.Key, Sealed: old.Sealed})
	refused(t, err, weir.CodeIntegrity)
}

func TestASecretOfAnotherDatabaseIsRefused(t *testing.T) {
	a, _ := newVault(t)
	b, _ := newVault(t)
	s := seal(t, a, 1)
	_, err := b.Open(s)
	refused(t, err, weir.CodeIntegrity, "a key that the keyring does not have")
	s.Key = seal(t, b, 1).Key // the key is looked up, never tried
	_, err = b.Open(s)
	refused(t, err, weir.CodeIntegrity)
}

func TestErrorsHoldNoValue(t *testing.T) {
	v, _ := newVault(t)
	s := seal(t, v, 3)
	broken := s
	broken.Sealed = s.Sealed[1:]
	lost := s
	lost.Key = "0000000000000000"
	for _, one := range []weir.SealedSecret{broken, lost} {
		_, err := v.Open(one)
		refused(t, err, weir.CodeIntegrity, "credential 3, api_key", "enter the secret again")
		if bytes.Contains([]byte(err.Error()), []byte("canary")) {
			t.Errorf("%v", err)
		}
	}
}

func TestAResealedSecretHasAKeyOfItsOwnAgain(t *testing.T) {
	v, _ := newVault(t)
	s := seal(t, v, 1)
	again, err := v.Reseal(s)
	must(t, err)
	opens(t, v, again, 1)
	if bytes.Contains(again.Sealed, s.Sealed[len(s.Sealed)-20:]) {
		t.Error("the value was carried along")
	}
	wrapped, err := v.Rewrap(s)
	must(t, err)
	opens(t, v, wrapped, 1)
	if !bytes.HasSuffix(wrapped.Sealed, s.Sealed[len(s.Sealed)-20:]) || bytes.Equal(wrapped.Sealed, s.Sealed) {
		t.Error("a re-wrap changes the head and nothing else")
	}
}

func FuzzOpen(f *testing.F) {
	m := &memory{}
	v := fuzzVault(f, m)
	good := seal(f, v, 1)
	f.Add(good.Sealed)
	f.Add([]byte{})
	f.Add(good.Sealed[:94])
	f.Fuzz(func(t *testing.T, sealed []byte) {
		s := good
		s.Sealed = sealed
		got, err := v.Open(s)
		if bytes.Equal(sealed, good.Sealed) {
			return
		}
		if !got.IsZero() || weir.CodeOf(err) != weir.CodeIntegrity {
			t.Fatalf("%v", err)
		}
		if _, err := v.Rewrap(s); err == nil && !bytes.Equal(sealed[:94], good.Sealed[:94]) {
			t.Fatal("a head that was not sealed was re-wrapped")
		}
	})
}
