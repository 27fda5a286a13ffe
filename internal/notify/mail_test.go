package notify_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

const mailPassword = "planted-mail-password"

// letters is a mail server that keeps what it is handed.
type letters struct {
	host  string
	port  int
	roots *x509.CertPool

	mu      sync.Mutex
	got     []letter
	refuse  error // what it says of a recipient
	refused int
}

type letter struct {
	from string
	to   []string
	text string
}

// newLetters starts a mail server on loopback that wants TLS and a password;
// full speaks TLS from the first byte.
func newLetters(t *testing.T, full bool) *letters {
	t.Helper()
	m := &letters{}
	config, roots := certificate(t)
	m.roots = roots
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mailSession{server: m}, nil }))
	s.TLSConfig, s.Domain, s.ReadTimeout, s.WriteTimeout = config, "localhost", 10*time.Second, 10*time.Second
	s.ErrorLog = quietLog{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.host, m.port = "127.0.0.1", l.Addr().(*net.TCPAddr).Port
	if full {
		l = tls.NewListener(l, config)
	}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return m
}

type quietLog struct{}

func (quietLog) Printf(string, ...any) {}
func (quietLog) Println(...any)        {}

// certificate makes one for loopback, and the pool that trusts it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, roots
}

// mailSession is one connection to the server.
type mailSession struct {
	server *letters
	known  bool
	letter letter
}

func (*mailSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "weir" || password != mailPassword {
			// As bad servers do, it repeats what it was sent.
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "no: " + password}
		}
		s.known = true
		return nil
	}), nil
}

func (s *mailSession) Mail(from string, _ *smtp.MailOptions) error {
	if !s.known {
		return smtp.ErrAuthRequired
	}
	s.letter = letter{from: from}
	return nil
}

func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if s.server.refuse != nil && s.server.refused > 0 {
		s.server.refused--
		return s.server.refuse
	}
	s.letter.to = append(s.letter.to, to)
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.letter.text = string(text)
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.got = append(s.server.got, s.letter)
	return nil
}

func (*mailSession) Reset()        {}
func (*mailSession) Logout() error { return nil }

func (m *letters) all() []letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]letter(nil), m.got...)
}

// server is the mail server as the whole server's own.
func (m *letters) server(way notify.TLS) *notify.MailServer {
	return &notify.MailServer{Host: m.host, Port: m.port, TLS: way, User: "weir", Password: weir.NewSecret(mailPassword), From: "Weir <weir@example.com>"}
}

// config is the mail server as a channel's.
func (m *letters) config(to, password string) string {
	return fmt.Sprintf(`{"to":%q,"host":%q,"port":%d,"user":"weir","password":%q,"from":"Weir <weir@example.com>"}`, to, m.host, m.port, password)
}

func withMail(m *letters, way notify.TLS) func(*notify.Options) {
	return func(o *notify.Options) { o.Roots, o.Mail = m.roots, m.server(way) }
}

func TestWhatMattersIsMailedToTheOwnerOverTheServersMail(t *testing.T) {
	for way, full := range map[notify.TLS]bool{notify.StartTLS: false, notify.FullTLS: true} {
		t.Run(string(way), func(t *testing.T) {
			m := newLetters(t, full)
			w := newWorld(t, storetest.SQLite(t), withMail(m, way))
			w.raise(store.Event{Type: store.FlowFailed, Message: "The key was refused"})
			w.raise(store.Event{Type: store.RecordsQuarantined}) // in the app alone
			w.settle()
			got := m.all()
			if len(got) != 1 || got[0].from != "weir@example.com" || len(got[0].to) != 1 || got[0].to[0] != "ada@example.com" {
				t.Fatalf("%+v", got)
			}
			read, err := netmail.ReadMessage(strings.NewReader(got[0].text))
			w.must(err)
			body, _ := io.ReadAll(read.Body)
			d := w.dispatches()[0]
			if read.Header.Get("Subject") != "[Weir] Flow failed: Bookings" || read.Header.Get("Message-ID") != "<"+d.Message+"@example.com>" || read.Header.Get("Auto-Submitted") != "auto-generated" || !strings.Contains(string(body), "The key was refused") {
				t.Errorf("%s", got[0].text)
			}
		})
	}
}

func TestNoTextOfAnybodysBeginsAHeader(t *testing.T) {
	m := newLetters(t, false)
	w := newWorld(t, storetest.SQLite(t), withMail(m, notify.StartTLS))
	names := []string{"x\r\nBcc: eve@example.com", "x\nTo: eve@example.com\n\nbody", "x\u2028Bcc: eve@example.com", "x\r\n.\r\nMAIL FROM:<eve@example.com>", "=?utf-8?q?x=0D=0ABcc:_eve@example.com?=", strings.Repeat("ü", 3000)}
	for _, name := range names {
		r := w.make(store.KindSource, name)
		w.raise(store.Event{Type: store.FlowFailed, Kind: store.KindSource, Resource: r.ID, Source: r.ID, Name: name, Message: name + "\r\n.\r\nQUIT"})
	}
	w.settle()
	got := m.all()
	if len(got) != len(names) {
		t.Fatalf("%d letters", len(got))
	}
	for _, l := range got {
		read, err := netmail.ReadMessage(strings.NewReader(l.text))
		w.must(err)
		if len(l.to) != 1 || l.to[0] != "ada@example.com" || read.Header.Get("Bcc") != "" || len(read.Header["To"]) != 1 || len(read.Header["Subject"]) != 1 {
			t.Errorf("%s", l.text)
		}
	}
	for _, to := range []string{"ada@example.com\\nBcc: eve@example.com", "ada@example.com\\r\\n", "a b", "ada@example.com>, <eve"} {
		_, _, err := w.CreateSetting(t.Context(), w.owner, notify.Email, []byte(`{"to":"`+to+`"}`))
		if weir.CodeOf(err) != weir.CodeUsage && to != "ada@example.com\\r\\n" {
			t.Errorf("%q is taken: %v", to, err)
		}
	}
}

func TestAMailServersRefusalIsFinalWhenItSaysSo(t *testing.T) {
	m := newLetters(t, false)
	w := newWorld(t, storetest.SQLite(t), withMail(m, notify.StartTLS))
	m.refuse, m.refused = &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 0}, Message: "later"}, 2
	w.raise(store.Event{Type: store.FlowFailed})
	w.settle()
	if d := w.dispatches()[0]; d.Status != store.DispatchSent || d.Attempts != 3 {
		t.Errorf("%+v", d)
	}
	m.refuse, m.refused = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "nobody"}, 1
	w.raise(store.Event{Type: store.FlowFailed})
	w.settle()
	if d := w.dispatches()[0]; d.Status != store.DispatchGivenUp || d.Attempts != 1 || !strings.Contains(d.Problem, "550") {
		t.Errorf("%+v", d)
	}
}

func TestAMailServersWordsAreNotRepeated(t *testing.T) {
	m := newLetters(t, false)
	w := newWorld(t, storetest.SQLite(t), withMail(m, notify.StartTLS))
	wrong := "planted-wrong-password"
	c := w.channel(notify.Email, m.config("ops@example.com", wrong))
	out, err := w.Test(t.Context(), w.owner, c.ID)
	w.must(err)
	if out.Problem == nil || !strings.Contains(out.Problem.Error(), "user and the password") {
		t.Errorf("%v", out.Problem)
	}
	w.rule(store.Rule{Channel: string(notify.Email), Target: c.ID})
	w.raise(store.Event{Type: store.FlowFailed})
	w.deliver()
	var text strings.Builder
	fmt.Fprintf(&text, "%v %+v %s", out.Problem, w.dispatches(), w.log)
	for e := out.Problem; e != nil; e = errors.Unwrap(e) {
		text.WriteString(e.Error())
	}
	if strings.Contains(text.String(), "planted") {
		t.Error("a password is repeated")
	}
	_, _, err = w.UpdateSetting(t.Context(), w.owner, c.ID, []byte(m.config("ops@example.com", mailPassword)))
	w.must(err)
	if out, err = w.Test(t.Context(), w.owner, c.ID); err != nil || out.Problem != nil || out.Status != 250 {
		t.Errorf("%+v %v", out, err)
	}
}

func TestMailIsNotHandedInWithoutTLSOrToAServerOfAnotherName(t *testing.T) {
	m := newLetters(t, false)
	w := newWorld(t, storetest.SQLite(t)) // which trusts no certificate of the tests
	c := w.channel(notify.Email, m.config("ada@example.com", mailPassword))
	out, err := w.Test(t.Context(), w.owner, c.ID)
	w.must(err)
	if out.Problem == nil || !strings.Contains(out.Problem.Error(), "certificate") {
		t.Errorf("%v", out.Problem)
	}
	bare, err := net.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mailSession{server: m}, nil }))
	s.ErrorLog = quietLog{}
	go func() { _ = s.Serve(bare) }()
	t.Cleanup(func() { _ = s.Close() })
	m.port = bare.Addr().(*net.TCPAddr).Port
	c = w.channel(notify.Email, m.config("ada@example.com", mailPassword))
	if out, err = w.Test(t.Context(), w.owner, c.ID); err != nil || out.Problem == nil || !strings.Contains(out.Problem.Error(), "STARTTLS") {
		t.Errorf("%+v %v", out, err)
	}
	if len(m.all()) != 0 {
		t.Error("mail was handed in")
	}
}

func TestTheServersMailIsNoRelay(t *testing.T) {
	m := newLetters(t, false)
	w := newWorld(t, storetest.SQLite(t), withMail(m, notify.StartTLS))
	ben := w.user("ben", identity.RoleOperator)
	_, _, err := w.CreateSetting(t.Context(), ben, notify.Email, []byte(`{"to":"everybody@elsewhere.example"}`))
	w.refused(err, weir.CodeForbidden)
	for _, to := range []string{`{}`, `{"to":"ben@example.com"}`, `{"to":["ben@example.com","Ada <ADA@example.com>"]}`} {
		_, _, err := w.CreateSetting(t.Context(), ben, notify.Email, []byte(to))
		w.must(err)
	}
	_, _, err = w.CreateSetting(t.Context(), w.owner, notify.Email, []byte(`{"to":"ops@elsewhere.example"}`))
	w.must(err)
}
