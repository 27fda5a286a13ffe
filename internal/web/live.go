package web

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/weirhq/weir"
)

// quiet is how long a stream may say nothing: proxies cut those that do.
const quiet = 20 * time.Second

// live sends parts of a page until there is nothing more to say or the browser
// has gone. Next waits for a change and gives the part as it is now; a nil
// part ends the stream. It is called with a channel that is closed when the
// browser should hear something, whatever it is.
func (v *visit) live(next func(beat <-chan time.Time) (templ.Component, error)) error {
	flush := http.NewResponseController(v.w)
	if err := flush.SetWriteDeadline(time.Time{}); err != nil {
		return &weir.Error{Code: weir.CodeInternal, Where: "stream", Message: "the answer cannot be sent bit by bit", Err: err}
	}
	v.w.Header().Set("Content-Type", "text/event-stream")
	v.head(http.StatusOK)
	beat := time.NewTicker(quiet)
	defer beat.Stop()
	for v.r.Context().Err() == nil {
		part, err := next(beat.C)
		if err != nil {
			return err
		}
		text := ": still there\n\n"
		if part != nil {
			if text, err = event(v, part); err != nil {
				return err
			}
		}
		if _, err := v.w.Write([]byte(text)); err != nil {
			return nil // the browser has gone
		}
		if err := flush.Flush(); err != nil {
			return nil
		}
	}
	return nil
}

// event is a part as one event of the stream.
func event(v *visit, part templ.Component) (string, error) {
	var b bytes.Buffer
	if err := part.Render(v.r.Context(), &b); err != nil {
		return "", err
	}
	return "data: " + strings.ReplaceAll(strings.TrimSpace(b.String()), "\n", "\ndata: ") + "\n\n", nil
}

// pulse is how often a page that is watched looks for something new.
const pulse = 500 * time.Millisecond

// watched sends a part of a page, as look gives it, whenever it has changed.
func (v *visit) watched(look func() (templ.Component, error)) error {
	tick := time.NewTicker(pulse)
	defer tick.Stop()
	last := ""
	return v.live(func(beat <-chan time.Time) (templ.Component, error) {
		for {
			part, err := look()
			if err != nil {
				return nil, err
			}
			text, err := rendered(v.r.Context(), part)
			if err != nil {
				return nil, err
			}
			if text != last {
				last = text
				return part, nil
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
func rendered(ctx context.Context, c templ.Component) (string, error) {
	var b strings.Builder
	err := c.Render(ctx, &b)
	return b.String(), err
}
