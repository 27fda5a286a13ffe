package credential

import (
	"context"
	"fmt"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// event begins an event about the credential.
func (c *Credential) event(t store.EventType) store.Event {
	return store.Event{Org: c.Org, Type: t, Kind: store.KindCredential, Resource: c.ID, Name: c.Name}
}

// tellStatus tells that a credential fails, or that it serves again, with the
// change that makes it so.
func (s *Service) tellStatus(ctx context.Context, tx *store.Tx, c *Credential) error {
	if s.Notifier == nil {
		return nil
	}
	e := c.event(store.CredentialFailed)
	e.Topic = store.TopicFailing
	switch c.Status() {
	case StatusFailed, StatusUnknown:
		e.Message = c.Problem
	case StatusVerified:
		e.Type, e.Over, e.Message = store.CredentialVerified, true, "It is accepted again. What uses it goes on; a flow that was paused because it was refused is to be activated."
	default: // nobody could be asked
		e.Type, e.Over = "", true
	}
	return s.Notifier.Tell(ctx, tx, e)
}

// announced are the days before its expiry at which a key is announced.
var announced = []int{1, 3, 7, 14, 30}

// rotationTime is longer than a rotation takes: one that has not ended then was
// cut short.
const rotationTime = 10 * time.Minute

// Announce tells what time brings, in every organization: keys that expire in
// 30, 14, 7, 3 days or 1 day, or have expired, and rotations that were cut
// short. Called again it tells nothing twice; several processes may call it.
func (s *Service) Announce(ctx context.Context) error {
	if s.Notifier == nil {
		return nil
	}
	var due []*Credential
	err := s.Store.EachResource(ctx, store.KindCredential, func(r store.Resource) error {
		c, err := s.load(r)
		if err != nil {
			s.Logger.Warn("a credential cannot be read, and is not looked at for its expiry", "credential", r.ID, "error", err)
			return nil
		}
		if _, near := c.threshold(s.Now()); near || c.cutShort(s.Now()) {
			due = append(due, c)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, c := range due {
		err := s.Store.Change(ctx, func(tx *store.Tx) error { return s.announce(ctx, tx, c.Org, c.ID) })
		switch code := weir.CodeOf(err); {
		case err == nil, code == weir.CodeNotFound: // it was deleted meanwhile
		case code == weir.CodeLocal, ctx.Err() != nil:
			return err
		default: // one that is not as it was written keeps nobody from being told of the rest
			s.Logger.Warn("a credential could not be looked at for its expiry", "credential", c.ID, "error", err)
		}
	}
	return nil
}

// cutShort reports whether a rotation did not come to its end.
func (c *Credential) cutShort(now time.Time) bool {
	return c.Status() == StatusUnknown && now.Sub(time.UnixMicro(c.CheckedAt)) > rotationTime
}

// Rotating reports whether a rotation is under way that may come to its end.
func (c *Credential) Rotating(now time.Time) bool {
	return c.Status() == StatusUnknown && !c.cutShort(now)
}

// announce tells of one credential as it is now.
func (s *Service) announce(ctx context.Context, tx *store.Tx, org, id int64) error {
	c, err := s.hold(ctx, tx, org, id)
	if err != nil {
		return err
	}
	if c.cutShort(s.Now()) {
		if err := s.tellStatus(ctx, tx, c); err != nil {
			return err
		}
	}
	return s.tellExpiring(ctx, tx, c)
}

// tellExpiring tells of one key as it is now, once for each threshold.
func (s *Service) tellExpiring(ctx context.Context, tx *store.Tx, c *Credential) error {
	days, near := c.threshold(s.Now())
	if !near {
		return nil
	}
	e := c.event(store.CredentialExpiring)
	e.Topic, e.State = store.TopicExpiring, fmt.Sprintf("version %d, %d, %d days", c.SecretVersion, c.ExpiresAt, days)
	expires := time.UnixMicro(c.ExpiresAt).UTC()
	e.Message = fmt.Sprintf("It expires on %s. Replace it before, or let it be rotated.", expires.Format("2006-01-02"))
	if days == 0 {
		e.Message = fmt.Sprintf("It expired on %s. Replace it.", expires.Format("2006-01-02"))
	}
	return s.Notifier.Tell(ctx, tx, e)
}

// threshold is the smallest of the announced numbers of days within which the
// key expires, 0 when it has expired. It is not near when that is far away.
func (c *Credential) threshold(now time.Time) (days int, near bool) {
	if c.ExpiresAt == 0 {
		return 0, false
	}
	left := time.UnixMicro(c.ExpiresAt).Sub(now)
	if left <= 0 {
		return 0, true
	}
	for _, days := range announced {
		if left <= time.Duration(days)*24*time.Hour {
			return days, true
		}
	}
	return 0, false
}
