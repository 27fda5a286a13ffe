package simulator

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// hookVersion is the only version of webhook bodies (observed 2026-11-23).
const hookVersion = "2021-10-20"

// delivery is one call of a webhook.
type delivery struct {
	hook webhook
	body []byte
}

// announceEvent queues a trigger for the webhooks that want it. They are
// called when the data are no longer locked, but before the answer goes out.
func (c *call) announceEvent(trigger string, wanted func(*webhook) bool, payload object) {
	for _, h := range c.sim.dir.webhooks {
		if h.active && h.wants(trigger) && wanted(h) {
			event := object{{"triggerEvent", trigger}, {"createdAt", clockText(c.now.UnixMilli())}, {"payload", payload}}
			c.hooks = append(c.hooks, delivery{*h, h.render(event)})
		}
	}
}

func (h *webhook) wants(trigger string) bool {
	for _, t := range h.triggers {
		if t == trigger {
			return true
		}
	}
	return false
}

var placeholder = regexp.MustCompile(`\{\{\s*([\w.]+)\s*\}\}`)

// render writes an event's body: the event itself, or what the webhook's
// template makes of its payload.
func (h *webhook) render(event object) []byte {
	if h.template == "" {
		return marshal(event)
	}
	values := append(event.object("payload").without(), event.without("payload")...)
	return []byte(placeholder.ReplaceAllStringFunc(h.template, func(found string) string {
		var v any = values
		for name := range strings.SplitSeq(placeholder.FindStringSubmatch(found)[1], ".") {
			o, _ := v.(object)
			v, _ = o.value(name)
		}
		switch v := v.(type) {
		case nil:
			return ""
		case string:
			return v
		case object, list:
			return "[object Object]"
		default:
			return fmt.Sprint(v)
		}
	}))
}

// signature is what the receiver verifies the body with.
func (h *webhook) signature(body []byte) string {
	if h.secret == "" {
		return "no-secret-provided"
	}
	mac := hmac.New(sha256.New, []byte(h.secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// deliver calls the queued webhooks, one after the other and each once, and
// waits for the receivers: the real server does not try again (observed
// 2026-11-23). The simulator itself has no way out; whoever runs it gives one.
func (s *Simulator) deliver(c *call) {
	for _, d := range c.hooks {
		s.deliveries.Add(1)
		if s.options.Deliver == nil {
			continue
		}
		if r := d.request(c.request.Context()); r != nil {
			if answer, err := s.options.Deliver(r); err == nil {
				_, _ = io.CopyN(io.Discard, answer.Body, 64<<10)
				_ = answer.Body.Close()
			}
		}
	}
}

// request is nil for an address that is none.
func (d *delivery) request(ctx context.Context) *http.Request {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.hook.url, bytes.NewReader(d.body))
	if err != nil || r.URL.Host == "" {
		return nil
	}
	kind := "application/json"
	if !jsontext.Value(d.body).IsValid() {
		kind = "application/x-www-form-urlencoded"
	}
	r.Header = http.Header{
		"Content-Type": {kind}, "X-Cal-Signature-256": {d.hook.signature(d.body)}, "X-Cal-Webhook-Version": {hookVersion},
		"Accept": {"*/*"}, "Accept-Language": {"*"}, "Sec-Fetch-Mode": {"cors"}, "User-Agent": {"node"},
	}
	return r
}
