package schedule

import "time"

// onTheWall is what a clock in t's zone shows, as a time in UTC.
func onTheWall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// shows is when the clock of a zone shows a time: the first time when it does
// so twice, the end of the gap when it never does.
func shows(zone *time.Location, wall time.Time) time.Time {
	at := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, zone)
	start, end := at.ZoneBounds()
	if !onTheWall(at).Equal(wall) { // in a gap Go takes the offset of one of its sides
		if onTheWall(at).After(wall) {
			return start
		}
		return end
	}
	if start.IsZero() {
		return at
	}
	_, before := start.Add(-time.Nanosecond).Zone()
	_, now := at.Zone()
	if earlier := at.Add(time.Duration(now-before) * time.Second); earlier.Before(start) && before > now {
		return earlier
	}
	return at
}
