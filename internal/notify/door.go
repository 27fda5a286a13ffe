package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/wneessen/go-mail"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// open takes a value out of its wrapping. Nothing else in this package sees one.
func open(s weir.Secret) string { return s.Expose() }

// secrets opens what is sealed for a channel, under exactly the organization,
// channel, version, kind and origin that it was sealed for.
func (s *Service) secrets(ctx context.Context, c *Setting) (map[string]weir.Secret, error) {
	sealed, err := s.Store.Secrets(ctx, c.Org, c.ID)
	if err != nil {
		return nil, err
	}
	out := map[string]weir.Secret{}
	for _, one := range sealed {
		if one.Binding != c.binding(one.Field) {
			return nil, &weir.Error{Code: weir.CodeIntegrity, Where: "channel", Message: "its stored secret belongs to another channel, version or server; nothing was sent", Remedy: "Somebody may have changed the database: run `weir vault verify`, and give the secret again"}
		}
		if out[one.Field], err = s.Vault.Open(one); err != nil {
			return nil, weir.At("channel", err)
		}
	}
	for _, field := range c.Secrets {
		if out[field].IsZero() {
			return nil, &weir.Error{Code: weir.CodeIntegrity, Where: "channel", Message: "its stored secret is gone", Remedy: "Give it again"}
		}
	}
	return out, nil
}

// seal stores a channel's secrets under its present version.
func (s *Service) seal(ctx context.Context, tx *store.Tx, c *Setting, secrets map[string]weir.Secret) error {
	if err := tx.DropSecrets(ctx, c.ID); err != nil {
		return err
	}
	for _, field := range c.Secrets {
		sealed, err := s.Vault.Seal(c.binding(field), secrets[field])
		if err != nil {
			return err
		}
		if err := tx.PutSecret(ctx, sealed); err != nil {
			return err
		}
	}
	return nil
}

// signingKey reads a webhook's secret.
func signingKey(secret weir.Secret) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(open(secret), secretPrefix))
	if err != nil || len(key) < leastSecret || len(key) > mostSecret {
		return nil, refuse("config.secret", "it is not a signing secret", fmt.Sprintf("Send whsec_ and %d to %d bytes in base64, or none, and one is made", leastSecret, mostSecret))
	}
	return key, nil
}

// sign is a signature as Standard Webhooks defines it: over the message's name,
// the time of sending in seconds, and the body.
func sign(secret weir.Secret, id string, at int64, body []byte) (string, error) {
	key, err := signingKey(secret)
	if err != nil {
		return "", err
	}
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s.%d.", id, at)
	h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil)), nil
}

// login is what a mail server is told of who hands in mail.
func (m *MailServer) login() []mail.Option {
	if m.User == "" {
		return nil
	}
	return []mail.Option{mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(m.User), mail.WithPassword(open(m.Password))}
}
