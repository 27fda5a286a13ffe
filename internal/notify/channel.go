package notify

import (
	"context"
	"fmt"
	"maps"
	"net/mail"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// The statuses of a channel that was set up.
const (
	ChannelActive   = "active"
	ChannelDisabled = "disabled" // the receiver said that it is gone, or somebody switched it off
)

// Setting is a channel as a user has set it up, without its secrets.
type Setting struct {
	store.Resource
	SettingSpec
}

// SettingSpec is what a channel is besides its resource.
type SettingSpec struct {
	Origin   string            `json:"origin"` // the only server that may be sent its secrets
	Settings map[string]string `json:"settings,omitempty"`
	Secrets  []string          `json:"secrets,omitempty"` // fields that are set
	Problem  string            `json:"problem,omitempty"` // why it is disabled

	SecretVersion int64 `json:"secret_version"`
}

// Channel is its kind.
func (c *Setting) Channel() Channel { return Channel(c.Type) }

// binding is what a field's secret is sealed to.
func (c *Setting) binding(field string) weir.Binding {
	return weir.Binding{Org: c.Org, Credential: c.ID, Field: field, Version: c.SecretVersion, Kind: "channel " + c.Type, Origin: c.Origin}
}

// Shown is its configuration as people may see it: of a secret only that it is
// set, of an address only where it leads.
func (c *Setting) Shown() map[string]any {
	out := map[string]any{}
	for name, value := range c.Settings {
		out[name] = value
	}
	for _, field := range c.Secrets {
		out[field] = hidden
		if field == fieldURL || field == fieldSlackURL {
			out[field] = c.Origin + "/" + hidden
		}
	}
	return out
}

// hidden stands for a secret; sent back, it means the one that is stored.
const hidden = "…"

func loadSetting(r store.Resource) (*Setting, error) {
	c := &Setting{Resource: r}
	if err := json.Unmarshal(r.Spec, &c.SettingSpec); err != nil {
		return nil, &weir.Error{Code: weir.CodeIntegrity, Where: "channel", Message: "what is stored of it cannot be read", Err: err}
	}
	return c, nil
}

// Setting reads one of the organization.
func (s *Service) Setting(ctx context.Context, org, id int64) (*Setting, error) {
	r, err := s.Store.Resource(ctx, org, store.KindChannel, id)
	if err != nil {
		return nil, err
	}
	return loadSetting(r)
}

// Settings gives the filter's channels, and how many there are on all pages.
func (s *Service) Settings(ctx context.Context, f store.ResourceFilter) ([]*Setting, int, error) {
	f.Kind = store.KindChannel
	rows, total, err := s.Store.Resources(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	all := make([]*Setting, len(rows))
	for i, r := range rows {
		if all[i], err = loadSetting(r); err != nil {
			return nil, 0, err
		}
	}
	return all, total, nil
}

// CreateSetting sets a channel up. Its configuration is checked, and nothing is
// sent: Test does that. The secret is that of a webhook when none was given; it
// is not shown again.
func (s *Service) CreateSetting(ctx context.Context, p identity.Principal, channel Channel, config []byte) (*Setting, weir.Secret, error) {
	c := &Setting{Resource: store.Resource{Org: p.Org, Owner: p.User, Kind: store.KindChannel, Type: string(channel), Status: ChannelActive, Created: s.now()}}
	d, err := parseConfig(channel, config)
	if err != nil {
		return nil, weir.Secret{}, err
	}
	err = s.save(ctx, p, c, d, "channel.create")
	return c, d.fresh, err
}

// UpdateSetting replaces a channel's configuration, which switches it on again.
// Secrets that are not in it are kept as long as they go where they went.
func (s *Service) UpdateSetting(ctx context.Context, p identity.Principal, id int64, config []byte) (*Setting, weir.Secret, error) {
	c, err := s.Setting(ctx, p.Org, id)
	if err != nil {
		return nil, weir.Secret{}, err
	}
	d, err := parseConfig(c.Channel(), config)
	if err != nil {
		return nil, weir.Secret{}, err
	}
	if err := s.keepSecrets(ctx, c, d); err != nil {
		return nil, weir.Secret{}, err
	}
	c.Status, c.Problem = ChannelActive, ""
	err = s.save(ctx, p, c, d, "channel.update")
	return c, d.fresh, err
}

// keepSecrets puts into a new configuration what is stored of the old one.
func (s *Service) keepSecrets(ctx context.Context, c *Setting, d *draft) error {
	var kept []string
	for _, field := range c.Secrets {
		if given := d.secrets[field]; given.IsZero() || strings.HasSuffix(open(given), hidden) {
			delete(d.secrets, field)
			kept = append(kept, field)
		}
	}
	if len(kept) == 0 || c.Channel() == Email && d.settings[fieldHost] == "" {
		return nil
	}
	old, err := s.secrets(ctx, c)
	if err != nil {
		return err
	}
	for _, field := range kept {
		d.secrets[field] = old[field]
	}
	if err := s.complete(c.Channel(), d); err != nil {
		return err
	}
	if d.origin != c.Origin {
		return refuse("config."+kept[0], "the stored secret would go to where it was not given for", "Give it again together with the change")
	}
	return nil
}

// save writes a channel and seals its secrets under a new version.
func (s *Service) save(ctx context.Context, p identity.Principal, c *Setting, d *draft, action string) error {
	if err := s.complete(c.Channel(), d); err != nil {
		return err
	}
	if err := s.mayMail(ctx, p, c.Channel(), d); err != nil {
		return err
	}
	c.Origin, c.Settings, c.Secrets = d.origin, d.settings, slices.Sorted(maps.Keys(d.secrets))
	c.SecretVersion++
	c.Name = c.named()
	return s.Store.Change(ctx, func(tx *store.Tx) error {
		if err := s.write(ctx, tx, c); err != nil {
			return err
		}
		if err := s.seal(ctx, tx, c, d.secrets); err != nil {
			return err
		}
		return s.tellAudit(ctx, tx, p.User, c, action, map[string]any{"channel": c.Type, "origin": c.Origin, "version": c.SecretVersion})
	})
}

// write writes the channel's row, new or changed.
func (s *Service) write(ctx context.Context, tx *store.Tx, c *Setting) (err error) {
	if c.Spec, err = json.Marshal(c.SettingSpec, json.Deterministic(true)); err != nil {
		return err
	}
	if c.ID == 0 {
		return tx.CreateResource(ctx, &c.Resource, false)
	}
	c.Updated = s.now()
	return tx.UpdateResource(ctx, &c.Resource)
}

func (s *Service) tellAudit(ctx context.Context, tx *store.Tx, actor int64, c *Setting, action string, detail map[string]any) error {
	return s.Audit.AppendTx(ctx, tx, audit.Entry{Org: c.Org, Actor: actor, Action: action, Kind: string(store.KindChannel), Object: c.ID, Detail: detail})
}

// mayMail lets the server's own mail go to members alone, unless an
// administrator says otherwise: it is no relay.
func (s *Service) mayMail(ctx context.Context, p identity.Principal, channel Channel, d *draft) error {
	if channel != Email || d.settings[fieldHost] != "" || d.settings[fieldTo] == "" || p.Role.AtLeast(identity.RoleAdmin) {
		return nil
	}
	members, err := s.People.Watchers(ctx, p.Org, store.Resource{})
	if err != nil {
		return err
	}
	to, _ := mail.ParseAddressList(d.settings[fieldTo]) // complete has
	for _, one := range to {
		if !slices.ContainsFunc(members, func(w identity.Watcher) bool { return strings.EqualFold(w.Email, one.Address) }) {
			return &weir.Error{Code: weir.CodeForbidden, Where: "config.to", Message: "the server's mail goes to members of the organization", Remedy: "Ask an administrator to set this channel up, or name a mail server of your own"}
		}
	}
	return nil
}

// named is what a channel is called in lists.
func (c *Setting) named() string {
	if name := c.Settings[fieldName]; name != "" {
		return name
	}
	where := ""
	if u, err := url.Parse(c.Origin); err == nil {
		where = u.Host
	}
	switch c.Channel() {
	case Email:
		if to := c.Settings[fieldTo]; to != "" {
			where = to
		}
		return strings.TrimSpace("E-mail " + where)
	case Slack:
		return "Slack " + where
	case Webhook:
		return "Webhook " + where
	}
	return "App"
}

// DeleteSetting takes a channel away with its secrets and the rules that use
// it. What still waits for it is given up at its next attempt.
func (s *Service) DeleteSetting(ctx context.Context, p identity.Principal, id int64) error {
	return s.Store.Change(ctx, func(tx *store.Tx) error {
		c, err := s.hold(ctx, tx, p.Org, id)
		if err != nil {
			return err
		}
		if err := tx.DropSecrets(ctx, id); err != nil {
			return err
		}
		if err := tx.DropRulesOf(ctx, p.Org, id); err != nil {
			return err
		}
		c.Deleted = s.now()
		if err := s.write(ctx, tx, c); err != nil {
			return err
		}
		return s.tellAudit(ctx, tx, p.User, c, "channel.delete", map[string]any{"name": c.Name})
	})
}

func (s *Service) hold(ctx context.Context, tx *store.Tx, org, id int64) (*Setting, error) {
	r, err := tx.Resource(ctx, org, store.KindChannel, id)
	if err != nil {
		return nil, err
	}
	return loadSetting(r)
}

// disable switches a channel off whose receiver is gone.
func (s *Service) disable(ctx context.Context, tx *store.Tx, org, id int64, problem string) error {
	c, err := s.hold(ctx, tx, org, id)
	if code := weir.CodeOf(err); code == weir.CodeNotFound || code == weir.CodeIntegrity {
		return nil // nothing is sent over it any more
	}
	if err != nil {
		return err
	}
	if c.Status == ChannelDisabled {
		return nil
	}
	c.Status, c.Problem = ChannelDisabled, problem
	if err := s.write(ctx, tx, c); err != nil {
		return err
	}
	return s.tellAudit(ctx, tx, 0, c, "channel.disable", map[string]any{"problem": problem})
}

// off says that a channel is switched off.
func (c *Setting) off() *weir.Error {
	return &weir.Error{Code: weir.CodeConflict, Where: fmt.Sprintf("channel %d", c.ID), Message: "it is switched off: " + c.Problem, Remedy: "Update its configuration, which switches it on"}
}
