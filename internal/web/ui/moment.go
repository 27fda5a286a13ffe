package ui

import "time"

// The one way in which moments are written: day before hour, in UTC where no
// script knows the viewer's zone. Files and titles have the seconds.
const (
	minute = "2006-01-02 15:04"
	second = "2006-01-02 15:04:05"
)

// Stamp is a moment in UTC, as files have it; "" for none.
func Stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(second)
}

// Moment is a moment with its zone, for words and drawings that no script changes.
func Moment(t time.Time) string { return t.UTC().Format(minute) + " UTC" }

// Day is the day of a moment.
func Day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// Clock is the hour of a moment, where the day is known.
func Clock(t time.Time) string { return t.UTC().Format("15:04") }

// At is a cell of a moment.
func At(t time.Time) Cell { return Shown(Stamp(t), Time(t)) }

// SinceAt is a cell of a moment that is shown by how long it is ago.
func SinceAt(t, now time.Time) Cell { return Shown(Stamp(t), Ago(t, now)) }
