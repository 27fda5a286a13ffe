package notify

import (
	"strconv"
	"testing"

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
