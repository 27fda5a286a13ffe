package server

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// address is where a request comes from: the connection's own address, unless
// that is a proxy that is trusted to name another. Headers of strangers are
// not read at all.
func (c Config) address(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	at := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil || !c.trusts(at) {
			break
		}
		at = next.Unmap()
	}
	return at
}

func (c Config) trusts(at netip.Addr) bool {
	return slices.ContainsFunc(c.Proxies, func(p netip.Prefix) bool { return p.Contains(at) })
}
