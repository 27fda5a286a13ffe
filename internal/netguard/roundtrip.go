package netguard

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// ErrOtherOrigin is the refusal of a request to another scheme, host or port.
var ErrOtherOrigin = errors.New("netguard: a request to another origin")

// ErrStalled is the end of a body of which nothing came for IdleTimeout.
var ErrStalled = errors.New("netguard: nothing came for a while")

// bound refuses a request to another origin, whoever made it.
type bound struct {
	origin *url.URL
	idle   time.Duration
	next   http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b bound) RoundTrip(r *http.Request) (*http.Response, error) {
	if !sameOrigin(b.origin, r.URL) {
		if r.Body != nil {
			_ = r.Body.Close() // nothing of it was read
		}
		return nil, ErrOtherOrigin
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	res, err := b.next.RoundTrip(once(r.WithContext(ctx)))
	if err != nil {
		cancel(nil)
		return nil, err
	}
	if _, err := r.URL.Parse(res.Header.Get("Location")); err != nil {
		res.Header.Del("Location") // or http.Client makes an error of it, and the status is lost
	}
	res.Body = idle(res.Body, b.idle, cancel)
	return res, nil
}

// sameOrigin compares scheme, host and port; a default port may be written out.
func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b) && b.User == nil
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

// once keeps http.Transport from sending a GET again by itself, which it does
// when a kept connection breaks. The server may have counted the first one,
// and whoever holds places in a key's window must know of each. A body that
// cannot be rewound is what the transport does not repeat; an empty one is not
// sent. (It repeats other methods only with an Idempotency-Key header.)
func once(r *http.Request) *http.Request {
	r.GetBody = nil
	if r.Method == http.MethodGet && (r.Body == nil || r.Body == http.NoBody) {
		r.Body, r.ContentLength = nothing{}, 0
	}
	return r
}

// nothing is an empty body of which http.Transport does not know that.
type nothing struct{}

// Read implements io.Reader.
func (nothing) Read([]byte) (int, error) { return 0, io.EOF }

// Close implements io.Closer.
func (nothing) Close() error { return nil }

// idle gives up a body when a read of it waits for too long. Time that its
// reader spends elsewhere does not count.
func idle(body io.ReadCloser, limit time.Duration, cancel context.CancelCauseFunc) io.ReadCloser {
	b := &idleBody{ReadCloser: body, limit: limit, cancel: cancel}
	b.timer = time.AfterFunc(limit, func() { b.stalled.Store(true); cancel(ErrStalled) })
	b.timer.Stop()
	return b
}

type idleBody struct {
	io.ReadCloser
	limit   time.Duration
	timer   *time.Timer
	stalled atomic.Bool
	cancel  context.CancelCauseFunc
}

// Read implements io.Reader.
func (b *idleBody) Read(p []byte) (int, error) {
	b.timer.Reset(b.limit)
	n, err := b.ReadCloser.Read(p)
	b.timer.Stop()
	if err != nil && !errors.Is(err, io.EOF) && b.stalled.Load() {
		err = ErrStalled
	}
	return n, err
}

// Close implements io.Closer.
func (b *idleBody) Close() error {
	b.timer.Stop()
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}
