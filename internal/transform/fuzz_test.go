package transform_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir/internal/transform"
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func quoted(text string) string {
	out, _ := jsontext.AppendQuote(nil, text)
	return string(out)
}

// every is a program in which each operation meets each value.
func every() []transform.Rule {
	return rules("rename", `{"field":"a","to":"b"}`, "drop", `{"field":"c.d"}`, "flatten", `{"field":"e"}`, "default", `{"field":"f.g","value":1}`,
		"cast", `{"field":"h","to":"integer"}`, "cast", `{"field":"i","to":"timestamp"}`, "cast", `{"field":"j","to":"boolean"}`, "mask", `{"field":"k","method":"keep_last"}`,
		"trim", `{"field":"l.m"}`, "compute", `{"field":"n","expression":"string(row.b) + (row.o.p ?? \"\")"}`, "filter", `{"expression":"row.q != 1"}`, "require", `{"expression":"row.r != 1","because":"r is 1"}`, "keep", `{"fields":["b","n","l.m"]}`)
}

func FuzzAnyRecord(f *testing.F) {
	for _, seed := range []string{booking, `{}`, `[]`, `null`, ``, `{"a":1,"b":2}`, `{"h":"1e5","i":"x","j":2}`, `{"e":{"a":{"a":1}},"f":[{"g":null},[[{}]]]}`, `{"a":"\ud800"}`, `{"r":1}`, "{\"a\":\"\xff\"}"} {
		f.Add([]byte(seed))
	}
	p, err := transform.Compile(every(), []string{"id"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got := p.Apply(data)
		switch got.Outcome {
		case transform.Failed:
			if got.Reason == "" {
				t.Error("it failed without a reason")
			}
		case transform.Filtered:
		default:
			if v := jsontext.Value(got.Data); v.Kind() != '{' || !v.IsValid() {
				t.Errorf("%q became %q", data, got.Data)
			}
		}
		if again := p.Apply(data); again.Outcome != got.Outcome || string(again.Data) != string(got.Data) {
			t.Errorf("%q: once %q, then %q", data, got.Data, again.Data)
		}
	})
}

func FuzzAnyExpression(f *testing.F) {
	for _, seed := range []string{`row.a`, `row.a ?? 1`, `join(map(row.attendees, .email), ",")`, `date(row.start).In(timezone("Europe/Berlin")).Hour()`, `row.title matches "^I"`, `{"a": [1, row]}`, `-row.duration ** 2 % 3`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		p, err := transform.Compile(rules("compute", `{"field":"x","expression":`+quoted(expression)+`}`), []string{"id"})
		if err != nil {
			return
		}
		if got := p.Apply([]byte(booking)); got.Outcome == transform.Changed && !jsontext.Value(got.Data).IsValid() {
			t.Errorf("%q made %q", expression, got.Data)
		}
	})
}

func BenchmarkApply(b *testing.B) {
	for name, all := range map[string][]transform.Rule{
		"rename, drop, lower": rules("rename", `{"field":"title","to":"subject"}`, "drop", `{"fields":["metadata","rating"]}`, "lower", `{"field":"attendees.email"}`),
		"filter":              rules("filter", `{"expression":"row.status == \"accepted\" && row.duration > 15"}`),
		"compute":             rules("compute", `{"field":"hours","expression":"row.duration / 60"}`),
		"mask by a hash":      rules("mask", `{"field":"attendees.email","method":"sha256","salt":"s"}`),
		"ten rules":           append(every()[1:11:11], rules("filter", `{"expression":"row.q != 1"}`)...),
	} {
		b.Run(name, func(b *testing.B) {
			p, err := transform.Compile(all, []string{"id"})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(booking)))
			for b.Loop() {
				if got := p.Apply([]byte(booking)); got.Outcome == transform.Failed {
					b.Fatal(got.Reason)
				}
			}
		})
	}
}
