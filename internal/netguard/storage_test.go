package netguard

import (
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/weirhq/weir"
)

// never are addresses at which no database may be.
var never = []string{
	"0.0.0.0", "0.1.2.3", "0.255.255.255", "169.254.169.254", "169.254.0.1", "169.254.170.2", "169.254.255.255", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
	"100.100.100.200", "168.63.129.16", "192.0.0.192",
}

func TestNoDatabaseIsAtAMetadataAddressHoweverItIsWritten(t *testing.T) {
	s, n := NewStorage(), 0
	refused := func(name string, ip netip.Addr) {
		n++
		if s.Allows(ip) {
			t.Errorf("%s: %s is allowed", name, ip)
		}
	}
	for _, text := range never {
		v4 := netip.MustParseAddr(text)
		refused("v4", v4)
		for name, in := range disguises {
			refused(name+" of "+text, netip.AddrFrom16(in(v4.As4())))
		}
	}
	for _, text := range []string{"::", "::2", "fe80::1", "fe80::1%eth0", "febf::1", "fec0::1", "ff02::1", "ff0e::1", "100::1", "fd00:ec2::254", "fd20:ce::254", "4000::1", "::1%lo"} {
		refused("v6", netip.MustParseAddr(text))
	}
	refused("zero", netip.Addr{})
	if n < 150 {
		t.Errorf("only %d addresses were tried", n)
	}
}

// The other ways to write an inside address are refused even where the
// address itself is allowed: nobody's database is found through them.
func TestAPrivateAddressInDisguiseIsRefused(t *testing.T) {
	s := NewStorage()
	for _, text := range inside {
		for name, in := range disguises {
			if name != "mapped" && s.Allows(netip.AddrFrom16(in(netip.MustParseAddr(text).As4()))) {
				t.Errorf("%s of %s is allowed", name, text)
			}
		}
	}
}

func TestDatabasesLiveOnLoopbackAndPrivateAddresses(t *testing.T) {
	for _, text := range []string{"127.0.0.1", "::1", "10.1.2.3", "172.20.0.2", "192.168.1.5", "100.64.0.7", "fd12:3456::1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:10.0.0.1", "64:ff9b::808:808"} {
		if !NewStorage().Allows(netip.MustParseAddr(text)) {
			t.Errorf("%s is refused", text)
		}
	}
}

func TestNetworksNarrowWhereDatabasesAre(t *testing.T) {
	s := NewStorage(netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fd12::/16"))
	for text, want := range map[string]bool{"10.9.9.9": true, "::ffff:10.9.9.9": true, "fd12::5": true, "127.0.0.1": false, "8.8.8.8": false, "169.254.169.254": false, "192.168.0.1": false, "fd13::5": false} {
		if got := s.Allows(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s is allowed: %t", text, got)
		}
	}
}

func TestWhatIsNotEncryptedStaysInside(t *testing.T) {
	_, err := NewStorage().DialInside(t.Context(), "tcp", "8.8.8.8:9000")
	if weir.CodeOf(err) != weir.CodeUsage {
		t.Errorf("got %v", err)
	}
}

func TestTheNamesOfMetadataServersAreRefusedBeforeAnybodyIsAsked(t *testing.T) {
	var asked atomic.Int32
	s := NewStorage()
	s.resolver = nameServer(t, func() netip.Addr { asked.Add(1); return netip.MustParseAddr("10.0.0.1") })
	for _, host := range []string{"metadata.google.internal", "METADATA.google.internal.", "metadata", "instance-data"} {
		if _, err := s.Dial(t.Context(), "tcp", net.JoinHostPort(host, "5432")); weir.CodeOf(err) != weir.CodeUsage {
			t.Errorf("%s: %v", host, err)
		}
	}
	if asked.Load() > 0 {
		t.Errorf("the name server was asked %d times", asked.Load())
	}
}

func TestADatabaseNameThatComesToLeadToMetadataIsRefusedEachTime(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	port := l.Addr().String()[strings.LastIndex(l.Addr().String(), ":")+1:]
	var turn atomic.Int32
	s := NewStorage(netip.MustParsePrefix("10.0.0.0/8"))
	s.resolver = nameServer(t, func() netip.Addr { return netip.MustParseAddr(never[int(turn.Add(1))%len(never)]) })
	for range 100 {
		c, err := s.Dial(t.Context(), "tcp", "db.example:"+port)
		if err == nil {
			_ = c.Close()
			t.Fatal("connected")
		}
		if weir.CodeOf(err) != weir.CodeUsage {
			t.Fatalf("got %v", err)
		}
	}
	if turn.Load() < 100 {
		t.Errorf("the name server was asked %d times only", turn.Load())
	}
}
