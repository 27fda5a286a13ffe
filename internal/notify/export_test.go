package notify

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir"
)

// Verify checks a signature as a receiver does.
func Verify(t *testing.T, secret, id, timestamp, signature string, body []byte) {
	t.Helper()
	at, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	want, err := sign(weir.NewSecret(secret), id, at, body)
	if err != nil || want != signature {
		t.Errorf("signature %q, want %q (%v)", signature, want, err)
	}
}

// The example that the authors of Standard Webhooks publish.
func TestASignatureIsTheStandardsOwn(t *testing.T) {
	Verify(t, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", []byte(`{"test": 2432232314}`))
}

// Whatever a configuration holds, what is wrong with it is said without it.
func FuzzAConfigIsTakenOrRefusedWithoutBeingRepeated(f *testing.F) {
	for _, seed := range []string{`{}`, `{"url":"https://h/PLANTED","secret":"whsec_PLANTED"}`, `{"to":["PLANTED@example.com"],"port":587,"host":"h"}`, `{"webhook_url":"PLANTED"}`, `[1`, `{"PLANTED":null}`} {
		f.Add(seed)
	}
	s := New(Options{Now: time.Now})
	f.Fuzz(func(t *testing.T, config string) {
		for _, c := range []Channel{App, Email, Slack, Webhook} {
			d, err := parseConfig(c, []byte(config))
			if err == nil {
				err = s.complete(c, d)
			}
			if err != nil && (weir.CodeOf(err) != weir.CodeUsage || strings.Contains(err.Error(), "PLANTED")) {
				t.Errorf("%s: %v", c, err)
			}
			if err == nil && (c == Slack || c == Webhook) && d.origin == "" {
				t.Errorf("%s leads nowhere", c)
			}
		}
	})
}
