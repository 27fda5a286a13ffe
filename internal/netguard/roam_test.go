package netguard

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestARoamingClientReachesFurtherServersAndLoopbackFromLoopbackAlone(t *testing.T) {
	hit := 0
	serve := func() *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hit++ }))
		t.Cleanup(s.Close)
		return s
	}
	first, second := serve(), serve()
	c, err := Roam(first.URL, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{first.URL, second.URL, first.URL + "/keys"} {
		res, err := c.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	public, err := Roam("https://id.example.com", true)
	if err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{first.URL, "http://id.example.com/", "https://127.0.0.1/"} {
		if _, err := public.Get(url); err == nil {
			t.Errorf("%s was reached", url)
		}
	}
	if hit != 3 {
		t.Errorf("%d requests arrived", hit)
	}
}

func TestAPrivateNetworkIsReachedOnlyWhereItWasChosen(t *testing.T) {
	for _, address := range []string{"10.1.2.3:443", "192.168.0.1:443", "[fd00::1]:443"} {
		for _, private := range []bool{false, true} {
			g, err := NewWith(Options{Origin: "https://id.example.com", Private: private})
			if err != nil {
				t.Fatal(err)
			}
			if err := g.control(t.Context(), "tcp", address, nil); (err == nil) != private {
				t.Errorf("%s private=%v: %v", address, private, err)
			}
		}
	}
	g, err := NewWith(Options{Origin: "https://id.example.com", Private: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"127.0.0.1:443", "169.254.169.254:80", "0.0.0.0:1"} {
		if g.control(t.Context(), "tcp", address, nil) == nil {
			t.Errorf("%s was reached", address)
		}
	}
}
