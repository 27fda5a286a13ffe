package netguard

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/weirhq/weir"
)

// Storage makes the connections to databases and object stores, which is
// where data goes. Those stand inside more often than not: loopback and private
// addresses are allowed, unless networks say which ones are. What no database
// is behind is refused always: link-local addresses, where clouds answer with
// the keys of a machine, their other addresses of that kind, unspecified,
// multicast and reserved ones. The address that is dialled decides.
type Storage struct {
	networks []netip.Prefix
	resolver *net.Resolver // nil for the system's
}

// NewStorage allows the networks alone; none allows all but what is always refused.
func NewStorage(networks ...netip.Prefix) *Storage { return &Storage{networks: networks} }

// neverStorage are the blocks with no database in them, and the single
// addresses at which clouds tell a machine its keys or settings: Alibaba, Azure,
// Oracle, AWS and Google.
var neverStorage = prefixes(
	"0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32",
	"fd00:ec2::/32", "fd20:ce::254/128", "2001::/32", "2002::/16",
)

// insideIPv6 is where private addresses of IPv6 are, and its loopback.
var insideIPv6 = prefixes("fc00::/7", "::1/128")

// nat64 is where a network translates to IPv4 addresses.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// metadataNames are the names of those addresses.
var metadataNames = []string{"metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal", "metadata.tencentyun.com", "metadata.azure.internal"}

// Allows reports whether a database may be at an address. An IPv4 address
// written as an IPv6 one is judged as what it is.
func (s *Storage) Allows(ip netip.Addr) bool {
	ip = ip.Unmap()
	if nat64.Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
		if !Public(ip) {
			return false
		}
	}
	contains := func(p netip.Prefix) bool { return p.Contains(ip) }
	switch {
	case !ip.IsValid() || ip.Zone() != "" || slices.ContainsFunc(neverStorage, contains):
		return false
	case ip.Is6() && (isatap(ip) || !globalUnicast.Contains(ip) && !slices.ContainsFunc(insideIPv6, contains)):
		return false
	}
	return len(s.networks) == 0 || slices.ContainsFunc(s.networks, contains)
}

// Dial connects over TCP to where a database may be.
func (s *Storage) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return s.dial(ctx, network, address, s.Allows)
}

// DialInside does the same for what is not encrypted: it goes to loopback and
// private addresses alone.
func (s *Storage) DialInside(ctx context.Context, network, address string) (net.Conn, error) {
	return s.dial(ctx, network, address, func(ip netip.Addr) bool {
		ip = ip.Unmap()
		return s.Allows(ip) && (ip.IsLoopback() || ip.IsPrivate())
	})
}

// Client is an HTTP client that goes where Dial goes; plain is one that goes
// where DialInside does. A file may take as long as it is large.
func (s *Storage) Client(plain bool) *http.Client {
	dial := s.Dial
	if plain {
		dial = s.DialInside
	}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dial, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, TLSHandshakeTimeout: dialTimeout,
			ResponseHeaderTimeout: 2 * HeaderTimeout, ExpectContinueTimeout: time.Second, MaxResponseHeaderBytes: HeaderBytes, DisableCompression: true,
			MaxIdleConnsPerHost: 8, IdleConnTimeout: 60 * time.Second,
		},
	}
}

func (s *Storage) dial(ctx context.Context, network, address string, allows func(netip.Addr) bool) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil || slices.Contains(metadataNames, strings.TrimSuffix(strings.ToLower(host), ".")) {
		return nil, refuseStorage(host)
	}
	d := &net.Dialer{Timeout: dialTimeout, Resolver: s.resolver, ControlContext: func(_ context.Context, network, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil || !strings.HasPrefix(network, "tcp") {
			return refuseStorage(address)
		}
		if !allows(ap.Addr()) {
			return refuseStorage(ap.Addr().String())
		}
		return nil
	}}
	return d.DialContext(ctx, network, address)
}

// ReasonAddress is the Reason of a connection to where no database may be.
const ReasonAddress = "address_refused"

func refuseStorage(address string) error {
	return &weir.Error{Code: weir.CodeUsage, Reason: ReasonAddress, Where: "network", Message: "the host leads to " + address + ", where no database may be",
		Remedy: "Check the host and the DNS, and the server's --database-networks; without TLS only private addresses are spoken to"}
}
