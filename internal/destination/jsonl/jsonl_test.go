package jsonl_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/destination/jsonl"
)

var columns = []weir.Column{
	{Name: "b", Type: weir.TypeBool}, {Name: "i", Type: weir.TypeInt}, {Name: "f", Type: weir.TypeFloat},
	{Name: "s", Type: weir.TypeText}, {Name: "t", Type: weir.TypeTime}, {Name: "j", Type: weir.TypeJSON},
}

func TestARowReadBackIsTheRowThatWasWritten(t *testing.T) {
	rows := [][]any{
		{true, int64(math.MaxInt64), 0.1, "naïve \"quoted\"\n\u2028", time.Date(2026, 3, 1, 12, 0, 0, 1000, time.UTC), `{"a":[1,null]}`},
		{false, int64(math.MinInt64), math.SmallestNonzeroFloat64, "", time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), `"text"`},
		{nil, nil, nil, nil, nil, nil},
		{nil, int64(0), -math.MaxFloat64, "\x00", time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC), "12345678901234567890"},
	}
	var b []byte
	for _, row := range rows {
		var err error
		if b, err = jsonl.AppendRow(b, columns, row); err != nil {
			t.Fatal(err)
		}
		b = append(b, '\n')
	}
	r := jsonl.NewReader(bytes.NewReader(b), columns)
	for _, want := range rows {
		got := make([]any, len(columns))
		if err := r.Read(got); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
	}
	if err := r.Read(make([]any, len(columns))); !errors.Is(err, io.EOF) {
		t.Errorf("after the last row: %v", err)
	}
}

func TestJSONOfSeveralLinesBecomesOneLine(t *testing.T) {
	b, err := jsonl.AppendValue(nil, weir.TypeJSON, "{\n \"a\": 1\r\n}")
	if err != nil || string(b) != `{"a":1}` {
		t.Errorf("%s, %v", b, err)
	}
}

func TestWhatJSONCannotHoldIsAnError(t *testing.T) {
	for _, v := range []any{math.NaN(), math.Inf(1), "\xff", 7, struct{}{}} {
		if b, err := jsonl.AppendValue(nil, weir.TypeText, v); err == nil {
			t.Errorf("%v became %s", v, b)
		}
	}
}

func TestATornLineIsAnErrorAndNotTheEnd(t *testing.T) {
	for _, s := range []string{`{"b":`, `{"b":true`, `[1]`, `{"i":"x"}`} {
		r := jsonl.NewReader(strings.NewReader(s), columns)
		if err := r.Read(make([]any, len(columns))); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func FuzzReaderNeverPanics(f *testing.F) {
	f.Add([]byte(`{"b":true,"i":1,"f":1.5,"s":"x","t":"2026-01-01T00:00:00.000000Z","j":{}}`))
	f.Add([]byte(`{"i":1e400}`))
	f.Fuzz(func(_ *testing.T, b []byte) {
		r := jsonl.NewReader(bytes.NewReader(b), columns)
		row := make([]any, len(columns))
		for range 1000 {
			if r.Read(row) != nil {
				return
			}
		}
	})
}
