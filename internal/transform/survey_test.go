package transform_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/transform"
)

func TestASurveyFindsWhatWasMostLikelyNotMeant(t *testing.T) {
	records := [][]byte{[]byte(`{"attendees":[],"id":1,"status":"accepted","title":"x"}`), []byte(`{"attendees":[{"email":"a"}],"id":2,"status":"accepted","title":"y"}`)}
	for _, test := range []struct {
		name string
		all  []transform.Rule
		want []string // of each finding its rule and a part of its message
	}{
		{"what is as it seems", rules("mask", `{"fields":["attendees.email","title"],"method":"replace"}`, "keep", `{"fields":["status","attendees"]}`, "filter", `{"expression":"row.status == \"accepted\""}`), nil},
		{"fields that none has", rules("mask", `{"fields":["phone","title"],"method":"replace"}`, "rename", `{"field":"titel","to":"a"}`, "drop", `{"field":"attendees.phone"}`, "keep", `{"field":"b"}`),
			[]string{"rule 1 (mask)", "field phone", "rule 2 (rename)", "field titel", "rule 3 (drop)", "field attendees.phone", "rule 4 (keep)", "field b"}},
		{"a field that a rule before has renamed", rules("rename", `{"field":"title","to":"subject"}`, "upper", `{"field":"title"}`), []string{"rule 2 (upper)", "field title"}},
		{"a rule that fails on each", rules("cast", `{"field":"title","to":"integer"}`, "drop", `{"field":"phone"}`), []string{"rule 1 (cast)", "fails on each"}},
		{"a rule that fails on one", rules("compute", `{"field":"a","expression":"row.attendees[0]"}`), nil},
		{"a filter that lets none through", rules("filter", `{"expression":"row.status == \"ACCEPTED\""}`, "drop", `{"field":"phone"}`), []string{"rule 1 (filter)", "none of the newest 2 records through"}},
		{"what makes a field where there is none", rules("default", `{"field":"a","value":1}`, "compute", `{"field":"b","expression":"1"}`), nil},
	} {
		got, err := compile(t, test.all).Survey(t.Context(), records)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(test.want)/2 {
			t.Errorf("%s: %+v", test.name, got)
			continue
		}
		for i, f := range got {
			if f.Rule != test.want[2*i] || !strings.Contains(f.Message, test.want[2*i+1]) || f.Remedy == "" {
				t.Errorf("%s: %+v", test.name, f)
			}
		}
	}
	if got, err := compile(t, rules("drop", `{"field":"phone"}`)).Survey(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("without records: %+v", got)
	}
}

func TestAProgramDoesAfterASurveyWhatItDidBefore(t *testing.T) {
	p := compile(t, rules("drop", `{"field":"title"}`))
	if _, err := p.Survey(t.Context(), [][]byte{[]byte(booking)}); err != nil {
		t.Fatal(err)
	}
	if got := p.Apply([]byte(`{"id":1,"title":"x"}`)); string(got.Data) != `{"id":1}` {
		t.Errorf("%s", got.Data)
	}
}

func TestAWrongComparisonSaysWhatToWrite(t *testing.T) {
	for expression, want := range map[string]string{
		`row.status = "accepted"`: "a single = stands here, and compares nothing. Write == to compare",
		`5`:                       "it gives no true or false. Compare something",
	} {
		_, err := transform.Compile(rules("filter", `{"expression":`+quoted(expression)+`}`), nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", expression, err)
		}
	}
	p := compile(t, rules("filter", `{"expression":"row.a"}`))
	for record, want := range map[string]string{
		`{"a":5,"id":1}`:     "gives a number, and neither true nor false; compare it",
		`{"a":"yes","id":1}`: "gives a text, and neither true nor false; compare it",
		`{"a":[1],"id":1}`:   "gives a list, and neither true nor false; compare its length",
		`{"a":{},"id":1}`:    "neither true nor false; compare something",
	} {
		if got := p.Apply([]byte(record)); got.Outcome != transform.Failed || !strings.Contains(got.Reason, want) {
			t.Errorf("%s: %s", record, got.Reason)
		}
	}
	if got := p.Apply([]byte(`{"id":1}`)); got.Outcome != transform.Filtered {
		t.Errorf("without the field: %d, %s", got.Outcome, got.Reason)
	}
}

func TestAllRulesThatAreWrongAreInTheError(t *testing.T) {
	_, err := transform.Compile(rules("cut", `{}`, "drop", `{"field":"a"}`, "drop", `{"field":"id"}`), []string{"id"})
	all := transform.AllOf(err)
	var first *transform.Error
	if len(all) != 2 || all[0].Where() != "rule 1 cut" || all[1].Where() != "rule 3 drop" || !errors.As(err, &first) || first != all[0] {
		t.Errorf("%v", err)
	}
}

func TestASurveyEndsWithItsContext(t *testing.T) {
	p := compile(t, rules("drop", `{"field":"phone"}`))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := p.Survey(ctx, [][]byte{[]byte(booking)}); !errors.Is(err, context.Canceled) || got != nil {
		t.Errorf("a survey whose time is over finds %v, %v", got, err)
	}
}
