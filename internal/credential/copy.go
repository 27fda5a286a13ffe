package credential

import (
	"context"
	"slices"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// Heritage is what copies have from their originals besides what they are, such
// as with whom they are shared. Both functions are called in the transaction
// that makes the copies: an error of theirs takes all of them back.
type Heritage interface {
	// Hold keeps what Give needs as it is. It is called once, before anything is
	// written, because everybody holds rows before the audit log's line.
	Hold(ctx context.Context, tx *store.Tx) error
	// Give is told of each thing that is made, and of what it was made of.
	Give(ctx context.Context, tx *store.Tx, from int64, made *store.Resource) error
}

// Copying is how something is copied.
type Copying struct {
	Name     string   // of the copy; "" for the original's, with (copy) behind it
	Heritage Heritage // nil for none
}

// NameOf is what the copy of something with this name is called.
func (c Copying) NameOf(original string) string {
	if c.Name != "" {
		return c.Name
	}
	return original + " (copy)"
}

// Hold holds what the copies' heritage needs.
func (c Copying) Hold(ctx context.Context, tx *store.Tx) error {
	if c.Heritage == nil {
		return nil
	}
	return c.Heritage.Hold(ctx, tx)
}

// Give gives a copy its heritage.
func (c Copying) Give(ctx context.Context, tx *store.Tx, from int64, made *store.Resource) error {
	if c.Heritage == nil {
		return nil
	}
	return c.Heritage.Give(ctx, tx, from, made)
}

// Copy makes a credential of its own with the same settings and secrets,
// validated anew.
func (s *Service) Copy(ctx context.Context, who Actor, id int64, c Copying) (*Credential, error) {
	twin, err := s.Twin(ctx, who, id, c)
	if err != nil {
		return nil, err
	}
	return twin.Credential, s.Store.Change(ctx, func(tx *store.Tx) error {
		if err := c.Hold(ctx, tx); err != nil {
			return err
		}
		return s.Keep(ctx, tx, who, twin)
	})
}

// Twin is a copy of a credential that its service has accepted, and that is not
// stored yet. It belongs to one goroutine.
type Twin struct {
	*Credential
	copying Copying
	of      store.Resource // the original, as its secrets were read
	secrets map[string]weir.Secret
}

// Twin makes a copy of a credential for Keep. The use of the original's secrets
// is in the audit log, whatever becomes of the copy.
func (s *Service) Twin(ctx context.Context, who Actor, id int64, copying Copying) (*Twin, error) {
	of, secrets, err := s.take(ctx, Use{Actor: who, Credential: id, Purpose: "copy"})
	if err != nil {
		return nil, err
	}
	in := Input{Kind: of.Type, Name: copying.NameOf(of.Name), Description: of.Description, Tags: slices.Clone(of.Tags), CopiedFrom: of.ID, Values: secrets}
	for field, value := range of.Settings {
		in.Values[field] = weir.NewSecret(value)
	}
	c, secrets, err := s.accepted(ctx, who, in)
	return &Twin{Credential: c, copying: copying, of: of.Resource, secrets: secrets}, err
}

// Keep stores a twin, after Hold: its secrets are sealed anew, to the copy. An
// original that was deleted or changed since it was read is store.Changed: the
// secrets that the twin has may be dead, or nobody's to keep.
func (s *Service) Keep(ctx context.Context, tx *store.Tx, who Actor, t *Twin) error {
	if err := tx.Unchanged(ctx, t.of); err != nil {
		return err
	}
	if err := s.keep(ctx, tx, who, t.Credential, t.secrets); err != nil {
		return err
	}
	return t.copying.Give(ctx, tx, t.CopiedFrom, &t.Resource)
}
