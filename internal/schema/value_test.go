package schema

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
)

func TestNoNumberIsRounded(t *testing.T) {
	for literal, want := range map[string]any{
		`1`: int64(1), `-0`: int64(0), `9007199254740993`: int64(9007199254740993), `9223372036854775807`: int64(9223372036854775807),
		`9223372036854775808`: "9223372036854775808", `1e400`: "1e400", `1e-400`: "1e-400", `0.1`: 0.1, `10.0`: 10.0, `1e3`: 1000.0, `-0.0`: 0.0, `5e-324`: 5e-324,
		`0.1000000000000000055`: "0.1000000000000000055", strings.Repeat("7", 100): strings.Repeat("7", 100),
		`123456789012345678901.5`: "123456789012345678901.5",
	} {
		v := jsontext.Value(literal)
		if got := convert(v, columnType(kindOf(v))); got != want {
			t.Errorf("%s: got %v (%T), want %v", literal, got, got, want)
		}
	}
	spec := Spec{Dataset: "n", PrimaryKey: []string{"id"}}
	const exact = `{"id":1,"n":9007199254740993}`
	s := newSchema(t, spec, exact, `{"id":2,"n":0.5}`)
	if got := cells(t, s, exact, "n", 0, "n")[0]; got != "9007199254740993" {
		t.Errorf("an integer that no float holds met a float, and became %v (%T)", got, got)
	}
}

func TestOnlyTimesThatComeBackAsTheyWereAreTimes(t *testing.T) {
	for text, want := range map[string]any{
		"2026-11-07T07:39:59.019Z":         time.Date(2026, 11, 7, 7, 39, 59, 19e6, time.UTC),
		"2026-11-07T07:39:59+14:00":        time.Date(2026, 11, 6, 17, 39, 59, 0, time.UTC),
		"2026-11-07T07:39:59.123456Z":      time.Date(2026, 11, 7, 7, 39, 59, 123456000, time.UTC),
		"2026-11-07T07:39:59.1234560000Z":  "text",
		"2026-11-07T07:39:59.1234567Z":     "text",
		"2026-11-07 07:39:59Z":             "text",
		"2026-11-07T07:39:59":              "text",
		"2026-11-07":                       "text",
		"2026-11-07T07:39:60Z":             "text",
		"2026-11-07T7:39:59Z+0000":         "text",
		"2026-11-07T07:39:59,5Z":           "text",
		"0000-01-01T00:00:00Z":             "text",
		"0001-01-01T00:00:00+14:00":        "text",
		"9999-12-31T23:59:59-14:00":        "text",
		"10000-01-01T00:00:00Z":            "text",
		"2026-02-30T00:00:00Z":             "text",
		"2026-11-07T07:39:59.12345678901Z": "text",
	} {
		v := jsontext.Value(`"` + text + `"`)
		got := convert(v, kindOf(v))
		if want == "text" {
			want = text
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", text, d)
		}
	}
}

func TestEveryPathGetsAPlainNameOfItsOwn(t *testing.T) {
	seen := map[string]string{}
	for i := range 100_000 {
		path := fmt.Sprintf("%s%d", strings.Repeat("é'; DROP TABLE x --\x00", i%4), i)
		if i%3 == 0 {
			path = strings.Repeat("long", 20) + path
		}
		name := columnName(path, nil)
		if !plain(name) {
			t.Fatalf("%q became %q", path, name)
		}
		if other, ok := seen[name]; ok && i%12 != 4 {
			t.Errorf("%q and %q became %q", path, other, name)
		}
		seen[name] = path
	}
	for path, want := range map[string]string{
		"eventType.id": "event_type_id", "iCalUID": "i_cal_uid", "HTTPServer": "http_server", "userID2": "user_id2", "a-b c": "a_b_c",
		"_weir_hash": "weir_hash", "id": "id", "": "value",
	} {
		if got := columnName(path, nil); got != want {
			t.Errorf("%s became %s, want %s", path, got, want)
		}
	}
}

func FuzzObserve(f *testing.F) {
	f.Add([]byte(booking))
	f.Add([]byte(`{"a":[{"b":1},{"b":"x"}],"a.b":1,"uid":"1"}`))
	f.Add([]byte(`{"a":[1,{"b":1}],"uid":"\ud800"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := New(bookings, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Observe(weir.Record{Data: data}); err != nil {
			return
		}
		fits(t, s, []string{string(data)})
		saved, err := s.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		again, err := New(bookings, saved)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(s.Layout(weir.ModeUpsert), again.Layout(weir.ModeUpsert)); d != "" {
			t.Error(d)
		}
	})
}

func BenchmarkObserve(b *testing.B) {
	s, _ := New(bookings, nil)
	r := record(booking)
	b.SetBytes(int64(len(booking)))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = s.Observe(r)
	}
}

func BenchmarkChange(b *testing.B) {
	s, _ := New(bookings, nil)
	r := record(booking)
	_, _ = s.Observe(r)
	b.SetBytes(int64(len(booking)))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = s.Change(r, 1, 0, "run", weir.ModeUpsert)
	}
}
