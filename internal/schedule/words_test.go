package schedule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weirhq/weir/internal/schedule"
)

func TestASchedulesWordsAreThoseThatPeopleSay(t *testing.T) {
	for _, c := range []struct{ expr, zone, want string }{
		{"", "", "when it is told to"},
		{"  ", "Europe/Berlin", "when it is told to"},
		{"0 0/1 * * * ? *", "", "every minute"},
		{"0 0/15 * * * ? *", "", "every 15 minutes"},
		{"0 0,15,30,45 * * * ?", "Europe/Berlin", "every 15 minutes, Europe/Berlin"},
		{"0 5/20 * * * ? *", "UTC", "every 20 minutes from minute 5"},
		{"0 0 0/1 * * ? *", "", "every hour"},
		{"0 5 * * * ? *", "Europe/Berlin", "every hour at minute 5, Europe/Berlin"},
		{"0 5,20 * * * ? *", "", "every hour at minutes 5 and 20"},
		{"0 0 0/6 * * ? *", "", "every 6 hours, UTC"},
		{"0 30 2/6 * * ? *", "", "every 6 hours from 02:30, UTC"},
		{"0 0 */12 * * ? *", "Asia/Tokyo", "every 12 hours, Asia/Tokyo"},
		{"0 0 9-17 * * ? *", "", "every hour from 09:00 to 17:00, UTC"},
		{"0 0/30 9-17 ? * MON-FRI *", "Europe/Berlin", "every 30 minutes from 09:00 to 17:30, Monday to Friday, Europe/Berlin"},
		{"0 0/15 9 * * ? *", "", "every 15 minutes from 09:00 to 09:45, UTC"},
		{"0 0 6,12,18 * * ? *", "", "every day at 06:00, 12:00 and 18:00, UTC"},
		{"0 0,30 9 * * ? *", "", "every day at 09:00 and 09:30, UTC"},
		{"0 0 0 * * ? *", "", "every day at 00:00, UTC"},
		{"0 30 2 1/1 * ? *", "Europe/Berlin", "every day at 02:30, Europe/Berlin"},
		{"0 30 2 1/3 * ? *", "", "every 3 days from the 1st of every month at 02:30, UTC"},
		{"0 30 2 1/20 * ? *", "", "on the 1st and 21st of every month at 02:30, UTC"},
		{"0 30 2 1-7 * ? *", "", "from the 1st to the 7th of every month at 02:30, UTC"},
		{"0 0 9 ? * 2 *", "", "every Monday at 09:00, UTC"},
		{"0 0 9 ? * MON,THU *", "", "every Monday and Thursday at 09:00, UTC"},
		{"0 0 9 ? * FRI-SUN *", "", "Friday to Sunday at 09:00, UTC"},
		{"0 0 9 ? JUN SUN *", "", "every Sunday in June at 09:00, UTC"},
		{"0 0 9 ? * 6#3 *", "", "on the third Friday of every month at 09:00, UTC"},
		{"0 0 9 ? * 6L *", "", "on the last Friday of every month at 09:00, UTC"},
		{"0 0 9 L * ? *", "", "on the last day of every month at 09:00, UTC"},
		{"0 30 2 15 1/3 ? *", "", "on the 15th of January, April, July and October at 02:30, UTC"},
		{"0 0 0 1 * ? *", "", "on the 1st of every month at 00:00, UTC"},
		{"0 0 0 * 1 ? 2027-2028", "", "every day in January at 00:00, from 2027 to 2028, UTC"},
		{"0 0 0/1 * * ? 2027", "", "every hour, in 2027, UTC"},
		// There are no words for these.
		{"30 * * * * ? *", "", "30 * * * * ? *, UTC"},
		{"0 0 9 15W * ? *", "Europe/Berlin", "0 0 9 15W * ? *, Europe/Berlin"},
		{"0 0/7 * * * ? *", "", "0 0/7 * * * ? *, UTC"},
		{"0 0/15 0/6 * * ? *", "", "0 0/15 0/6 * * ? *, UTC"},
		{"@daily", "", "@daily, UTC"},
	} {
		if got := schedule.Words(c.expr, c.zone); got != c.want {
			t.Errorf("%q in %q is %q, want %q", c.expr, c.zone, got, c.want)
		}
	}
}

func TestASourceThatFollowsAnotherSaysWhich(t *testing.T) {
	if got := schedule.After("Bookings"); got != "after «Bookings»" {
		t.Error(got)
	}
	if got := schedule.After(""); got != "after another flow" {
		t.Errorf("of one whose name is not to be told: %q", got)
	}
}

func TestTwoSchedulesInTheSameWordsAreDueAtTheSameTimes(t *testing.T) {
	ticks := map[string]string{}
	exprs := map[string]string{}
	for _, minutes := range []string{"0", "5", "*", "0/15", "5/20", "0,30", "10-12"} {
		for _, hours := range []string{"*", "0/6", "6/12", "9", "9-17", "6,18"} {
			for _, days := range []string{"* * ?", "1/3 * ?", "1/20 * ?", "L * ?", "15 1/3 ?", "3-6 * ?", "* JAN ?", "? * MON-FRI", "? * MON,WED,SUN", "? * 6#3", "? * 6L", "? JAN 1"} {
				expr := fmt.Sprintf("0 %s %s %s *", minutes, hours, days)
				words := schedule.Words(expr, "")
				due := dueFrom(t, expr)
				if before, said := ticks[words]; said && before != due {
					t.Errorf("%q is what is said of %s and of %s", words, exprs[words], expr)
				}
				ticks[words], exprs[words] = due, expr
			}
		}
	}
}

// dueFrom is when an expression is due first, a few times.
func dueFrom(t *testing.T, expr string) string {
	t.Helper()
	s, err := schedule.Parse(expr, "")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for at, n := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 0; n < 12; n++ {
		at, _ = s.Next(at)
		all = append(all, at.Format(form))
	}
	return strings.Join(all, " · ")
}

func TestAPlainScheduleIsKnownByItsExpression(t *testing.T) {
	units := []schedule.Unit{schedule.UnitMinute, schedule.UnitHour, schedule.UnitDay, schedule.UnitWeek, schedule.UnitMonth}
	rapid.Check(t, func(t *rapid.T) {
		e := schedule.Every{Count: rapid.IntRange(1, 30).Draw(t, "count"), Unit: rapid.SampledFrom(units).Draw(t, "unit")}
		switch e.Unit {
		case schedule.UnitMinute:
		case schedule.UnitHour:
			e.At.Minute = rapid.IntRange(0, 59).Draw(t, "minute")
		default:
			e.At = schedule.TimeOfDay{Hour: rapid.IntRange(0, 23).Draw(t, "hour"), Minute: rapid.IntRange(0, 59).Draw(t, "minute")}
		}
		if e.Unit == schedule.UnitWeek {
			e.On = time.Weekday(rapid.IntRange(0, 6).Draw(t, "on"))
		}
		if e.Unit == schedule.UnitMonth {
			e.Day = rapid.IntRange(1, 28).Draw(t, "day")
		}
		expr, err := e.Expression()
		if err != nil {
			t.Skip("not a schedule")
		}
		if got, ok := schedule.Plain(expr); !ok || got != e {
			t.Fatalf("%s is %+v, %t; want %+v", expr, got, ok, e)
		}
		if words := schedule.Words(expr, ""); strings.ContainsAny(words, "?*/") {
			t.Fatalf("%+v is %q", e, words)
		}
	})
}

func TestWhatIsNotPlainIsSaidNotToBe(t *testing.T) {
	for _, expr := range []string{"", "@daily", "0 0/7 * * * ? *", "0 0 0/5 * * ? *", "0 0 9-17 * * ? *", "0 0 9 ? * MON-FRI *", "0 0 9 L * ? *", "0 0 9 31 * ? *", "0 0 9 * * ? 2027", "30 0 9 * * ? *", "0 0 9 1/3 JAN ? *"} {
		if e, plain := schedule.Plain(expr); plain {
			t.Errorf("%q is %+v", expr, e)
		}
	}
	for expr, want := range map[string]schedule.Every{
		"0 0 0 * * ? *":       {Count: 1, Unit: schedule.UnitDay},
		"0 0,30 * * * ?":      {Count: 30, Unit: schedule.UnitMinute},
		"0 10 * ? * * *":      {Count: 1, Unit: schedule.UnitHour, At: schedule.TimeOfDay{Minute: 10}},
		"0 0 7 ? * 2 *":       {Count: 1, Unit: schedule.UnitWeek, At: schedule.TimeOfDay{Hour: 7}, On: time.Monday},
		"0 0 7 3 JAN,JUL ? *": {Count: 6, Unit: schedule.UnitMonth, At: schedule.TimeOfDay{Hour: 7}, Day: 3},
	} {
		if got, plain := schedule.Plain(expr); !plain || got != want {
			t.Errorf("%q is %+v, %t", expr, got, plain)
		}
	}
}

func FuzzWordsAreNeverEmpty(f *testing.F) {
	for _, seed := range []string{"", "0 0 0 * * ? *", "0 0/15 * ? * MON-FRI 2026-2030", "0 0 0 ? * 6#3 *", "0 0 0 L * ? *", "0 ,0 0-0/0 1W * ? 1", "0 0 0 ? * 7L,L *", "0 0 0 ? DEC-JAN # *"} {
		f.Add(seed, "Europe/Berlin")
	}
	f.Fuzz(func(t *testing.T, expr, zone string) {
		if schedule.Words(expr, zone) == "" {
			t.Errorf("%q in %q has no words", expr, zone)
		}
		schedule.Plain(expr)
	})
}
