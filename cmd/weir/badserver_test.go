package main

import (
	"net/http"
	"net/http/httptest"

	"github.com/rogpeppe/go-internal/testscript"
)

// startBadServer serves something that is not the Cal.com API and sets $URL:
// `badserver html` a web page, `badserver redirect` a redirect elsewhere.
func startBadServer(ts *testscript.TestScript, neg bool, args []string) {
	kind := "html"
	if len(args) > 0 {
		kind = args[0]
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if kind == "redirect" {
			http.Redirect(w, r, "https://elsewhere.example/login?next=secret", http.StatusFound)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html><title>Sign in</title></html>"))
	}))
	ts.Defer(server.Close)
	ts.Setenv("URL", server.URL)
}
