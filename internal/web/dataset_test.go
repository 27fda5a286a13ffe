package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/weirhq/weir/internal/simulator"
)

// types makes the account answer with these event types, each without its braces.
func (s *site) types(all ...string) {
	s.Helper()
	s.must(s.sim.SetFaults([]simulator.Fault{{Match: simulator.FaultMatch{Path: "/v2/event-types"},
		Do: simulator.FaultAction{WrongJSON: `{"status":"success","data":[{` + strings.Join(all, "},{") + `}]}`}}}))
}

func TestADatasetsPageTellsWhatIsMissingAndWhatHasChanged(t *testing.T) {
	s := newSite(t)
	token := s.setUp().Token.Expose()
	cal := s.made(token, "/data_credentials", map[string]any{"name": "Ours", "credentials_type": "cal_com_api", "credentials": map[string]any{"api_key": s.key()}})
	source := s.made(token, "/data_sources", map[string]any{"name": "Types", "source_type": "rest", "data_credentials_id": cal["id"], "endpoint": "event-types"})
	dataset := idOf(source["data_sets"].([]any)[0].(map[string]any)["id"])
	s.types(`"id":1,"title":"a","slug":"a","note":"Ünïque"`, `"id":2,"title":"b","slug":"b","note":null`, `"id":3,"title":"c","slug":"c"`)
	b := s.browse(1440, 1000)
	b.signIn()
	s.asks(http.MethodPut, token, fmt.Sprintf("/data_sources/%v/activate", source["id"]), nil)
	b.open(fmt.Sprintf("/flows/%v", source["id"]))
	b.until("the first run is over", `document.querySelector('#live')?.innerText.includes('succeeded')`)
	b.open(fmt.Sprintf("/datasets/%d", dataset))
	b.sees("None: since the first reading no field has come")
	b.sees("of the newest 3 records")
	row := func(column string) string {
		b.Helper()
		return run(b, chromedp.Evaluate[string](`[...document.querySelectorAll('[aria-label="Columns"] tbody tr')].find((r) => r.cells[0].innerText === '`+column+`')?.innerText.replace(/\s+/g, ' ').trim() ?? 'none'`))
	}
	for column, want := range map[string]string{"id": "id integer 0 % 3", "note": "note text 67 % Ünïque", "title": "title text 0 % c"} {
		if got := row(column); got != want {
			t.Errorf("the column %s is shown as %q, want %q", column, got, want)
		}
	}
	s.types(`"id":1,"title":"a","slug":"a","colour":"red","length":0.5`, `"id":2,"title":"b","slug":"b"`, `"id":3,"title":"c","slug":"c"`)
	b.open(fmt.Sprintf("/flows/%v", source["id"]))
	b.press("Run now")
	b.until("the next run is over", `document.querySelectorAll('#live tbody tr').length === 2 && document.querySelector('#live .badge').innerText.includes('succeeded')`)
	b.open(fmt.Sprintf("/datasets/%d", dataset))
	b.sees("event_types.colour")
	b.sees("new column")
	b.shot("dataset-drift")
	b.do(chromedp.Click(chromedp.CSS(`[aria-label="Drift"] tbody a`)))
	b.sees("Records read")
	b.open(fmt.Sprintf("/datasets/%d", dataset))
	b.press("Make one with rules")
	b.sees("New dataset from")
}

func TestAPreviewShowsWhatFailsACheckAndLongValuesWhole(t *testing.T) {
	s := settled(t)
	b := s.browse(390, 1000)
	b.signIn()
	b.flow()
	dataset := b.idHere() + 1
	long := strings.Repeat("all of it ", 30) + "to its end"
	b.open(fmt.Sprintf("/datasets/%d/derive", dataset))
	b.typed("name", "Checked")
	b.typed("rules", "- require: {expression: row.duration > 100000, because: it is too short}\n")
	b.press("Try them")
	b.sees("10 failed")
	b.sees("rule 1 (require): it is too short")
	b.typed("rules", fmt.Sprintf("- require: row.duration > 0\n- compute: {field: said, expression: '%q'}\n", long))
	b.press("Try them")
	b.sees("10 changed")
	b.until("it is unfolded", `document.querySelector('details.long').open || (document.querySelector('details.long summary').click(), false)`)
	b.until("it can be read whole", `document.querySelector('details.long > span').checkVisibility() && document.querySelector('details.long > span').innerText.endsWith('to its end"')`)
	if wide := run(b, chromedp.Evaluate[int](sideways)); wide > 0 {
		t.Errorf("the page is %d pixels wider than the window", wide)
	}
	b.shot("dataset-preview")
	b.press("Make the dataset")
	b.sees("The dataset is made")
	b.sees("- require: \"row.duration > 0\"")
	b.sees("what changes at the source is told there")
}

// sideways is how much wider a page is than its window.
const sideways = `document.documentElement.scrollWidth - innerWidth`

func TestNoPageScrollsSideways(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.flow()
	b.filledLookup()
	b.ruled()
	all := b.everyPage()
	for _, width := range []int64{390, 820} {
		b.do(chromedp.EmulateViewport(width, 1000))
		for _, path := range all {
			b.open(path)
			if wide := run(b, chromedp.Evaluate[int](sideways)); wide > 0 {
				t.Errorf("%s, %d pixels wide, is %d pixels wider than the window", path, width, wide)
			}
		}
		b.tries()
		if wide := run(b, chromedp.Evaluate[int](sideways)); wide > 0 {
			t.Errorf("rules that were tried, %d pixels wide: %d pixels wider than the window", width, wide)
		}
	}
}

// ruled makes a dataset with rules from the one of flow, after filledLookup.
func (b *browser) ruled() {
	b.Helper()
	b.open("/datasets/4/derive")
	b.typed("name", "Accepted ones")
	b.typed("rules", someRules)
	b.press("Make the dataset")
	b.sees("The dataset is made")
}

const someRules = "- filter: row.status != \"pending\"\n- require: {expression: row.status != \"cancelled\", because: it was cancelled}\n- mask: {field: attendees.email, method: sha256}\n- compute: {field: hours, expression: row.duration / 60}\n"

// tries opens the page of rules with what some would do.
func (b *browser) tries() {
	b.Helper()
	b.open("/datasets/4/derive")
	b.typed("rules", someRules)
	b.press("Try them")
	b.sees("Of the newest 10: ")
}
