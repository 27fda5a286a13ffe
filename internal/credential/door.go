package credential

import (
	"context"
	"fmt"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/governor"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/store"
)

// Use is one use of a credential: by whom, and what for.
type Use struct {
	Actor      Actor
	Credential int64
	Purpose    string // "validate", "test", "run", "deliver": for the audit
	For        int64  // the source or destination that it is for, and that uses it; 0 for none
}

// Line speaks to the one server that a credential is bound to. It can be used
// for requests and nothing else: the secret cannot be taken out.
type Line struct {
	Credential *Credential
	Client     *rest.Client
	Budget     *governor.Budget
}

// Connect hands out a line to the credential's server.
func (s *Service) Connect(ctx context.Context, u Use) (*Line, error) {
	c, secrets, err := s.take(ctx, u)
	if err != nil {
		return nil, err
	}
	if c.Kind.Connection != "rest" || c.Origin == "" {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "credential", Message: "it leads to no API", Remedy: "Choose a credential of an API, with its address"}
	}
	line, err := s.dial(c, secrets[fieldKey], u.For)
	if err != nil {
		return nil, err
	}
	return line, s.nameBudget(ctx, c)
}

// Place says where a credential of a database, a bucket or files leads, and
// gives what opens it.
func (s *Service) Place(ctx context.Context, u Use) (*Place, error) {
	c, secrets, err := s.take(ctx, u)
	if err != nil {
		return nil, err
	}
	p := &Place{Credential: c}
	switch c.Kind.Connection {
	case "postgres":
		p.Target, p.SQL = c.postgres(secrets[fieldPassword])
	case "mysql":
		p.Target, p.SQL = c.mysql(secrets[fieldPassword])
	case "s3":
		p.Bucket = s.bucket(c, secrets[fieldSecretKey])
	case "sqlite", "file":
		if err := s.checkPath(c); err != nil {
			return nil, err
		}
		p.Target = c.path(s.Files)
	default:
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "credential", Message: "it leads to no place for data", Remedy: "Choose a credential of a database, a bucket or files"}
	}
	p.SQL.Logger, p.SQL.Dial = s.Logger, s.Storage.Dial
	return p, nil
}

// take is the door: the only way to a stored secret. It reads the credential
// of the user's own organization, makes sure that what it is for uses it (both
// rows were written by Weir, or the store refuses them), writes down the use and waits until that is
// durable, and only then opens what is sealed, which works under exactly the
// organization, credential, version, kind and origin that it was sealed for.
func (s *Service) take(ctx context.Context, u Use) (*Credential, map[string]weir.Secret, error) {
	c, err := s.Credential(ctx, u.Actor.Org, u.Credential)
	if err != nil {
		return nil, nil, err
	}
	if c.Status() == StatusUnknown {
		return c, nil, c.afterRotation()
	}
	if err := s.usedBy(ctx, u); err != nil {
		return c, nil, err
	}
	sealed, err := s.Store.Secrets(ctx, c.Org, c.ID)
	if err != nil {
		return c, nil, err
	}
	err = s.Audit.Append(ctx, audit.Entry{Org: c.Org, Actor: u.Actor.User, Action: "credential.use", Kind: string(store.KindCredential), Object: c.ID,
		Detail: map[string]any{"purpose": u.Purpose, "for": u.For, "origin": c.Origin, "version": c.SecretVersion}})
	if err != nil {
		return c, nil, err
	}
	secrets := map[string]weir.Secret{}
	for _, one := range sealed {
		if one.Binding != c.binding(one.Field) {
			return c, nil, &weir.Error{Code: weir.CodeIntegrity, Where: "credential", Message: "its stored secret belongs to another credential, version or server; nothing was sent", Remedy: "Somebody may have changed the database: run `weir vault verify`, and give the secret again"}
		}
		if secrets[one.Field], err = s.Vault.Open(one); err != nil {
			return c, nil, weir.At("credential", err)
		}
	}
	for field := range c.Secrets {
		if secrets[field].IsZero() {
			return c, nil, &weir.Error{Code: weir.CodeIntegrity, Where: "credential", Message: "its stored secret is gone", Remedy: "Give it again"}
		}
	}
	return c, secrets, nil
}

// usedBy makes sure that the source or destination of a use uses the
// credential, now: a run that began before that was changed is not served.
func (s *Service) usedBy(ctx context.Context, u Use) error {
	if u.For == 0 {
		return nil
	}
	r, err := s.Store.ResourceByID(ctx, u.Actor.Org, u.For)
	if err != nil {
		return err
	}
	if r.Credential != u.Credential {
		return &weir.Error{Code: weir.CodeConflict, Where: fmt.Sprintf("%s %d", r.Kind, r.ID), Message: "it uses another credential now", Remedy: "Run it again"}
	}
	return nil
}
