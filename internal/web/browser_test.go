package web_test

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/go-json-experiment/json"
)

// browser is a tab of a real browser on a site. Whatever its console complains
// about, and every request that it makes to another host, fails the test.
type browser struct {
	*site
	ctx context.Context

	mu       sync.Mutex
	requests []string // addresses, in order
	expected []string // parts of complaints that this test provokes
}

// browse opens a browser of its own: no cookie of another one is in it.
func (s *site) browse(width, height int) *browser {
	s.Helper()
	path := chromium(s.TB)
	alloc, stop := chromedp.NewExecAllocator(s.Context(), chromedp.ExecPath(path), chromedp.UserDataDir(s.TempDir()), chromedp.WindowSize(width, height),
		chromedp.Flag("no-sandbox", os.Geteuid() == 0), chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("no-first-run", true), chromedp.Flag("headless", "new"),
		// Without these a busy machine loses clicks: those that come before a page is
		// painted, and those on what a smooth scroll has still to bring. And what lies
		// behind another window is painted as late as the browser likes.
		chromedp.Flag("allow-pre-commit-input", true), chromedp.Flag("force-prefers-reduced-motion", true),
		chromedp.Flag("disable-backgrounding-occluded-windows", true), chromedp.Flag("disable-renderer-backgrounding", true), chromedp.Flag("disable-background-timer-throttling", true))
	b := &browser{site: s}
	ctx, close := chromedp.NewContext(alloc, chromedp.WithListener(b.watch))
	b.ctx = ctx
	s.Cleanup(func() {
		close()
		stop()
	})
	s.must(chromedp.Do(ctx)) // the browser lives as long as the context of the first step
	b.do(chromedp.EmulateViewport(int64(width), int64(height)))
	return b
}

// chromium finds the browser. Without one a test is skipped, and in CI it fails.
func chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("there is no Chromium: install the package chromium")
	}
	t.Skip("there is no Chromium: install the package chromium")
	return ""
}

// watch hears what the browser does.
func (b *browser) watch(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
		if u, err := url.Parse(e.Request.URL); err == nil && u.Scheme != "data" && !strings.HasPrefix(e.Request.URL, b.url+"/") {
			b.Errorf("the page asks another host: %s", e.Request.URL)
		}
	case *runtime.EventExceptionThrown:
		b.complain("exception: " + e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" {
			text := string(e.Type)
			for _, a := range e.Args {
				text += " " + string(a.Value) + a.Description
			}
			b.complain(text)
		}
	}
}

func (b *browser) complain(text string) {
	for _, part := range b.expected {
		if strings.Contains(text, part) {
			return
		}
	}
	b.Errorf("the console says: %s", text)
}

// patience is how long a step may take on a busy machine.
const patience = 45 * time.Second

// do runs steps in the browser.
func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.shot("failed")
		b.Fatalf("%v\nat %s", err, b.where())
	}
}

func run[T any](b *browser, step chromedp.Action[T]) T {
	b.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	value, err := chromedp.Run(ctx, step)
	if err != nil {
		b.shot("failed")
		b.Fatalf("%v\nat %s", err, b.where())
	}
	return value
}

func (b *browser) open(path string) { b.Helper(); b.do(chromedp.Navigate(b.url + path)) }

// where is the path of the page.
func (b *browser) where() string {
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	at, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return err.Error()
	}
	return strings.TrimPrefix(at, b.url)
}

// typed fills in a field by its name.
func (b *browser) typed(name, value string) {
	b.Helper()
	at := chromedp.CSS(`[name="` + name + `"]`)
	b.write(at, value)
}

// write puts a text in the place of what is in a field, at once as a paste does: a
// key at a time takes a busy machine longer than everything else a test does.
func (b *browser) write(at chromedp.CSS, value string) {
	b.Helper()
	quoted, err := json.Marshal(string(at))
	b.must(err)
	b.do(chromedp.WaitVisible(at))
	run(b, chromedp.Evaluate[string](`document.querySelector(`+string(quoted)+`).value = ''`))
	b.do(chromedp.Focus(at), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, input.InsertText, input.InsertTextParams{Text: value})
		return err
	}))
}

// press clicks a button or a link by its words.
func (b *browser) press(words string) {
	b.Helper()
	b.do(chromedp.Click(chromedp.Search(`//*[self::button or self::a][normalize-space()="` + words + `"]`)))
}

// sees waits until the page shows the words.
func (b *browser) sees(words string) {
	b.Helper()
	quoted, err := json.Marshal(words)
	b.must(err)
	b.until("the page shows "+words, `document.body.innerText.includes(`+string(quoted)+`)`)
}

// until waits until an expression is true in a page that is there with its scripts.
// It asks again and again, because what is asked of a page that is about to be left
// gets no answer.
func (b *browser) until(what, expression string) {
	b.Helper()
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	expression = "document.readyState === 'complete' && (" + expression + ")"
	again := time.NewTicker(30 * time.Millisecond)
	defer again.Stop()
	for {
		if is, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression)); err == nil && is {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			b.shot("failed")
			b.Fatalf("waited in vain until %s; at %s the page shows:\n%s", what, b.where(), b.text())
		}
	}
}

// text is what the page shows.
func (b *browser) text() string {
	b.Helper()
	return run(b, chromedp.Evaluate[string](`document.body.innerText`))
}

// html is the whole document.
func (b *browser) html() string {
	b.Helper()
	return run(b, chromedp.Evaluate[string](`document.documentElement.outerHTML`))
}

// signIn signs Ada in.
func (b *browser) signIn() {
	b.Helper()
	b.open("/sign-in")
	b.typed("email", adaEmail)
	b.typed("password", adaPassword)
	b.press("Sign in")
	b.sees("Overview")
}

// shot keeps a picture of the page below the directory that WEIR_SCREENSHOTS names.
func (b *browser) shot(name string) {
	dir := os.Getenv("WEIR_SCREENSHOTS")
	if dir == "" {
		return
	}
	ctx, stop := context.WithTimeout(b.ctx, patience)
	defer stop()
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.Logf("no picture: %v", err)
		return
	}
	b.must(os.MkdirAll(dir, 0o755))
	b.must(os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644))
}
