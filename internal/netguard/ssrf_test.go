package netguard

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// watched are listeners on every loopback address there is, on one port.
func watched(t *testing.T) (port string, arrived *atomic.Int32) {
	t.Helper()
	arrived = &atomic.Int32{}
	first, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port = strconv.Itoa(first.Addr().(*net.TCPAddr).Port)
	listeners := []net.Listener{first}
	if six, err := net.Listen("tcp", net.JoinHostPort("::1", port)); err == nil {
		listeners = append(listeners, six)
	}
	for _, l := range listeners {
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				arrived.Add(1)
				_ = c.Close()
			}
		}()
	}
	return port, arrived
}

// spellings are the ways in which people have written an IPv4 address to get
// past a check of its text.
func spellings(ip netip.Addr) []string {
	v := ip.As4()
	whole := uint32(v[0])<<24 | uint32(v[1])<<16 | uint32(v[2])<<8 | uint32(v[3])
	wide := strings.NewReplacer("0", "０", "1", "１", "2", "２", "5", "５", ".", "．").Replace(ip.String())
	all := []string{
		ip.String(), ip.String() + ".", wide,
		fmt.Sprint(whole), fmt.Sprintf("%#x", whole), fmt.Sprintf("0%o", whole), fmt.Sprint(uint64(whole) + 1<<32),
		fmt.Sprintf("%#x.%#x.%#x.%#x", v[0], v[1], v[2], v[3]), fmt.Sprintf("0%o.0%o.0%o.0%o", v[0], v[1], v[2], v[3]),
		fmt.Sprintf("%d.%d", v[0], whole&0xffffff), fmt.Sprintf("%d.%d.%d", v[0], v[1], whole&0xffff),
		fmt.Sprintf("%03d.%03d.%03d.%03d", v[0], v[1], v[2], v[3]), fmt.Sprintf("%%3%d%s", ip.String()[0]-'0', ip.String()[1:]),
		ip.String() + ".nip.io", "api.cal.com." + ip.String() + ".sslip.io",
	}
	for _, in := range disguises {
		all = append(all, "["+netip.AddrFrom16(in(v)).String()+"]")
	}
	return append(all, fmt.Sprintf("[::ffff:%s]", ip), fmt.Sprintf("[64:ff9b::%s]", ip), fmt.Sprintf("[::%s]", ip))
}

// forgeries are whole addresses that lead inside in spite of their look.
func forgeries(port string) (all []string) {
	for _, ip := range []string{"127.0.0.1", "127.8.9.10", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "198.18.0.1", "192.0.0.170", "224.0.0.1", "255.255.255.255"} {
		for _, host := range spellings(netip.MustParseAddr(ip)) {
			all = append(all, "https://"+host+":"+port)
		}
		all = append(all, "https://api.cal.com@"+ip+":"+port, "https://"+ip+":"+port+"#@api.cal.com", "https://"+ip+":"+port+"?@api.cal.com", "https://api.cal.com:443@"+ip+":"+port,
			"https://"+ip+":"+port+"\\@api.cal.com", "https://api.cal.com%00@"+ip+":"+port, "http://"+ip+":"+port+"/v2", "https:"+ip+":"+port, "//"+ip+":"+port, "https:///"+ip+":"+port)
	}
	for _, host := range []string{
		"localhost", "localhost.", "LOCALHOST", "localhost.localdomain", "sub.localhost", "ip6-localhost", "ip6-loopback", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::1%25lo]", "[fe80::1%25lo]", "[fd00:ec2::254]", "[fc00::1]", "[ff02::1]",
		"metadata.google.internal", "kubernetes.default.svc", "host.docker.internal", "①②⑦.⓪.⓪.①", "127。0。0。1", "[::ffff:a9fe:a9fe]", "[64:ff9b:1::a9fe:a9fe]",
	} {
		all = append(all, "https://"+host+":"+port)
	}
	for _, scheme := range []string{"http", "ftp", "file", "gopher", "dict", "ldap", "ldaps", "tftp", "sftp", "ssh", "ws", "wss", "unix", "http+unix", "jar", "netdoc", "data", "javascript", "HTTP", "h2c", "https+unix", "postgres"} {
		all = append(all, scheme+"://127.0.0.2:"+port+"/", scheme+":/127.0.0.1:"+port, scheme+"://localhost.:"+port)
	}
	return append(all, "unix:///run/weir.sock", "file:///etc/passwd", "https://%31%32%37.0.0.1:"+port, "https://[127.0.0.1]:"+port, "https://127.0.0.1:"+port+":443", "https://127.0.0.1:+"+port, " https://127.0.0.1:"+port, "https://127.0.0.1\t:"+port, "https://\r\n127.0.0.1:"+port)
}

// Each forgery is tried as a user's custom address: none may even be dialled,
// whatever its name resolves to. A connect that was tried would fail with an
// error of the system's call.
func TestNoSpellingOfAnAddressInsideIsDialled(t *testing.T) {
	port, arrived := watched(t)
	resolver := nameServer(t, func() netip.Addr { return netip.MustParseAddr("127.0.0.1") })
	tried, dialled := 0, 0
	for _, text := range forgeries(port) {
		tried++
		origin, err := ParseOrigin(text)
		if err != nil {
			continue
		}
		g, err := New(origin)
		if err != nil {
			continue
		}
		g.resolver, g.local = resolver, false // loopback that is named as such is a choice of the operator's
		dialled++
		res, err := g.Client().Get(origin)
		if err == nil {
			_ = res.Body.Close()
			t.Errorf("%q was reached", text)
		}
		if call := new(os.SyscallError); errors.As(err, &call) {
			t.Errorf("%q was dialled: %v", text, err)
		}
	}
	if tried < 300 || dialled < 100 {
		t.Errorf("only %d forgeries were tried, %d of them up to the dial", tried, dialled)
	}
	if n := arrived.Load(); n != 0 {
		t.Errorf("%d connections arrived inside", n)
	}
	t.Logf("%d forgeries, %d of them refused only when dialled", tried, dialled)
}
