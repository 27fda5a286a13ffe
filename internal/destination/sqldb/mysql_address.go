package sqldb

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"os"

	"github.com/go-sql-driver/mysql"

	"github.com/weirhq/weir"
)

var mysqlAddress = &weir.Error{Code: weir.CodeConfig, Message: "the MySQL address cannot be read",
	Remedy: "Write it as mysql://user@host:3306/database, special characters as %XX, with ?sslmode= as for Postgres, ?sslrootcert=FILE or ?socket=PATH"}

// mysqlConfig reads a mysql:// URL. Errors never hold it: it may have the
// password in it.
func mysqlConfig(address string, o Options) (*mysql.Config, error) {
	u, err := url.Parse(address)
	if err != nil || u.User.Username() == "" || len(u.Path) < 2 {
		return nil, mysqlAddress
	}
	c := mysql.NewConfig()
	c.User, c.Net, c.DBName = u.User.Username(), "tcp", u.Path[1:]
	c.Timeout, c.InterpolateParams, c.ParseTime = connectTimeout, true, true
	c.MaxAllowedPacket = 0 // as the server has it
	c.Collation = "utf8mb4_bin"
	c.Params = mysqlSession
	c.ConnectionAttributes = "program_name:weir"
	c.Logger = &mysql.NopLogger{}
	port := u.Port()
	if port == "" {
		port = "3306"
	}
	c.Addr = net.JoinHostPort(u.Hostname(), port)
	password, inURL := u.User.Password()
	if c.Passwd = password; !inURL {
		c.Passwd = o.Password.Expose()
	}
	mode, roots := "prefer", ""
	for name, values := range u.Query() {
		switch name {
		case "sslmode":
			mode = values[0]
		case "sslrootcert":
			roots = values[0]
		case "socket":
			c.Net, c.Addr, mode = "unix", values[0], "disable"
		default:
			return nil, mysqlAddress
		}
	}
	if u.Hostname() == "" && c.Net == "tcp" {
		return nil, mysqlAddress
	}
	if o.Dial != nil && c.Net == "tcp" {
		c.DialFunc = o.Dial
	}
	c.AllowFallbackToPlaintext = mode == "prefer"
	c.TLS, err = tlsConfig(mode, u.Hostname(), roots)
	return c, err
}

// tlsConfig is what Postgres' names of TLS modes mean; nil for none.
func tlsConfig(mode, host, roots string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if roots != "" {
		pem, err := os.ReadFile(roots) // #nosec G304 -- the user names the file
		if c.RootCAs = x509.NewCertPool(); err != nil || !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, &weir.Error{Code: weir.CodeConfig, Where: "sslrootcert", Message: "it is not a readable file of certificates", Remedy: "Name a PEM file"}
		}
	}
	switch mode {
	case "disable":
		return nil, nil
	case "prefer", "require":
		c.InsecureSkipVerify = true // #nosec G402 -- what these modes mean: encrypted, not authenticated
		return c, nil
	case "verify-ca":
		c.InsecureSkipVerify = true // #nosec G402 -- the chain is checked below, the name is not
		c.VerifyConnection = func(s tls.ConnectionState) error { return verifyChain(s, c.RootCAs) }
		return c, nil
	case "verify-full":
		return c, nil
	}
	return nil, &weir.Error{Code: weir.CodeConfig, Where: "sslmode", Message: "there is no such TLS mode", Remedy: "Use one of disable, prefer, require, verify-ca, verify-full"}
}

// verifyChain checks that a server's certificate comes from one of the roots.
func verifyChain(s tls.ConnectionState, roots *x509.CertPool) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("the server has no certificate")
	}
	o := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, c := range s.PeerCertificates[1:] {
		o.Intermediates.AddCert(c)
	}
	_, err := s.PeerCertificates[0].Verify(o)
	return err
}
