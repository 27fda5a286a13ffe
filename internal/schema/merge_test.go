package schema

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/weirhq/weir"
)

var kinds = []weir.Type{unknown, weir.TypeBool, weir.TypeInt, bigInt, weir.TypeFloat, weir.TypeText, weir.TypeTime, weir.TypeJSON}

func TestWideningIsCommutativeAssociativeAndIdempotent(t *testing.T) {
	for _, a := range kinds {
		if widen(a, a) != a || widen(a, unknown) != a {
			t.Errorf("%s with itself or with nothing is not %s", a, a)
		}
		for _, b := range kinds {
			if widen(a, b) != widen(b, a) {
				t.Errorf("%s and %s", a, b)
			}
			for _, c := range kinds {
				if widen(a, widen(b, c)) != widen(widen(a, b), c) {
					t.Errorf("%s, %s and %s", a, b, c)
				}
			}
		}
	}
}

// anyValue draws JSON whose names meet often and whose types disagree.
func anyValue(depth int) *rapid.Generator[string] {
	scalar := rapid.SampledFrom([]string{`null`, `true`, `1`, `9007199254740993`, `1.5`, `1e400`, `"a"`, `"2026-01-02T03:04:05Z"`, `{}`, `[]`})
	if depth == 0 {
		return scalar
	}
	return rapid.OneOf(scalar, object(depth-1),
		rapid.Custom(func(t *rapid.T) string {
			a := rapid.SliceOfN(rapid.OneOf(scalar, object(depth-1)), 0, 3).Draw(t, "elements")
			return list('[', a, ']')
		}))
}

func object(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "aB", "a_b", "A", "a.b", "value", "position", "guests", "ä", ""}), 0, 4, rapid.ID).Draw(t, "names")
		var members []string
		for _, n := range names {
			members = append(members, fmt.Sprintf("%q:%s", n, anyValue(depth).Draw(t, "value")))
		}
		return list('{', members, '}')
	})
}

func list(open byte, parts []string, end byte) string {
	s := string(open)
	for i, p := range parts {
		if i > 0 {
			s += ","
		}
		s += p
	}
	return s + string(end)
}

func TestTheOrderOfRecordsDoesNotMatter(t *testing.T) {
	spec := Spec{Dataset: "things", PrimaryKey: []string{"uid"}, Children: []string{"guests"}, JSONFields: []string{"b.a"}, Columns: []Column{{"aB", weir.TypeInt}}}
	rapid.Check(t, func(rt *rapid.T) {
		records := rapid.SliceOfN(object(3), 1, 8).Draw(rt, "records")
		first := newSchema(t, spec, records...)
		rand.New(rand.NewPCG(1, 1)).Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		second := newSchema(t, spec, records...)
		a, _ := first.Bytes()
		b, _ := second.Bytes()
		if d := cmp.Diff(string(a), string(b)); d != "" {
			rt.Fatal(d)
		}
		if d := cmp.Diff(first.Layout(weir.ModeUpsert), second.Layout(weir.ModeUpsert)); d != "" {
			rt.Fatal(d)
		}
	})
}

func TestRowsFitTheirLayoutWhateverTheRecord(t *testing.T) {
	spec := Spec{Dataset: "things", PrimaryKey: []string{"uid"}, Children: []string{"guests"}}
	rapid.Check(t, func(rt *rapid.T) {
		var records []string
		for _, r := range rapid.SliceOfN(object(3), 1, 5).Draw(rt, "records") {
			if r == "{}" {
				r = `{"uid":"1"}`
			} else {
				r = r[:len(r)-1] + `,"uid":"1"}`
			}
			records = append(records, r)
		}
		s := newSchema(t, spec, records...)
		fits(rt, s, records)
	})
}

// fits checks that rows have a value of the right type for each column, and
// that the names are ones that every database takes, once each.
func fits(t interface {
	Helper()
	Fatalf(string, ...any)
}, s *Schema, records []string) {
	t.Helper()
	l := s.Layout(weir.ModeUpsert)
	for _, table := range l.Tables {
		seen := map[string]bool{}
		for _, c := range table.Columns {
			if seen[c.Name] || !plain(c.Name) {
				t.Fatalf("table %s: the name %q is not plain, or there twice", table.Name, c.Name)
			}
			seen[c.Name] = true
		}
	}
	for _, r := range records {
		c, reject := s.Change(record(r), 1, 0, "run", weir.ModeUpsert)
		if reject != nil {
			continue
		}
		for i, rows := range c.Rows {
			for _, row := range rows {
				if len(row) != len(l.Tables[i].Columns) {
					t.Fatalf("%d values for %d columns", len(row), len(l.Tables[i].Columns))
				}
				for j, v := range row {
					if !typed(v, l.Tables[i].Columns[j].Type) {
						t.Fatalf("%s: %T in the column %+v", r, v, l.Tables[i].Columns[j])
					}
				}
			}
		}
	}
}

func typed(v any, t weir.Type) bool {
	if s, ok := v.(string); ok {
		return t == weir.TypeText || t == weir.TypeJSON && jsontext.Value(s).IsValid()
	}
	return v == nil || map[string]weir.Type{"bool": weir.TypeBool, "int64": weir.TypeInt, "float64": weir.TypeFloat, "time.Time": weir.TypeTime}[fmt.Sprintf("%T", v)] == t
}

func plain(name string) bool {
	if name == "" || len(name) > 63 {
		return false
	}
	for _, c := range name {
		if c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return name[0] > '9'
}
