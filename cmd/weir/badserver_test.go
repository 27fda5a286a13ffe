package main

import (
	"net/http"
	"net/http/httptest"

	"github.com/rogpeppe/go-internal/testscript"
)

// startBadServer serves something that is not the Cal.com API and sets $URL:
// `badserver html` a web page, `badserver redirect` a redirect elsewhere,
// `badserver json` another API's answers.
func startBadServer(ts *testscript.TestScript, neg bool, args []string) {
	kind := "html"
	if len(args) > 0 {
		kind = args[0]
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch kind {
		case "redirect":
			http.Redirect(w, r, "https://elsewhere.example/login?next=secret", http.StatusFound)
			return
		case "json":
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"name":"another service","version":3}`))
			return
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html><title>Sign in</title></html>"))
	}))
	ts.Defer(server.Close)
	ts.Setenv("URL", server.URL)
}
