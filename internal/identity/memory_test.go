package identity

import (
	"encoding/binary"
	"testing"
	"time"
)

func TestWhoMustWaitIsRememberedForAMoment(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	locked, free := subject{key: []byte("locked")}, subject{key: []byte("free")}
	both := []subject{free, locked}
	var m memory
	if !m.until(both, now).Equal(now) {
		t.Error("somebody must wait of whom nothing is known")
	}
	until := now.Add(time.Minute)
	m.keep(locked, until, now)
	if !m.until(both, now).Equal(until) || !m.until(both[:1], now).Equal(now) {
		t.Error("who must wait need not, or another must")
	}
	for name, later := range map[string]time.Time{"a moment later": now.Add(remembered), "the clock was set back": now.Add(-time.Second)} {
		if !m.until(both, later).Equal(later) {
			t.Errorf("%s: still remembered", name)
		}
	}
	m.drop(both)
	if !m.until(both, now).Equal(now) {
		t.Error("a try was taken back and is remembered")
	}
	m.keep(locked, now.Add(time.Millisecond), now)
	if later := now.Add(time.Millisecond); !m.until(both, later).Equal(later) {
		t.Error("who need not wait any more must")
	}
}

func TestAFloodDoesNotFillTheMemory(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	var m memory
	for i := range uint64(3 * mostRemembered) {
		m.keep(subject{key: binary.BigEndian.AppendUint64(nil, i)}, now.Add(time.Hour), now)
	}
	if len(m.locks) != mostRemembered {
		t.Errorf("%d are remembered", len(m.locks))
	}
	m.keep(subject{key: []byte("one more")}, now.Add(time.Hour), now.Add(remembered))
	if len(m.locks) != 1 {
		t.Errorf("%d are remembered a moment later", len(m.locks))
	}
}
