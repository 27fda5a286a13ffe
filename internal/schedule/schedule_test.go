package schedule_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/schedule"
)

// form is how times stand in the tables.
const form = "Mon 2006-01-02 15:04:05 -0700"

func TestASchedulesNextTimesAreQuartzs(t *testing.T) {
	for _, c := range []struct{ expr, zone, from, next string }{
		{"0 0 0 * * ? *", "", "2026-01-01T00:00:00Z", "Fri 2026-01-02 00:00:00 +0000 · Sat 2026-01-03 00:00:00 +0000"},
		{"0 0 0 * * ?", "", "2026-01-01T00:00:00Z", "Fri 2026-01-02 00:00:00 +0000"},
		{"30 * * * * ? *", "", "2026-01-01T00:00:00Z", "Thu 2026-01-01 00:00:30 +0000 · Thu 2026-01-01 00:01:30 +0000"},
		{"0 0/15 * * * ? *", "", "2026-01-01T00:50:00Z", "Thu 2026-01-01 01:00:00 +0000 · Thu 2026-01-01 01:15:00 +0000"},
		// Quartz's week begins with Sunday as 1.
		{"0 0 9 ? * 2 *", "", "2026-11-27T12:00:00Z", "Mon 2026-11-30 09:00:00 +0000"},
		{"0 0 9 ? * MON-FRI *", "America/New_York", "2026-11-27T12:00:00-05:00", "Mon 2026-11-30 09:00:00 -0500 · Tue 2026-12-01 09:00:00 -0500"},
		{"0 0 9 ? * FRI-SUN *", "", "2026-11-27T12:00:00Z", "Sat 2026-11-28 09:00:00 +0000 · Sun 2026-11-29 09:00:00 +0000 · Fri 2026-12-04 09:00:00 +0000"},
		{"0 0 9 ? * 1/3 *", "", "2026-11-27T12:00:00Z", "Sat 2026-11-28 09:00:00 +0000 · Sun 2026-11-29 09:00:00 +0000 · Wed 2026-12-02 09:00:00 +0000"},
		{"0 0 9 ? * 6#3 *", "", "2026-11-01T12:00:00Z", "Fri 2026-11-20 09:00:00 +0000 · Fri 2026-12-18 09:00:00 +0000"},
		{"0 0 9 ? * 6L *", "", "2026-01-01T12:00:00Z", "Fri 2026-01-30 09:00:00 +0000 · Fri 2026-02-27 09:00:00 +0000"},
		{"0 0 9 L * ? *", "", "2026-01-31T12:00:00Z", "Sat 2026-02-28 09:00:00 +0000 · Tue 2026-03-31 09:00:00 +0000"},
		{"0 0 9 15W * ? *", "", "2026-01-16T12:00:00Z", "Mon 2026-02-16 09:00:00 +0000"},
		{"0 0 0 29 2 ? *", "", "2026-01-01T12:00:00Z", "Tue 2028-02-29 00:00:00 +0000"},
		{"0 0 0 31 * ? *", "", "2026-01-31T12:00:00Z", "Tue 2026-03-31 00:00:00 +0000 · Sun 2026-05-31 00:00:00 +0000"},
		{"0 0 0 1 1/3 ? *", "", "2026-01-31T12:00:00Z", "Wed 2026-04-01 00:00:00 +0000 · Wed 2026-07-01 00:00:00 +0000"},
		{"0 0 0 1 1 ? 2027-2028", "", "2026-01-31T12:00:00Z", "Fri 2027-01-01 00:00:00 +0000 · Sat 2028-01-01 00:00:00 +0000 · never"},
		// Spring in Berlin: 2:00 to 3:00 on 29 March does not exist.
		{"0 30 2 * * ? *", "Europe/Berlin", "2026-03-28T12:00:00+01:00", "Sun 2026-03-29 03:00:00 +0200 · Mon 2026-03-30 02:30:00 +0200"},
		{"0 0 0/1 * * ? *", "Europe/Berlin", "2026-03-29T00:30:00+01:00", "Sun 2026-03-29 01:00:00 +0100 · Sun 2026-03-29 03:00:00 +0200 · Sun 2026-03-29 04:00:00 +0200"},
		{"0 0 0/2 * * ? *", "Europe/Berlin", "2026-03-29T00:30:00+01:00", "Sun 2026-03-29 03:00:00 +0200 · Sun 2026-03-29 04:00:00 +0200"},
		// Autumn: 2:00 to 3:00 on 25 October comes twice.
		{"0 30 2 * * ? *", "Europe/Berlin", "2026-10-24T12:00:00+02:00", "Sun 2026-10-25 02:30:00 +0200 · Mon 2026-10-26 02:30:00 +0100"},
		{"0 0/30 * * * ? *", "Europe/Berlin", "2026-10-25T02:10:00+02:00", "Sun 2026-10-25 02:30:00 +0200 · Sun 2026-10-25 02:00:00 +0100 · Sun 2026-10-25 02:30:00 +0100 · Sun 2026-10-25 03:00:00 +0100"},
		{"0 30 2 * * ? *", "Europe/Berlin", "2026-10-25T02:10:00+01:00", "Mon 2026-10-26 02:30:00 +0100"},
		// Half an hour of summer.
		{"0 15 2 * * ? *", "Australia/Lord_Howe", "2026-10-03T12:00:00+10:30", "Sun 2026-10-04 02:30:00 +1100 · Mon 2026-10-05 02:15:00 +1100"},
		{"0 0 0 * * ? *", "Asia/Kathmandu", "2026-01-01T00:00:00Z", "Fri 2026-01-02 00:00:00 +0545"},
		// A zone whose day changes at midnight: 0:00 does not exist.
		{"0 0 0 * * ? *", "America/Asuncion", "2024-10-05T12:00:00-04:00", "Sun 2024-10-06 01:00:00 -0300 · Mon 2024-10-07 00:00:00 -0300"},
	} {
		s, err := schedule.Parse(c.expr, c.zone)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		at, err := time.Parse(time.RFC3339, c.from)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for range strings.Count(c.next, "·") + 1 {
			next, ok := s.Next(at)
			if !ok {
				got = append(got, "never")
				break
			}
			got = append(got, next.Format(form))
			at = next
		}
		if text := strings.Join(got, " · "); text != c.next {
			t.Errorf("%s in %s from %s:\n got %s\nwant %s", c.expr, c.zone, c.from, text, c.next)
		}
	}
}

func TestABadExpressionIsRefusedWithItsRemedy(t *testing.T) {
	for expr, says := range map[string]string{
		"":                         "0 fields",
		"0 0 * * *":                "5 fields",
		"@daily":                   "1 fields",
		"0 0 0 * * * *":            "only one",
		"0 0 0 ? * ? *":            "only one",
		"0 60 0 * * ? *":           `minutes "60" is not within 0 and 59`,
		"0 0 24 * * ? *":           "hours",
		"0 0 0 32 * ? *":           "day of month",
		"0 0 0 1-40 * ? *":         "not within 1 and 31",
		"0 0 0 ? * 0 *":            "not within 1 and 7",
		"0 0 0 ? * 8 *":            "not within 1 and 7",
		"0 0 0 ? * FUN *":          "day of week",
		"0 0 0 ? * 6#6 *":          "first to a fifth",
		"0 0 22-2 * * ? *":         "Write it as 22-23,0-2",
		"0 0/0 0 * * ? *":          "step",
		"0 0/x 0 * * ? *":          "step",
		"0 0 0 LW * ? *":           "not supported",
		"0 0 0 L-3 * ? *":          "not supported",
		"0 0 0 31 2 ? *":           "never due",
		"0 0 0 1 1 ? 1969":         "never due",
		"a b c d e ? *":            "no cron expression",
		"0 0 0 1 SMARCH ? *":       "no cron expression",
		"0 0 0 * * ? * ; rm -rf /": "fields",
	} {
		_, err := schedule.Parse(expr, "")
		if weir.CodeOf(err) != weir.CodeUsage || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", expr, err, says)
		}
	}
	for _, zone := range []string{"Berlin", "Local", "../etc/passwd"} {
		if _, err := schedule.Parse("0 0 0 * * ? *", zone); weir.CodeOf(err) != weir.CodeUsage {
			t.Errorf("zone %q: %v", zone, err)
		}
	}
}

func TestWhatIsNeverDueAgainIsNotChosen(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for expr, good := range map[string]bool{"0 0 0 1 1 ? 2020": false, "0 0 12 29 11 ? 2026": false, "0 1 12 29 11 ? 2026": true, "0 0 0 1 1 ? *": true} {
		if _, err := schedule.Coming(expr, "", now); (err == nil) != good || !good && (weir.CodeOf(err) != weir.CodeUsage || !strings.Contains(err.Error(), "never due again")) {
			t.Errorf("%s: %v", expr, err)
		}
	}
	if _, err := schedule.Coming("0 0 25 * * ? *", "", now); weir.CodeOf(err) != weir.CodeUsage {
		t.Error(err)
	}
}

func TestPlainSchedulesAreExpressionsThatParse(t *testing.T) {
	at := schedule.TimeOfDay{Hour: 2, Minute: 30}
	for _, c := range []struct {
		every schedule.Every
		want  string
	}{
		{schedule.Every{Count: 1, Unit: schedule.UnitOnce}, ""},
		{schedule.Every{Count: 15, Unit: schedule.UnitMinute}, "0 0/15 * * * ? *"},
		{schedule.Every{Count: 1, Unit: schedule.UnitHour}, "0 0 0/1 * * ? *"},
		{schedule.Every{Count: 6, Unit: schedule.UnitHour, At: at}, "0 30 0/6 * * ? *"},
		{schedule.Every{Count: 1, Unit: schedule.UnitDay, At: at}, "0 30 2 1/1 * ? *"},
		{schedule.Every{Count: 1, Unit: schedule.UnitWeek, At: at, On: time.Saturday}, "0 30 2 ? * SAT *"},
		{schedule.Every{Count: 3, Unit: schedule.UnitMonth, At: at, Day: 15}, "0 30 2 15 1/3 ? *"},
	} {
		got, err := c.every.Expression()
		if err != nil || got != c.want {
			t.Errorf("%+v is %q, %v; want %q", c.every, got, err, c.want)
		}
		if _, err := schedule.Parse(got, ""); got != "" && err != nil {
			t.Errorf("%q: %v", got, err)
		}
	}
	for _, e := range []schedule.Every{
		{}, {Count: 0, Unit: schedule.UnitDay}, {Count: 7, Unit: schedule.UnitMinute}, {Count: 25, Unit: schedule.UnitHour},
		{Count: 5, Unit: schedule.UnitHour}, {Count: 15, Unit: schedule.UnitMinute, At: at},
		{Count: 1, Unit: "year"}, {Count: 1, Unit: schedule.UnitMonth, Day: 31}, {Count: 1, Unit: schedule.UnitDay, At: schedule.TimeOfDay{Hour: 24}},
	} {
		if got, err := e.Expression(); weir.CodeOf(err) != weir.CodeUsage {
			t.Errorf("%+v is %q, %v", e, got, err)
		}
	}
}

// Whatever the expression and the moment, the next time comes later, and
// nothing is due in between.
func TestNextIsTheFirstTimeAfter(t *testing.T) {
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Asuncion", "Asia/Kathmandu"}
	exprs := []string{"0 0/15 * * * ? *", "0 30 2 * * ? *", "0 0 0/2 * * ? *", "0 15 1-3 * * ? *", "0 0 0 ? * SUN *", "0 45 * L * ? *"}
	rapid.Check(t, func(t *rapid.T) {
		s, err := schedule.Parse(rapid.SampledFrom(exprs).Draw(t, "expr"), rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		from := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "from"), 0)
		next, ok := s.Next(from)
		if !ok || !next.After(from) {
			t.Fatalf("after %v comes %v, %t", from, next, ok)
		}
		between := from.Add(time.Duration(rapid.Float64Range(0, 0.999).Draw(t, "between") * float64(next.Sub(from))))
		if again, _ := s.Next(between); !again.Equal(next) {
			t.Fatalf("after %v comes %v, after %v comes %v", from, next, between, again)
		}
	})
}

func FuzzParseNeverPanicsOrHangs(f *testing.F) {
	for _, seed := range []string{"0 0 0 * * ? *", "0 0/15 * ? * MON-FRI 2026-2030", "* * * * * ? *", "0 0 0 ? * 6#3 *"} {
		f.Add(seed, "Europe/Berlin")
	}
	f.Fuzz(func(t *testing.T, expr, zone string) {
		if s, err := schedule.Parse(expr, zone); err == nil {
			s.Next(time.Unix(1_800_000_000, 0))
		}
	})
}
