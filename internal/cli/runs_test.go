package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/client"
)

// Weir tries again by itself: whoever reads why a run waits is not told to.
func TestARunThatWaitsTellsNobodyToRunItAgain(t *testing.T) {
	said := waiting(client.RunWait{Stream: "bookings", Tries: 1, Failure: client.Failure{Message: "no answer", Remedy: "Run again later; everything up to here is kept"}})
	if !strings.Contains(said, "no answer") || strings.Contains(said, "Run again") {
		t.Errorf("it says %q", said)
	}
}

func TestARunThatIsNotOverSaysHowLongItHasTakenSoFar(t *testing.T) {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	open := client.Run{StartedAt: "2026-01-31T11:58:30.000Z"}
	over := client.Run{StartedAt: open.StartedAt, EndedAt: "2026-01-31T11:58:31.500Z", DurationMS: 1500}
	if took(open, now) != 90*time.Second || took(over, now) != 1500*time.Millisecond {
		t.Errorf("it is %s, and %s of one that is over", took(open, now), took(over, now))
	}
}
