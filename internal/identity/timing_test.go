package identity_test

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/weirhq/weir"
)

// samples are how long something took, in ns.
type samples []float64

// welch is Welch's t of two samples: beyond 4.5 they are told apart.
func welch(a, b samples) float64 {
	mean := func(s samples) (m, v float64) {
		for _, x := range s {
			m += x
		}
		m /= float64(len(s))
		for _, x := range s {
			v += (x - m) * (x - m)
		}
		return m, v / float64(len(s)-1)
	}
	ma, va := mean(a)
	mb, vb := mean(b)
	return (ma - mb) / math.Sqrt(va/float64(len(a))+vb/float64(len(b)))
}

// trimmed drops the slowest tenth, where the machine was busy with others: a
// difference of our own is in all of them.
func (s samples) trimmed() samples {
	slices.Sort(s)
	return s[:len(s)*9/10]
}

func (s samples) median() time.Duration { return time.Duration(s[len(s)/2]) }

// The same answer to an address that nobody has and to a wrong password, and
// the same to both once there were too many tries, takes the same time. The
// cost of a password is next to nothing here, so that it hides no difference of
// ours. WEIR_TIMINGS says how many samples: 600, or 20,000 in `make soak`.
func TestNoAnswerTellsByItsTimeWhetherAnAddressIsKnown(t *testing.T) {
	n := 600
	if text := os.Getenv("WEIR_TIMINGS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	w := onSQLite(t, cheap)
	owner := w.owner().Principal
	w.user(owner, "known", "collaborator")
	logins := []string{"known@example.com", "nobod@example.com"}
	for name, want := range map[string]weir.Code{"wrong": weir.CodeAuth, "locked": weir.CodeThrottled} {
		w.clock.Advance(48 * time.Hour)
		if want == weir.CodeThrottled {
			for tries := range 10 {
				_, err := w.signIn(logins[tries%2], wrongPassword, elsewhere(tries))
				w.refused(err, weir.CodeAuth)
			}
		}
		known, unknown := samples{}, samples{}
		for range n {
			if want == weir.CodeAuth {
				w.clock.Advance(time.Hour)
			}
			for _, k := range rand.Perm(2) {
				c := elsewhere(rand.N(60_000))
				begin := time.Now()
				_, err := w.signIn(logins[k], wrongPassword, c)
				took := float64(time.Since(begin))
				w.refused(err, want)
				if k == 0 {
					known = append(known, took)
				} else {
					unknown = append(unknown, took)
				}
			}
		}
		known, unknown = known.trimmed(), unknown.trimmed()
		score, apart := welch(known, unknown), known.median()-unknown.median()
		t.Logf("%s: %d samples each, Welch's t %.2f, medians %v and %v", name, n, score, known.median(), unknown.median())
		if math.Abs(score) >= 4.5 && apart.Abs() > 20*time.Microsecond || apart.Abs() >= time.Millisecond {
			t.Errorf("%s: t = %.2f, medians %v apart", name, score, apart)
		}
	}
}
