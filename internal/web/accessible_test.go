package web_test

import (
	"os"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// axePath is where `make test` puts axe-core.
const axePath = "testdata/axe/node_modules/axe-core/axe.min.js"

// axe reads axe-core. Without it a test is skipped, and in CI it fails.
func axe(t *testing.T) string {
	t.Helper()
	script, err := os.ReadFile(axePath)
	if err == nil {
		return string(script)
	}
	if os.Getenv("CI") != "" {
		t.Fatal("there is no axe-core: scripts/install-test-deps installs it")
	}
	t.Skip("there is no axe-core: scripts/install-test-deps installs it")
	return ""
}

// findings are what axe-core finds that keeps people out, a line each.
const findings = `axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations']})
	.then(r => r.violations.filter(v => v.impact === 'serious' || v.impact === 'critical')
		.map(v => v.id + ': ' + v.help + ' at ' + v.nodes.map(n => n.target.join(' ')).slice(0, 3).join(', ')).join('\n'))`

func TestNoPageKeepsAnybodyOut(t *testing.T) {
	script := axe(t)
	s := settled(t)
	b := s.browse(1440, 1000)
	look := func(name string) {
		t.Helper()
		run(b, chromedp.Evaluate[bool](script+"; true"))
		if found := run(b, chromedp.Evaluate[string](findings, chromedp.EvalAwaitPromise)); found != "" {
			t.Errorf("%s:\n%s", name, found)
		}
	}
	b.open("/sign-in")
	look("/sign-in")
	b.signIn()
	b.flow()
	b.filledLookup()
	b.ruled()
	all := b.everyPage()
	for _, theme := range []string{"light", "dark"} {
		b.press(map[string]string{"light": "Theme: system", "dark": "Theme: light"}[theme])
		b.sees("Theme: " + theme)
		for _, path := range all {
			b.open(path)
			look(path + " in " + theme)
		}
		b.tries()
		look("rules that were tried in " + theme)
	}
	b.openOverlay()
	look("the overlay")
}

// keys sends keys to whatever has the focus.
func (b *browser) keys(keys ...string) {
	b.Helper()
	b.do(chromedp.KeyEvent(strings.Join(keys, "")))
}

// focused is what has the focus: its name, or its words.
func (b *browser) focused() string {
	b.Helper()
	return run(b, chromedp.Evaluate[string](`(e => e.name || e.innerText || e.tagName)(document.activeElement).trim()`))
}

// tabTo presses Tab until something has the focus.
func (b *browser) tabTo(name string) {
	b.Helper()
	for range 60 {
		if b.focused() == name {
			return
		}
		b.keys(kb.Tab)
	}
	b.Fatalf("Tab does not come to %q; it is at %q", name, b.focused())
}

func TestACredentialIsAddedWithTheKeyboardAlone(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.open("/sign-in")
	b.tabTo("email")
	b.keys(adaEmail, kb.Tab, adaPassword, kb.Enter)
	b.sees("Overview")
	b.open("/credentials")
	b.tabTo("Add credential")
	b.keys(kb.Enter)
	b.until("the overlay is open", `document.querySelector('#new-credential').open`)
	b.tabTo("name")
	b.keys("Our account")
	b.tabTo("api_key")
	b.keys(s.key(), kb.Enter)
	b.sees("is stored")
	b.openOverlay()
	b.keys(kb.Escape)
	b.until("the overlay is closed", `!document.querySelector('#new-credential').open`)
	if at := b.focused(); at != "Add credential" {
		t.Errorf("after the overlay the focus is at %q", at)
	}
}

func TestAMomentIsCopiedWithTheKeyboardAlone(t *testing.T) {
	s := settled(t)
	b := s.browse(1440, 1000)
	b.signIn()
	b.flow()
	b.open("/credentials/1")
	b.until("a moment takes the focus", `(document.querySelector('.facts time[datetime][tabindex="0"]')?.focus(), document.activeElement.matches('time'))`)
	run(b, chromedp.Evaluate[bool](`(navigator.clipboard.writeText = async (text) => { window.clip = text; }, true)`))
	b.keys(kb.Enter)
	b.until("it is copied as programs write it", `window.clip === document.activeElement.dateTime && document.querySelector('.toast').textContent === 'Copied ' + window.clip`)
}
