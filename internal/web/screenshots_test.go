package web_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// pages are those of which pictures are taken, once there is a flow.
var pages = []string{"/", "/connectors", "/connectors/cal_com_api", "/credentials", "/credentials/new", "/credentials/1", "/credentials/1/replace", "/flows", "/flows/new", "/flows/new?credential=1",
	"/flows/new?credential=1&endpoint=bookings", "/flows/3", "/flows/3/schedule", "/flows/3/edit", "/runs", "/datasets", "/datasets/4", "/datasets/4/derive", "/datasets/4/quarantine", "/datasets/4/destinations/new", "/destinations/5", "/destinations/5/edit", "/quarantine", "/budgets", "/notifications", "/notifications/rules", "/notifications/channels", "/people", "/people/1", "/teams", "/projects", "/lookups", "/lookups/new", "/lookups/6", "/lookups/6/row", "/lookups/6/edit", "/datasets/7", "/datasets/7/rules", "/settings", "/settings/providers/new", "/links", "/activity", "/keys", "/account", "/_components", "/nowhere"}

// everyPage are all pages, after flow, filledLookup and ruled: the address of a run's
// is not known before.
func (b *browser) everyPage() []string {
	b.Helper()
	b.open("/runs")
	return append(slices.Clone(pages), run(b, chromedp.Evaluate[string](`document.querySelector('main a[href^="/runs/"]').getAttribute('href')`)))
}

// TestScreenshotsOfEveryPage takes a picture of each page in both themes and
// three widths, for people to look at, when WEIR_SCREENSHOTS names a directory.
func TestScreenshotsOfEveryPage(t *testing.T) {
	if os.Getenv("WEIR_SCREENSHOTS") == "" {
		t.Skip("WEIR_SCREENSHOTS names no directory")
	}
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.flow()
	b.filledLookup()
	b.ruled()
	all := b.everyPage()
	for _, theme := range []string{"light", "dark"} {
		b.press(map[string]string{"light": "Theme: system", "dark": "Theme: light"}[theme])
		b.sees("Theme: " + theme)
		for _, width := range []int64{390, 820, 1440} {
			b.do(chromedp.EmulateViewport(width, 1000))
			for _, path := range all {
				b.open(path)
				name := strings.Trim(strings.NewReplacer("/", "-", "?", "-", "&", "-", "=", "-").Replace(path), "-")
				if name == "" {
					name = "overview"
				} else if strings.HasPrefix(name, "runs-") {
					name = "run"
				}
				b.shot(fmt.Sprintf("%s-%d-%s", name, width, theme))
			}
			b.tries()
			b.shot(fmt.Sprintf("datasets-4-derive-tried-%d-%s", width, theme))
		}
	}
}

// flow makes a flow of bookings into a table, and waits for its first run.
func (b *browser) flow() {
	b.Helper()
	b.credential("Our account")
	b.tables("Tables")
	b.open("/flows/new?credential=1&endpoint=bookings")
	b.press("Create and run")
	b.until("the run is over", `document.querySelector('#live')?.innerText.includes('succeeded')`)
}
