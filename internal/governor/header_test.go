package governor

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var wall = time.Unix(1_800_000_000, 0)

func TestLimitsAreReadUnderAnyName(t *testing.T) {
	for name, c := range map[string]struct {
		header http.Header
		want   map[string]headerLimit
	}{
		"nothing": {http.Header{"Date": {"x"}}, nil},
		"real server": {
			http.Header{"X-Ratelimit-Limit-Default": {"120"}, "X-Ratelimit-Remaining-Default": {"119"}, "X-Ratelimit-Reset-Default": {"60"}},
			map[string]headerLimit{"default": {Limit: 120, Remaining: 119, Reset: time.Minute}},
		},
		"not canonical": {
			http.Header{"x-ratelimit-LIMIT-default": {"120"}, "X-RateLimit-Remaining-Default": {"7"}},
			map[string]headerLimit{"default": {Limit: 120, Remaining: 7}},
		},
		"no name": {
			http.Header{"X-Ratelimit-Limit": {"30"}, "X-Ratelimit-Remaining": {"3"}, "X-Ratelimit-Reset": {"1800000010"}},
			map[string]headerLimit{"": {Limit: 30, Remaining: 3, Reset: 10 * time.Second}},
		},
		"several": {
			http.Header{
				"X-Ratelimit-Limit-Short": {"10"}, "X-Ratelimit-Remaining-Short": {"0"}, "X-Ratelimit-Reset-Short": {"5"},
				"X-Ratelimit-Limit-Long": {"1000"}, "X-Ratelimit-Remaining-Long": {"990"}, "X-Ratelimit-Reset-Long": {"3000"},
			},
			map[string]headerLimit{
				"short": {Limit: 10, Reset: 5 * time.Second},
				"long":  {Limit: 1000, Remaining: 990, Reset: maxReset, Long: true},
			},
		},
		"garbage limit":     {http.Header{"X-Ratelimit-Limit-Default": {"many"}}, nil},
		"limit zero":        {http.Header{"X-Ratelimit-Limit-Default": {"0"}}, nil},
		"another header":    {http.Header{"X-Ratelimit-Limited": {"5"}}, nil},
		"garbage remaining": {http.Header{"X-Ratelimit-Limit-D": {"5"}, "X-Ratelimit-Remaining-D": {"-3"}}, map[string]headerLimit{"d": {Limit: 5, Remaining: -1}}},
		"too much remains":  {http.Header{"X-Ratelimit-Limit-D": {"5"}, "X-Ratelimit-Remaining-D": {"50"}}, map[string]headerLimit{"d": {Limit: 5, Remaining: 5}}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, parseLimits(c.header, wall)); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestARefusalsWaitIsBounded(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"40": 40 * time.Second, "0": time.Second, "0.2": time.Second, "121": 2 * time.Minute, "1e9": time.Second,
		"1800000030": 30 * time.Second, "1799999000": time.Second, "1000000000000": 2 * time.Minute,
		"-5": time.Minute, "NaN": time.Minute, "Inf": time.Minute, "": time.Minute, "soon": time.Minute,
		"Wed, 21 Oct 2015 07:28:00 GMT": time.Minute,
	} {
		h := http.Header{"X-Ratelimit-Limit-Default": {"120"}, "X-Ratelimit-Reset-Default": {value}}
		if got := refusalWait(h, wall, time.Minute); got != want {
			t.Errorf("reset %q: %v, want %v", value, got, want)
		}
	}
	for value, want := range map[string]time.Duration{
		"90": 90 * time.Second, "100000": 2 * time.Minute, "x": time.Minute,
		wall.Add(15 * time.Second).UTC().Format(http.TimeFormat): 15 * time.Second,
	} {
		if got := refusalWait(http.Header{"Retry-After": {value}}, wall, time.Minute); got != want {
			t.Errorf("Retry-After %q: %v, want %v", value, got, want)
		}
	}
}

func FuzzHeaders(f *testing.F) {
	for _, v := range []string{"120", "-1", "1e400", "NaN", "0x10", " 7 ", "1800000000", "１２"} {
		f.Add("Default", v, v, v)
	}
	f.Fuzz(func(t *testing.T, name, limit, remaining, reset string) {
		h := http.Header{"X-Ratelimit-Limit-" + name: {limit}, "X-Ratelimit-Remaining-" + name: {remaining}, "X-Ratelimit-Reset-" + name: {reset}}
		for _, l := range parseLimits(h, wall) {
			if l.Limit < 1 || l.Remaining < -1 || l.Remaining > l.Limit || l.Reset != 0 && (l.Reset < minReset || l.Reset > maxReset) {
				t.Errorf("%+v", l)
			}
		}
		if w := refusalWait(h, wall, time.Minute); w < minReset || w > maxReset {
			t.Errorf("wait %v", w)
		}
	})
}

// limits is one answer's named limits: limit, remaining, reset in seconds.
func limits(values map[string][3]int) map[string]headerLimit {
	h := http.Header{}
	for name, v := range values {
		h.Set("X-RateLimit-Limit-"+name, strconv.Itoa(v[0]))
		h.Set("X-RateLimit-Remaining-"+name, strconv.Itoa(v[1]))
		h.Set("X-RateLimit-Reset-"+name, strconv.Itoa(v[2]))
	}
	return parseLimits(h, wall)
}

func TestWhatRemainsIsReadCautiously(t *testing.T) {
	at := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	var s server
	if s.left(5, at(1)) != unlimited {
		t.Error("nothing heard is no limit")
	}
	s.hear(limits(map[string][3]int{"d": {120, 100, 60}}), at(10), at(10.2), time.Minute)
	s.hear(limits(map[string][3]int{"d": {120, 90, 59}}), at(10.5), at(10.8), time.Minute)
	s.hear(limits(map[string][3]int{"d": {120, 95, 60}}), at(10.3), at(11), time.Minute) // overtaken
	if got := s.left(5, at(11)); got != 85 {
		t.Errorf("%d left, want the smallest count less those in flight", got)
	}
	if got := s.nextReset(at(11)); got != at(69.8) {
		t.Errorf("reset at %v, want the earliest of the latest", got)
	}
	s.hear(limits(map[string][3]int{"d": {120, 119, 60}}), at(70), at(70.2), time.Minute)
	if got := s.left(0, at(71)); got != 119 {
		t.Errorf("%d left in the new window", got)
	}
	s.hear(limits(map[string][3]int{"d": {120, 3, 1}}), at(69), at(72), time.Minute) // of the window before
	if got := s.left(0, at(72)); got != 119 {
		t.Errorf("%d left after a late answer", got)
	}
	if got := s.left(0, at(131)); got != unlimited {
		t.Errorf("%d left after the window's end", got)
	}
}

func TestOfSeveralLimitsTheMostPermissiveCountsUntilARefusalContradicts(t *testing.T) {
	both := limits(map[string][3]int{"short": {10, 0, 5}, "long": {60, 50, 60}})
	var s server
	s.hear(both, time.Second, 2*time.Second, time.Minute)
	if s.left(0, 2*time.Second) != 50 || s.limit != 60 {
		t.Errorf("left %d, limit %d", s.left(0, 2*time.Second), s.limit)
	}
	s.refused(limits(map[string][3]int{"short": {10, 0, 5}, "long": {60, 0, 60}}))
	if s.strict {
		t.Error("all exceeded is no contradiction")
	}
	s.refused(both)
	s.hear(both, time.Second, 2*time.Second, time.Minute)
	if !s.strict || s.left(0, 2*time.Second) != 0 || s.limit != 10 {
		t.Errorf("strict %v, left %d, limit %d", s.strict, s.left(0, 2*time.Second), s.limit)
	}
}

func TestUseFromBeforeWeWatchedIsNotExpectedAgain(t *testing.T) {
	var f foreignUse
	minute := time.Minute
	f.observe(80, minute, time.Second, minute)
	f.observe(80, minute, 30*time.Second, minute)
	if n := f.perWindow(); n != 0 {
		t.Errorf("%d expected", n)
	}
	f.observe(90, minute, 50*time.Second, minute)
	f.observe(5, 2*minute, 70*time.Second, minute)
	if n := f.perWindow(); n != 10 {
		t.Errorf("%d expected, 10 came while we watched", n)
	}
	f.observe(30, 2*minute, 110*time.Second, minute)
	f.observe(1, 3*minute, 130*time.Second, minute)
	if n := f.perWindow(); n != 30 {
		t.Errorf("%d expected", n)
	}
}
