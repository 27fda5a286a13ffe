package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
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
