package connector

import (
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/connectors"
	"github.com/weirhq/weir/internal/rest"
)

// samples are the records of an endpoint's sample file, as they are after
// injection.
func samples(t *testing.T, id string) []jsontext.Value {
	t.Helper()
	content, err := connectors.Files.ReadFile("calcom/samples/" + id + ".json")
	if err != nil {
		t.Fatalf("%s has no sample records: %v", id, err)
	}
	var records []jsontext.Value
	if err := json.Unmarshal(content, &records); err != nil || len(records) == 0 {
		t.Fatalf("%s: %d sample records, %v", id, len(records), err)
	}
	return records
}

func TestEveryDefaultStreamHasSamplesWithItsKey(t *testing.T) {
	for _, e := range calcom(t).Defaults() {
		for _, record := range samples(t, e.ID) {
			for _, p := range e.PrimaryKey {
				if _, ok := rest.Field(record, p); !ok {
					t.Errorf("%s: a sample has no %s, which is its key", e.ID, p)
				}
			}
			for name := range e.Inject {
				if _, ok := rest.Field(record, name); !ok {
					t.Errorf("%s: a sample has no %s, which is injected", e.ID, name)
				}
			}
		}
	}
}

// value finds what stands at a dotted path; nil when nothing does.
func value(record any, dotted string) any {
	for name := range strings.SplitSeq(dotted, ".") {
		object, _ := record.(map[string]any)
		record = object[name]
	}
	return record
}

func TestSamplesHaveTheArraysThatBecomeChildTables(t *testing.T) {
	for _, e := range calcom(t).Defaults() {
		found := map[string]bool{}
		for _, text := range samples(t, e.ID) {
			var record any
			if err := json.Unmarshal(text, &record); err != nil {
				t.Fatal(err)
			}
			for _, child := range e.Children {
				if list, ok := value(record, child).([]any); ok && len(list) > 0 {
					found[child] = true
				}
			}
		}
		for _, child := range e.Children {
			if !found[child] {
				t.Errorf("%s: no sample has %s", e.ID, child)
			}
		}
	}
}

// Every scalar of the samples has a column, of a type that it fits, so that
// tables have their shape before any record came.
func TestColumnsCoverTheSamples(t *testing.T) {
	for _, e := range calcom(t).Defaults() {
		if e.Columns == nil {
			t.Errorf("%s has no columns", e.ID)
		}
		for _, text := range samples(t, e.ID) {
			var record any
			if err := json.Unmarshal(text, &record); err != nil {
				t.Fatal(err)
			}
			covers(t, e, "", record)
		}
	}
}

// A key's type cannot be changed once its table is there.
func TestColumnsOfDefaultStreamsHaveTheirKey(t *testing.T) {
	for _, e := range calcom(t).Defaults() {
		for _, p := range e.PrimaryKey {
			if e.Columns[p] == "" {
				t.Errorf("%s has no column %s", e.ID, p)
			}
		}
	}
}

func covers(t *testing.T, e *Endpoint, at string, v any) {
	t.Helper()
	_, injected := e.Inject[at]
	if at != "" && (injected || slices.Contains(e.JSONFields, at) || slices.Contains(e.Ignore, at) || e.Columns[at] == weir.TypeJSON) {
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			covers(t, e, strings.TrimPrefix(at+"."+name, "."), inner)
		}
	case []any:
		if !slices.Contains(e.Children, at) {
			t.Errorf("%s: the array %s is neither a child table nor JSON", e.ID, at)
		}
		for _, inner := range v {
			covers(t, e, at, inner)
		}
	default:
		if !fits(v, e.Columns[at]) {
			t.Errorf("%s: %s has type %q for %T", e.ID, at, e.Columns[at], v)
		}
	}
}

func fits(v any, typ weir.Type) bool {
	switch v.(type) {
	case bool:
		return typ == weir.TypeBool
	case float64:
		return typ == weir.TypeInt || typ == weir.TypeFloat
	case string:
		return typ == weir.TypeText || typ == weir.TypeTime
	}
	return true // null fits every column, and needs none
}

func TestNoSampleIsLeftOver(t *testing.T) {
	names, err := fs.Glob(connectors.Files, "calcom/samples/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if id := strings.TrimSuffix(path.Base(name), ".json"); calcom(t).find(id) == nil {
			t.Errorf("%s is of no endpoint", name)
		}
	}
}

func TestSecretsStayOutOfTables(t *testing.T) {
	d := calcom(t)
	for i := range d.Endpoints {
		e := &d.Endpoints[i]
		if strings.Contains(e.ID, "webhook") && !slices.Contains(e.Ignore, "secret") {
			t.Errorf("%s would put the secret that signs deliveries into a table", e.ID)
		}
	}
}
