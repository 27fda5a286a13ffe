package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/netguard"
)

// mailTo hands a message to the channel's mail server, or to the one of the
// whole server, for the channel's addresses or the user's own.
func (s *Service) mailTo(ctx context.Context, c *Setting, secrets map[string]weir.Secret, own string, m message) (int, error) {
	server, to := s.Mail, own
	if c != nil && c.Settings[fieldTo] != "" {
		to = c.Settings[fieldTo]
	}
	inside := true
	if c != nil && c.Settings[fieldHost] != "" {
		port, _ := strconv.Atoi(c.Settings[fieldPort]) // checked when it was stored
		server = &MailServer{Host: c.Settings[fieldHost], Port: port, TLS: TLS(c.Settings[fieldTLS]), User: c.Settings[fieldUser], Password: secrets[fieldPassword], From: c.Settings[fieldFrom]}
		inside = false
	}
	if server == nil {
		return 0, hopeless(weir.CodeConfig, "e-mail", "this server has no mail server", "Start it with --smtp-url, or name a mail server in the channel")
	}
	letter, err := s.letter(server, to, m)
	if err != nil {
		return 0, err
	}
	client, err := s.mailClient(ctx, server, inside)
	if err != nil {
		return 0, err
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return 0, undelivered(ctx, server, err)
	}
	err = client.SendWithSMTPClient(conn, letter)
	_ = client.CloseWithSMTPClient(conn) // what the server took it has, however it parts
	if err != nil {
		return 0, undelivered(ctx, server, err)
	}
	return 250, nil
}

// letter writes the mail. Addresses are parsed, and the subject is one line
// that the library encodes: no text of anybody's begins a header.
func (s *Service) letter(server *MailServer, to string, m message) (*mail.Msg, error) {
	bad := hopeless(weir.CodeConfig, "e-mail", "an address is none", "Check to and from of the channel")
	from, err := netmail.ParseAddress(server.From)
	if err != nil {
		return nil, bad
	}
	addresses, err := netmail.ParseAddressList(to)
	if err != nil {
		return nil, bad
	}
	letter := mail.NewMsg()
	letter.FromMailAddress(from)
	letter.ToMailAddress(addresses...)
	letter.Subject("[Weir] " + m.subject())
	letter.SetDateWithValue(m.at)
	letter.SetMessageIDWithValue(m.id + "@" + domainOf(from.Address))
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	text := m.text(func(s string) string { return s }) + "\n"
	if s.PublicURL != "" {
		text += "\n-- \nWeir at " + s.PublicURL + ", which also has what you are told and how.\n"
	}
	letter.SetBodyString(mail.TypeTextPlain, text)
	return letter, nil
}

func domainOf(address string) string {
	if i := strings.LastIndexByte(address, '@'); i >= 0 {
		return address[i+1:]
	}
	return "weir"
}

// mailClient speaks to one mail server until ctx ends, through the guard unless
// whoever runs this server has chosen it.
func (s *Service) mailClient(ctx context.Context, server *MailServer, inside bool) (*mail.Client, error) {
	where := net.JoinHostPort(server.Host, strconv.Itoa(server.Port))
	dial, err := netguard.TCP(netguard.TCPOptions{Address: where, Networks: s.Networks, Anywhere: inside})
	if err != nil {
		return nil, weir.At("e-mail", err)
	}
	encrypted := &tls.Config{ServerName: server.Host, MinVersion: tls.VersionTLS12, RootCAs: s.Roots}
	connect := func(dialing context.Context, network, _ string) (net.Conn, error) {
		conn, err := dial(dialing, network, where) // the library writes IPv6 without brackets
		if err != nil {
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = conn.Close() }) // the library knows of dialling alone
		if server.TLS != FullTLS {
			return conn, nil
		}
		secure := tls.Client(conn, encrypted)
		if err := secure.HandshakeContext(dialing); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		return secure, nil
	}
	// What is encrypted already offers no STARTTLS, and the library then sees that it is.
	policy := map[TLS]mail.TLSPolicy{StartTLS: mail.TLSMandatory, FullTLS: mail.TLSOpportunistic, NoTLS: mail.NoTLS}[server.TLS]
	options := []mail.Option{mail.WithPort(server.Port), mail.WithTimeout(attemptTimeout), mail.WithTLSConfig(encrypted), mail.WithTLSPolicy(policy), mail.WithHELO("weir.invalid"), mail.WithoutNoop()}
	options = append(options, mail.WithDialContextFunc(connect))
	client, err := mail.NewClient(server.Host, append(options, server.login()...)...)
	if err != nil {
		return nil, hopeless(weir.CodeConfig, "e-mail", "the mail server cannot be used as it is configured", "Check host, port and tls")
	}
	return client, nil
}

// undelivered explains what a mail server refused. Its own words are not
// repeated: it may have been sent a password.
func undelivered(ctx context.Context, server *MailServer, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	f := failed(server.Host, "the mail server did not answer, or not as mail servers do", "Check host, port and tls, and that it is up")
	var guard *weir.Error
	var refused *mail.SendError
	switch {
	case errors.As(err, &guard):
		f.problem.Message, f.problem.Remedy = guard.Message, guard.Remedy
	case errors.As(err, &refused) && refused.ErrorCode() >= 400:
		f.problem.Message = fmt.Sprintf("the mail server refused the message with %d", refused.ErrorCode())
		f.problem.Remedy = "Check from and to; the mail server's log says more"
		f.final = !refused.IsTemp() && refused.ErrorCode() >= 500
	case strings.Contains(err.Error(), "535") || strings.Contains(err.Error(), "AUTH"):
		f.problem.Message, f.problem.Remedy = "the mail server does not accept the user and the password", "Check both"
	case strings.Contains(err.Error(), "STARTTLS"):
		f.problem.Message, f.problem.Remedy = "the mail server does not offer STARTTLS", "Use tls with its port for that, often 465"
	case strings.Contains(err.Error(), "x509") || strings.Contains(err.Error(), "certificate"):
		f.problem.Message, f.problem.Remedy = "the mail server's certificate is not valid for its name", "Check the host's name and its certificate"
	}
	return f
}
