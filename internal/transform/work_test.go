package transform

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// computing is a program that computes an expression n times.
func computing(t testing.TB, expression string, n int) *Program {
	t.Helper()
	quoted, err := jsontext.AppendQuote(nil, expression)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]Rule, n)
	for i := range all {
		all[i] = Rule{Operation: "compute", Spec: fmt.Appendf(nil, `{"field":"x%d","expression":%s}`, i, quoted)}
	}
	p, err := Compile(all, []string{"id"})
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return p
}

// large is a record with texts and lists as long as an expression may look at.
func large() []byte {
	list := func(item string, n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]"
	}
	return []byte(`{"big":"` + strings.Repeat("abc", 35_000) + `","id":1,"list":` + list("12", 9_000) + `,"texts":` + list(`"`+strings.Repeat("e", 100)+`"`, 100) + `,"twin":"` + strings.Repeat("abc", 35_000) + `"}`)
}

// greedy are expressions that cost as much as they can.
var greedy = []string{
	`row.big matches "(a|b|c){1,100}x"`,
	`all(row.list, row.big matches "x.*y")`,
	`any(row.list, row.big matches "needle")`,
	`any(row.list, row.big == row.twin && false)`,
	`all(row.list, row.texts == row.texts)`,
	`any(row.list, row.texts != row.texts)`,
	`all(row.list, not (-1 in row.list))`,
	`all(row.list, not (row.big in [row.twin + "", row.twin] and false))`,
	`all(row.list, row.big <= row.twin)`,
	`all(row.list, not (row.big contains "needle"))`,
	`all(row.list, row.big startsWith row.twin)`,
	`all(row.list, indexOf(row.big, "needle") < 0)`,
	`all(row.list, lastIndexOf(row.big, "needle") < 0)`,
	`all(row.list, hasPrefix(row.big, row.twin))`,
	`all(row.list, hasSuffix(row.big, row.twin))`,
	`all(row.list, len(row.big) > 0)`,
	`all(row.list, len(trim(row.big)) > 0)`,
	`trim(row.big, row.twin)`,
	`all(row.list, max(row.list) > 0)`,
	`all(row.list, min(row.list) > 0)`,
	`all(row.list, mean(row.list) > 0)`,
	`all(row.list, median(row.list) > 0)`,
	`all(row.list, sum(row.list) > 0)`,
	`all(row.list, count(map(row.texts, true)) > 0)`,
	`all(row.list, split(row.big, "needle") != nil)`,
	`all(row.list, replace(row.big, "needle", "") != nil)`,
	`all(row.list, get({"a": 1}, row.big) == nil)`,
	`all(row.list, row[row.big] == nil)`,
	`all(row.list, len([{(row.big): 1}]) > 0)`,
	`all(row.list, join(row.texts, "") != nil)`,
	`all(row.list, string(row.texts) != nil)`,
	`all(row.list, ` + strings.Repeat("# > 0 and ", 60) + `# > 0)`,
}

func TestWhatRulesMayDoWithARecordIsBoundedForAllTogether(t *testing.T) {
	data := large()
	for _, expression := range greedy {
		p := computing(t, expression, 20)
		got := p.Apply(data)
		if got.Outcome != Failed || !strings.Contains(got.Reason, errWork.reason) && !strings.Contains(got.Reason, errSteps.reason) && !strings.Contains(got.Reason, errMade.reason) {
			t.Errorf("%s: %d %q after %d units", expression, got.Outcome, got.Reason, p.work.units)
		}
		if p.work.units > mostWork || p.work.steps > mostSteps+1 {
			t.Errorf("%s: %d units and %d steps", expression, p.work.units, p.work.steps)
		}
	}
}

func TestUsualRulesNeedLittleOfWhatTheyMay(t *testing.T) {
	attendee := `{"email":"somebody.with.a.name@example.com","name":"Somebody With A Name","timeZone":"Europe/Berlin"}`
	data := []byte(`{"attendees":[` + strings.TrimSuffix(strings.Repeat(attendee+",", 50), ",") + `],"description":"` + strings.Repeat("some words ", 200) + `","id":1,"title":"Intro"}`)
	for _, expression := range []string{
		`any(row.attendees, .email endsWith "@example.org")`,
		`join(map(row.attendees, lower(.email)), ", ")`,
		`row.title matches "^(Intro|Demo) ?[0-9]*$"`,
		`count(row.attendees, .email matches "^[a-z0-9._%+-]+@[a-z0-9.-]+[.][a-z]{2,}$")`,
		`row.description contains "refund"`,
	} {
		p := computing(t, expression, 1)
		if got := p.Apply(data); got.Outcome != Changed || p.work.units > mostWork/20 {
			t.Errorf("%s: %s, %d units of %d", expression, got.Reason, p.work.units, mostWork)
		}
	}
}

func TestEachRecordHasAllOfWhatRulesMayDo(t *testing.T) {
	p := computing(t, `any(row.list, max(row.list) == 13)`, 1)
	if got := p.Apply(large()); got.Outcome != Failed {
		t.Fatalf("it is %d", got.Outcome)
	}
	if got := p.Apply([]byte(`{"id":1,"list":[13]}`)); got.Outcome != Changed {
		t.Errorf("after one that failed: %d %s", got.Outcome, got.Reason)
	}
}

func TestAPatternIsMeasuredBeforeItIsCompiled(t *testing.T) {
	for _, text := range []string{"abc", "^Intro", "(a|b|c){1,100}x", `(?i)\pL+@[a-z]{2,}`, "(?:a{2,5}b?){0,7}|(c*)+", "x{3,}", "", "[[:alpha:]]{10}[^a]$"} {
		tree, err := syntax.Parse(text, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		n := states(tree)
		made, err := syntax.Compile(tree.Simplify())
		if err != nil || n+2 < len(made.Inst) { // each has a beginning and an end
			t.Errorf("%q: %d states, and %d when compiled, %v", text, n, len(made.Inst), err)
		}
	}
	for _, text := range []string{"a{1000}", "(.{30}){30}", strings.Repeat("x.", 600), "("} {
		if _, err := newPattern(text); err == nil {
			t.Errorf("%.20q is let through", text)
		}
	}
}

func TestWholeNumbersNeverWrapAround(t *testing.T) {
	data := []byte(`{"eight":"8s","f":1e300,"id":1,"list":[9223372036854775807,1],"max":9223372036854775807,"min":-9223372036854775808}`)
	for _, expression := range []string{
		"row.max + 1", "row.min + row.min", "row.min - 1", "row.max - row.min", "0 - row.min", "row.max * 2", "row.min * -1", "-1 * row.min", "-row.min", "abs(row.min)",
		"sum(row.list)", "sum(row.list, # * 2)", "sum([row.max, row.max])", "int(row.f)", "int(-row.f)", "duration(row.eight) * 9223372036854775807",
	} {
		if got := computing(t, expression, 1).Apply(data); got.Outcome != Failed || !strings.Contains(got.Reason, errRange.reason) {
			t.Errorf("%s: %d %s %.60s", expression, got.Outcome, got.Reason, got.Data)
		}
	}
	for expression, want := range map[string]string{
		"row.max - 1": "9223372036854775806", "row.min + row.max": "-1", "-row.max": "-9223372036854775807", "row.max * -1": "-9223372036854775807", "row.min * 1": "-9223372036854775808",
		"row.max * 0": "0", "abs(row.min + 1)": "9223372036854775807", "sum([1, 2, 3])": "6", "sum([])": "0", "sum([1.5, 2])": "3.5", "sum(row.list, # % 10)": "8",
		"row.min % -1": "0", "7 / 2": "3.5", "2 ** 3": "8", "int(\"12\")": "12", "int(2.9)": "2", "row.max in row.list": "true", "2 in [1, 2]": "true", "3 not in [1, 2]": "true",
		"row.list != [1]": "true", "row.list == row.list": "true", "trim(\"--a-\", \"-\")": `"a"`, "len(\"äö\")": "2", "max(1, row.list)": "9223372036854775807", "-(-row.max)": "9223372036854775807",
	} {
		p := computing(t, expression, 1)
		if got := p.Apply(data); !strings.Contains(string(got.Data), `"x0":`+want+`}`) {
			t.Errorf("%s: %s %s, want %s", expression, got.Reason, got.Data, want)
		}
	}
}

// BenchmarkGreedy is what the costliest expressions take, of one record, with as
// many rules as there may be.
func BenchmarkGreedy(b *testing.B) {
	data := large()
	for _, expression := range greedy {
		b.Run(expression[:min(len(expression), 60)], func(b *testing.B) {
			p := computing(b, expression, MostRules)
			for b.Loop() {
				p.Apply(data)
			}
		})
	}
}
