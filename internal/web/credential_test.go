package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/weirhq/weir/internal/simulator"
)

// openOverlay opens the overlay on the tiles.
func (b *browser) openOverlay() {
	b.Helper()
	b.open("/credentials")
	b.press("Add credential")
	b.do(chromedp.WaitVisible(chromedp.CSS("#new-credential")))
}

// inOverlay is a field of the overlay.
func inOverlay(name string) string { return `#new-credential [name="` + name + `"]` }

func (b *browser) typedIn(selector, value string) {
	b.Helper()
	b.write(chromedp.CSS(selector), value)
}

// host chooses another address in the overlay.
func (b *browser) host(address string) {
	b.Helper()
	b.do(chromedp.Click(chromedp.CSS(`#new-credential [name="region"][value="other"]`)))
	b.typedIn(inOverlay("base_url"), address)
}

func (b *browser) save() {
	b.Helper()
	b.do(chromedp.Click(chromedp.CSS("#new-credential button.primary")))
}

func TestAKeyIsValidatedInTheOverlayAndItsTileIsThere(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.openOverlay()
	b.shot("overlay")
	b.typedIn(inOverlay("name"), "Our account")
	b.typedIn(inOverlay("description"), "The key of the sales team")
	b.typedIn(inOverlay("api_key"), "Bearer "+s.key())
	b.save()
	b.sees("is stored")
	b.sees("Our account")
	b.sees("verified")
	b.shot("credentials")
	if strings.Contains(b.html(), s.key()) {
		t.Error("the key is in the page")
	}
	b.press("Our account")
	b.sees("What was done with it")
	b.shot("credential")
	if strings.Contains(b.html(), s.key()) {
		t.Error("the key is in the page of the credential")
	}
}

func TestEachFailureOfAKeyIsSaidAndNothingIsStored(t *testing.T) {
	s := settled(t)
	html := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html>Please sign in to the network</html>"))
	}))
	t.Cleanup(html.Close)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	b := s.browse(1440, 1000)
	b.signIn()
	b.openOverlay()
	b.typedIn(inOverlay("name"), "Our account")
	for _, wrong := range []struct{ key, host, says string }{
		{"hello", "", "cal_"},
		{"cal_live_0123456789abcdef0123456789abcdef", "", "unknown here"},
		{s.key(), gone.URL, "cannot be reached"},
		{s.key(), html.URL, "address"},
	} {
		b.typedIn(inOverlay("api_key"), wrong.key)
		if wrong.host != "" {
			b.host(wrong.host)
		}
		b.save()
		b.until("the overlay says "+wrong.says, `[...document.querySelectorAll('#new-credential .wrong, #new-credential .notice')].some(e => e.innerText.includes('`+wrong.says+`'))`)
		b.shot("overlay-" + wrong.says)
	}
	b.open("/credentials")
	if strings.Contains(b.text(), "Our account") {
		t.Error("something was stored")
	}
}

func TestAnExpiredKeyAndAUsedUpBudgetAreToldApart(t *testing.T) {
	s := settled(t)
	ended, err := s.sim.AddKey(simulator.NewKey{Name: "ended", Days: 1})
	s.must(err)
	busy, err := s.sim.AddKey(simulator.NewKey{Name: "busy", Never: true, Limits: []simulator.KeyLimit{{Name: "default", Limit: 1, Window: time.Minute}}})
	s.must(err)
	s.sim.MoveClock(48 * time.Hour)
	req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.simURL+"/v2/me", nil)
	s.must(err)
	req.Header.Set("Authorization", "Bearer "+busy)
	res, err := http.DefaultClient.Do(req)
	s.must(err)
	s.must(res.Body.Close())
	b := s.browse(1440, 1000)
	b.signIn()
	b.openOverlay()
	b.typedIn(inOverlay("name"), "Our account")
	for _, wrong := range []struct{ key, says string }{{ended, "expired"}, {busy, "budget is used up for"}} {
		b.typedIn(inOverlay("api_key"), wrong.key)
		b.save()
		b.until("the overlay says "+wrong.says, `[...document.querySelectorAll('#new-credential .wrong, #new-credential .notice')].some(e => e.innerText.includes('`+wrong.says+`'))`)
	}
	b.open("/credentials")
	if strings.Contains(b.text(), "Our account") {
		t.Error("something was stored")
	}
}
