package cli

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/notify"
)

func mailSession(t *testing.T, password string) *session {
	t.Helper()
	getenv := func(name string) string {
		if name == mailPassword {
			return password
		}
		return ""
	}
	return &session{Terminal: Terminal{Stdout: io.Discard, Stderr: io.Discard, Getenv: getenv}, ctx: t.Context(), log: slog.New(slog.DiscardHandler), secrets: newRedactor(getenv)}
}

func TestAMailServersAddressIsRead(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("from-the-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	from := "Weir <weir@example.com>"
	for name, c := range map[string]struct {
		flags    mailFlags
		password string
		want     notify.MailServer
	}{
		"starttls": {mailFlags{SMTP: "smtp://me@mail.example.com", SMTPFrom: from}, "a password", notify.MailServer{Host: "mail.example.com", Port: 587, TLS: notify.StartTLS, User: "me"}},
		"tls":      {mailFlags{SMTP: "smtps://me%40example.com@mail.example.com:1465", SMTPFrom: from}, "a password", notify.MailServer{Host: "mail.example.com", Port: 1465, TLS: notify.FullTLS, User: "me@example.com"}},
		"relay":    {mailFlags{SMTP: "smtp://127.0.0.1", SMTPFrom: from}, "", notify.MailServer{Host: "127.0.0.1", Port: 25, TLS: notify.NoTLS}},
		"file":     {mailFlags{SMTP: "smtp://me@127.0.0.1:25", SMTPFrom: from, SMTPPassword: file}, "", notify.MailServer{Host: "127.0.0.1", Port: 25, TLS: notify.StartTLS, User: "me"}},
	} {
		m, err := c.flags.mail(mailSession(t, c.password))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if m.Host != c.want.Host || m.Port != c.want.Port || m.TLS != c.want.TLS || m.User != c.want.User || m.From != from || m.Password.IsZero() != (m.User == "") {
			t.Errorf("%s: %+v", name, m)
		}
	}
	if m, err := (mailFlags{}).mail(mailSession(t, "")); m != nil || err != nil {
		t.Error(m, err)
	}
}

func TestAPasswordIsNotTakenFromAnAddress(t *testing.T) {
	from := "weir@example.com"
	for _, address := range []string{"smtp://me:planted-password@mail.example.com", "planted-password", "http://mail.example.com", "smtp://", "smtp://me@mail.example.com:x", "smtp://me@mail.example.com?password=planted-password", "smtp://mail.example.com"} {
		_, err := mailFlags{SMTP: address, SMTPFrom: from}.mail(mailSession(t, "planted-password"))
		if weir.CodeOf(err) != weir.CodeUsage || strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, flags := range []mailFlags{{SMTP: "smtp://me@mail.example.com", SMTPFrom: "no address"}, {SMTP: "smtp://me@mail.example.com"}, {SMTP: "smtp://me@mail.example.com", SMTPFrom: from, SMTPPassword: "/nowhere"}} {
		if _, err := flags.mail(mailSession(t, "a password")); weir.CodeOf(err) != weir.CodeUsage {
			t.Errorf("%+v: %v", flags, err)
		}
	}
}
