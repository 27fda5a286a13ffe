package credential

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// Change is what a person changes of a credential. Nil fields stay.
type Change struct {
	Name, Description *string
	Tags              []string
	// Values replace all settings and secrets at once. A secret that is not
	// among them is kept, unless a setting changes that says where it is sent.
	Values map[string]weir.Secret
	// OtherAccount confirms that the new key may be of another account.
	OtherAccount bool
	Watch        func(Step) // is told what the validation has reached; nil when nobody watches
}

// Update changes a credential. New values are validated like those of a new
// one; when they are not good everything stays as it was.
func (s *Service) Update(ctx context.Context, who Actor, id int64, change Change) (*Credential, error) {
	before, err := s.Credential(ctx, who.Org, id)
	if err != nil {
		return nil, err
	}
	if change.Name != nil && strings.TrimSpace(*change.Name) == "" {
		return nil, refuse("name", "a credential needs a name", "")
	}
	if change.Values == nil {
		return s.describe(ctx, who, id, change)
	}
	return s.replace(ctx, who, before, change)
}

// describe changes what needs no validation.
func (s *Service) describe(ctx context.Context, who Actor, id int64, change Change) (c *Credential, err error) {
	err = s.Store.Change(ctx, func(tx *store.Tx) error {
		if c, err = s.hold(ctx, tx, who.Org, id); err != nil {
			return err
		}
		c.rename(change)
		if err := s.save(ctx, tx, c); err != nil {
			return err
		}
		return s.tell(ctx, tx, who, "credential.update", c, map[string]any{"name": c.Name})
	})
	return c, err
}

func (c *Credential) rename(change Change) {
	if change.Name != nil {
		c.Name = strings.TrimSpace(*change.Name)
	}
	if change.Description != nil {
		c.Description = *change.Description
	}
	if change.Tags != nil {
		c.Tags = change.Tags
	}
}

// hold reads a credential inside a transaction, against other writers.
func (s *Service) hold(ctx context.Context, tx *store.Tx, org, id int64) (*Credential, error) {
	r, err := tx.Resource(ctx, org, store.KindCredential, id)
	if err != nil {
		return nil, err
	}
	return s.load(r)
}

// replace validates new values and stores them under a new version, so that
// the old secret opens no more.
func (s *Service) replace(ctx context.Context, who Actor, before *Credential, change Change) (*Credential, error) {
	c := &Credential{Resource: before.Resource, Kind: before.Kind, Spec: before.Spec}
	secrets, err := s.fillAgain(ctx, who, c, before, change.Values)
	if err != nil {
		return nil, err
	}
	learned, err := s.validate(watched(ctx, change.Watch), c, secrets)
	if err != nil {
		return nil, err
	}
	if !change.OtherAccount && !before.sameAccount(learned.account) {
		return nil, before.otherAccount(learned.account)
	}
	learned.apply(c, s.now())
	c.SecretVersion = before.SecretVersion + 1
	c.rename(change)
	moved, err := s.follow(ctx, before, c)
	if err != nil {
		return nil, err
	}
	err = s.Store.Change(ctx, func(tx *store.Tx) error {
		if err := moved(ctx, tx); err != nil {
			return err
		}
		// The row's version is the one that was read: who came between wins.
		if err := s.save(ctx, tx, c); err != nil {
			return err
		}
		if err := tx.DropSecrets(ctx, c.ID); err != nil {
			return err
		}
		if err := s.seal(ctx, tx, c, secrets); err != nil {
			return err
		}
		if err := s.tellStatus(ctx, tx, c); err != nil {
			return err
		}
		return s.tell(ctx, tx, who, "credential.replace", c, map[string]any{"version": c.SecretVersion, "origin": c.Origin, "other_account": change.OtherAccount})
	})
	return c, err
}

// follow asks whether a credential may lead where it would lead with new values.
func (s *Service) follow(ctx context.Context, before, c *Credential) (moved func(context.Context, *store.Tx) error, err error) {
	if s.followers == nil || c.SamePlace(before) {
		return func(context.Context, *store.Tx) error { return nil }, nil
	}
	return s.followers.Follow(ctx, before, c)
}

// fillAgain fills a credential with new values and what it keeps of the old
// ones: its secrets, as long as they go where they went.
func (s *Service) fillAgain(ctx context.Context, who Actor, c, before *Credential, values map[string]weir.Secret) (map[string]weir.Secret, error) {
	given := maps.Clone(values)
	for _, f := range c.Kind.Fields {
		if _, set := given[f.Name]; !set && !f.Secret && before.Settings[f.Name] != "" {
			given[f.Name] = weir.NewSecret(before.Settings[f.Name])
		}
	}
	kept := []string{}
	for field := range before.Secrets {
		if given[field].IsZero() {
			kept = append(kept, field)
		}
	}
	if len(kept) == 0 {
		return s.fill(c, given, s.now())
	}
	_, old, err := s.take(ctx, Use{Actor: who, Credential: c.ID, Purpose: "update"})
	if err != nil {
		return nil, err
	}
	for _, field := range kept {
		given[field] = old[field]
	}
	secrets, err := s.fill(c, given, s.now())
	if err != nil {
		return nil, err
	}
	slices.Sort(kept)
	for _, f := range c.Kind.Fields {
		if f.Moves && c.Settings[f.Name] != before.Settings[f.Name] {
			return nil, refuse(kept[0], fmt.Sprintf("a change of %s would send the stored secret to where it was not given for", f.Name), "Give the secret again together with the change")
		}
	}
	for _, field := range kept {
		c.Secrets[field] = before.Secrets[field]
	}
	return secrets, nil
}

// Users are the resources that use the credential.
func (s *Service) Users(ctx context.Context, ids ...int64) ([]store.Use, error) {
	return s.Store.Uses(ctx, ids...)
}

// Delete takes a credential away together with its secrets: Restore brings
// back everything but those. One that is in use is refused, naming the users.
func (s *Service) Delete(ctx context.Context, who Actor, id int64) error {
	return s.Store.Change(ctx, func(tx *store.Tx) error {
		c, err := s.hold(ctx, tx, who.Org, id)
		if err != nil {
			return err
		}
		uses, err := tx.Uses(ctx, id)
		if err != nil {
			return err
		}
		if len(uses) > 0 {
			return inUse(uses)
		}
		if err := tx.DropSecrets(ctx, id); err != nil {
			return err
		}
		c.Deleted = s.now()
		if err := s.save(ctx, tx, c); err != nil {
			return err
		}
		return s.tell(ctx, tx, who, "credential.delete", c, map[string]any{"name": c.Name})
	})
}

// mostNamed is how many users a refusal names.
const mostNamed = 5

func inUse(uses []store.Use) error {
	names := make([]string, 0, mostNamed)
	for _, u := range uses[:min(mostNamed, len(uses))] {
		names = append(names, fmt.Sprintf("%s %d (%s)", u.Kind, u.ID, u.Name))
	}
	more := ""
	if n := len(uses) - len(names); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return &weir.Error{Code: weir.CodeConflict, Reason: "in_use", Where: "credential", Message: "it is used by " + strings.Join(names, ", ") + more, Remedy: "Delete those first, or give them another credential"}
}

// Restore brings a deleted credential back, without its secrets: they are
// gone, and must be given again before it can be used.
func (s *Service) Restore(ctx context.Context, who Actor, id int64) (*Credential, error) {
	r, err := s.Store.DeletedResource(ctx, who.Org, store.KindCredential, id)
	if err != nil {
		return nil, s.Store.NotDeleted(ctx, who.Org, store.KindCredential, id, err)
	}
	c, err := s.load(r)
	if err != nil {
		return nil, err
	}
	c.Deleted = 0
	if len(c.Secrets) > 0 {
		c.fail(&weir.Error{Reason: "secret_missing", Message: "its secret was removed when it was deleted", Remedy: "Give it again"}, s.now())
	}
	err = s.Store.Change(ctx, func(tx *store.Tx) error {
		if err := s.save(ctx, tx, c); err != nil {
			return err
		}
		return s.tell(ctx, tx, who, "credential.restore", c, nil)
	})
	return c, err
}

// dir is the directory of files of the credential's organization: no other's
// credentials lead there.
func (c *Credential) dir(files string) string { return filepath.Join(files, fmt.Sprint(c.Org)) }

// path is where a file credential leads.
func (c *Credential) path(files string) string {
	return filepath.Join(c.dir(files), filepath.FromSlash(c.Settings[fieldPath]))
}

// Format is the file format of a file credential.
func (c *Credential) Format() string { return c.Settings[fieldFormat] }
