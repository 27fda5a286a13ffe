package api

import (
	"testing"
)

func TestAListIsABareArrayWithItsPagesInHeaders(t *testing.T) {
	w := newWorld(t)
	const next, previous = `>; rel="next"`, `>; rel="previous"`
	for query, want := range map[string]struct {
		things, first        int
		link, current, pages string
	}{
		"":                  {100, 1, "</api/things?page=2" + next, "1", "3"},
		"?page=2&x=%3Cy%3E": {100, 101, "</api/things?page=1&x=%3Cy%3E" + previous + ", </api/things?page=3&x=%3Cy%3E" + next, "2", "3"},
		"?page=3":           {50, 201, "</api/things?page=2" + previous, "3", "3"},
		"?page=9":           {0, 0, "</api/things?page=3" + previous, "9", "3"},
		"?page=4611686018427387904&per_page=1000": {0, 0, "</api/things?page=1&per_page=1000" + previous, "4611686018427387904", "1"},
		"?per_page=1000":      {250, 1, "", "1", "1"},
		"?per_page=250":       {250, 1, "", "1", "1"},
		"?per_page=7&page=36": {5, 246, "</api/things?page=35&per_page=7" + previous, "36", "36"},
		"?page=&per_page=":    {100, 1, "</api/things?page=2&per_page=" + next, "1", "3"},
	} {
		var things []thing
		g := w.call("GET", "/api/things"+query, "ada", "")
		g.ok(&things)
		if len(things) != want.things || want.things > 0 && things[0].ID != int64(want.first) {
			t.Errorf("%s: %d things", query, len(things))
		}
		h := g.header
		if h.Get("Link") != want.link || h.Get("X-Total-Count") != "250" || h.Get("X-Current-Page") != want.current || h.Get("X-Page-Count") != want.pages {
			t.Errorf("%s: %v", query, h)
		}
		if things == nil || g.text[0] != '[' {
			t.Errorf("%s: %.20s", query, g.text)
		}
	}
}

func TestBooleansAreTakenAsPythonWritesThem(t *testing.T) {
	w := newWorld(t)
	for value, n := range map[string]int{"True": 1, "true": 1, "1": 1, "False": 100, "false": 100, "0": 100, "": 100} {
		var things []thing
		w.call("GET", "/api/things?live="+value, "ada", "").ok(&things)
		if len(things) != n {
			t.Errorf("live=%s: %d", value, len(things))
		}
	}
}
