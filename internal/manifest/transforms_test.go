package manifest

import (
	"slices"
	"strings"
	"testing"
)

const ruled = `weir: 1
datasets:
  Accepted:
    source: Cal
    endpoint: bookings
    transforms:
      - filter: row.status == "accepted"
      - drop: [metadata, location]
      - cast: {field: price, to: number}
      - trim: title
      - default: {field: rating, value: 0}
      - require: row.end > row.start
      - require: {expression: row.rating <= 5, because: the rating is above 5}
`

func TestRulesOfADatasetAreReadInTheirShortForm(t *testing.T) {
	m, problems := Read(File{Name: "weir.yaml", Content: []byte(ruled)})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var got []string
	for _, r := range m.Of(Datasets)[0].Spec.(*Dataset).Transforms {
		got = append(got, r.Operation+string(r.Spec))
	}
	want := `filter{"expression":"row.status == \"accepted\""} drop{"fields":["metadata","location"]} cast{"field":"price","to":"number"} trim{"field":"title"} default{"field":"rating","value":0}` +
		` require{"expression":"row.end > row.start"} require{"because":"the rating is above 5","expression":"row.rating <= 5"}`
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), want)
	}
	if err := valid(t, compiled(t), []byte(ruled)); err != nil {
		t.Errorf("the schema refuses it: %v", err)
	}
}

func TestAWrongRuleIsToldByItsLine(t *testing.T) {
	for was, test := range map[string]struct {
		now  string
		line int
	}{
		"- trim: title":                      {"- cut: title", 10},
		"{field: price, to: number}":         {"{field: price, to: money}", 9},
		"- drop: [metadata, location]":       {"- drop: []", 8},
		`- filter: row.status == "accepted"`: {`- filter: status == "accepted"`, 7},
		"- trim: title\n":                    {"- trim: title\n        lower: title\n", 10},
	} {
		_, problems := Read(File{Name: "weir.yaml", Content: []byte(strings.Replace(ruled, was, test.now, 1))})
		if len(problems) != 1 || problems[0].Line != test.line || problems[0].Remedy == "" {
			t.Errorf("%s: %v, want one on line %d", test.now, problems, test.line)
		}
	}
}

func TestAllWrongRulesAreToldAtOnce(t *testing.T) {
	content := "- cast: {field: title, to: money}\n- drop: [metadata]\n- rename\n- filter: row.status = \"accepted\"\n- shift: a\n"
	_, problems := ParseRules("rules.yaml", []byte(content))
	var lines []int
	for _, p := range problems {
		lines = append(lines, p.Line)
		if p.File != "rules.yaml" || p.Field == "" || p.Message == "" || p.Remedy == "" {
			t.Errorf("%+v", p)
		}
	}
	if !slices.Equal(lines, []int{1, 3, 4, 5}) {
		t.Errorf("they are on lines %v: %v", lines, problems)
	}
}

func TestRulesAreWrittenAsTheyAreRead(t *testing.T) {
	m, _ := Read(File{Name: "weir.yaml", Content: []byte(ruled)})
	rules := m.Of(Datasets)[0].Spec.(*Dataset).Transforms
	again, problems := ParseRules("rules", []byte(WriteRules(rules)))
	if len(problems) > 0 || Text(rulesValue(again)) != Text(rulesValue(rules)) {
		t.Errorf("%v\n%s", problems, WriteRules(rules))
	}
}
