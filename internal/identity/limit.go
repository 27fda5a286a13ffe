package identity

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// limit is how often a password may be tried.
type limit struct {
	n   int
	per time.Duration
}

// The limits. A try is counted before the password is computed, so that many
// at once do not slip through, and taken back when the password was right.
func accountLimits() []limit { return []limit{{5, 15 * time.Minute}, {50, 24 * time.Hour}} }
func deviceLimits() []limit  { return []limit{{5, 15 * time.Minute}, {50, 24 * time.Hour}} }
func addressLimits() []limit { return []limit{{20, time.Minute}} }

// longest is how long a try matters to any limit.
const longest = 24 * time.Hour

// deviceAge is how long a browser is known after its last sign-in.
const deviceAge = 180 * 24 * time.Hour

// Wait is in the chain of a CodeThrottled error, and says when to come again.
type Wait struct{ Until time.Time }

// Error implements error.
func (w *Wait) Error() string { return "until " + w.Until.UTC().Format(time.RFC3339) }

// subject is what tries are counted for.
type subject struct {
	key    []byte
	limits []limit
}

// subject is named by a keyed hash: the table holds no list of addresses.
func (s *Service) subject(kind, name string, limits []limit) subject {
	h := hmac.New(sha256.New, s.pepper)
	h.Write([]byte("attempt\x00" + kind + "\x00" + name))
	return subject{key: h.Sum(nil), limits: limits}
}

// subjects are what a sign-in counts for. A known browser has an allowance of
// its own: whoever locks the account from outside does not lock its user out.
func (s *Service) subjects(login string, known bool, c Client) []subject {
	if known {
		return []subject{s.subject("device", c.Device, deviceLimits())}
	}
	all := []subject{s.subject("account", login, accountLimits())}
	if c.Address.IsValid() {
		all = append(all, s.subject("address", network(c.Address), addressLimits()))
	}
	return all
}

// Network is where a client comes from, as limits count it.
func (c Client) Network() string { return network(c.Address) }

// network is the address itself, or an IPv6 address's /64: that is what one
// customer gets.
func network(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, _ := a.Prefix(64) // every IPv6 address has one
	return p.String()
}

// times are when a subject was tried, oldest first, 8 bytes each.
type times []int64

// skew is how far another process's clock may be ahead. What lies further in
// the future was written before the clock was set back, and must not lock
// anybody out until then.
const skew = time.Minute

func readTimes(b []byte, now time.Time) (t times) {
	oldest, newest := now.Add(-longest).UnixMicro(), now.Add(skew).UnixMicro()
	for ; len(b) >= 8; b = b[8:] {
		if v := int64(binary.BigEndian.Uint64(b)); v > oldest && v <= newest { // #nosec G115 -- we wrote it
			t = append(t, v)
		}
	}
	slices.Sort(t)
	return t
}

func (t times) bytes() (b []byte) {
	b = []byte{}
	for _, v := range t {
		b = binary.BigEndian.AppendUint64(b, uint64(v)) // #nosec G115 -- read back the same way
	}
	return b
}

// free is when the next try may be made: now, or later.
func (t times) free(now time.Time, limits []limit) time.Time {
	at := now
	for _, l := range limits {
		if len(t) < l.n {
			continue
		}
		if then := time.UnixMicro(t[len(t)-l.n]).Add(l.per); then.After(at) {
			at = then
		}
	}
	return at
}

// throttled says when to come again.
func throttled(now, until time.Time) error {
	wait := until.Sub(now).Round(time.Second)
	text := fmt.Sprintf("%d seconds", max(1, int(wait.Seconds())))
	if wait > 2*time.Minute {
		text = fmt.Sprintf("%d minutes", int((wait+time.Minute-1)/time.Minute))
	}
	return &weir.Error{Code: weir.CodeThrottled, Where: "sign-in", Message: "there were too many attempts to sign in",
		Remedy: "Try again in " + text + ", or in a browser that has signed in to this account before", Err: &Wait{Until: until}}
}

// admit refuses who must wait, by reading alone: an attack costs no writes.
func (s *Service) admit(ctx context.Context, subjects []subject) error {
	now := s.now()
	until := now
	for _, j := range subjects {
		b, err := s.db.Attempts(ctx, j.key)
		if err != nil {
			return err
		}
		free := readTimes(b, now).free(now, j.limits)
		if free.After(now) {
			s.memory.keep(j, free, now)
		}
		if free.After(until) {
			until = free
		}
	}
	if until.After(now) {
		return throttled(now, until)
	}
	return nil
}

// reserve counts a try for each subject, or refuses it for all. Last says that
// it is the last one for now.
func (s *Service) reserve(ctx context.Context, subjects []subject) (at time.Time, last bool, err error) {
	now := s.now()
	err = s.db.Change(ctx, func(tx *store.Tx) error {
		last = false
		if err := tx.ForgetAttempts(ctx, now.Add(-longest).UnixMicro()); err != nil {
			return err
		}
		for _, j := range subjects {
			b, err := tx.Attempts(ctx, j.key, now.UnixMicro())
			if err != nil {
				return err
			}
			tried := readTimes(b, now)
			if free := tried.free(now, j.limits); free.After(now) {
				return throttled(now, free)
			}
			tried = append(tried, now.UnixMicro())
			last = last || tried.free(now, j.limits).After(now)
			if err := tx.SaveAttempts(ctx, j.key, tried.bytes(), now.UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	})
	return now, last, err
}

// giveBack takes a try back whose password was right.
func (s *Service) giveBack(ctx context.Context, tx *store.Tx, subjects []subject, at time.Time) error {
	now := s.now()
	s.memory.drop(subjects)
	for _, j := range subjects {
		b, err := tx.Attempts(ctx, j.key, now.UnixMicro())
		if err != nil {
			return err
		}
		tried := readTimes(b, now)
		if i := slices.Index(tried, at.UnixMicro()); i >= 0 {
			tried = slices.Delete(tried, i, i+1)
		}
		if err := tx.SaveAttempts(ctx, j.key, tried.bytes(), now.UnixMicro()); err != nil {
			return err
		}
	}
	return nil
}
