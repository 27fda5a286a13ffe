package credential

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/store"
)

// refreshPath makes a new key and kills the one that asks, at once (observed
// on the real server, 2026-11-23).
const refreshPath = "/v2/api-keys/refresh"

// The bounds of a new key's life.
const (
	defaultDays = 90
	mostDays    = 3650
)

// Rotate replaces the key by one that the service itself makes, valid for so
// many days (0: 90). From before the request is sent the credential is
// unknown, durably: whatever dies then, the old key, which may be dead, is not
// sent again by itself. The new key is stored before anything else is done
// with it.
func (s *Service) Rotate(ctx context.Context, who Actor, id int64, days int) (*Credential, error) {
	if days == 0 {
		days = defaultDays
	}
	if days < 1 || days > mostDays {
		return nil, refuse("days", "a key lives for 1 to 3650 days", "")
	}
	c, secrets, err := s.take(ctx, Use{Actor: who, Credential: id, Purpose: "rotate"})
	if err != nil {
		return nil, err
	}
	if c.Kind.Name != KindCalcom {
		return nil, refuse("credential", "only Cal.com keys can be rotated by Weir", "Make a new secret where this one was made, and give it here")
	}
	line, err := s.dial(c, secrets[fieldKey], 0)
	if err != nil {
		return nil, err
	}
	if err := room(ctx, line.Budget, s.Now()); err != nil {
		return nil, err
	}
	before := c.Spec
	status := c.Resource.Status
	if c, err = s.mark(ctx, who, c, "credential.rotate.begin", func(c *Credential) error {
		if c.Status() == StatusUnknown { // another rotation has begun since the door was open
			return c.afterRotation()
		}
		c.unknown(s.now())
		return nil
	}); err != nil {
		return nil, err
	}
	// What was begun is brought to its end even when the user goes away.
	ctx = context.WithoutCancel(ctx)
	asking, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	answer, err := line.Client.Exchange(asking, rest.Request{
		Method: "POST", URL: c.Origin + refreshPath, Body: fmt.Sprintf(`{"apiKeyDaysValid":%d}`, days), Lane: weir.LaneInteractive,
	})
	if err != nil && refused(err) {
		c, undone := s.mark(ctx, who, c, "credential.rotate.refused", func(c *Credential) error {
			c.Spec, c.Resource.Status = before, status
			return nil
		})
		return c, errors.Join(blame(err, fieldBaseURL, fieldKey), undone)
	}
	if err != nil {
		return c, c.afterRotation()
	}
	return s.adopt(ctx, who, c, answer.Body, days)
}

// refused reports whether the old key certainly lives on: nothing was sent,
// or the server said no.
func refused(err error) bool {
	switch weir.CodeOf(err) {
	case weir.CodeNotSent, weir.CodeAuth, weir.CodeForbidden, weir.CodeThrottled, weir.CodeData, weir.CodeNotFound:
		return true
	}
	return false
}

// adopt stores the new key.
func (s *Service) adopt(ctx context.Context, who Actor, c *Credential, body []byte, days int) (*Credential, error) {
	var answer struct {
		Data struct {
			Key string `json:"apiKey"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || CheckKey(answer.Data.Key, c.Kind.Connector) != nil {
		return c, c.afterRotation()
	}
	key := weir.NewSecret(answer.Data.Key)
	clear(body)
	now := s.now()
	return s.persist(ctx, who, c, now, func(c *Credential) error {
		c.SecretVersion++
		c.Secrets = map[string]int64{fieldKey: now}
		c.Budget = s.Governor.Name(c.Origin, key)
		c.ExpiresAt = s.Now().AddDate(0, 0, days).UnixMicro()
		c.Settings[fieldExpires] = time.UnixMicro(c.ExpiresAt).UTC().Format(time.DateOnly)
		found{status: StatusVerified, account: c.Account}.apply(c, now)
		return nil
	}, key)
}

// How long a new key is tried to be stored, and the pauses between.
const (
	storingTime  = 5 * time.Minute
	firstStoring = 10 * time.Millisecond
	mostStoring  = 5 * time.Second
)

// persist stores a new key, again and again while the database cannot take it:
// the old one is dead, and this one is nowhere but here.
func (s *Service) persist(ctx context.Context, who Actor, was *Credential, now int64, change func(*Credential) error, key weir.Secret) (*Credential, error) {
	ctx, cancel := context.WithTimeout(ctx, storingTime)
	defer cancel()
	for wait := firstStoring; ; wait = min(2*wait, mostStoring) {
		c, err := s.mark(ctx, who, was, "credential.rotate", change, key)
		switch code := weir.CodeOf(err); {
		case err == nil:
			return c, nil
		case code == weir.CodeConflict && c != nil && c.Secrets[fieldKey] == now:
			return c, nil // an attempt whose answer was lost has stored it
		case code == weir.CodeConflict, code == weir.CodeNotFound:
			return c, err
		}
		s.Logger.Error("the new key of a rotation could not be stored and is tried again", "credential", was.ID, "error", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return was, errors.Join(was.afterRotation(), err)
		}
	}
}

// mark changes a credential in one transaction, with its new secret if there is one.
func (s *Service) mark(ctx context.Context, who Actor, was *Credential, action string, change func(*Credential) error, key ...weir.Secret) (c *Credential, err error) {
	err = s.Store.Change(ctx, func(tx *store.Tx) error {
		if c, err = s.hold(ctx, tx, who.Org, was.ID); err != nil {
			return err
		}
		if c.SecretVersion != was.SecretVersion {
			return &weir.Error{Code: weir.CodeConflict, Where: "credential", Message: "its key was replaced by somebody else meanwhile", Remedy: "Look at it again"}
		}
		if err := change(c); err != nil {
			return err
		}
		if err := s.save(ctx, tx, c); err != nil {
			return err
		}
		if len(key) > 0 {
			if err := s.seal(ctx, tx, c, map[string]weir.Secret{fieldKey: key[0]}); err != nil {
				return err
			}
		}
		if c.Status() == StatusVerified {
			if err := s.tellStatus(ctx, tx, c); err != nil {
				return err
			}
		}
		return s.tell(ctx, tx, who, action, c, map[string]any{"version": c.SecretVersion})
	})
	return c, err
}

// unknown is the state of a credential whose rotation is under way.
func (c *Credential) unknown(now int64) {
	c.Resource.Status, c.CheckedAt, c.Reason = string(StatusUnknown), now, ReasonRotation
	c.Problem = "a rotation of this key has begun and its end is not known: the old key may be dead, and the new one lost"
}

// afterRotation is what anybody meets who wants to use such a credential.
func (c *Credential) afterRotation() error {
	return &weir.Error{Code: weir.CodeConflict, Reason: ReasonRotation, Where: "credential",
		Message: "a rotation of this key was cut short: the old key may be dead and the new one lost, so neither is sent",
		Remedy:  "Make a new key in Cal.com and put it in here as the replacement"}
}
