package web_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// linesOf are the lines of a CSV file.
func (s *site) linesOf(file string) [][]string {
	s.Helper()
	lines, err := csv.NewReader(strings.NewReader(file)).ReadAll()
	s.must(err)
	return lines
}

// idOf is an id in an answer of the API.
func idOf(v any) int64 { return int64(v.(float64)) }

func TestTheFileOfAListHasAllRowsAndNotAPageOfThem(t *testing.T) {
	s := newSite(t)
	token := s.setUp().Token.Expose()
	const n = 130
	for i := range n {
		s.made(token, "/data_maps", map[string]any{"name": fmt.Sprintf("=%d", i), "data_type": "string", "map_primary_key": "k"})
	}
	lines := s.linesOf(s.page(token, "/lookups?format=csv"))
	if len(lines) != n+1 || lines[1][0][0] != '\'' {
		t.Errorf("the file has %d lines, the second %v", len(lines), lines[1])
	}
	if lines = s.linesOf(s.page(token, "/lookups?format=csv&q=%3D12")); len(lines) != 12 { // 12 and 120 to 129
		t.Errorf("the file of a filtered list has %d lines", len(lines))
	}
	if lines = s.linesOf(s.page(token, "/activity?format=csv")); len(lines) <= n {
		t.Errorf("the file of the activity has %d lines", len(lines))
	}
}

func TestTheFileOfADatasetHasAllItsRecords(t *testing.T) {
	s := newSite(t)
	token := s.setUp().Token.Expose()
	cal := s.made(token, "/data_credentials", map[string]any{"name": "Ours", "credentials_type": "cal_com_api", "credentials": map[string]any{"api_key": s.key()}})
	source := s.made(token, "/data_sources", map[string]any{"name": "Bookings", "source_type": "rest", "data_credentials_id": cal["id"], "endpoint": "bookings"})
	dataset := idOf(source["data_sets"].([]any)[0].(map[string]any)["id"])
	b := s.browse(1440, 1000)
	b.signIn()
	s.asks(http.MethodPut, token, fmt.Sprintf("/data_sources/%v/activate", source["id"]), nil)
	b.open(fmt.Sprintf("/flows/%v", source["id"]))
	b.until("the run is over", `document.querySelector('#live')?.innerText.includes('succeeded')`)
	b.open(fmt.Sprintf("/datasets/%d", dataset))
	b.sees("All records as CSV")
	lines := s.linesOf(s.page(token, fmt.Sprintf("/datasets/%d?format=csv", dataset)))
	seen := map[string]bool{}
	for _, line := range lines[1:] {
		seen[line[0]] = true
	}
	if len(lines) != 121 || len(seen) != 120 {
		t.Errorf("the file has %d lines of %d records; there are 120", len(lines)-1, len(seen))
	}
}
