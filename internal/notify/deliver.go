package notify

import (
	"context"
	"crypto/rand"
	"errors"
	"math"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// How messages are claimed: as many as are sent at once, for longer than
// sending them may take. Few of them go to one receiver, so that one that never
// answers leaves room for the others.
const (
	claimMost = 8
	claimEach = 2
	claimTime = 2 * time.Minute
	markTime  = 10 * time.Second // for writing down what came of an attempt, though everything else stops
)

// waits are how long a message waits after each attempt that failed; after the
// last one it is given up. Each is varied by a fifth, so that those of one
// receiver do not come back all at once.
func waits() []time.Duration {
	return []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour}
}

const spread = 0.2

// Deliver tells what happened since, sends what is due, and says when to call
// it again: zero for when something happens. Any number of processes may call
// it at once. Messages that fail are no error; they are tried again.
func (s *Service) Deliver(ctx context.Context) (next time.Time, err error) {
	if err := s.tellAll(ctx); err != nil {
		return next, err
	}
	for {
		claim := store.Claim{Name: rand.Text(), Now: s.now(), Until: s.Now().Add(claimTime).UnixMicro(), Most: claimMost, Each: claimEach}
		due, err := s.Store.ClaimDispatches(ctx, claim)
		if err != nil {
			return next, err
		}
		if len(due) == 0 {
			break
		}
		if err := s.sendAll(ctx, claim.Name, due); err != nil {
			return next, err
		}
	}
	if err := s.tellAll(ctx); err != nil { // that something was given up
		return next, err
	}
	at, err := s.Store.NextDispatch(ctx)
	if err != nil || at == 0 {
		return next, err
	}
	return time.UnixMicro(at), nil
}

// sendAll sends claimed messages at once, and writes down what came of each.
func (s *Service) sendAll(ctx context.Context, claim string, due []store.Dispatch) error {
	errs := make([]error, len(due))
	var group sync.WaitGroup
	for i, d := range due {
		group.Go(func() {
			_, err := s.attempt(ctx, d)
			errs[i] = s.mark(ctx, claim, d, err)
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// attempt sends one message once.
func (s *Service) attempt(ctx context.Context, d store.Dispatch) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	switch {
	case len(d.Events) == 0:
		return 0, nil
	case d.Attempts > len(waits())+1: // which ended without an outcome: it may be what kills its sender
		return 0, hopeless(weir.CodeTransient, "message", "no attempt at it came to an end", "Look into the server's log for why it was ended")
	}
	// Asked before any channel is looked at: who has left, or was locked, hears
	// nothing more, though the message was written before.
	own, err := s.addressOf(ctx, d.Org, d.User)
	if err != nil {
		return 0, err
	}
	var c *Setting
	if d.Target != 0 {
		if c, err = s.Setting(ctx, d.Org, d.Target); weir.CodeOf(err) == weir.CodeNotFound {
			return 0, hopeless(weir.CodeNotFound, "channel", "it was deleted", "")
		}
		if err != nil {
			return 0, err
		}
		if c.Status == ChannelDisabled {
			return 0, &Failure{final: true, problem: c.off()}
		}
	}
	return s.send(ctx, c, d, own, message{id: d.Message, at: s.Now(), events: d.Events})
}

// send opens the channel's secrets and hands the message over. own is the
// user's own e-mail address.
func (s *Service) send(ctx context.Context, c *Setting, d store.Dispatch, own string, m message) (status int, err error) {
	var secrets map[string]weir.Secret
	if c != nil {
		if secrets, err = s.secrets(ctx, c); err != nil {
			return 0, err
		}
	}
	switch Channel(d.Channel) {
	case Email:
		return s.mailTo(ctx, c, secrets, own, m)
	case Slack:
		return s.postSlack(ctx, c, secrets, m)
	case Webhook:
		return s.postWebhook(ctx, c, secrets, m)
	}
	return 0, hopeless(weir.CodeInternal, "channel", "nothing is sent over "+d.Channel, "")
}

// addressOf is a user's own e-mail address. Whoever is no active member any
// more is told nothing.
func (s *Service) addressOf(ctx context.Context, org, user int64) (string, error) {
	found, err := s.People.Addressed(ctx, org, []store.Addressee{{Kind: identity.AccessorUser, Who: user}})
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", hopeless(weir.CodeForbidden, "user", "the user is no active member of the organization", "")
	}
	return found[0].Email, nil
}

// mark writes down what came of an attempt. Its outcome is there even when ctx
// has ended; when writing fails, the claim runs out and the message is sent
// once more, under the same name.
func (s *Service) mark(ctx context.Context, claim string, d store.Dispatch, problem error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), markTime)
	defer cancel()
	f := s.judge(&d, problem)
	return s.Store.Change(ctx, func(tx *store.Tx) error {
		ours, err := tx.EndAttempt(ctx, claim, d)
		if err != nil || !ours {
			return err
		}
		if f != nil && f.gone {
			if err := s.disable(ctx, tx, d.Org, d.Target, f.problem.Message); err != nil {
				return err
			}
		}
		return s.tellOutcome(ctx, tx, d)
	})
}

// judge sets what becomes of a message after an attempt.
func (s *Service) judge(d *store.Dispatch, problem error) *Failure {
	if problem == nil {
		d.Status, d.Problem, d.Ended = store.DispatchSent, "", s.now()
		return nil
	}
	if errors.Is(problem, context.Canceled) { // the process stops; nobody knows whether it arrived
		d.Problem, d.Due = "interrupted", s.now()
		return nil
	}
	var f *Failure
	if !errors.As(problem, &f) {
		f = &Failure{problem: &weir.Error{Code: weir.CodeOf(problem), Message: problem.Error()}}
	}
	d.Problem = f.Error()
	steps := waits()
	if f.final || d.Attempts > len(steps) {
		d.Status, d.Ended = store.DispatchGivenUp, s.now()
		s.Logger.Warn("a message was given up", "message", d.Message, "channel", d.Channel, "setting", d.Target, "attempts", d.Attempts, "problem", d.Problem)
		return f
	}
	wait := varied(steps[max(d.Attempts, 1)-1])
	d.Due = s.Now().Add(max(wait, f.wait)).UnixMicro()
	s.Logger.Info("a message is tried again", "message", d.Message, "channel", d.Channel, "setting", d.Target, "attempts", d.Attempts, "problem", d.Problem)
	return f
}

func varied(wait time.Duration) time.Duration {
	return time.Duration(math.Round(float64(wait) * (1 - spread + 2*spread*mathrand.Float64())))
}

// tellOutcome tells the user of a channel that takes nothing, once until it
// takes something again.
func (s *Service) tellOutcome(ctx context.Context, tx *store.Tx, d store.Dispatch) error {
	e := store.Event{Org: d.Org, Kind: store.KindChannel, Resource: d.Target, To: []store.Addressee{{Kind: identity.AccessorUser, Who: d.User}}, Topic: store.TopicUndelivered}
	if d.Target == 0 { // each user's own way over the server's mail
		e.Kind, e.Resource = "user", d.User
	}
	switch d.Status {
	case store.DispatchSent:
		e.Over = true
	case store.DispatchGivenUp:
		e.Type, e.Message = store.NotificationsGivenUp, d.Problem
		e.Name = Channel(d.Channel).title()
	default:
		return nil
	}
	return s.Intake.Tell(ctx, tx, e)
}

// title is a channel's name for people.
func (c Channel) title() string {
	return map[Channel]string{App: "App", Email: "E-mail", Slack: "Slack", Webhook: "Webhook"}[c]
}

// Dispatches gives messages, the newest first.
func (s *Service) Dispatches(ctx context.Context, f store.DispatchFilter) ([]store.Dispatch, int, error) {
	return s.Store.Dispatches(ctx, f)
}

// Retry sends a message again that was given up, under its old name.
func (s *Service) Retry(ctx context.Context, p identity.Principal, id int64) error {
	err := s.Store.Change(ctx, func(tx *store.Tx) error { return tx.RetryDispatch(ctx, p.Org, id, s.now()) })
	s.Intake.wake()
	return err
}

// Tested is what came of a test of a channel.
type Tested struct {
	Status  int // that the receiver answered; 0 without an answer
	Seconds float64
	Problem error // nil when it arrived
}

// Test sends a message over a channel now, and says what came back. It is made
// once, and is in no list.
func (s *Service) Test(ctx context.Context, p identity.Principal, id int64) (Tested, error) {
	c, err := s.Setting(ctx, p.Org, id)
	if err != nil {
		return Tested{}, err
	}
	if c.Channel() == App {
		return Tested{}, refuse("id", "the app needs no test", "Look into GET /notifications")
	}
	if c.Status == ChannelDisabled {
		return Tested{}, c.off()
	}
	ctx, cancel := context.WithTimeout(ctx, testTimeout)
	defer cancel()
	began := time.Now()
	m := message{id: "msg_" + rand.Text(), at: s.Now(), events: []store.Event{{Org: p.Org, Type: "test", At: s.now(), Kind: store.KindChannel, Resource: c.ID, Name: c.Name, Message: "This is a test. The channel works."}}}
	out := Tested{}
	own, err := s.addressOf(ctx, p.Org, p.User)
	if err != nil {
		return out, err
	}
	out.Status, out.Problem = s.send(ctx, c, store.Dispatch{Org: p.Org, User: p.User, Channel: c.Type, Target: c.ID}, own, m)
	out.Seconds = time.Since(began).Seconds()
	return out, nil
}

// testTimeout is how long somebody waits for a test.
const testTimeout = 20 * time.Second
