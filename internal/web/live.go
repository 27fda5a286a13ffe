package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/weirhq/weir"
)

// The rhythm of a stream.
const (
	quiet   = 20 * time.Second // how long it may say nothing: proxies cut those that do
	liveFor = 10 * time.Minute // how long it goes on; the browser comes back by itself
	unsent  = 30 * time.Second // how long a browser may leave unread what was sent
)

// live sends parts of a page until its time is over or the browser has gone,
// reads no more, or may not look any more: who asks is asked for anew before
// each part. Next waits for a change and gives the part as it is now, or nil
// when there is none and the beat says that the browser should hear something.
func (v *visit) live(next func(beat <-chan time.Time) (templ.Component, error)) error {
	leave, err := v.streams.Enter(v.who)
	if err != nil {
		return err
	}
	defer leave()
	ctx, end := v.streams.Until(v.r.Context())
	defer end()
	v.r = v.r.WithContext(ctx)
	flush := http.NewResponseController(v.w)
	if err := flush.SetWriteDeadline(time.Time{}); err != nil {
		return &weir.Error{Code: weir.CodeInternal, Where: "stream", Message: "the answer cannot be sent bit by bit", Err: err}
	}
	defer func() { _ = flush.SetWriteDeadline(time.Time{}) }() // the connection may serve other requests
	ends := v.Now().Add(liveFor)
	v.w.Header().Set("Content-Type", "text/event-stream")
	v.head(http.StatusOK)
	beat := time.NewTicker(quiet)
	defer beat.Stop()
	for v.r.Context().Err() == nil && v.Now().Before(ends) {
		part, err := next(beat.C)
		if err != nil {
			return err
		}
		if err := v.stillMay(); err != nil { // the browser comes back, and is told then
			v.Logger.InfoContext(v.r.Context(), "a stream ended", "request_id", v.id, "user", v.who.User, "error", err)
			return nil
		}
		text := ": still there\n\n"
		if part != nil {
			if text, err = event(v, part); err != nil {
				return err
			}
		}
		_ = flush.SetWriteDeadline(time.Now().Add(unsent)) // it could be set before
		if _, err := v.w.Write([]byte(text)); err != nil {
			return nil // the browser has gone
		}
		if err := flush.Flush(); err != nil {
			return nil
		}
	}
	return nil
}

// stillMay asks once more who asks, and whether they may look: a session, a role
// or a membership may have ended meanwhile.
func (v *visit) stillMay() error {
	before := v.who
	if err := v.identify(); err != nil {
		return err
	}
	if v.who.User != before.User || v.who.Org != before.Org {
		return nothingThere()
	}
	return v.authorize()
}

// event is a part as one event of the stream.
func event(v *visit, part templ.Component) (string, error) {
	var b bytes.Buffer
	if err := part.Render(v.r.Context(), &b); err != nil {
		return "", err
	}
	return "data: " + strings.ReplaceAll(strings.TrimSpace(b.String()), "\n", "\ndata: ") + "\n\n", nil
}

// How often a page that is watched looks whether there is something new, which is
// cheap, and how often it looks at everything although there seems not to be.
const (
	pulse   = 250 * time.Millisecond
	atLeast = 5 * time.Second
)

// watched sends a part of a page, as look gives it, whenever it has changed. Look
// is asked when stamp gives another text than before, and now and then: very many
// pages may be open, and nothing happens on most of them.
func (v *visit) watched(stamp func() (string, error), look func() (templ.Component, error)) error {
	tick := time.NewTicker(pulse)
	defer tick.Stop()
	var last [sha256.Size]byte // of what was sent: the text itself would be kept as often as pages are open
	var looked time.Time
	before := ""
	return v.live(func(beat <-chan time.Time) (templ.Component, error) {
		for {
			now, err := stamp()
			if err != nil {
				return nil, err
			}
			if now != before || v.Now().Sub(looked) >= atLeast {
				before, looked = now, v.Now()
				text, err := rendered(v.r.Context(), look)
				if err != nil {
					return nil, err
				}
				if sum := sha256.Sum256([]byte(text)); sum != last {
					last = sum
					return templ.Raw(text), nil
				}
			}
			select {
			case <-tick.C:
			case <-beat:
				return nil, nil
			case <-v.r.Context().Done():
				return nil, nil
			}
		}
	})
}

// rendered is a part as text.
func rendered(ctx context.Context, look func() (templ.Component, error)) (string, error) {
	part, err := look()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = part.Render(ctx, &b)
	return b.String(), err
}
