package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// witness stands before a server, and notes every request that may change
// something. After as many as it lets through it breaks the connection, as a
// network does.
type witness struct {
	mu   sync.Mutex
	seen []string
	left int // -1 for all
}

// witnesses are those of scripts, by their directory.
var witnesses sync.Map

// harmless are requests that store nothing, though they are no GET.
func harmless(r *http.Request) bool {
	return r.Method == http.MethodGet || strings.HasPrefix(r.URL.Path, "/api/token") || r.URL.Query().Get("dry_run") == "true"
}

// lets notes a request, and says whether it may pass.
func (w *witness) lets(r *http.Request) bool {
	if harmless(r) {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.left == 0 {
		return false
	}
	w.left--
	w.seen = append(w.seen, r.Method+" "+r.URL.Path)
	return true
}

// putBetween is the script command `between [N]`.
func putBetween(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 1 {
		ts.Fatalf("usage: between [N]")
	}
	if had, there := witnesses.Load(ts.Getenv("WORK")); there {
		w := had.(*witness)
		w.mu.Lock()
		w.left = number(ts, args, 0, -1)
		w.mu.Unlock()
		return
	}
	w := &witness{left: number(ts, args, 0, -1)}
	server, err := url.Parse(ts.Getenv("WEIR_URL"))
	ts.Check(err)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(server) }}
	front := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if !w.lets(r) {
			panic(http.ErrAbortHandler)
		}
		proxy.ServeHTTP(out, r)
	}))
	ts.Defer(front.Close)
	witnesses.Store(ts.Getenv("WORK"), w)
	ts.Setenv("WEIR_URL", front.URL)
}

// listChanges is the script command `changes`: it prints what was seen since
// the last time.
func listChanges(ts *testscript.TestScript, neg bool, args []string) {
	had, there := witnesses.Load(ts.Getenv("WORK"))
	if neg || len(args) > 0 || !there {
		ts.Fatalf("usage: changes, after between")
	}
	w := had.(*witness)
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := fmt.Fprintf(ts.Stdout(), "%d changes\n%s\n", len(w.seen), strings.Join(w.seen, "\n"))
	ts.Check(err)
	w.seen = nil
}

var example = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// copyExample is the script command `manual DOCUMENT FILE`.
func copyExample(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: manual DOCUMENT FILE")
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", args[0]))
	ts.Check(err)
	found := example.FindSubmatch(text)
	if found == nil {
		ts.Fatalf("%s has no example", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), found[1], 0o600))
}
