package manifest

import (
	"bytes"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("weir.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("weir.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// valid says whether the schema takes a file.
func valid(t *testing.T, s *jsonschema.Schema, content []byte) error {
	t.Helper()
	root, problems := parse("file", content)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r := &reader{}
	b, err := json.Marshal(r.object(place{lines: map[string]int{}}, "", &node{form: formFields}).any("", root))
	if err != nil {
		t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

func TestTheSchemaTakesTheManualsExample(t *testing.T) {
	text, err := os.ReadFile("../../docs/config-as-code.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(text)
	if found == nil {
		t.Fatal("the manual has no example")
	}
	if err := valid(t, compiled(t), found[1]); err != nil {
		t.Error(err)
	}
}

func TestTheSchemaRefusesWhatTheReaderDoes(t *testing.T) {
	s := compiled(t)
	for _, content := range []string{
		"sources: {}\n", "weir: 2\n", "weir: 1\nsource: {}\n", "weir: 1\nsources: []\n", "weir: 1\nrules: {}\n",
		"weir: 1\nsources: {S: {endpoints: [me]}}\n", "weir: 1\nsources: {S: {credential: A}}\n", "weir: 1\nsources: {S: {credential: A, endpoints: me}}\n",
		"weir: 1\nsources: {S: {credential: A, endpoints: [me], active: 'yes'}}\n", "weir: 1\nsources: {S: {credential: A, endpoints: [me], schedule: {every: 7 parsecs}}}\n",
		"weir: 1\ncredentials: {A: {type: oracle}}\n", "weir: 1\ncredentials: {A: {type: s3, secret: text}}\n", "weir: 1\ncredentials: {A: {type: s3, secret: {env: A, file: b}}}\n",
		"weir: 1\ndestinations: {D: {source: S, credential: A, mode: append}}\n", "weir: 1\nrules: [{event: flow_failed, channel: app, hour: 24}]\n",
	} {
		if err := valid(t, s, []byte(content)); err == nil {
			t.Errorf("the schema takes %q", content)
		}
		if _, problems := Read(File{Name: "f", Content: []byte(content)}); len(problems) == 0 {
			t.Errorf("the reader takes %q", content)
		}
	}
}

// The two are written apart, and a field that one has the other must have.
func TestTheSchemaHasTheReadersFields(t *testing.T) {
	var doc struct {
		Properties map[string]any `json:"properties"`
		Defs       map[string]struct {
			Properties map[string]any `json:"properties"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(Schema, &doc); err != nil {
		t.Fatal(err)
	}
	for _, k := range Kinds {
		if doc.Properties[string(k)] == nil {
			t.Errorf("the schema has no section %s", k)
		}
		want := fieldsOf(k)
		if k == Rules {
			want = ruleFields
		}
		got := slices.Sorted(maps.Keys(doc.Defs[k.One()].Properties))
		if diff := cmp.Diff(set(want), got); diff != "" {
			t.Errorf("%s: %s", k, diff)
		}
	}
	if diff := cmp.Diff(set(scheduleFields), slices.Sorted(maps.Keys(doc.Defs["schedule"].Properties))); diff != "" {
		t.Error(diff)
	}
}
