package flow_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir/internal/lookup"
)

func TestRowsAreFoundByAnyOfTheirValuesPageByPage(t *testing.T) {
	w := newWorld(t, 1)
	l := w.lookup(0, 40)
	for text, want := range map[string]int{"ROW 1": 11, "39": 1, "text": 0, `"`: 0, "": 40} {
		rows, total, err := w.flows.FindEntries(t.Context(), 1, l.ID, text, 1, 10)
		if err != nil || total != want || len(rows) != min(want, 10) {
			t.Errorf("%q: %d of %d rows, %v; want %d", text, len(rows), total, err, want)
		}
	}
	rows, _, err := w.flows.FindEntries(t.Context(), 1, l.ID, "row 1", 2, 10)
	if err != nil || len(rows) != 1 {
		t.Errorf("the second page is %s, %v", rows, err)
	}
}

func TestAFileOfMoreRowsThanOneRequestTakesIsStoredWholeOrNotAtAll(t *testing.T) {
	w := newWorld(t, 1)
	l := w.lookup(0, 1)
	const n = 12_000
	rows := numbered(0, n)
	if err := w.flows.ImportEntries(t.Context(), me, l.ID, append(rows, jsontext.Value(`{"n":7}`))); err == nil {
		t.Error("a key may be there twice")
	}
	w.counted(l.ID, 1)
	if err := w.flows.ImportEntries(t.Context(), me, l.ID, rows); err != nil {
		t.Fatal(err)
	}
	w.counted(l.ID, n)
}

func TestACellThatIsEmptyLeavesItsColumnOut(t *testing.T) {
	rows, err := lookup.ReadCSV([]byte("\ufeffcode, city\nde,Berlin\nfr,\n"), "file", strings.ToUpper)
	if got, want := fmt.Sprintf("%s", rows), `[{"CITY":"BERLIN","CODE":"DE"} {"CODE":"FR"}]`; err != nil || got != want {
		t.Errorf("%s, %v", got, err)
	}
}
