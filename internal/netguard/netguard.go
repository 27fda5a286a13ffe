// Package netguard is the one way out: every connection to somebody else's
// server passes it. The address that is dialled, not the name that was
// checked, decides; redirects are never followed; sizes and times are
// limited; plain http is spoken on loopback alone.
package netguard

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/weirhq/weir"
)

// The limits of one exchange.
const (
	HeaderTimeout = 15 * time.Second // until the answer's headers are there
	IdleTimeout   = 20 * time.Second // between two pieces of a body
	TotalTimeout  = 60 * time.Second // for the whole exchange
	dialTimeout   = 10 * time.Second
	headerBytes   = 64 << 10
)

// Guard makes connections to one origin.
type Guard struct {
	origin   *url.URL
	loopback bool // the origin itself is loopback, by its literal name
}

// New guards the way to an origin: scheme, host and port. Anything but https,
// or http on loopback, is CodeUsage.
func New(origin string) (*Guard, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, &weir.Error{Code: weir.CodeUsage, Message: "this is not an address", Remedy: "Write it as https://host"}
	}
	g := &Guard{origin: u, loopback: literallyLoopback(u.Hostname())}
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && g.loopback:
	default:
		return nil, &weir.Error{Code: weir.CodeUsage, Message: "only https keeps a key secret on the way; http is for loopback alone", Remedy: "Write the address with https://"}
	}
	return g, nil
}

// literallyLoopback takes names as they are written: no resolver is asked.
func literallyLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// Client is an HTTP client that goes nowhere else.
func (g *Guard) Client() *http.Client {
	dialer := &net.Dialer{Timeout: dialTimeout, ControlContext: g.control}
	return &http.Client{
		Timeout:       TotalTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: bound{g.origin, &http.Transport{
			Proxy:       nil, // a proxy would see, or choose, where the key goes
			DialContext: idle(dialer.DialContext), ForceAttemptHTTP2: true,
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: HeaderTimeout, ExpectContinueTimeout: time.Second,
			MaxResponseHeaderBytes: headerBytes, DisableCompression: true, // inflated by the reader, through a limit
			MaxIdleConnsPerHost: 8, IdleConnTimeout: 90 * time.Second,
		}},
	}
}

// bound refuses a request to another origin, whoever made it.
type bound struct {
	origin *url.URL
	next   http.RoundTripper
}

// ErrOtherOrigin is the refusal.
var ErrOtherOrigin = errors.New("netguard: a request to another origin")

// RoundTrip implements http.RoundTripper.
func (b bound) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != b.origin.Scheme || !strings.EqualFold(r.URL.Host, b.origin.Host) || r.URL.User != nil {
		return nil, ErrOtherOrigin
	}
	return b.next.RoundTrip(r)
}

// control decides on the address that is really dialled, each time.
func (g *Guard) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || !strings.HasPrefix(network, "tcp") {
		return refuse(address)
	}
	ip := ap.Addr().WithZone("").Unmap()
	if g.loopback && ip.IsLoopback() || Public(ip) {
		return nil
	}
	return refuse(ip.String())
}

func refuse(address string) error {
	return &weir.Error{Code: weir.CodeUsage, Where: "network", Message: "the name leads to " + address + ", which is not a public address", Remedy: "Check the address and the DNS; loopback must be written as http://127.0.0.1"}
}

// special are the blocks that are not, or may not be, the public Internet, as
// IANA's special-purpose registries list them, and those that hide an IPv4
// address in an IPv6 one (NAT64, 6to4, Teredo).
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"::/96", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16",
	"fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
)

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		out[i] = netip.MustParsePrefix(t)
	}
	return out
}

// Public reports whether an address belongs to the public Internet.
func Public(ip netip.Addr) bool {
	ip = ip.Unmap()
	for _, p := range special {
		if p.Contains(ip) {
			return false
		}
	}
	return ip.IsValid() && ip.IsGlobalUnicast()
}

// idle gives each connection a deadline that every read moves on, so that a
// server which stops in the middle of a body is noticed.
func idle(dial func(context.Context, string, string) (net.Conn, error)) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &idleConn{Conn: c}, nil
	}
}

// idleConn limits each read. An idle connection between two requests is
// closed by it too, which the transport notices and survives.
type idleConn struct{ net.Conn }

// Read implements net.Conn.
func (c *idleConn) Read(p []byte) (int, error) {
	_ = c.SetReadDeadline(time.Now().Add(IdleTimeout)) // fails only on a closed connection, as Read then does
	return c.Conn.Read(p)
}
