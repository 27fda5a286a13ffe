package flow

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestTimesThatAreKeptAreThoseThatAreWorkedOut(t *testing.T) {
	begun := time.Date(2026, 3, 28, 22, 59, 30, 0, time.UTC) // the clock changes in Berlin this night
	var kept dueTimes
	for _, when := range []timing{{"0 */7 * * * ? *", ""}, {"0 30 2 * * ? *", "Europe/Berlin"}, {"0 0 12 1 1 ? 2024", ""}, {"0 0 0 * * ? *", "America/New_York"}} {
		for _, later := range []time.Duration{0, time.Second, 30 * time.Second, 29 * time.Minute, time.Hour, time.Hour + time.Second, 26 * time.Hour, -time.Minute} {
			from := begun.Add(later)
			got, err := kept.within(when, from, from.Add(ahead))
			if err != nil {
				t.Fatal(err)
			}
			want, err := when.within(from, from.Add(ahead))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.EqualFunc(got, want, time.Time.Equal) {
				t.Errorf("%v from %s: %v, and not %v", when, from, got, want)
			}
		}
	}
	for day := range schedulesKept + 1 {
		if _, err := kept.within(timing{fmt.Sprintf("0 %d 0 1 1 ? %d", day%60, 2000+day/60), ""}, begun, begun.Add(ahead)); err != nil {
			t.Fatal(err)
		}
	}
	often := timing{"*/10 * * * * ? *", ""}
	if all, err := kept.within(often, begun, begun.Add(ahead)); err != nil || len(all) != 8640 {
		t.Errorf("every ten seconds are %d times a day: %v", len(all), err)
	}
	if _, is := kept.known[often]; is || len(kept.known) > schedulesKept {
		t.Errorf("it keeps %d schedules, and a long one: %t", len(kept.known), is)
	}
	if _, err := kept.within(timing{"nonsense", ""}, begun, begun.Add(ahead)); err == nil {
		t.Error("what is no schedule has times")
	}
}
