package credential_test

import (
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhq/weir"
)

// keyNamed is the simulator's key of that name.
func (w *world) keyNamed(name string) string {
	w.Helper()
	var names []string
	for _, k := range w.sim.Keys() {
		if k.Name == name {
			return k.Key
		}
		names = append(names, k.Name)
	}
	w.Fatalf("there is no key %s, but %v", name, names)
	return ""
}

// pgParts makes a Postgres that listens on a socket file reachable by TCP, as
// a credential names it.
func pgParts(t *testing.T, address string) map[string]weir.Secret {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("unix", filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432"))
			if err != nil {
				_ = in.Close()
				return
			}
			go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
		}
	}()
	host, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return values("host", host, "port", port, "database", strings.Trim(u.Path, "/"), "user", u.User.Username(), "password", "unused", "sslmode", "disable", "schema", "Cal tables")
}
