package netguard

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/weirhq/weir"
)

// inside are IPv4 addresses that are not the public Internet.
var inside = []string{
	"127.0.0.1", "127.8.9.10", "127.255.255.254", "0.0.0.0", "0.1.2.3", "0.255.255.255", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.20.10.2",
	"172.31.255.255", "192.168.0.1", "192.168.255.255", "169.254.169.254", "169.254.0.1", "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.0.170",
	"192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.5", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
}

// disguises are the ways in which an IPv6 address can hold an IPv4 one.
var disguises = map[string]func(v4 [4]byte) [16]byte{
	"mapped":     func(v [4]byte) [16]byte { return [16]byte{10: 0xff, 11: 0xff, 12: v[0], 13: v[1], 14: v[2], 15: v[3]} },
	"compatible": func(v [4]byte) [16]byte { return [16]byte{12: v[0], 13: v[1], 14: v[2], 15: v[3]} },
	"translated": func(v [4]byte) [16]byte { return [16]byte{8: 0xff, 9: 0xff, 12: v[0], 13: v[1], 14: v[2], 15: v[3]} },
	"nat64":      func(v [4]byte) [16]byte { return [16]byte{0, 0x64, 0xff, 0x9b, 12: v[0], 13: v[1], 14: v[2], 15: v[3]} },
	"nat64 local": func(v [4]byte) [16]byte {
		return [16]byte{0, 0x64, 0xff, 0x9b, 0, 1, 12: v[0], 13: v[1], 14: v[2], 15: v[3]}
	},
	"6to4":   func(v [4]byte) [16]byte { return [16]byte{0x20, 0x02, v[0], v[1], v[2], v[3], 15: 1} },
	"teredo": func(v [4]byte) [16]byte { return [16]byte{0x20, 0x01, 12: ^v[0], 13: ^v[1], 14: ^v[2], 15: ^v[3]} },
	"teredo server": func(v [4]byte) [16]byte {
		return [16]byte{0x20, 0x01, 4: v[0], 5: v[1], 6: v[2], 7: v[3], 12: 0xf7, 13: 0xf7, 14: 0xf7, 15: 0xf7}
	},
	"isatap": func(v [4]byte) [16]byte {
		return [16]byte{0x26, 0x07, 0xf8, 0xb0, 10: 0x5e, 11: 0xfe, 12: v[0], 13: v[1], 14: v[2], 15: v[3]}
	},
	"isatap global": func(v [4]byte) [16]byte {
		return [16]byte{0x26, 0x07, 0xf8, 0xb0, 8: 2, 10: 0x5e, 11: 0xfe, 12: v[0], 13: v[1], 14: v[2], 15: v[3]}
	},
}

func TestNoAddressInsideIsPublicHoweverItIsWritten(t *testing.T) {
	n := 0
	refused := func(name string, ip netip.Addr) {
		n++
		if Public(ip) {
			t.Errorf("%s: %s counts as public", name, ip)
		}
	}
	for _, text := range inside {
		v4 := netip.MustParseAddr(text)
		refused("v4", v4)
		for name, in := range disguises {
			refused(name+" of "+text, netip.AddrFrom16(in(v4.As4())))
		}
	}
	for _, text := range []string{
		"::", "::1", "::2", "fe80::1", "fe80::1%eth0", "febf::1", "fec0::1", "fc00::1", "fd12:3456::1", "fdff::1", "ff02::1", "ff0e::1", "100::1",
		"2001:db8::1", "2001::1", "2001:10::1", "2001:20::1", "3fff::1", "5f00::1", "4000::1", "2002::1", "2001:4860::1%eth0",
	} {
		refused("v6", netip.MustParseAddr(text))
	}
	refused("zero", netip.Addr{})
	if n < 300 {
		t.Errorf("only %d addresses were tried", n)
	}
}

func TestThePublicInternetIsPublic(t *testing.T) {
	for _, text := range []string{
		"1.1.1.1", "8.8.8.8", "172.32.0.1", "172.15.255.255", "100.128.0.1", "100.63.255.255", "9.255.255.255", "11.0.0.1", "192.167.1.1", "223.255.255.254",
		"2606:4700:4700::1111", "2a00:1450:4001:80b::200e", "2001:4860:4860::8888", "::ffff:8.8.8.8",
	} {
		if !Public(netip.MustParseAddr(text)) {
			t.Errorf("%s does not count as public", text)
		}
	}
}

func TestANameThatLeadsInsideIsRefusedWhenDialled(t *testing.T) {
	g := guard(t, "https://api.cal.com")
	for _, address := range []string{"127.0.0.1:443", "[::1]:443", "169.254.169.254:443", "[::ffff:10.0.0.1]:443", "[64:ff9b::a9fe:a9fe]:443", "[fe80::1%eth0]:443", "nonsense"} {
		if g.control(t.Context(), "tcp", address, nil) == nil {
			t.Errorf("%s was allowed", address)
		}
	}
	for _, network := range []string{"unix", "udp"} {
		if g.control(t.Context(), network, "1.1.1.1:443", nil) == nil {
			t.Errorf("%s was allowed", network)
		}
	}
	if err := g.control(t.Context(), "tcp4", "1.1.1.1:443", nil); err != nil {
		t.Error(err)
	}
}

func TestAnOriginOnLoopbackLeadsNowhereElse(t *testing.T) {
	g := guard(t, "http://localhost:3000")
	for _, address := range []string{"1.1.1.1:3000", "10.0.0.1:3000", "169.254.169.254:3000", "[2606:4700::1]:3000"} {
		if g.control(t.Context(), "tcp", address, nil) == nil {
			t.Errorf("the key would go to %s in the clear", address)
		}
	}
	for _, address := range []string{"127.0.0.1:3000", "127.1.2.3:3000", "[::1]:3000"} {
		if err := g.control(t.Context(), "tcp", address, nil); err != nil {
			t.Error(err)
		}
	}
}

func TestPlainHTTPIsForLoopbackAlone(t *testing.T) {
	for _, bad := range []string{
		"http://api.cal.com", "ftp://127.0.0.1", "http://127.0.0.1.nip.io", "http://localhost.", "http://localhost.example", "http://user@127.0.0.1", "https://user:pass@api.cal.com",
		"http://127.1", "http://0x7f.1", "http://0177.0.0.1", "http://2130706433", "http://0.0.0.0", "http://[::]", "http://[::ffff:10.0.0.1]", "http://10.0.0.1",
		"unix:///run/x.sock", "file:///etc/passwd", "gopher://127.0.0.1", "//127.0.0.1", "https://", "https:///v2", "https://:443", "nonsense", "", "http://127.0.0.1%2f@evil",
	} {
		_, err := New(bad)
		if weir.CodeOf(err) != weir.CodeUsage {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, good := range []string{"https://api.cal.com", "http://127.0.0.1:80", "http://127.9.9.9", "http://[::1]:9", "http://[::ffff:127.0.0.1]:9", "http://localhost:1"} {
		if _, err := New(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}

// The resolver of the system reads some of these as loopback: the dialled
// address is what counts, so nothing arrives.
func TestOddFormsOfLoopbackReachNoListener(t *testing.T) {
	arrived := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived = true }))
	defer server.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(server.URL, "http://"), ":")
	for _, host := range []string{
		"0.0.0.0", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "127.1", "127.0.1", "0x7f.0.0.1", "0x7f000001",
		"0177.0.0.1", "2130706433", "017700000001", "localhost.", "LOCALHOST.", "127.0.0.1.", "①②⑦.⓪.⓪.①", "ip6-localhost", "localhost.localdomain",
	} {
		g, err := New("https://" + host + ":" + port)
		if err != nil {
			continue
		}
		g.local = false // also the one literal form that may be dialled when it is the origin
		if res, err := g.Client().Get("https://" + host + ":" + port + "/"); err == nil {
			_ = res.Body.Close()
			t.Errorf("%s was reached", host)
		}
	}
	if arrived {
		t.Error("the listener saw a request")
	}
}

func TestARequestToAnotherOriginIsRefused(t *testing.T) {
	g := guard(t, "https://api.cal.com")
	for _, other := range []string{
		"http://api.cal.com/", "https://api.cal.com:444/", "https://api.cal.com.evil.example/", "https://evil.example/", "https://sub.api.cal.com/",
		"https://user@api.cal.com/", "https://api.cal.com@evil.example/", "https://127.0.0.1/",
	} {
		if _, err := g.Client().Get(other); !errors.Is(err, ErrOtherOrigin) {
			t.Errorf("%s: %v", other, err)
		}
	}
	for _, same := range []string{"https://api.cal.com/", "https://API.cal.com:443/x?y"} {
		u, err := url.Parse(same)
		if err != nil || !sameOrigin(g.origin, u) {
			t.Errorf("%s is not the same origin", same)
		}
	}
}

func TestTheEnvironmentsProxyIsUsedOnlyWhenAskedFor(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	if g := guard(t, "https://api.cal.com"); g.transport().Proxy != nil {
		t.Error("a proxy is used that nobody asked for")
	}
	proxy := &url.URL{Scheme: "http", Host: "10.0.0.7:3128"}
	g, err := NewWith(Options{Origin: "https://api.cal.com", Proxy: http.ProxyURL(proxy)})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := g.transport().Proxy(nil); err != nil || got.Host != proxy.Host {
		t.Errorf("got %v, %v", got, err)
	}
	if g, err = NewWith(Options{Origin: "http://127.0.0.1:3000", Proxy: http.ProxyURL(proxy)}); err != nil || g.transport().Proxy != nil {
		t.Errorf("what is on loopback would go through a proxy in the clear (%v)", err)
	}
}

func guard(t *testing.T, origin string) *Guard {
	t.Helper()
	g, err := New(origin)
	if err != nil {
		t.Fatal(err)
	}
	return g
}
