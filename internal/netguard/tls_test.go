package netguard

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// authority signs certificates for these tests.
type authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func newKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign makes a certificate; by nil it signs itself.
func sign(t *testing.T, by *authority, change func(*x509.Certificate)) (tls.Certificate, authority) {
	t.Helper()
	key := newKey(t)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, BasicConstraintsValid: true,
	}
	change(c)
	parent := c
	signer := key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, authority{made, key}
}

func asAuthority(c *x509.Certificate) {
	c.IsCA, c.KeyUsage, c.DNSNames, c.IPAddresses, c.ExtKeyUsage = true, x509.KeyUsageCertSign, nil, nil, nil
}

// A server that cannot prove that it is the one of the address gets no byte of
// a request, and so none of the key.
func TestNoByteOfARequestReachesAServerThatCannotProveItself(t *testing.T) {
	_, ca := sign(t, nil, asAuthority)
	_, other := sign(t, nil, asAuthority)
	_, expired := sign(t, nil, func(c *x509.Certificate) { asAuthority(c); c.NotAfter = time.Now().Add(-time.Minute) })
	_, elsewhere := sign(t, nil, func(c *x509.Certificate) {
		asAuthority(c)
		c.PermittedDNSDomains, c.PermittedDNSDomainsCritical, c.PermittedIPRanges = []string{"example.org"}, true, []*net.IPNet{{IP: net.IPv4(10, 0, 0, 0), Mask: net.CIDRMask(8, 32)}}
	})
	_, noAuthority := sign(t, &ca, func(*x509.Certificate) {})
	leaf := func(by *authority, change func(*x509.Certificate)) func(*tls.Config) {
		return func(c *tls.Config) {
			cert, _ := sign(t, by, change)
			if by != nil && by != &ca {
				cert.Certificate = append(cert.Certificate, by.cert.Raw)
			}
			c.Certificates = []tls.Certificate{cert}
		}
	}
	good := func(*x509.Certificate) {}
	for name, c := range map[string]struct {
		serve func(*tls.Config)
		works bool
	}{
		"proved":                        {leaf(&ca, good), true},
		"proved, TLS 1.2":               {func(c *tls.Config) { leaf(&ca, good)(c); c.MaxVersion = tls.VersionTLS12 }, true},
		"signed by itself":              {leaf(nil, good), false},
		"of an unknown authority":       {leaf(&other, good), false},
		"of an expired authority":       {leaf(&expired, good), false},
		"of one that is no authority":   {leaf(&noAuthority, good), false},
		"of an authority for others":    {leaf(&elsewhere, good), false},
		"for another name":              {leaf(&ca, func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{"api.cal.com"}, nil }), false},
		"for another address":           {leaf(&ca, func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = nil, []net.IP{net.IPv4(127, 0, 0, 2)} }), false},
		"with its name in the CN alone": {leaf(&ca, func(c *x509.Certificate) { c.DNSNames, c.IPAddresses, c.Subject.CommonName = nil, nil, "127.0.0.1" }), false},
		"with a wildcard":               {leaf(&ca, func(c *x509.Certificate) { c.DNSNames, c.IPAddresses = []string{"*"}, nil }), false},
		"expired":                       {leaf(&ca, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), false},
		"not yet valid":                 {leaf(&ca, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }), false},
		"for clients":                   {leaf(&ca, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), false},
		"of TLS 1.1": {func(c *tls.Config) {
			leaf(&ca, good)(c)
			c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
		}, false},
		"with a certificate without key": {func(c *tls.Config) { leaf(&ca, good)(c); c.Certificates[0].PrivateKey = newKey(t) }, false},
		"asking for a client's": {func(c *tls.Config) {
			leaf(&ca, good)(c)
			c.ClientAuth, c.MaxVersion = tls.RequireAnyClientCert, tls.VersionTLS12
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var arrived atomic.Int32
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "" {
					arrived.Add(1)
				}
			}))
			s.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes fail here on purpose
			s.TLS = &tls.Config{}
			c.serve(s.TLS)
			s.StartTLS()
			defer s.Close()
			works := send(t, s.URL, ca)
			if works != c.works || (arrived.Load() > 0) != c.works {
				t.Errorf("works: %v, %d requests with the key arrived", works, arrived.Load())
			}
		})
	}
}

// Whoever does not speak TLS at all sees the start of a handshake, and no more.
func TestAServerWithoutTLSGetsNoByteOfARequest(t *testing.T) {
	_, ca := sign(t, nil, asAuthority)
	for name, says := range map[string]string{"nothing": "", "HTTP": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "noise": "\x16\x03\x01\xff\xff"} {
		var got strings.Builder
		done := make(chan struct{})
		origin := raw(t, func(c net.Conn, _ int) {
			defer close(done)
			_, _ = c.Write([]byte(says))
			_ = c.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
			buf := make([]byte, 4096)
			for {
				n, err := c.Read(buf)
				got.Write(buf[:n])
				if err != nil {
					return
				}
			}
		})
		if send(t, strings.Replace(origin, "http:", "https:", 1), ca) {
			t.Errorf("%s: it works", name)
		}
		<-done
		if strings.Contains(got.String(), secretHeader) || strings.Contains(got.String(), "GET ") {
			t.Errorf("%s: %q arrived", name, got.String())
		}
	}
}

const secretHeader = "cal_live_0123456789abcdef0123456789abcdef"

// send makes a request with the key, trusting the authority.
func send(t *testing.T, origin string, ca authority) (works bool) {
	t.Helper()
	g := guard(t, origin)
	g.roots = x509.NewCertPool()
	g.roots.AddCert(ca.cert)
	req, err := http.NewRequest("GET", origin, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+secretHeader)
	res, err := g.Client().Do(req)
	if err == nil {
		_ = res.Body.Close()
	}
	return err == nil
}
