package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/weirhq/weir/internal/manifest"
)

// inOrder are the names that a list leads to, as it shows them.
func inOrder(page, noun string) (names []string) {
	for _, found := range regexp.MustCompile(`href="/`+noun+`/\d+">([^<]*)</a>`).FindAllStringSubmatch(page, -1) {
		names = append(names, found[1])
	}
	return names
}

func TestALongListIsSortedAsAWhole(t *testing.T) {
	s := newSite(t)
	token := s.setUp().Token.Expose()
	const n = 60 // more than a page
	for i := range n {
		s.made(token, "/data_maps", map[string]any{"name": fmt.Sprintf("t%02d", i*7%n), "data_type": "string", "map_primary_key": "k"})
	}
	for sort, want := range map[string][2]string{"name": {"t00", "t49"}, "-name": {"t59", "t10"}, "nonsense": {"t00", "t43"}, "": {"t00", "t43"}} {
		names := inOrder(s.page(token, "/lookups?sort="+sort), "lookups")
		if len(names) != 50 || names[0] != want[0] || names[49] != want[1] {
			t.Errorf("sorted by %q the first page is %v", sort, names)
		}
	}
	lines := s.linesOf(s.page(token, "/lookups?sort=-name&format=csv"))
	if len(lines) != n+1 || lines[1][0] != "t59" || lines[n][0] != "t00" {
		t.Errorf("the file is sorted otherwise: %v", lines)
	}
}

func TestAShortTableSortsFiltersAndBecomesAFileOnItsPage(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.flow()
	dataset := b.idHere() + 1
	b.open(fmt.Sprintf("/datasets/%d", dataset))
	const table = `[...document.querySelectorAll('[data-small]')].find((t) => t.querySelector('[aria-label="Columns"]'))`
	first := func() string {
		b.Helper()
		return run(b, chromedp.Evaluate[string](table+`.querySelector('tbody tr:not([hidden]) td').innerText`))
	}
	before := first()
	head := `//*[@aria-label="Columns"]//button[normalize-space()="Name"]`
	b.do(chromedp.Click(chromedp.Search(head)), chromedp.Click(chromedp.Search(head)))
	if after := first(); after <= before {
		t.Errorf("sorted the other way round, %s comes first; before it was %s", after, before)
	}
	b.write(`[aria-label="Filter: Columns"]`, "title")
	if got := first(); !strings.Contains(got, "itle") {
		t.Errorf("filtered, %s is shown", got)
	}
	run(b, chromedp.Evaluate[bool](`(() => { URL.createObjectURL = (file) => { file.text().then((t) => { window.file = t; }); return 'about:blank'; }; HTMLAnchorElement.prototype.click = () => {}; return true; })()`))
	b.do(chromedp.Click(chromedp.CSS(`[aria-label="Export CSV: Columns"]`)))
	b.until("the file is made", `window.file !== undefined`)
	lines := s.linesOf(run(b, chromedp.Evaluate[string](`window.file`)))
	if len(lines) < 2 || strings.Join(lines[0], " ") != "Name Type No value Example" || !strings.Contains(lines[1][0], "itle") {
		t.Errorf("the file has %v", lines)
	}
}

func TestAPageMovesAlsoWhereNoStreamComesThrough(t *testing.T) {
	s := newSite(t)
	token := s.setUp().Token.Expose()
	b := s.browse(1440, 1000)
	b.expected = append(b.expected, "cut")
	b.signIn()
	b.flow()
	flow := b.idHere()
	b.first(`const real = window.fetch; window.fetch = (to, how) => String(to.url ?? to).endsWith('/live') ? Promise.reject(new TypeError('cut')) : real(to, how)`)
	b.open(fmt.Sprintf("/flows/%d", flow))
	b.sees("succeeded")
	s.asks(http.MethodPut, token, fmt.Sprintf("/data_sources/%d/pause", flow), nil)
	b.until("the page shows that it is paused", `document.querySelector('#live').innerText.includes('paused')`)
}

func TestAFlowIsLookedAtExportedDeletedAndBroughtBack(t *testing.T) {
	s := newSite(t)
	token := s.setUp().Token.Expose()
	b := s.browse(1440, 1000)
	b.agrees()
	b.signIn()
	b.flow()
	at, id := b.where(), b.idHere()
	b.press("Dry run")
	b.sees("What it would read")
	b.sees("The first records")
	b.shot("flow-dry-run")
	file := s.page(token, at+"/yaml")
	read, problems := manifest.Read(manifest.File{Name: "flow.yaml", Content: []byte(file)})
	if len(problems) > 0 || len(read.Things) != 4 {
		t.Errorf("the file has %d things, and what is wrong is %v:\n%s", len(read.Things), problems, file)
	}
	if strings.Contains(file, s.key()) {
		t.Error("the key is in the file")
	}
	b.open(at)
	b.press("Delete this flow")
	b.sees("is deleted")
	if status := s.gets(token, at); status != http.StatusNotFound {
		t.Errorf("the deleted flow answers %d", status)
	}
	b.press("Undo")
	b.sees("It is back, and paused.")
	b.until("its destination is back", `document.querySelector('.tree').innerText.includes('Tables')`)
	if status := s.posts(token, fmt.Sprintf("/flows/%d/restore", id), url.Values{"part": {"credential.1"}}); status != http.StatusNotFound {
		t.Errorf("bringing back a credential answers %d", status)
	}
}
