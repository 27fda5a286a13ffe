package web_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
)

// answer is what the API says.
func (s *site) answer(method, token, path string) string {
	s.Helper()
	return s.send(method, token, "/api"+path, nil)
}

// puts makes a request of the API that changes something.
func (s *site) puts(token, path string, in any) {
	s.Helper()
	body, err := json.Marshal(in)
	s.must(err)
	s.send(http.MethodPut, token, "/api"+path, body)
}

// page is a page as a browser with a session gets it.
func (s *site) page(token, path string) string {
	s.Helper()
	return s.send(http.MethodGet, token, path, nil)
}

// form sends a form as a script of a page does, and gives the part that it gets.
func (s *site) form(token, path string, values url.Values) string {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodPost, s.url+path, strings.NewReader(values.Encode()))
	s.must(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", s.url)
	req.Header.Set("HX-Request", "true")
	req.AddCookie(&http.Cookie{Name: "weir-" + req.URL.Port(), Value: token})
	res, err := http.DefaultTransport.RoundTrip(req)
	s.must(err)
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	s.must(err)
	if res.StatusCode != http.StatusOK {
		s.Fatalf("%s answers %d: %s", path, res.StatusCode, content)
	}
	return string(content)
}

// send makes a request that works.
func (s *site) send(method, token, path string, body []byte) string {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), method, s.url+path, bytes.NewReader(body))
	s.must(err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	req.AddCookie(&http.Cookie{Name: "weir-" + req.URL.Port(), Value: token})
	res, err := http.DefaultClient.Do(req)
	s.must(err)
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	s.must(err)
	if res.StatusCode != http.StatusOK {
		s.Fatalf("%s %s answers %d: %s", method, path, res.StatusCode, content)
	}
	return string(content)
}
