package flow_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/flow"
)

// columns are the columns of a look, by path, as "kind null/empty/absent of rows
// example".
func columns(seen *flow.Seen) map[string]string {
	all := map[string]string{}
	for _, c := range seen.Columns {
		all[c.Path] = strings.TrimSpace(fmt.Sprintf("%s %d/%d/%d of %d %s", c.Kind, c.Null, c.Empty, c.Absent, c.Of, []byte(c.Example)))
	}
	return all
}

func TestALookCountsWhereColumnsHaveNoValue(t *testing.T) {
	w := newWorld(t, 5)
	src := w.source("event-types")
	root := w.root(src)
	if seen, err := w.flows.Seen(t.Context(), root, 20); err != nil || seen.Looked != 0 || len(seen.Newest) != 0 || len(seen.Columns) == 0 {
		t.Fatalf("before the first run: %+v, %v", seen, err)
	}
	w.types(`"id":1,"title":"old","slug":"a","note":null,"colour":{"dark":"#000","light":null},"parts":[{"n":1},{"n":null},{"m":"x"}]`,
		`"id":2,"title":"new","slug":"b","note":"`+strings.Repeat("long ", 300)+`"`,
		`"id":3,"title":"newest","slug":"","colour":null,"parts":[]`)
	w.run(flow.Order{Source: src.ID})
	seen, err := w.flows.Seen(t.Context(), root, 2)
	w.must(err)
	if seen.Looked != 3 || len(seen.Newest) != 2 || seen.Newest[0].Key != "3" || seen.Ruled {
		t.Errorf("%+v", seen)
	}
	got := columns(seen)
	for path, want := range map[string]string{
		"id": "integer 0/0/0 of 3 3", "title": `text 0/0/0 of 3 "newest"`, "slug": `text 0/1/0 of 3 "b"`, "note": "text 1/0/1 of 3", "colour": "object 1/0/1 of 3",
		"colour.dark": `text 0/0/2 of 3 "#000"`, "parts": "list 0/1/1 of 3", "parts[].n": "integer 1/0/1 of 3 1", "parts[].m": `text 0/0/2 of 3 "x"`,
	} {
		if got[path] != want {
			t.Errorf("%s is %q, want %q", path, got[path], want)
		}
	}
	if light, there := got["colour.light"]; there {
		t.Errorf("what had no value yet is a column: %s", light)
	}
	d, err := w.flows.CreateDataset(t.Context(), me, flow.DatasetInput{Common: flow.Common{Name: "Some"}, Parent: root.ID,
		Rules: rules("filter", `{"expression":"row.id > 1"}`, "rename", `{"field":"title","to":"name"}`, "compute", `{"field":"more","expression":"row.id > 2 ? row.slug : nil"}`)})
	w.must(err)
	seen, err = w.flows.Seen(t.Context(), d, 20)
	w.must(err)
	got = columns(seen)
	if seen.Looked != 2 || len(seen.Newest) != 2 || !seen.Ruled || got["name"] != `text 0/0/0 of 2 "newest"` || got["more"] != `text 1/1/0 of 2` || got["title"] != "" {
		t.Errorf("with rules: %+v, %v", seen, got)
	}
}

// A look reads so much of the log at once, and no more: where records are large,
// the newest ones are the newest all the same.
func TestTheNewestRecordsAreTheNewestHoweverLargeTheyAre(t *testing.T) {
	w := newWorld(t, 5)
	src := w.source("event-types")
	var all []string
	for i := range 300 {
		all = append(all, fmt.Sprintf(`"id":%d,"title":%q,"slug":"s"`, i+1, strings.Repeat("x", 30_000)))
	}
	w.types(all...)
	w.run(flow.Order{Source: src.ID})
	seen, err := w.flows.Seen(t.Context(), w.root(src), 2)
	w.must(err)
	if seen.Looked != 200 || seen.Newest[0].Key != "300" || seen.Newest[1].Key != "299" {
		t.Errorf("of %d records looked at, the newest is %s", seen.Looked, seen.Newest[0].Key)
	}
}
