package web_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// emptyLookup makes one without rows, and is on its page.
func (b *browser) emptyLookup(name, key string) {
	b.Helper()
	b.open("/lookups/new")
	b.typed("name", name)
	b.typed("map_primary_key", key)
	b.press("Make the lookup")
	b.sees("The lookup is made")
}

// imports sends a file of rows.
func (b *browser) imports(content string) {
	b.Helper()
	path := filepath.Join(b.TempDir(), "rows.csv")
	b.must(os.WriteFile(path, []byte(content), 0o600))
	b.do(chromedp.SetUploadFiles(chromedp.CSS(`[name="file"]`), []string{path}))
	b.press("Import")
}

// filledLookup makes one with some rows.
func (b *browser) filledLookup() {
	b.Helper()
	b.emptyLookup("Teams", "team")
	b.imports("team,city\nhelp,Paris\nsales,Rome\n")
	b.sees("Stored: 2 rows.")
}

func TestALookupIsMadeFilledAndDeleted(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.agrees()
	b.signIn()
	b.press("Lookups")
	b.sees("No lookup yet")
	b.shot("lookups-empty")
	b.press("New lookup")
	b.typed("name", "Teams")
	b.typed("map_primary_key", "team")
	b.typed("data_defaults", "[1]")
	b.press("Make the lookup")
	b.sees("It is not an object of columns")
	b.typed("data_defaults", `{"city": "Berlin"}`)
	b.press("Make the lookup")
	b.sees("The lookup is made")
	b.sees("No row yet")
	b.press("Add a row")
	b.typed("column.team", "sales")
	b.typed("new_column", "city")
	b.typed("new_value", "Oslo")
	b.press("Save")
	b.sees("The row is stored")
	b.imports("team,city\nhelp,Paris\nsales,Rome\nlab,=1+1\n")
	b.sees("Stored: 3 rows.")
	b.sees("Rome")
	b.shot("lookup")
	b.typed("q", "PAR")
	b.press("Filter")
	b.until("only the row with the text is shown", `document.body.innerText.includes('Paris') && !document.body.innerText.includes('Rome')`)
	b.press("help")
	b.typed("column.city", "Lyon")
	b.press("Save")
	b.sees("Lyon")
	b.do(chromedp.Click(chromedp.CSS(`[aria-label="Delete the row sales"]`)))
	b.sees("The row is gone")
	b.press("Delete")
	b.sees("Deleted.")
	b.sees("No lookup yet")
}

func TestWhatIsWrongWithARowIsSaidAtItsField(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.emptyLookup("Teams", "team")
	says := func(words string) {
		t.Helper()
		b.until("a field says "+words, `[...document.querySelectorAll('.field-bad .wrong')].some(e => e.innerText.includes(`+fmt.Sprintf("%q", words)+`))`)
	}
	b.imports("team,team\na,b\n")
	says("Two columns have one name")
	b.imports("team,city\na\n")
	says("Line 2 cannot be read")
	b.imports("team,city\na,b\na,c\n")
	says("Row 2 of the file, column team")
	b.imports("city\nb\n")
	says("Row 1 of the file, column team: the row has no key")
	b.imports("team,city\na,b\n")
	b.sees("Stored: 1 row.")
	b.press("Add a row")
	b.typed("column.team", "a")
	b.press("Save")
	says("There is a row with this key")
	b.typed("column.team", "b")
	b.typed("new_column", "city")
	b.press("Save")
	says("There is a column of this name")
}

func TestRowsAreAddedWithTheKeyboardAlone(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.emptyLookup("Teams", "team")
	b.open("/lookups/1/row")
	b.keys("sales", kb.Tab)
	b.tabTo("another")
	b.keys(kb.Enter)
	b.sees("Here is the next one")
	b.until("the key has the focus", `document.activeElement.name === 'column.team'`)
	b.keys("help", kb.Enter)
	b.sees("The row is stored")
	b.sees("help")
}

func TestARowThatSomebodyElseHasChangedIsNotWrittenOver(t *testing.T) {
	s := newSite(t)
	token := s.setUp().Token.Expose()
	made := s.made(token, "/data_maps", map[string]any{"name": "Teams", "data_type": "string", "map_primary_key": "team", "data_map": []any{map[string]any{"team": 7, "size": 3}}})
	b := s.browse(1440, 1000)
	b.signIn()
	row := fmt.Sprintf("/lookups/%v/row?key=7", made["id"])
	b.open(row)
	path := fmt.Sprintf("/data_maps/%v/entries", made["id"])
	s.puts(token, path, map[string]any{"entries": []any{map[string]any{"team": 7, "size": 4}}})
	b.typed("column.size", "5")
	b.press("Save")
	b.sees("Somebody else has changed it meanwhile")
	b.press("Save")
	b.sees("The row is stored")
	if got := s.answer(http.MethodGet, token, path); got != `[{"size":5,"team":7}]` {
		t.Errorf("the numbers are not numbers any more: %s", got)
	}
}

func TestTheFileOfALookupBringsItsRowsBack(t *testing.T) {
	s := newSite(t)
	token := s.setUp().Token.Expose()
	rows := []any{}
	for i := range 120 {
		rows = append(rows, map[string]any{"team": fmt.Sprintf("t%03d", i), "says": "=1+1"})
	}
	made := s.made(token, "/data_maps", map[string]any{"name": "Teams", "data_type": "string", "map_primary_key": "team", "data_map": rows})
	file := s.page(token, fmt.Sprintf("/lookups/%v?format=csv", made["id"]))
	if !strings.Contains(file, "'=1+1") {
		t.Error("a spreadsheet would compute what somebody typed")
	}
	b := s.browse(1440, 1000)
	b.signIn()
	b.emptyLookup("Again", "team")
	again := b.idHere()
	b.imports(file)
	b.sees("Stored: 120 rows.")
	b.sees("Page 1 of 3")
	path := "/data_maps/%v/entries?per_page=100"
	if s.answer(http.MethodGet, token, fmt.Sprintf(path, made["id"])) != s.answer(http.MethodGet, token, fmt.Sprintf(path, again)) {
		t.Error("the rows are not what they were")
	}
}
