package weir_test

import (
	"math"
	"testing"
	"time"

	"github.com/weirhq/weir"
)

var types = []weir.Type{weir.TypeBool, weir.TypeInt, weir.TypeFloat, weir.TypeText, weir.TypeTime, weir.TypeJSON}

func TestTypesWidenTheSameInAnyOrder(t *testing.T) {
	for _, a := range types {
		for _, b := range types {
			if a.With(b) != b.With(a) || a.With(a) != a {
				t.Errorf("%s with %s is %s, and the other way round %s", a, b, a.With(b), b.With(a))
			}
			for _, c := range types {
				if got, want := a.With(b).With(c), a.With(b.With(c)); got != want {
					t.Errorf("%s, %s and %s are %s, or %s", a, b, c, got, want)
				}
			}
		}
	}
	if got := weir.TypeInt.With(weir.TypeFloat); got != weir.TypeFloat {
		t.Errorf("int with float is %s", got)
	}
}

func TestAValueFitsItsTypeAndNoOther(t *testing.T) {
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		value any
		fits  []weir.Type
	}{
		{nil, types}, {true, []weir.Type{weir.TypeBool}}, {int64(1), []weir.Type{weir.TypeInt}}, {1.5, []weir.Type{weir.TypeFloat}},
		{"x", []weir.Type{weir.TypeText, weir.TypeJSON}}, {at, []weir.Type{weir.TypeTime}},
		{math.NaN(), nil}, {math.Inf(-1), nil}, {at.AddDate(8000, 0, 0), nil}, {7, nil}, {[]byte("x"), nil},
	} {
		for _, typ := range types {
			fits := false
			for _, f := range c.fits {
				fits = fits || f == typ
			}
			if err := typ.Check(c.value); (err == nil) != fits {
				t.Errorf("%v as %s: %v", c.value, typ, err)
			}
		}
	}
}
