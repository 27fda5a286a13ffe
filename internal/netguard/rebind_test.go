package netguard

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
)

// nameServer answers every question for an IPv4 address with what next gives,
// and has no IPv6 addresses.
func nameServer(t *testing.T, next func() netip.Addr) *net.Resolver {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	go func() {
		buf := make([]byte, 512)
		for {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = c.WriteTo(answer(buf[:n], next), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", c.LocalAddr().String())
	}}
}

// answer writes a DNS message (RFC 1035 §4.1) with the question and, for type
// A, one record of no lifetime.
func answer(question []byte, next func() netip.Addr) []byte {
	end := 12
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	end += 5
	out := append([]byte{}, question[:end]...)
	copy(out[2:], []byte{0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0})
	if binary.BigEndian.Uint16(question[end-4:]) != 1 {
		return out
	}
	out[7] = 1
	ip := next().As4()
	return append(append(out, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4), ip[:]...)
}

func TestANameThatComesToLeadInsideIsRefusedEachTime(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var arrived atomic.Int32
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
	var turn atomic.Int32
	g := guard(t, "https://rebind.example:"+l.Addr().String()[strings.LastIndex(l.Addr().String(), ":")+1:])
	g.resolver = nameServer(t, func() netip.Addr { return netip.MustParseAddr(inside[int(turn.Add(1))%len(inside)]) })
	for range 1000 {
		if res, err := g.Client().Get(g.origin.String()); err == nil {
			_ = res.Body.Close()
			t.Fatal("connected")
		}
	}
	if arrived.Load() != 0 {
		t.Errorf("%d connections arrived inside", arrived.Load())
	}
	if n := turn.Load(); n < 1000 {
		t.Errorf("the name server was asked %d times only", n)
	}
}
