package netguard

import (
	"io"
	"net/http"
	"sync"

	"github.com/weirhq/weir"
)

// maxOrigins is how many servers one roaming client reaches.
const maxOrigins = 8

// Roam is a client for a service that names further servers of its own, as an
// identity provider does in its configuration. Each of them is guarded like
// the first; loopback only where the first is loopback, too. Private is as in
// Options.
func Roam(first string, private bool) (*http.Client, error) {
	g, err := NewWith(Options{Origin: first, Private: private})
	if err != nil {
		return nil, err
	}
	c := g.Client()
	c.Transport = &roam{local: g.local, private: private, next: map[string]http.RoundTripper{Origin(g.origin): c.Transport}}
	return c, nil
}

type roam struct {
	local, private bool

	mu   sync.Mutex
	next map[string]http.RoundTripper // by origin
}

// RoundTrip implements http.RoundTripper.
func (t *roam) RoundTrip(r *http.Request) (*http.Response, error) {
	next, err := t.to(r)
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close() // nothing of it was read
		}
		return nil, err
	}
	res, err := next.RoundTrip(r)
	if err == nil {
		res.Body = limited{io.LimitReader(res.Body, maxAnswer), res.Body}
	}
	return res, err
}

// maxAnswer is more than a configuration or a set of keys has, in bytes.
const maxAnswer = 1 << 20

type limited struct {
	io.Reader
	io.Closer
}

func (t *roam) to(r *http.Request) (http.RoundTripper, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	origin := Origin(r.URL)
	if next, known := t.next[origin]; known {
		return next, nil
	}
	g, err := NewWith(Options{Origin: origin, Private: t.private})
	if err != nil {
		return nil, err
	}
	if g.local && !t.local {
		return nil, refuse(r.URL.Host)
	}
	if len(t.next) >= maxOrigins {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "network", Message: "the service names too many servers", Remedy: "Check its address"}
	}
	t.next[origin] = g.Client().Transport
	return t.next[origin], nil
}
