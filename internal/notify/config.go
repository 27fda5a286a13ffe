package notify

import (
	"crypto/rand"
	"encoding/base64"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/netguard"
)

// The fields of a channel's configuration.
const (
	fieldName     = "name"
	fieldTo       = "to"
	fieldFrom     = "from"
	fieldHost     = "host"
	fieldPort     = "port"
	fieldUser     = "user"
	fieldPassword = "password"
	fieldTLS      = "tls"
	fieldSlackURL = "webhook_url"
	fieldURL      = "url"
	fieldSecret   = "secret"
)

// fieldsOf are the fields of each channel; secretFields those that no answer shows.
func fieldsOf(c Channel) []string {
	switch c {
	case Email:
		return []string{fieldName, fieldTo, fieldFrom, fieldHost, fieldPort, fieldUser, fieldPassword, fieldTLS}
	case Slack:
		return []string{fieldName, fieldSlackURL}
	case Webhook:
		return []string{fieldName, fieldURL, fieldSecret}
	}
	return []string{fieldName}
}

// An address of Slack is a secret by itself, and that of a webhook may hold one.
func secretField(name string) bool {
	return slices.Contains([]string{fieldPassword, fieldSlackURL, fieldURL, fieldSecret}, name)
}

// draft is a configuration on its way in.
type draft struct {
	settings map[string]string
	secrets  map[string]weir.Secret
	origin   string
	fresh    weir.Secret // a webhook's secret that was made here, to be shown once
}

// longestValue is what one field may hold, in bytes.
const longestValue = 4096

// parseConfig reads a configuration for its form. Its errors name the field and
// never repeat what it held.
func parseConfig(c Channel, config []byte) (*draft, error) {
	var values map[string]jsontext.Value
	if len(config) > 0 {
		if err := json.Unmarshal(config, &values); err != nil {
			return nil, refuse("config", "it is not a JSON object", "Send an object")
		}
	}
	d := &draft{settings: map[string]string{}, secrets: map[string]weir.Secret{}}
	for name, value := range values {
		if !slices.Contains(fieldsOf(c), name) {
			return nil, refuse("config", "it has a field that this channel does not have", "It may have "+strings.Join(fieldsOf(c), ", "))
		}
		text, err := textOf(name, value)
		if err != nil {
			return nil, err
		}
		switch {
		case text == "":
		case secretField(name):
			d.secrets[name] = weir.NewSecret(text)
		default:
			d.settings[name] = text
		}
	}
	return d, nil
}

// textOf takes a text, a number, or a list of texts.
func textOf(name string, value jsontext.Value) (string, error) {
	wrong := refuse("config."+name, "it is not a text", "Send a text without control characters")
	var text string
	switch value.Kind() {
	case 'n':
		return "", nil
	case '0':
		text = string(value)
	case '[':
		var parts []string
		if json.Unmarshal(value, &parts) != nil || name != fieldTo {
			return "", wrong
		}
		text = strings.Join(parts, ", ")
	default:
		if json.Unmarshal(value, &text) != nil {
			return "", wrong
		}
	}
	text = strings.TrimSpace(text)
	if len(text) > longestValue || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", wrong
	}
	return text, nil
}

// complete checks a configuration as a whole, and fills in what follows from it.
func (s *Service) complete(c Channel, d *draft) error {
	switch c {
	case Email:
		return s.completeMail(d)
	case Slack:
		return s.completeURL(d, fieldSlackURL)
	case Webhook:
		if err := s.completeURL(d, fieldURL); err != nil {
			return err
		}
		return d.completeSigning()
	}
	return nil
}

// completeMail checks addresses, and the server when it is not the usual one.
func (s *Service) completeMail(d *draft) error {
	if to := d.settings[fieldTo]; to != "" {
		if _, err := mail.ParseAddressList(to); err != nil {
			return refuse("config.to", "these are not e-mail addresses", "Separate them by commas")
		}
	}
	if from := d.settings[fieldFrom]; from != "" {
		if _, err := mail.ParseAddress(from); err != nil {
			return refuse("config.from", "it is not an e-mail address", "Write it as Weir <weir@example.com>")
		}
	}
	host := d.settings[fieldHost]
	if host == "" {
		for _, name := range []string{fieldFrom, fieldPort, fieldUser, fieldTLS} {
			if d.settings[name] != "" {
				return refuse("config."+name, "it belongs to a mail server, and there is no host", "Send config.host, too")
			}
		}
		switch {
		case !d.secrets[fieldPassword].IsZero():
			return refuse("config.password", "it belongs to a mail server, and there is no host", "Send config.host, too")
		case s.Mail == nil:
			return refuse("config.host", "this server has no mail server of its own", "Name one, with port, user, password and from")
		}
		return nil
	}
	if d.settings[fieldFrom] == "" {
		return refuse("config.from", "it is missing", "Say from whom the mail is, as Weir <weir@example.com>")
	}
	if strings.ContainsAny(host, "/\\@?#, :") && net.ParseIP(host) == nil {
		return refuse("config.host", "it is not a host", "Write it as mail.example.com")
	}
	return d.completeServer(strings.ToLower(host))
}

func (d *draft) completeServer(host string) error {
	way := TLS(d.settings[fieldTLS])
	if way == "" {
		way = StartTLS
	}
	switch {
	case !slices.Contains([]TLS{StartTLS, FullTLS, NoTLS}, way):
		return refuse("config.tls", "it is none of its values", "Use starttls or tls; none on loopback alone")
	case way == NoTLS && !netguard.Loopback(host):
		return refuse("config.tls", "without TLS everybody on the way can read the mail and the password", "Use starttls or tls")
	}
	port := d.settings[fieldPort]
	if port == "" {
		port = map[TLS]string{StartTLS: "587", FullTLS: "465", NoTLS: "25"}[way]
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return refuse("config.port", "it is not a port", "Send a number from 1 to 65535")
	}
	if (d.settings[fieldUser] == "") != d.secrets[fieldPassword].IsZero() {
		return refuse("config.password", "a user and a password go together", "Send both, or neither")
	}
	d.settings[fieldHost], d.settings[fieldPort], d.settings[fieldTLS] = host, port, string(way)
	d.origin = "smtp://" + net.JoinHostPort(host, port)
	return nil
}

// completeURL checks that an address leads out through the guard.
func (s *Service) completeURL(d *draft, field string) error {
	if d.secrets[field].IsZero() {
		return refuse("config."+field, "it is missing", "Send the address that messages are posted to")
	}
	u, err := url.Parse(open(d.secrets[field]))
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return refuse("config."+field, "it is not the address of a webhook", "Write it as https://host/path")
	}
	d.origin = netguard.Origin(u)
	if _, err := netguard.NewWith(netguard.Options{Origin: d.origin, Networks: s.Networks}); err != nil {
		return weir.At("config."+field, err)
	}
	return nil
}

// A secret is "whsec_" and 24 to 64 bytes in base64, as Standard Webhooks has it.
const (
	secretPrefix = "whsec_" // #nosec G101 -- what one begins with
	leastSecret  = 24
	mostSecret   = 64
)

// completeSigning checks a webhook's secret, or makes one.
func (d *draft) completeSigning() error {
	if d.secrets[fieldSecret].IsZero() {
		b := make([]byte, 32)
		_, _ = rand.Read(b) // never fails
		d.fresh = weir.NewSecret(secretPrefix + base64.StdEncoding.EncodeToString(b))
		d.secrets[fieldSecret] = d.fresh
		return nil
	}
	if _, err := signingKey(d.secrets[fieldSecret]); err != nil {
		return err
	}
	return nil
}
