package cli

import (
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/netguard"
	"github.com/weirhq/weir/internal/notify"
)

// mailFlags say through which server users are mailed.
type mailFlags struct {
	SMTP         string `name:"smtp-url" env:"WEIR_SMTP_URL" placeholder:"URL" help:"Mail server for notifications: smtp://user@host:587 (STARTTLS), or smtps://user@host:465 (TLS). The password is never in it."`
	SMTPFrom     string `name:"smtp-from" env:"WEIR_SMTP_FROM" placeholder:"ADDRESS" help:"From whom mail is, such as \"Weir <weir@example.com>\"."`
	SMTPPassword string `name:"smtp-password-file" placeholder:"FILE" help:"File that holds the mail server's password, instead of $WEIR_SMTP_PASSWORD."`
}

// mailPassword is where the mail server's password may lie.
const mailPassword = "WEIR_SMTP_PASSWORD" // #nosec G101 -- a variable's name

// mail reads the flags; nil without a mail server.
func (c mailFlags) mail(s *session) (*notify.MailServer, error) {
	password := s.Getenv(mailPassword)
	if c.SMTPPassword != "" {
		var err error
		if password, err = readKeyFile(c.SMTPPassword); err != nil {
			return nil, weir.At("--smtp-password-file", err)
		}
	}
	s.secrets.add(password)
	if c.SMTP == "" {
		return nil, nil
	}
	wrong := func(message, remedy string) error {
		return &weir.Error{Code: weir.CodeUsage, Where: "--smtp-url", Message: message, Remedy: remedy}
	}
	u, err := url.Parse(c.SMTP)
	if err != nil || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return nil, wrong("this is not the address of a mail server", "Write it as smtp://user@mail.example.com:587")
	}
	if _, given := u.User.Password(); given {
		return nil, wrong("a password in an address shows in process lists and logs", "Give it as "+mailPassword+" or in a file named by --smtp-password-file")
	}
	m := &notify.MailServer{Host: u.Hostname(), User: u.User.Username(), Password: weir.NewSecret(password), From: c.SMTPFrom}
	port := u.Port()
	switch u.Scheme {
	case "smtp":
		m.TLS, m.Port = notify.StartTLS, 587
		if netguard.Loopback(m.Host) && m.User == "" {
			m.TLS, m.Port = notify.NoTLS, 25 // a relay on this machine
		}
	case "smtps":
		m.TLS, m.Port = notify.FullTLS, 465
	default:
		return nil, wrong("its scheme is neither smtp nor smtps", "Write smtp:// for STARTTLS, smtps:// for TLS from the start")
	}
	if port != "" {
		if m.Port, err = strconv.Atoi(port); err != nil || m.Port < 1 || m.Port > 65535 {
			return nil, wrong("its port is none: "+net.JoinHostPort(m.Host, port), "Write it as smtp://user@mail.example.com:587")
		}
	}
	if (m.User == "") != (password == "") {
		return nil, wrong("a user and a password go together", "Name the user as smtp://user@host, and give the password as "+mailPassword+" or in a file")
	}
	if _, err := netmail.ParseAddress(m.From); err != nil {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "--smtp-from", Message: "it is missing, or no e-mail address", Remedy: "Write it as \"Weir <weir@example.com>\""}
	}
	return m, nil
}
