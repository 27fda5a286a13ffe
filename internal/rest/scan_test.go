package rest

import (
	"bytes"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

// parsed reads an object's members, or an array's elements, with a parser.
func parsed(v jsontext.Value) (parts []string) {
	d := jsontext.NewDecoder(bytes.NewReader(v), strict...)
	if k := d.PeekKind(); k != '{' && k != '[' {
		return nil
	}
	_, _ = d.ReadToken()
	for d.PeekKind() != '}' && d.PeekKind() != ']' {
		part, err := d.ReadValue()
		if err != nil {
			return append(parts, err.Error())
		}
		parts = append(parts, string(part))
	}
	return parts
}

// scanned reads the same with the functions of scan.go.
func scanned(v jsontext.Value) (parts []string) {
	eachMember(v, func(quoted, value jsontext.Value) bool {
		parts = append(parts, string(quoted), string(value))
		return true
	})
	eachElement(v, func(value jsontext.Value) bool {
		parts = append(parts, string(value))
		return true
	})
	return parts
}

func FuzzScanningFindsWhatParsingFinds(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, ` { "a" : 1 , "b":[ 1,{"c":"]}"} ,null] } `, `{"a\"b":"\\","":{"x":{}}}`, `[1,-2.5e+7,true,"\u0022",[[]],{}]`, `"text"`, `12`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got := scanned(body) // whatever the bytes: it ends, within them
		if wellFormed(body) != nil {
			return
		}
		if d := cmp.Diff(parsed(body), got); d != "" {
			t.Errorf("%q (-parsed +scanned):\n%s", body, d)
		}
	})
}

func TestANameIsFoundHoweverItIsWritten(t *testing.T) {
	body := []byte(`{"a":{"b\u002ec":1,"d":null,"e":"x\ny"}}`)
	if got, ok := Field(body, "a.e"); !ok || got != "x\ny" {
		t.Errorf("a.e is %q, %t", got, ok)
	}
	if _, ok := Field(body, "a.d"); ok {
		t.Error("null counts as a value")
	}
	if v, ok := find(jsontext.Value(`{"b\u002ec":1}`), "b.c"); !ok || string(v) != "1" {
		t.Errorf("an escaped name gives %q, %t", v, ok)
	}
}
