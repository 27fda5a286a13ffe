package governor

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The bounds of any wait that a header asks for. The real server's longest
// block is 60 s (observed 2026-11-23); a header that says more than two
// minutes is more likely wrong than right.
const (
	minReset = time.Second
	maxReset = 120 * time.Second
	// epochFrom separates seconds left from a Unix time: the real server
	// sends seconds (observed 2026-11-23), its public documentation shows a
	// Unix time.
	epochFrom = 1e8
)

// headerLimit is one named limit as an answer's headers state it.
type headerLimit struct {
	Limit     int
	Remaining int           // -1 when not stated
	Reset     time.Duration // left; 0 when not stated, else within minReset..maxReset
	Long      bool          // the stated reset was beyond maxReset
}

const headerPrefix = "X-Ratelimit-"

// parseLimits reads X-RateLimit-Limit-<Name>, -Remaining-<Name> and
// -Reset-<Name> for every name (the empty one too: plain X-RateLimit-Limit).
// Values that are no finite, non-negative numbers are ignored, and so is a
// name without a good limit. wall serves to read a reset that is a Unix time.
func parseLimits(h http.Header, wall time.Time) map[string]headerLimit {
	var limits map[string]headerLimit
	for field, values := range h {
		rest, ok := cutPrefixFold(field, headerPrefix+"Limit")
		if !ok || rest != "" && rest[0] != '-' || len(values) == 0 {
			continue
		}
		n, ok := number(values[0])
		if !ok || n < 1 {
			continue
		}
		l := headerLimit{Limit: int(min(n, math.MaxInt32)), Remaining: -1}
		if left, ok := number(header(h, headerPrefix+"Remaining"+rest)); ok {
			l.Remaining = int(min(left, float64(l.Limit)))
		}
		l.Reset, l.Long = parseReset(header(h, headerPrefix+"Reset"+rest), wall)
		if limits == nil {
			limits = map[string]headerLimit{}
		}
		limits[strings.ToLower(strings.TrimPrefix(rest, "-"))] = l
	}
	return limits
}

// parseReset reads seconds left or a Unix time; 0 when it is neither.
func parseReset(value string, wall time.Time) (left time.Duration, long bool) {
	n, ok := number(value)
	if !ok {
		return 0, false
	}
	if n >= epochFrom {
		n -= float64(wall.UnixMilli()) / 1000
	}
	return clampReset(n), n > maxReset.Seconds()
}

// refusalWait is how long a 429 asks everything on the key to wait: the
// longest of its resets and Retry-After, a whole window when it says nothing.
func refusalWait(h http.Header, wall time.Time, silent time.Duration) time.Duration {
	var wait time.Duration
	for _, l := range parseLimits(h, wall) {
		wait = max(wait, l.Reset)
	}
	if after := header(h, "Retry-After"); after != "" {
		if n, ok := number(after); ok {
			wait = max(wait, clampReset(n))
		} else if at, err := http.ParseTime(after); err == nil {
			wait = max(wait, clampReset(at.Sub(wall).Seconds()))
		}
	}
	if wait == 0 { // a reset without a limit still says how long
		wait = orphanReset(h, wall)
	}
	if wait == 0 {
		wait = min(silent, maxReset)
	}
	return wait
}

func orphanReset(h http.Header, wall time.Time) (wait time.Duration) {
	for field, values := range h {
		if _, ok := cutPrefixFold(field, headerPrefix+"Reset"); ok && len(values) > 0 {
			left, _ := parseReset(values[0], wall)
			wait = max(wait, left)
		}
	}
	return wait
}

func clampReset(seconds float64) time.Duration {
	seconds = min(max(math.Ceil(seconds), minReset.Seconds()), maxReset.Seconds())
	return time.Duration(seconds) * time.Second
}

func number(s string) (float64, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	return n, err == nil && n >= 0 && !math.IsInf(n, 0)
}

// header finds a field whatever its case: a header built by hand need not be
// canonical.
func header(h http.Header, field string) string {
	if v := h.Get(field); v != "" {
		return v
	}
	for name, values := range h {
		if len(values) > 0 && strings.EqualFold(name, field) {
			return values[0]
		}
	}
	return ""
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return "", false
	}
	return s[len(prefix):], true
}
