// Package netguard is the one way out: every connection to somebody else's
// server passes it. The address that is dialled, not the name that was
// checked, decides; redirects are never followed; sizes and times are
// limited; plain http is spoken on loopback alone; one round trip is at most
// one request on the wire.
package netguard

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
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
	HeaderBytes   = 64 << 10         // of an answer
	dialTimeout   = 10 * time.Second // name, connection and handshake, each
)

// Options are what a Guard is made of.
type Options struct {
	Origin string // scheme, host and port of the only server
	// Proxy chooses a proxy, as http.Transport.Proxy does; nil for none, whatever
	// the environment says. It is asked once, for the origin. A proxy
	// resolves the server's name itself, so its choice of address is trusted;
	// the connection inside is still encrypted to the origin.
	Proxy func(*http.Request) (*url.URL, error)
	// Networks count as public, whatever they are: whoever runs this server lets
	// its users reach them.
	Networks []netip.Prefix
	// Private lets the origin stand in a private network. It is for an address
	// that whoever runs the server has chosen, never for a user's.
	Private bool
}

// Guard makes connections to one origin. It is safe for concurrent use.
type Guard struct {
	origin *url.URL
	local  bool     // the origin itself is loopback, by its literal name
	inside bool     // it may stand in a private network
	proxy  *url.URL // nil without one

	networks []netip.Prefix // count as public

	header, idle, total time.Duration
	resolver            *net.Resolver  // nil for the system's
	roots               *x509.CertPool // nil for the system's
}

// New guards the way to an origin, without a proxy. Anything but https, or
// http on loopback, is CodeUsage.
func New(origin string) (*Guard, error) { return NewWith(Options{Origin: origin}) }

// NewWith guards the way to an origin as the options say.
func NewWith(o Options) (*Guard, error) {
	u, err := url.Parse(o.Origin)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return nil, &weir.Error{Code: weir.CodeUsage, Message: "this is not an address", Remedy: "Write it as https://host"}
	}
	g := &Guard{origin: u, local: Loopback(u.Hostname()), networks: o.Networks, inside: o.Private, header: HeaderTimeout, idle: IdleTimeout, total: TotalTimeout}
	switch {
	case u.Scheme == "https":
	case u.Scheme == "http" && g.local:
	default:
		return nil, &weir.Error{Code: weir.CodeUsage, Message: "only https keeps a key secret on the way; http is for loopback alone", Remedy: "Write the address with https://"}
	}
	if o.Proxy == nil || g.local {
		return g, nil // what is on this machine needs no way out
	}
	if g.proxy, err = o.Proxy(&http.Request{URL: u}); err != nil {
		return nil, &weir.Error{Code: weir.CodeConfig, Where: "proxy", Message: "its address cannot be read", Remedy: "Check HTTPS_PROXY"}
	}
	return g, nil
}

// OnLoopback reports whether an origin names this machine itself.
func OnLoopback(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && Loopback(u.Hostname())
}

// Loopback reports whether a host is this machine, by its name as it is
// written: no resolver is asked.
func Loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

// Client is an HTTP client that goes nowhere else.
func (g *Guard) Client() *http.Client {
	return &http.Client{
		Timeout:       g.total,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     bound{g.origin, g.idle, g.transport()},
	}
}

// transport speaks HTTP/1.1 only: with one request on a connection at a time
// "no byte was sent" and "nothing came for 20 s" are facts about that request.
func (g *Guard) transport() *http.Transport {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	t := &http.Transport{
		DialContext: g.dial, Protocols: &protocols,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: g.roots},
		TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: g.header, ExpectContinueTimeout: time.Second,
		MaxResponseHeaderBytes: HeaderBytes, DisableCompression: true, // inflated by the reader, through a limit
		MaxIdleConnsPerHost: 8, IdleConnTimeout: 90 * time.Second,
	}
	if g.proxy != nil {
		t.Proxy = http.ProxyURL(g.proxy)
	}
	return t
}

// dial connects to the origin, or to the proxy that was asked for.
func (g *Guard) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := &net.Dialer{Timeout: dialTimeout, Resolver: g.resolver, ControlContext: g.control}
	if g.proxy != nil {
		d.ControlContext = nil // the user chose the proxy; it may stand inside
	}
	return d.DialContext(ctx, network, address)
}

// control decides on the address that is really dialled, each time: after the
// resolver, so that no second answer of it can differ from the one checked.
func (g *Guard) control(_ context.Context, network, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || !strings.HasPrefix(network, "tcp") {
		return refuse(address)
	}
	ip := ap.Addr().WithZone("").Unmap()
	if g.local && ip.IsLoopback() || !g.local && (Public(ip) || g.allows(ip) || g.inside && ip.IsPrivate()) {
		return nil
	}
	return refuse(ip.String())
}

// allows reports whether the address is in a network that counts as public.
func (g *Guard) allows(ip netip.Addr) bool {
	return slices.ContainsFunc(g.networks, func(p netip.Prefix) bool { return p.Contains(ip) })
}

func refuse(address string) error {
	return &weir.Error{Code: weir.CodeUsage, Where: "network", Message: "the name leads to " + address + ", which is not a public address", Remedy: "Check the address and the DNS; loopback must be written as http://127.0.0.1"}
}
