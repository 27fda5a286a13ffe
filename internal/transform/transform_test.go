package transform_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir/internal/transform"
)

// rules reads rules from operation and spec, one after the other.
func rules(pairs ...string) (all []transform.Rule) {
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, transform.Rule{Operation: pairs[i], Spec: jsontext.Value(pairs[i+1])})
	}
	return all
}

func compile(t testing.TB, all []transform.Rule) *transform.Program {
	t.Helper()
	p, err := transform.Compile(all, []string{"id"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// booking is a record with what rules can meet.
const booking = `{"attendees":[{"email":"Ada@Example.com","name":" Ada "},{"email":"b@x.io","name":"Bo"}],"duration":30,"eventType":{"id":7,"slug":"intro"},` +
	`"guests":["c@x.io"],"id":9007199254740993,"metadata":{},"price":12.50,"rating":null,"start":"2026-03-29T10:00:00+02:00","status":"accepted","title":"Intro"}`

func TestEachOperationDoesWhatItsNameSays(t *testing.T) {
	for _, test := range []struct {
		name, operation, spec, record, want string
	}{
		{"rename a field", "rename", `{"field":"title","to":"subject"}`, `{"id":1,"title":"x"}`, `{"id":1,"subject":"x"}`},
		{"rename within an object", "rename", `{"field":"eventType.slug","to":"key"}`, `{"eventType":{"id":7,"slug":"x"},"id":1}`, `{"eventType":{"id":7,"key":"x"},"id":1}`},
		{"rename within a list", "rename", `{"field":"a.b","to":"c"}`, `{"a":[{"b":1},{"b":2}],"id":1}`, `{"a":[{"c":1},{"c":2}],"id":1}`},
		{"rename the key", "rename", `{"field":"id","to":"booking_id"}`, `{"id":1}`, `{"booking_id":1}`},
		{"rename what is not there", "rename", `{"field":"x","to":"y"}`, `{"id":1}`, `{"id":1}`},
		{"drop", "drop", `{"fields":["title","eventType.id"]}`, `{"eventType":{"id":7,"slug":"x"},"id":1,"title":"t"}`, `{"eventType":{"slug":"x"},"id":1}`},
		{"drop within a list", "drop", `{"field":"attendees.email"}`, `{"attendees":[{"email":"e","name":"n"}],"id":1}`, `{"attendees":[{"name":"n"}],"id":1}`},
		{"keep, and the key with it", "keep", `{"fields":["a.b","c"]}`, `{"a":{"b":1,"x":2},"c":3,"d":4,"id":1}`, `{"a":{"b":1},"c":3,"id":1}`},
		{"keep lets nothing else through where a list holds more than objects", "keep", `{"fields":["a.b"]}`, `{"a":["secret",{"b":1,"c":2}],"id":1}`, `{"a":[{"b":1}],"id":1}`},
		{"keep drops what a path cannot lead through", "keep", `{"fields":["a.b"]}`, `{"a":"secret","id":1}`, `{"id":1}`},
		{"flatten", "flatten", `{"field":"eventType"}`, `{"eventType":{"id":7,"slug":"x"},"id":1}`, `{"eventType_id":7,"eventType_slug":"x","id":1}`},
		{"flatten with a prefix", "flatten", `{"field":"a","prefix":"z."}`, `{"a":{"b":{"c":1}},"id":1}`, `{"id":1,"z.b":{"c":1}}`},
		{"flatten leaves what is no object", "flatten", `{"field":"a"}`, `{"a":"x","id":1}`, `{"a":"x","id":1}`},
		{"default for null", "default", `{"field":"a","value":"none"}`, `{"a":null,"id":1}`, `{"a":"none","id":1}`},
		{"default for what is not there", "default", `{"field":"a","value":{"z":1,"b":2}}`, `{"id":1}`, `{"a":{"b":2,"z":1},"id":1}`},
		{"default stays away from a value", "default", `{"field":"a","value":1}`, `{"a":false,"id":1}`, `{"a":false,"id":1}`},
		{"trim", "trim", `{"field":"attendees.name"}`, `{"attendees":[{"name":" A "}],"id":1}`, `{"attendees":[{"name":"A"}],"id":1}`},
		{"lower", "lower", `{"fields":["a","b"]}`, `{"a":"ÄB","b":["X",5],"id":1}`, `{"a":"äb","b":["x",5],"id":1}`},
		{"upper", "upper", `{"field":"a"}`, `{"a":"größe","id":1}`, `{"a":"GRÖßE","id":1}`},
		{"mask by another text", "mask", `{"field":"a","method":"replace","with":"hidden"}`, `{"a":"x","id":1}`, `{"a":"hidden","id":1}`},
		{"mask an object", "mask", `{"field":"a","method":"replace"}`, `{"a":{"b":1},"id":1}`, `{"a":"***","id":1}`},
		{"mask all but the last", "mask", `{"field":"a","method":"keep_last","characters":4}`, `{"a":"+49 30 123456","id":1}`, `{"a":"*********3456","id":1}`},
		{"mask of a short text shows no more than half", "mask", `{"field":"a","method":"keep_last","characters":4}`, `{"a":"äöü","id":1}`, `{"a":"**ü","id":1}`},
		{"mask by a hash", "mask", `{"field":"a","method":"sha256","salt":"s"}`, `{"a":"x","id":1}`, `{"a":"ed9d68ce7eb48cfa0cb41e52fd3ad0e53a8e2f2c4de4e6ff4d7c7a2b9b0b6a2f","id":1}`},
		{"mask leaves null", "mask", `{"field":"a","method":"replace"}`, `{"a":null,"id":1}`, `{"a":null,"id":1}`},
		{"cast to text, with every digit", "cast", `{"field":"a","to":"string"}`, `{"a":12345678901234567890.10,"id":1}`, `{"a":"12345678901234567890.10","id":1}`},
		{"cast to a whole number", "cast", `{"fields":["a","b","c","d"],"to":"integer"}`, `{"a":" 42 ","b":5.00,"c":"123456789012345678901","d":"","id":1}`, `{"a":42,"b":5,"c":123456789012345678901,"d":null,"id":1}`},
		{"cast to a number", "cast", `{"field":"a","to":"number"}`, `{"a":"12.50","id":1}`, `{"a":12.50,"id":1}`},
		{"cast to a switch", "cast", `{"fields":["a","b","c"],"to":"boolean"}`, `{"a":"Yes","b":0,"c":true,"id":1}`, `{"a":true,"b":false,"c":true,"id":1}`},
		{"cast to a moment", "cast", `{"fields":["a","b","c"],"to":"timestamp"}`, `{"a":"2026-03-29T10:00:00+02:00","b":1774771200,"c":1774771200123,"id":1}`, `{"a":"2026-03-29T08:00:00Z","b":"2026-03-29T08:00:00Z","c":"2026-03-29T08:00:00.123Z","id":1}`},
		{"cast to a day", "cast", `{"field":"a","to":"date"}`, `{"a":"2026-03-29T00:30:00+02:00","id":1}`, `{"a":"2026-03-28","id":1}`},
		{"compute", "compute", `{"field":"hours","expression":"row.duration / 60"}`, `{"duration":30,"id":1}`, `{"duration":30,"hours":0.5,"id":1}`},
		{"compute within an object", "compute", `{"field":"a.b.c","expression":"upper(row.t)"}`, `{"id":1,"t":"x"}`, `{"a":{"b":{"c":"X"}},"id":1,"t":"x"}`},
		{"compute over a list", "compute", `{"field":"who","expression":"join(map(row.attendees, lower(.email)), \", \")"}`, `{"attendees":[{"email":"A"},{"email":"b"}],"id":1}`, `{"attendees":[{"email":"A"},{"email":"b"}],"id":1,"who":"a, b"}`},
		{"compute in a zone", "compute", `{"field":"hour","expression":"date(row.start).In(timezone(\"Europe/Berlin\")).Hour()"}`, `{"id":1,"start":"2026-03-29T10:00:00Z"}`, `{"hour":12,"id":1,"start":"2026-03-29T10:00:00Z"}`},
		{"compute copies a whole number with every digit", "compute", `{"field":"b","expression":"row.a"}`, `{"a":9007199254740993,"id":1}`, `{"a":9007199254740993,"b":9007199254740993,"id":1}`},
		{"a field that is not there is nil, however deep", "compute", `{"field":"b","expression":"row.a.b.c ?? \"none\""}`, `{"id":1}`, `{"b":"none","id":1}`},
		{"a field may be called as a function is", "compute", `{"field":"b","expression":"row.duration + row.now"}`, `{"duration":1,"id":1,"now":2}`, `{"b":3,"duration":1,"id":1,"now":2}`},
		{"names are sorted as canonical JSON sorts them", "rename", `{"field":"a","to":"\ufb01"}`, `{"a":1,"id":1,"😀":2}`, "{\"id\":1,\"😀\":2,\"\ufb01\":1}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if strings.Contains(test.spec, "sha256") {
				test.want = `{"a":"` + hashOf("sx") + `","id":1}`
			}
			got := compile(t, rules(test.operation, test.spec)).Apply([]byte(test.record))
			if got.Reason != "" || string(got.Data) != test.want {
				t.Errorf("got  %s %s\nwant %s", got.Data, got.Reason, test.want)
			}
			if same := test.record == test.want; same != (got.Outcome == transform.Same) {
				t.Errorf("the outcome is %d", got.Outcome)
			}
		})
	}
}

func TestRulesAreCarriedOutInTheirOrder(t *testing.T) {
	p := compile(t, rules("rename", `{"field":"title","to":"subject"}`, "upper", `{"field":"subject"}`, "compute", `{"field":"again","expression":"row.subject"}`, "drop", `{"field":"subject"}`))
	if got := p.Apply([]byte(`{"id":1,"title":"x"}`)); string(got.Data) != `{"again":"X","id":1}` {
		t.Errorf("got %s %s", got.Data, got.Reason)
	}
}

func TestAFilterLetsThroughWhatItIsTrueFor(t *testing.T) {
	p := compile(t, rules("filter", `{"expression":"row.status == \"accepted\" && row.duration > 15"}`))
	for record, want := range map[string]transform.Outcome{
		`{"duration":30,"id":1,"status":"accepted"}`:   transform.Same,
		`{"duration":10,"id":1,"status":"accepted"}`:   transform.Filtered,
		`{"duration":30,"id":1,"status":"cancelled"}`:  transform.Filtered,
		`{"duration":"30","id":1,"status":"accepted"}`: transform.Failed,
		`{"id":1,"status":"accepted"}`:                 transform.Failed,
	} {
		if got := p.Apply([]byte(record)); got.Outcome != want {
			t.Errorf("%s: %d (%s), want %d", record, got.Outcome, got.Reason, want)
		}
	}
}

func TestACheckFailsTheRecordsThatBreakIt(t *testing.T) {
	for spec, reason := range map[string]string{
		`{"expression":"row.end > row.start"}`:                                        "rule 2 (require): it is not true that row.end > row.start",
		`{"expression":"row.end > row.start","because":" it ends before it begins "}`: "rule 2 (require): it ends before it begins",
	} {
		p := compile(t, rules("drop", `{"field":"metadata"}`, "require", spec))
		for record, want := range map[string]transform.Result{
			`{"end":2,"id":1,"start":1}`:              {Outcome: transform.Same, Data: []byte(`{"end":2,"id":1,"start":1}`)},
			`{"end":2,"id":1,"metadata":1,"start":1}`: {Outcome: transform.Changed, Data: []byte(`{"end":2,"id":1,"start":1}`)},
			`{"end":1,"id":1,"start":1}`:              {Outcome: transform.Failed, Reason: reason},
			`{"id":1,"start":1}`:                      {Outcome: transform.Failed, Reason: "rule 2 (require): the expression meets a field that has no value; write ?? to say what stands for it, as in (row.duration ?? 0) > 15"},
		} {
			if got := p.Apply([]byte(record)); got.Outcome != want.Outcome || got.Reason != want.Reason || string(got.Data) != string(want.Data) {
				t.Errorf("%s of %s: %d %q %s, want %+v", spec, record, got.Outcome, got.Reason, got.Data, want)
			}
		}
		if p.Filters() {
			t.Error("a check is taken for a filter")
		}
	}
}

func TestAFailureNamesTheRuleAndNeverTheValue(t *testing.T) {
	for _, test := range []struct{ operation, spec, record, want string }{
		{"cast", `{"field":"a","to":"integer"}`, `{"a":"geheim","id":1}`, "rule 1 (cast): a is no whole number"},
		{"rename", `{"field":"a","to":"b"}`, `{"a":"geheim","b":2,"id":1}`, "rule 1 (rename): there is a field b already"},
		{"flatten", `{"field":"a"}`, `{"a":{"b":"geheim"},"a_b":2,"id":1}`, "rule 1 (flatten): there is a field a_b already"},
		{"compute", `{"field":"x","expression":"row.a - 1"}`, `{"a":"geheim","id":1}`, "rule 1 (compute): the expression does not fit"},
		{"compute", `{"field":"x","expression":"date(row.a).Year()"}`, `{"a":"geheim","id":1}`, "rule 1 (compute): the expression takes something for a time"},
		{"compute", `{"field":"x","expression":"row.a > 1"}`, `{"id":1}`, "rule 1 (compute): the expression meets a field that has no value"},
		{"compute", `{"field":"x","expression":"row.a[3]"}`, `{"a":["geheim"],"id":1}`, "rule 1 (compute): the expression takes an element"},
		{"compute", `{"field":"a.b","expression":"1"}`, `{"a":"geheim","id":1}`, "rule 1 (compute): a.b cannot be set: what should hold it is no object"},
	} {
		got := compile(t, rules(test.operation, test.spec)).Apply([]byte(test.record))
		if got.Outcome != transform.Failed || !strings.HasPrefix(got.Reason, test.want) || strings.Contains(got.Reason, "geheim") {
			t.Errorf("%s %s: %d %q, want %q", test.operation, test.spec, got.Outcome, got.Reason, test.want)
		}
	}
}

func TestWrongRulesAreRefusedByNumberAndFieldWithARemedy(t *testing.T) {
	for _, test := range []struct{ operation, spec, where string }{
		{"", `{}`, "rule 2"},
		{"explode", `{}`, "rule 2 explode"},
		{"rename", `[]`, "rule 2 rename.spec"},
		{"rename", `{"field":"a"}`, "rule 2 rename.to"},
		{"rename", `{"field":"a","to":"a"}`, "rule 2 rename.to"},
		{"rename", `{"field":"a","to":"id"}`, "rule 2 rename.to"},
		{"rename", `{"field":"a..b","to":"c"}`, "rule 2 rename.field"},
		{"drop", `{}`, "rule 2 drop.fields"},
		{"drop", `{"fields":[]}`, "rule 2 drop.fields"},
		{"drop", `{"field":"a","fields":["b"]}`, "rule 2 drop.fields"},
		{"drop", `{"field":"a","feld":1}`, "rule 2 drop.feld"},
		{"drop", `{"field":"id"}`, "rule 2 drop"},
		{"lower", `{"field":"id"}`, "rule 2 lower"},
		{"mask", `{"field":"id","method":"sha256"}`, "rule 2 mask"},
		{"cast", `{"field":"id","to":"string"}`, "rule 2 cast"},
		{"compute", `{"field":"id","expression":"1"}`, "rule 2 compute"},
		{"flatten", `{"field":"a","prefix":""}`, "rule 2 flatten.prefix"},
		{"cast", `{"field":"a","to":"money"}`, "rule 2 cast.to"},
		{"mask", `{"field":"a","method":"burn"}`, "rule 2 mask.method"},
		{"mask", `{"field":"a","method":"replace","characters":4}`, "rule 2 mask.characters"},
		{"mask", `{"field":"a","method":"keep_last","characters":0}`, "rule 2 mask.characters"},
		{"default", `{"field":"a"}`, "rule 2 default.value"},
		{"filter", `{"expression":""}`, "rule 2 filter.expression"},
		{"filter", `{"expression":"row.a +"}`, "rule 2 filter.expression"},
		{"filter", `{"expression":"\"text\""}`, "rule 2 filter.expression"},
		{"filter", `{"expression":"status == 1"}`, "rule 2 filter.expression"},
		{"require", `{}`, "rule 2 require.expression"},
		{"require", `{"expression":"\"text\""}`, "rule 2 require.expression"},
		{"require", `{"expression":"row.a == 1","because":1}`, "rule 2 require.because"},
		{"require", `{"expression":"row.a == 1","because":"two\nlines"}`, "rule 2 require.because"},
		{"require", `{"expression":"row.a == 1","because":"` + strings.Repeat("a", 201) + `"}`, "rule 2 require.because"},
		{"require", `{"expression":"row.a == 1","field":"a"}`, "rule 2 require.field"},
	} {
		_, err := transform.Compile(rules("drop", `{"field":"x"}`, test.operation, test.spec), []string{"id"})
		var e *transform.Error
		if !errors.As(err, &e) || e.Where() != test.where || e.Message == "" || e.Remedy == "" {
			t.Errorf("%s %s: %v, want one at %s", test.operation, test.spec, err, test.where)
		}
	}
}

func TestNothingUnboundOrUncertainIsOffered(t *testing.T) {
	for _, expression := range []string{
		"now()", "let a = row.x; a", "1..1000000", "reduce(row.a, #acc + #, \"\")", "repeat(row.a, 1000)", "row.a matches row.b", "fromJSON(row.a)", "toJSON(row)",
		"date(row.a).Local()", "date(row.a).Format(row.b)", "$env", "__step(1)", "__add(1, 2)", "row.a.foo()", "1; 2", "keys(row)", "get(__add, 1)", "timezone(\"Local\")",
	} {
		p, err := transform.Compile(rules("compute", `{"field":"x","expression":`+quoted(expression)+`}`), []string{"id"})
		if err != nil {
			continue
		}
		if got := p.Apply([]byte(booking)); got.Outcome != transform.Failed {
			t.Errorf("%s is offered: %s", expression, got.Data)
		}
	}
}

func TestAnExpressionThatDoesTooMuchFailsOneRecord(t *testing.T) {
	list := "[" + strings.TrimSuffix(strings.Repeat(`"aaaaaaaa",`, 2_000), ",") + "]"
	record := `{"big":"` + strings.Repeat("a", 100_000) + `","id":1,"list":` + list + `,"n":9223372036854775807}`
	for _, expression := range []string{
		"any(row.list, any(row.list, # == \"b\"))", "map(row.list, row.big + #)", "map(row.list, upper(row.big))", "map(row.list, row.list)",
		"replace(row.big, \"a\", \"aaaaaaaaaaaaaaaaaaaaaaaaa\")", "join(map(row.list, row.big))", "map(row.list, split(row.big, \"a\"))", "row.n + 1",
	} {
		got := compile(t, rules("compute", `{"field":"x","expression":`+quoted(expression)+`}`)).Apply([]byte(record))
		if got.Outcome != transform.Failed || got.Reason == "" {
			t.Errorf("%s: %d", expression, got.Outcome)
		}
	}
}

func TestFollowTellsWhereAFieldIsAfterwards(t *testing.T) {
	p := compile(t, rules("flatten", `{"field":"eventType"}`, "rename", `{"field":"eventType_id","to":"type"}`, "rename", `{"field":"id","to":"booking"}`,
		"cast", `{"field":"price","to":"string"}`, "cast", `{"field":"duration","to":"integer"}`, "drop", `{"field":"title"}`, "keep", `{"fields":["type","price","duration","attendees","eventType_slug"]}`))
	for path, want := range map[string]string{
		"eventType.id": "type int", "id": "booking int", "price": "price text", "duration": "duration ", "attendees.email": "attendees.email int", "title": "", "start": "",
	} {
		to, typ, kept := p.Follow(path, "int")
		if got := to + " " + string(typ); kept != (want != "") || kept && got != want {
			t.Errorf("%s: %q %v, want %q", path, got, kept, want)
		}
	}
	if got := p.Key(); len(got) != 1 || got[0] != "booking" {
		t.Errorf("the key is %v", got)
	}
}

func TestAProgramGivesTheSameForTheSame(t *testing.T) {
	p := compile(t, rules("compute", `{"field":"a","expression":"{\"z\": 1, \"b\": row.title, \"c\": row.attendees}"}`, "mask", `{"field":"attendees.email","method":"sha256"}`))
	first := p.Apply([]byte(booking))
	for range 20 {
		if again := p.Apply([]byte(booking)); string(again.Data) != string(first.Data) {
			t.Fatalf("once %s, then %s", first.Data, again.Data)
		}
	}
}

func TestRulesAreTheSameHoweverTheirTextIsWritten(t *testing.T) {
	of := func(operation, spec string) []transform.Rule {
		return []transform.Rule{{Operation: operation, Spec: jsontext.Value(spec)}}
	}
	was := of("default", `{"field":"a","value":{"x":1,"y":["A",12345678901234567890]}}`)
	for name, c := range map[string]struct {
		rules []transform.Rule
		same  bool
	}{
		"blanks":              {of("default", "{ \"field\" : \"a\",\n \"value\": {\"x\":1, \"y\":[\"A\", 12345678901234567890]} }"), true},
		"order of fields":     {of("default", `{"value":{"y":["A",12345678901234567890],"x":1},"field":"a"}`), true},
		"a character":         {of("default", `{"field":"\u0061","value":{"x":1,"y":["A",12345678901234567890]}}`), true},
		"a digit of many":     {of("default", `{"field":"a","value":{"x":1,"y":["A",12345678901234567891]}}`), false},
		"an order in a list":  {of("default", `{"field":"a","value":{"x":1,"y":[12345678901234567890,"A"]}}`), false},
		"a text for a number": {of("default", `{"field":"a","value":{"x":"1","y":["A",12345678901234567890]}}`), false},
		"another operation":   {of("drop", string(was[0].Spec)), false},
		"one more":            {append(of("drop", `{"field":"b"}`), was...), false},
		"no JSON":             {of("default", `{"field":`), false},
	} {
		if transform.Equal(was, c.rules) != c.same || transform.Equal(c.rules, was) != c.same || !transform.Equal(c.rules, c.rules) {
			t.Errorf("%s: same is %v", name, !c.same)
		}
	}
}

func TestAllThatIsWrongWithOneRuleIsTold(t *testing.T) {
	_, err := transform.Compile([]transform.Rule{{Operation: "rename", Spec: []byte(`{"feild":"a","to":7}`)}}, nil)
	var fields []string
	for _, e := range transform.AllOf(err) {
		if e.Rule != 1 || e.Operation != "rename" || e.Remedy == "" {
			t.Errorf("%+v", e)
		}
		fields = append(fields, e.Field)
	}
	if want := []string{"field", "to", "feild"}; !slices.Equal(fields, want) {
		t.Errorf("%v are told, not %v", fields, want)
	}
}
