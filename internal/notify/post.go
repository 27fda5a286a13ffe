package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/netguard"
)

// attemptTimeout is how long one attempt may take.
const attemptTimeout = 45 * time.Second

// Failure is an attempt that did not succeed, and what follows from it.
type Failure struct {
	problem *weir.Error

	final bool          // another attempt would end in the same way
	gone  bool          // the receiver wants no more, ever
	wait  time.Duration // the receiver asks to be left alone for so long
}

// Error says it in words.
func (f *Failure) Error() string { return f.problem.Error() }

// Unwrap gives the error's class.
func (f *Failure) Unwrap() error { return f.problem }

// hopeless is a failure that another attempt would only repeat.
func hopeless(code weir.Code, where, message, remedy string) *Failure {
	return &Failure{final: true, problem: &weir.Error{Code: code, Where: where, Message: message, Remedy: remedy}}
}

// failed is one that another attempt may mend.
func failed(where, message, remedy string) *Failure {
	return &Failure{problem: &weir.Error{Code: weir.CodeTransient, Where: where, Message: message, Remedy: remedy}}
}

// post sends a body through the guard. Nothing of the address but its host is
// in an error: the rest may be a secret. What the receiver says is not either:
// it may repeat what it was sent.
func (s *Service) post(ctx context.Context, origin string, address weir.Secret, body []byte, headers map[string]string) (status int, err error) {
	client, err := s.client(origin)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, open(address), bytes.NewReader(body))
	if err != nil {
		return 0, &weir.Error{Code: weir.CodeUsage, Where: origin, Message: "it is not the address of a webhook"}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "weir")
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, unreached(ctx, origin, err)
	}
	defer func() { _ = res.Body.Close() }()                      // what follows is not read
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
	return res.StatusCode, answered(origin, res, s.Now())
}

// client gives the guarded way to an origin, the same each time.
func (s *Service) client(origin string) (*http.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.clients[origin]; c != nil {
		return c, nil
	}
	guard, err := netguard.NewWith(netguard.Options{Origin: origin, Networks: s.Networks})
	if err != nil {
		return nil, weir.At(origin, err)
	}
	s.clients[origin] = guard.Client()
	return s.clients[origin], nil
}

// unreached explains an attempt without an answer. The error of an HTTP client
// holds the whole address, so only what the guard says of it is passed on.
func unreached(ctx context.Context, origin string, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	f := failed(origin, "there was no answer", "Check that the receiver is up and can be reached")
	var known *weir.Error
	if errors.As(err, &known) {
		f.problem.Message, f.problem.Remedy = known.Message, known.Remedy
	}
	return f
}

// answered judges an answer.
func answered(origin string, res *http.Response, now time.Time) error {
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return nil
	}
	f := failed(origin, fmt.Sprintf("the receiver answered %d", res.StatusCode), "See what it says of the request")
	switch {
	case res.StatusCode == http.StatusGone:
		f.final, f.gone = true, true
		f.problem.Remedy = "It wants no more messages: the channel is switched off. Give it a new address"
	case res.StatusCode >= 300 && res.StatusCode < 400:
		f.problem.Remedy = "It points to another address, which is not followed: give the channel that one"
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusServiceUnavailable:
		f.wait = retryAfter(res.Header.Get("Retry-After"), now)
	}
	return f
}

// longestWait is the most that a receiver may ask for.
const longestWait = 24 * time.Hour

func retryAfter(text string, now time.Time) time.Duration {
	wait := time.Duration(0)
	if seconds, err := strconv.Atoi(strings.TrimSpace(text)); err == nil {
		wait = time.Duration(min(seconds, int(longestWait.Seconds()))) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		wait = at.Sub(now)
	}
	return max(0, min(wait, longestWait))
}

// postSlack sends a message to Slack or to what takes the same.
func (s *Service) postSlack(ctx context.Context, c *Setting, secrets map[string]weir.Secret, m message) (int, error) {
	body, err := m.slack()
	if err != nil {
		return 0, err
	}
	return s.post(ctx, c.Origin, secrets[fieldSlackURL], body, nil)
}

// postWebhook sends a message as Standard Webhooks has it: under the same name
// at each attempt, with the time and a signature of this one.
func (s *Service) postWebhook(ctx context.Context, c *Setting, secrets map[string]weir.Secret, m message) (int, error) {
	body, err := m.webhook()
	if err != nil {
		return 0, err
	}
	at := s.Now().Unix()
	signature, err := sign(secrets[fieldSecret], m.id, at, body)
	if err != nil {
		return 0, err
	}
	return s.post(ctx, c.Origin, secrets[fieldURL], body, map[string]string{
		"webhook-id": m.id, "webhook-timestamp": strconv.FormatInt(at, 10), "webhook-signature": signature,
	})
}
