package web_test

import (
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// credential adds the simulated account's key.
func (b *browser) credential(name string) {
	b.Helper()
	b.open("/credentials/new")
	b.typed("name", name)
	b.typed("api_key", b.key())
	b.press("Save")
	b.sees("is stored")
}

// tables adds a SQLite file to write to.
func (b *browser) tables(name string) {
	b.Helper()
	b.open("/credentials/new?kind=sqlite")
	b.typed("name", name)
	b.typed("path", "cal.db")
	b.press("Save")
	b.sees("is stored")
}

// chosen ticks an endpoint.
func (b *browser) chosen(ids ...string) {
	b.Helper()
	for _, id := range ids {
		b.do(chromedp.Click(chromedp.CSS(`[name="endpoint"][value="` + id + `"]`)))
	}
}

func TestFromTheSetupToRowsInATable(t *testing.T) {
	s := newSite(t)
	b := s.browse(1440, 1000)
	begun := time.Now()
	b.open("/")
	b.typed("setup_token", s.setupToken())
	b.typed("organization", "Acme")
	b.typed("full_name", "Ada Lovelace")
	b.typed("email", adaEmail)
	b.typed("password", adaPassword)
	b.press("Set up")
	b.sees("Weir is set up")
	b.credential("Our account")
	b.tables("Tables")
	b.open("/flows/new")
	b.press("Our account")
	b.sees("What to read?")
	b.shot("flow-endpoints")
	b.press("Go on")
	b.sees("Choose at least one")
	b.chosen("bookings", "event-types")
	b.press("Go on")
	b.sees("Where to, and how often?")
	b.press("Test")
	b.until("each endpoint was tried", `(document.querySelector('#test').innerText.match(/it cost/g) ?? []).length === 2`)
	b.shot("flow-finish")
	b.press("Create and run")
	b.sees("its first run has begun")
	b.until("the run is over and its rows are there", `document.querySelector('#live')?.innerText.includes('succeeded')`)
	b.shot("flow")
	t.Logf("from the setup to rows: %s", time.Since(begun).Round(100*time.Millisecond))
}
