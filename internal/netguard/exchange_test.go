package netguard

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestARedirectIsAnAnswerAndNotFollowed(t *testing.T) {
	var visited atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visited.Add(1) }))
	defer elsewhere.Close()
	host := strings.TrimPrefix(elsewhere.URL, "http://")
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, location := range []string{elsewhere.URL + "/steal", "//" + host + "/steal", "http://user:pw@" + host, "https://127.0.0.1.nip.io/", "/same", "http://%zz", ":", ""} {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", location)
				w.WriteHeader(status)
			}))
			for _, method := range []string{"GET", "POST"} {
				req, err := http.NewRequest(method, server.URL, strings.NewReader("body"))
				if err != nil {
					t.Fatal(err)
				}
				res, err := guard(t, server.URL).Client().Do(req)
				if err != nil {
					t.Fatalf("%d to %q: %v", status, location, err)
				}
				_ = res.Body.Close()
				if res.StatusCode != status {
					t.Errorf("%d to %q: got %d", status, location, res.StatusCode)
				}
			}
			server.Close()
		}
	}
	if visited.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

// raw serves each connection with f, and counts them.
func raw(t *testing.T, f func(c net.Conn, n int)) (origin string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for n := 1; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); f(c, n) }()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestABrokenKeptConnectionRepeatsNothing(t *testing.T) {
	var arrivals atomic.Int32
	origin := raw(t, func(c net.Conn, _ int) {
		r := bufio.NewReader(c)
		for n := 0; ; n++ {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			if req.TransferEncoding != nil || req.ContentLength != 0 {
				t.Errorf("a GET has a body: %v %d", req.TransferEncoding, req.ContentLength)
			}
			arrivals.Add(1)
			if n == 1 {
				return // the second request on the connection: it is cut without an answer
			}
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
		}
	})
	client := guard(t, origin).Client()
	for n := range 2 {
		res, err := client.Get(origin)
		if n == 1 {
			if err == nil {
				t.Error("a cut answer is an answer")
			}
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
	if arrivals.Load() != 2 {
		t.Errorf("two requests arrived %d times", arrivals.Load())
	}
}

func TestAServerThatDripsOrStallsIsGivenUp(t *testing.T) {
	const short = 60 * time.Millisecond
	wait := make(chan struct{})
	defer close(wait)
	drip := func(c net.Conn, text string, pause time.Duration) {
		for i := range text {
			if _, err := c.Write([]byte{text[i]}); err != nil {
				return
			}
			select {
			case <-wait:
				return
			case <-time.After(pause):
			}
		}
		<-wait
	}
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
	for name, f := range map[string]func(c net.Conn, n int){
		"no answer":     func(net.Conn, int) { <-wait },
		"slow headers":  func(c net.Conn, _ int) { drip(c, head, short/4) },
		"no body":       func(c net.Conn, _ int) { fmt.Fprint(c, head); <-wait },
		"stalling body": func(c net.Conn, _ int) { fmt.Fprint(c, head+"{"); <-wait },
		"dripping body": func(c net.Conn, _ int) { fmt.Fprint(c, head); drip(c, strings.Repeat(" ", 1000), short/4) },
		"endless headers": func(c net.Conn, _ int) {
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", HeaderBytes+9))
			<-wait
		},
		"1xx flood": func(c net.Conn, _ int) {
			for {
				if _, err := fmt.Fprint(c, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"); err != nil {
					return
				}
			}
		},
	} {
		origin := raw(t, f)
		g := guard(t, origin)
		g.header, g.idle, g.total = 2*short, short, 8*short
		began := time.Now()
		res, err := g.Client().Get(origin)
		if err == nil {
			_, err = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if strings.HasSuffix(name, "stalling body") && !errors.Is(err, ErrStalled) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		if took := time.Since(began); took > 50*short {
			t.Errorf("%s took %v", name, took)
		}
	}
}

func TestAReaderMayTakeItsTime(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("x", 1<<20)) }))
	defer server.Close()
	g := guard(t, server.URL)
	g.idle = 20 * time.Millisecond
	res, err := g.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadFull(res.Body, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	<-time.After(3 * g.idle) // the reader is busy; the server is not to blame
	if n, err := io.Copy(io.Discard, res.Body); err != nil || n != 1<<20-10 {
		t.Errorf("%d bytes, %v", n, err)
	}
}

// tlsServer gives a TLS server and the pool that trusts it.
func tlsServer(t *testing.T, change func(*tls.Config)) (*httptest.Server, *x509.CertPool, *atomic.Int32) {
	t.Helper()
	var arrivals atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrivals.Add(1) }))
	s.Config.ErrorLog = nil
	s.TLS = &tls.Config{}
	change(s.TLS)
	s.StartTLS()
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return s, pool, &arrivals
}

func TestATLSServerThatCannotProveItselfGetsNothing(t *testing.T) {
	good := func(*tls.Config) {}
	for name, c := range map[string]struct {
		change func(*tls.Config)
		trust  bool
		host   string
		works  bool
	}{
		"trusted":           {good, true, "127.0.0.1", true},
		"unknown authority": {good, false, "127.0.0.1", false},
		"wrong name":        {good, true, "localhost", false},
		"TLS 1.1":           {func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, true, "127.0.0.1", false},
		"TLS 1.2":           {func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, true, "127.0.0.1", true},
	} {
		s, pool, arrivals := tlsServer(t, c.change)
		origin := strings.Replace(s.URL, "127.0.0.1", c.host, 1)
		g := guard(t, origin)
		if g.roots = pool; !c.trust {
			g.roots = x509.NewCertPool()
		}
		res, err := g.Client().Get(origin)
		if err == nil {
			_ = res.Body.Close()
		}
		if works := err == nil; works != c.works || (arrivals.Load() > 0) != c.works {
			t.Errorf("%s: error %v, %d arrivals", name, err, arrivals.Load())
		}
	}
}
