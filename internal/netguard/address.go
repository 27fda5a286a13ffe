package netguard

import "net/netip"

// special are the blocks that are not, or may not be, the public Internet, as
// IANA's special-purpose registries list them, and those that hide an IPv4
// address in an IPv6 one (6to4, Teredo). All of IPv6 outside of 2000::/3 is
// refused besides: unspecified, loopback, mapped and translated IPv4, NAT64
// (64:ff9b::/96, which netip does not flag), unique local, link-local,
// multicast, and what is not allocated.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

// globalUnicast is all of IPv6 that has been given out for public use.
var globalUnicast = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		out[i] = netip.MustParsePrefix(t)
	}
	return out
}

// Public reports whether an address belongs to the public Internet. An IPv4
// address written as an IPv6 one is judged as what it is.
func Public(ip netip.Addr) bool {
	ip = ip.Unmap()
	if !ip.IsValid() || ip.Zone() != "" || ip.Is6() && (!globalUnicast.Contains(ip) || isatap(ip)) {
		return false
	}
	for _, p := range special {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

// isatap reports an interface identifier of RFC 5214, which a host may turn
// into the IPv4 address inside it.
func isatap(ip netip.Addr) bool {
	b := ip.As16()
	return (b[8] == 0 || b[8] == 2) && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}
