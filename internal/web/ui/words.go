package ui

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Number puts a thin space between thousands.
func Number(n int64) string {
	text := strconv.FormatInt(n, 10)
	first := 0
	if n < 0 {
		first = 1
	}
	for i := len(text) - 3; i > first; i -= 3 {
		text = text[:i] + "\u202f" + text[i:]
	}
	return text
}

// Bytes is a size, in the unit that keeps it short.
func Bytes(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	size, i := float64(n), 0
	for size >= 1000 && i < len(units)-1 {
		size, i = size/1000, i+1
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", size, units[i])
}

// Span is a duration in its two largest units.
func Span(d time.Duration) string {
	d = d.Abs()
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return two(int(d.Minutes()), "min", int(d.Seconds())%60, "s")
	case d < 48*time.Hour:
		return two(int(d.Hours()), "h", int(d.Minutes())%60, "min")
	}
	return fmt.Sprintf("%d days", int(d.Hours()+0.5)/24)
}

func two(large int, unit string, small int, smaller string) string {
	if small == 0 {
		return fmt.Sprintf("%d %s", large, unit)
	}
	return fmt.Sprintf("%d %s %d %s", large, unit, small, smaller)
}

// Since is how long ago t was, or how far ahead it lies, in one unit.
func Since(t, now time.Time) string {
	d := now.Sub(t)
	text := round(d.Abs())
	switch {
	case d.Abs() < 5*time.Second:
		return "just now"
	case d < 0:
		return "in " + text
	}
	return text + " ago"
}

func round(d time.Duration) string {
	for _, u := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}, {time.Second, "second"}} {
		if d >= u.size {
			return Plural(int64((d+u.size/2)/u.size), u.name)
		}
	}
	return "a moment"
}

// Plural is a count with its noun.
func Plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Number(n) + " " + noun + "s"
}

// ended is a sentence with its full stop, unless it asks.
func ended(text string) string {
	if strings.HasSuffix(text, "?") {
		return text
	}
	return text + "."
}

// beginningLong is how many characters of a long text are shown before it is
// unfolded.
const beginningLong = 80

// beginning is how a text begins, and whether there is more of it.
func beginning(text string) (begins string, more bool) {
	n := 0
	for i := range text {
		if n == beginningLong {
			return text[:i], true
		}
		n++
	}
	return text, false
}
