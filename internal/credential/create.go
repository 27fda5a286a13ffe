package credential

import (
	"context"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/netguard"
	"github.com/weirhq/weir/internal/store"
)

// Input is what a person gives to make a credential.
type Input struct {
	Kind        string
	Name        string
	Description string
	Values      map[string]weir.Secret // by field; secret or not, nobody prints them
	Tags        []string
	CopiedFrom  int64
	Watch       func(Step) // is told what the validation has reached; nil when nobody watches
}

// Create checks what was given, shows it to the service it is for, and only
// when that accepts it stores it: the credential, its sealed secrets and the
// audit's line in one transaction. When anything is wrong nothing is stored
// and nothing is logged; the error names the field, and its Reason says what
// it was.
func (s *Service) Create(ctx context.Context, who Actor, in Input) (*Credential, error) {
	c, secrets, err := s.accepted(ctx, who, in)
	if err != nil {
		return nil, err
	}
	return c, s.Store.Change(ctx, func(tx *store.Tx) error { return s.keep(ctx, tx, who, c, secrets) })
}

// Test does what Create does, but for storing.
func (s *Service) Test(ctx context.Context, who Actor, in Input) (*Credential, error) {
	c, _, err := s.accepted(ctx, who, in)
	return c, err
}

// accepted is the credential that an input describes, with its secrets, once its
// service has accepted it.
func (s *Service) accepted(ctx context.Context, who Actor, in Input) (*Credential, map[string]weir.Secret, error) {
	c, secrets, err := s.draft(who, in)
	if err != nil {
		return nil, nil, err
	}
	found, err := s.validate(watched(ctx, in.Watch), c, secrets)
	if err != nil {
		return nil, nil, err
	}
	found.apply(c, s.now())
	return c, secrets, nil
}

// keep stores a new credential and its secrets.
func (s *Service) keep(ctx context.Context, tx *store.Tx, who Actor, c *Credential, secrets map[string]weir.Secret) error {
	if err := s.save(ctx, tx, c); err != nil {
		return err
	}
	if err := s.seal(ctx, tx, c, secrets); err != nil {
		return err
	}
	detail := map[string]any{"type": c.Type, "origin": c.Origin, "status": c.Resource.Status}
	if c.CopiedFrom != 0 {
		detail["copied_from"] = c.CopiedFrom
	}
	return s.tell(ctx, tx, who, "credential.create", c, detail)
}

// tell writes the audit's line about a credential.
func (s *Service) tell(ctx context.Context, tx *store.Tx, who Actor, action string, c *Credential, detail map[string]any) error {
	return s.Audit.AppendTx(ctx, tx, audit.Entry{Org: c.Org, Actor: who.User, Action: action, Kind: string(store.KindCredential), Object: c.ID, Detail: detail})
}

// seal stores the secrets under the credential's present version.
func (s *Service) seal(ctx context.Context, tx *store.Tx, c *Credential, secrets map[string]weir.Secret) error {
	for _, field := range slices.Sorted(maps.Keys(secrets)) {
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

// binding is what a field's secret is sealed to.
func (c *Credential) binding(field string) weir.Binding {
	return weir.Binding{Org: c.Org, Credential: c.ID, Field: field, Version: c.SecretVersion, Kind: c.Type, Origin: c.Origin}
}

// draft is the credential that an input describes, not yet validated.
func (s *Service) draft(who Actor, in Input) (*Credential, map[string]weir.Secret, error) {
	kind, err := s.Kind(in.Kind)
	if err != nil {
		return nil, nil, err
	}
	now := s.now()
	c := &Credential{
		Kind: kind,
		Resource: store.Resource{Org: who.Org, Owner: who.User, Kind: store.KindCredential, Type: kind.Name, Name: strings.TrimSpace(in.Name), Description: in.Description,
			Tags: in.Tags, CopiedFrom: in.CopiedFrom, Created: now},
		Spec: Spec{SecretVersion: 1},
	}
	if c.Name == "" {
		return nil, nil, refuse("name", "a credential needs a name", "Name it after whose key it is")
	}
	secrets, err := s.fill(c, in.Values, now)
	return c, secrets, err
}

// fill sets a credential's settings and gives its secrets, both cleaned and
// checked for their form.
func (s *Service) fill(c *Credential, values map[string]weir.Secret, now int64) (map[string]weir.Secret, error) {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if c.Kind.field(name) == nil {
			return nil, unknownField(c.Kind, name)
		}
	}
	c.Settings, c.Secrets = map[string]string{}, map[string]int64{}
	secrets := map[string]weir.Secret{}
	for _, f := range c.Kind.Fields {
		value := open(values[f.Name])
		switch {
		case f.Secret && value != "":
			clean, err := c.Kind.cleanSecret(value)
			if err != nil {
				return nil, weir.At(f.Name, err)
			}
			secrets[f.Name], c.Secrets[f.Name] = clean, now
			continue
		case value == "" && f.Required:
			return nil, refuse(f.Name, "it is missing", f.Help)
		case value == "":
			value = f.Default
		}
		if value = strings.TrimSpace(value); value == "" || f.Secret {
			continue
		}
		if err := f.check(value); err != nil {
			return nil, err
		}
		c.Settings[f.Name] = value
	}
	return secrets, s.place(c)
}

// cleanSecret takes away what was pasted along with a key.
func (k *Kind) cleanSecret(value string) (weir.Secret, error) {
	if k.Connector == nil {
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return weir.Secret{}, refuse("", "it has a line break or another control character inside", "Copy it again, alone")
		}
		return weir.NewSecret(value), nil
	}
	key := CleanKey(value)
	return weir.NewSecret(key), CheckKey(key, k.Connector)
}

// check refuses a setting of the wrong form, without repeating it.
func (f Field) check(value string) error {
	if len(value) > longestKey || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return refuse(f.Name, "it is too long, or has a control character inside", "")
	}
	if len(f.Values) > 0 && !slices.Contains(f.Values, value) {
		return refuse(f.Name, "it is none of the values there are", "Use one of "+strings.Join(f.Values, ", "))
	}
	switch f.Name {
	case fieldPort:
		if n, err := strconv.Atoi(value); err != nil || n < 1 || n > 65535 {
			return refuse(f.Name, "it is not a port", "Give a number from 1 to 65535")
		}
	case fieldRateLimit:
		if n, err := strconv.Atoi(value); err != nil || n < 1 || n > 100_000 {
			return refuse(f.Name, "it is not a number of requests per minute", "Give a number from 1 to 100000")
		}
	case fieldRotate:
		if n, err := strconv.Atoi(value); err != nil || n < 1 || n > 60 {
			return refuse(f.Name, "it is not a number of days", "Give a number from 1 to 60, or leave it out for never")
		}
	}
	return nil
}

// place works out the origin, the expiry and the other values that follow from settings.
func (s *Service) place(c *Credential) error {
	switch c.Kind.Connection {
	case "rest":
		if c.Settings[fieldBaseURL] == "" {
			break
		}
		origin, err := netguard.ParseOrigin(c.Settings[fieldBaseURL])
		if err != nil {
			return weir.At(fieldBaseURL, err)
		}
		if _, err := s.guard(origin); err != nil {
			return weir.At(fieldBaseURL, err)
		}
		c.Origin, c.Settings[fieldBaseURL] = origin, origin
	case "postgres", "mysql":
		if strings.ContainsAny(c.Settings[fieldHost], "/\\@?#,") {
			return refuse(fieldHost, "it is not a host", "Give a name or an address: the server's own sockets are not for its users")
		}
		c.Origin = c.Kind.Connection + "://" + net.JoinHostPort(strings.ToLower(c.Settings[fieldHost]), c.Settings[fieldPort])
	case "s3":
		if err := c.placeBucket(); err != nil {
			return err
		}
	case "sqlite", "file":
		if !filepath.IsLocal(c.Settings[fieldPath]) {
			return refuse(fieldPath, "it leads out of the server's directory of files", "Name a path inside it, such as cal.db")
		}
	}
	return c.readExpiry()
}

func (c *Credential) readExpiry() error {
	c.ExpiresAt = 0
	text := c.Settings[fieldExpires]
	if text == "" {
		return nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			c.ExpiresAt = t.UnixMicro()
			return nil
		}
	}
	return refuse(fieldExpires, "it is not a day", "Write it as 2026-12-31")
}

// plainName is what the name of a field looks like.
var plainName = regexp.MustCompile(`^[a-z][a-z_.]{0,39}$`)

func refuse(field, message, remedy string) error {
	return &weir.Error{Code: weir.CodeUsage, Where: field, Message: message, Remedy: remedy}
}

func unknownField(k *Kind, name string) error {
	names := make([]string, len(k.Fields))
	for i, f := range k.Fields {
		names[i] = f.Name
	}
	if !plainName.MatchString(name) {
		name = "a field" // it may be a value in the wrong place
	}
	return refuse(name, fmt.Sprintf("a %s credential has no such field", k.Title), "It has "+strings.Join(names, ", "))
}
