package netguard

import (
	"context"
	"net"
	"net/netip"

	"github.com/weirhq/weir"
)

// TCPOptions say where a connection may go that carries something else than HTTP.
type TCPOptions struct {
	Address  string         // host:port, the only place
	Networks []netip.Prefix // that count as public
	Anywhere bool           // whoever runs this server chose the address, and it may stand inside
}

// TCP gives the way to one host and port, guarded as that of an origin is: the
// address that is dialled must be public, or loopback when it is written as such.
func TCP(o TCPOptions) (func(ctx context.Context, network, address string) (net.Conn, error), error) {
	host, port, err := net.SplitHostPort(o.Address)
	if err != nil || host == "" || port == "" {
		return nil, &weir.Error{Code: weir.CodeUsage, Message: "this is not a host with a port", Remedy: "Write it as mail.example.com:587"}
	}
	g := &Guard{local: Loopback(host), networks: o.Networks}
	d := &net.Dialer{Timeout: dialTimeout, ControlContext: g.control}
	if o.Anywhere {
		d.ControlContext = nil
	}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != net.JoinHostPort(host, port) {
			return nil, ErrOtherOrigin
		}
		return d.DialContext(ctx, network, address)
	}, nil
}
