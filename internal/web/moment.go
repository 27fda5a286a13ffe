package web

import "time"

// micros is a moment of the store's; the zero time for none.
func micros(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us)
}
