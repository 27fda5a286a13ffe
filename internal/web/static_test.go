package web_test

import (
	"io"
	"net/http"
	"regexp"
	"testing"
)

// assetsLimit is what all scripts and styles together may weigh on the way.
const assetsLimit = 150_000

func TestScriptsAndStylesAreLightOnTheWay(t *testing.T) {
	s := newSite(t)
	s.setUp()
	total := 0
	files := regexp.MustCompile(`"(/assets/[^"]+\.(?:css|js))"`).FindAllStringSubmatch(s.page("", "/sign-in"), -1)
	for _, f := range files {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+f[1], http.NoBody)
		s.must(err)
		req.Header.Set("Accept-Encoding", "gzip") // set by hand, so that the body stays as it was sent
		res, err := http.DefaultTransport.RoundTrip(req)
		s.must(err)
		body, err := io.ReadAll(res.Body)
		s.must(err)
		s.must(res.Body.Close())
		if res.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s is not compressed", f[1])
		}
		total += len(body)
	}
	t.Logf("%d files, %.1f kB", len(files), float64(total)/1000)
	if len(files) != 2 || total > assetsLimit {
		t.Errorf("%d files of scripts and styles weigh %d bytes", len(files), total)
	}
}
