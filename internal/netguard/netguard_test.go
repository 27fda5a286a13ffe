package netguard

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestOnlyPublicAddressesAreDialled(t *testing.T) {
	for _, text := range []string{
		"127.0.0.1", "127.8.9.10", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
		"100.64.0.1", "192.0.0.170", "198.18.0.1", "224.0.0.1", "239.255.255.250", "255.255.255.255", "240.0.0.1", "203.0.113.5",
		"::", "::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
		"2002:7f00:1::", "2001::1", "2001:db8::1", "fe80::1", "fec0::1", "fc00::1", "fd12:3456::1", "ff02::1", "100::1", "3fff::1",
	} {
		if Public(netip.MustParseAddr(text)) {
			t.Errorf("%s counts as public", text)
		}
	}
	for _, text := range []string{"1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"} {
		if !Public(netip.MustParseAddr(text)) {
			t.Errorf("%s does not count as public", text)
		}
	}
}

func TestANameThatLeadsInsideIsRefusedWhenDialled(t *testing.T) {
	for _, address := range []string{"127.0.0.1:443", "[::1]:443", "169.254.169.254:443", "[::ffff:10.0.0.1]:443", "nonsense"} {
		g, err := New("https://api.cal.com")
		if err != nil {
			t.Fatal(err)
		}
		if g.control(t.Context(), "tcp", address, nil) == nil {
			t.Errorf("%s was allowed", address)
		}
	}
}

func TestPlainHTTPIsForLoopbackAlone(t *testing.T) {
	for _, bad := range []string{"http://api.cal.com", "ftp://127.0.0.1", "http://127.0.0.1.nip.io", "http://localhost.", "http://user@127.0.0.1", "nonsense", ""} {
		if _, err := New(bad); err == nil {
			t.Errorf("%q was allowed", bad)
		}
	}
	for _, good := range []string{"https://api.cal.com", "http://127.0.0.1:80", "http://[::1]:9", "http://localhost:1"} {
		if _, err := New(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}

func TestARedirectIsAnAnswerAndNotFollowed(t *testing.T) {
	visited := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visited = true }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL+"/steal", status)
		}))
		g, err := New(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		res, err := g.Client().Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != status || visited {
			t.Errorf("%d: got %d, visited %v", status, res.StatusCode, visited)
		}
		server.Close()
	}
}

func TestARequestToAnotherOriginIsRefused(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	g, err := New("http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Client().Get(server.URL); !errors.Is(err, ErrOtherOrigin) {
		t.Errorf("got %v", err)
	}
}
