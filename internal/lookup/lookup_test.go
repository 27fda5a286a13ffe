package lookup_test

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/lookup"
)

func read(t *testing.T, row string) lookup.Entry {
	t.Helper()
	e, err := lookup.ReadRow(jsontext.Value(row), "k", "row")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestARowKeepsTheDigitsOfItsNumbers(t *testing.T) {
	e := read(t, `{ "z": 1.50, "k": 9007199254740993 ,"a":"ä\u0041" }`)
	if e.Key != "9007199254740993" || string(e.Row) != `{"a":"äA","k":9007199254740993,"z":1.50}` {
		t.Errorf("key %q of %s", e.Key, e.Row)
	}
}

func TestARowThatCannotBeIsRefusedByItsPlace(t *testing.T) {
	wide := map[string]int{"k": 1}
	for i := range lookup.MaxColumns {
		wide["c"+strings.Repeat("x", i%30)+string(rune('a'+i/30))] = i
	}
	many, err := json.Marshal(wide)
	if err != nil {
		t.Fatal(err)
	}
	for row, where := range map[string]string{
		`[]`: "row", `"k"`: "row", `null`: "row", string(many): "row",
		`{}`: "row.k", `{"k":null}`: "row.k", `{"k":true}`: "row.k", `{"k":""}`: "row.k", `{"k":"a\nb"}`: "row.k",
		`{"k":"` + strings.Repeat("x", lookup.MaxKey+1) + `"}`:     "row.k",
		`{"k":1,"a":"` + strings.Repeat("x", lookup.MaxRow) + `"}`: "row",
		`{"k":1,"a":{}}`: "row.a", `{"k":1,"a":[1]}`: "row.a",
		`{"k":1,"":1}`: "row", `{"k":1," a":1}`: "row", `{"k":1,"a\tb":1}`: "row", `{"k":1,"` + strings.Repeat("x", lookup.MaxColumn+1) + `":1}`: "row",
		`{"k":1,"cal_live_0123456789abcdef0123456789abcdef":{}}`: "row", // it may be a key in the wrong place, and is not repeated
	} {
		_, err := lookup.ReadRow(jsontext.Value(row), "k", "row")
		var e *weir.Error
		if weir.CodeOf(err) != weir.CodeUsage || !errors.As(err, &e) || e.Where != where || e.Remedy == "" || strings.Contains(err.Error(), "cal_live") {
			t.Errorf("%.60s: %v, want about %s", row, err, where)
		}
	}
}

func TestOneKeyIsThereOnce(t *testing.T) {
	_, err := lookup.Read("rows", []jsontext.Value{[]byte(`{"k":"7"}`), []byte(`{"k":8}`), []byte(`{"k":7}`)}, "k")
	if weir.CodeOf(err) != weir.CodeUsage || !strings.Contains(err.Error(), "rows[2].k: row 0 ") {
		t.Errorf("%v", err)
	}
}

func TestColumnsSayWhatTheRowsHaveNow(t *testing.T) {
	c := lookup.Columns{}
	first, second := read(t, `{"k":1,"a":"x","b":null}`), read(t, `{"k":2.5,"a":true}`)
	c.Add(first.Values, 1)
	c.Add(second.Values, 1)
	want := map[string]any{"k": map[string]any{"type": "number"}, "a": map[string]any{"type": []string{"boolean", "string"}}, "b": map[string]any{"type": "null"}}
	if diff := cmp.Diff(want, c.Schema()["properties"]); diff != "" {
		t.Error(diff)
	}
	c.Add(first.Values, -1)
	if diff := cmp.Diff(map[string]any{"k": map[string]any{"type": "number"}, "a": map[string]any{"type": "boolean"}}, c.Schema()["properties"]); diff != "" {
		t.Error(diff)
	}
	c.Add(second.Values, -1)
	if len(c) != 0 {
		t.Errorf("left is %v", c)
	}
}

func TestDefaultsStandForWhatARowDoesNotHave(t *testing.T) {
	defaults, err := lookup.ReadDefaults([]byte(`{"city":"unknown","zip":0,"k":"x"}`), "d")
	if err != nil {
		t.Fatal(err)
	}
	row := read(t, `{"k":1,"city":null,"open":true}`).Values
	if diff := cmp.Diff(map[string]string{"k": "1", "city": "unknown", "zip": "0", "open": "true"}, lookup.Macros(row, defaults)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"k": "1", "open": "true"}, lookup.Macros(row, nil)); diff != "" {
		t.Error(diff)
	}
	got, err := lookup.Default("de", "k", defaults)
	if err != nil || string(got) != `{"city":"unknown","k":"de","zip":0}` {
		t.Errorf("%s, %v", got, err)
	}
}

func TestALookupThatIsTooLargeIsRefusedWithItsLimit(t *testing.T) {
	wide := lookup.Columns{}
	for i := range lookup.MaxColumns + 1 {
		wide[strings.Repeat("x", i+1)] = map[string]int{"string": 1}
	}
	for limit, err := range map[string]error{
		"50000":    lookup.CheckSize("f", lookup.MaxEntries+1, 0, nil),
		"16777216": lookup.CheckSize("f", 0, lookup.MaxBytes+1, nil),
		"100":      lookup.CheckSize("f", 0, 0, wide),
	} {
		if weir.CodeOf(err) != weir.CodeUsage || !strings.Contains(err.Error(), "at most "+limit+" ") {
			t.Errorf("%s: %v", limit, err)
		}
	}
	if err := lookup.CheckSize("f", lookup.MaxEntries, lookup.MaxBytes, nil); err != nil {
		t.Errorf("at the limit: %v", err)
	}
}

func TestCommasStandBetweenKeysAndInsideWhenTheyAreEscaped(t *testing.T) {
	for path, want := range map[string][]string{
		"a": {"a"}, "a,b": {"a", "b"}, "a%2Cb": {"a,b"}, "a%2cb,c": {"a,b", "c"}, "%C3%A4": {"ä"}, "a,a,%61": {"a"}, "%2A": {"*"}, "a%2Fb": {"a/b"}, "%3Da,a": {"=a", "a"},
	} {
		k, err := lookup.ParseKeys(path)
		if err != nil || !slices.Equal(k.Exact, want) || len(k.Patterns) > 0 {
			t.Errorf("%s: %q, %v", path, k.Exact, err)
		}
	}
	for _, path := range []string{"", "a,", ",a", "a,,b", "%", "%zz", "%FF", strings.Repeat("a,", lookup.MaxKeys) + "b"} {
		if _, err := lookup.ParseKeys(path); weir.CodeOf(err) != weir.CodeUsage {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestAStarStandsForAnyText(t *testing.T) {
	k, err := lookup.ParseKeys("de-*,*.(x)*%2A,a")
	if err != nil || !slices.Equal(k.Exact, []string{"a"}) {
		t.Fatalf("%+v, %v", k, err)
	}
	for key, want := range map[string]bool{"de-": true, "de-1": true, "xde-1": false, "a": false, ".(x)*": true, "1.(x)2*": true, "1.(x)2": false, "1.x2*": false} {
		if k.Fits(key) != want {
			t.Errorf("%s: %v", key, !want)
		}
	}
}

// Any text that is written as a key in a path is read as that key.
func FuzzKeysAreReadAsTheyWereWritten(f *testing.F) {
	f.Add("a,b", "*")
	f.Add("..", "%2C")
	f.Add("ä", " ")
	f.Fuzz(func(t *testing.T, a, b string) {
		write := func(key string) string { return strings.ReplaceAll(url.PathEscape(key), "*", "%2A") }
		k, err := lookup.ParseKeys(write(a) + "," + write(b))
		if a == "" || b == "" || !utf8.ValidString(a) || !utf8.ValidString(b) {
			if err == nil {
				t.Error("a key that no row can have was taken")
			}
			return
		}
		want := []string{a, b}
		if a == b {
			want = want[:1]
		}
		if err != nil || !slices.Equal(k.Exact, want) || len(k.Patterns) > 0 {
			t.Errorf("%q and %q: %q, %v", a, b, k.Exact, err)
		}
	})
}

// A row that is taken is read again as it was stored, with the same key.
func FuzzARowThatIsStoredIsReadAsItIs(f *testing.F) {
	f.Add(`{"k":1e5,"a":null}`)
	f.Add(`{"k":"ä","b":-0.0}`)
	f.Fuzz(func(t *testing.T, row string) {
		e, err := lookup.ReadRow(jsontext.Value(row), "k", "row")
		if err != nil {
			return
		}
		again, err := lookup.ReadRow(e.Row, "k", "row")
		if err != nil || again.Key != e.Key || string(again.Row) != string(e.Row) {
			t.Errorf("%s is stored as %s and read as %s, %v", row, e.Row, again.Row, err)
		}
	})
}

// A line of names as long as a file may be is refused before names are compared.
func TestAFileOfTooManyColumnsIsRefusedByItsFirstLine(t *testing.T) {
	_, err := lookup.ReadCSV([]byte(strings.Repeat("a,", 1_000_000)+"a\n"), "file", nil)
	if weir.CodeOf(err) != weir.CodeUsage && weir.CodeOf(err) != weir.CodeData && weir.CodeOf(err) != weir.CodeConfig || !strings.Contains(err.Error(), "1000001 columns") {
		t.Error(err)
	}
	rows, err := lookup.ReadCSV([]byte("key,'=x\na,'=1\n"), "file", func(text string) string { return strings.TrimPrefix(text, "'") })
	if err != nil || len(rows) != 1 || string(rows[0]) != `{"=x":"=1","key":"a"}` {
		t.Errorf("%s %v", rows, err)
	}
}
