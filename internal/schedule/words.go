package schedule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ByHand is when something is due that has no schedule.
const ByHand = "when it is told to"

// Words says when an expression is due in a time zone, as people say it: "every
// hour at minute 5, Europe/Berlin". What there are no words for is given back as
// it is; no expression is ByHand. Two expressions in the same words are due at
// the same times.
func Words(expression, zone string) string {
	said := strings.TrimSpace(expression)
	if said == "" {
		return ByHand
	}
	zoned := true
	if f, err := split(said); err == nil {
		if c, ok := f.calendar(); ok {
			if words, ok := c.words(); ok {
				said, zoned = words, !c.evenly()
			}
		}
	}
	switch {
	case zone != "" && zone != "UTC":
		return said + ", " + zone
	case zoned:
		return said + ", UTC"
	}
	return said
}

// After says that something is due when another thing is done; a name that is
// not to be told is "".
func After(name string) string {
	if name == "" {
		return "after another flow"
	}
	return "after «" + name + "»"
}

// evenly reports whether it is due at the same minutes of all hours of all days,
// so that hardly any zone makes a difference.
func (c calendar) evenly() bool {
	return c.everyHour() && c.everyDay() && c.everyMonth() && c.years == ""
}

func (c calendar) words() (string, bool) {
	clock, again, ok := c.clock()
	if !ok {
		return "", false
	}
	days, ok := c.dayWords()
	switch {
	case !ok:
		return "", false
	case !again:
		clock = days + " " + clock
	case !c.everyDay() || !c.everyMonth():
		clock += ", " + days
	}
	if first, last, ranged := strings.Cut(c.years, "-"); ranged {
		clock += ", from " + first + " to " + last
	} else if first != "" {
		clock += ", in " + first
	}
	return clock, true
}

// mostListed is how many times or days are named one by one.
const mostListed = 6

// clock says the time of day, and whether that is an interval: "at 02:30", "every
// 15 minutes".
func (c calendar) clock() (words string, again, ok bool) {
	first, last := timeOf(c.hours[0], c.minutes[0]), timeOf(c.hours[len(c.hours)-1], c.minutes[len(c.minutes)-1])
	if len(c.minutes) == 1 {
		words, again = c.hourly(first, last)
	} else if from, by, even := steps(c.minutes, 0, 59); even && 60%by == 0 {
		words, again = c.minutely(from, by, first, last)
	}
	if words != "" {
		return words, again, true
	}
	if c.everyHour() && len(c.minutes) <= mostListed {
		return "every hour at minutes " + listed(c.minutes, strconv.Itoa), true, true
	}
	var times []string
	for _, h := range c.hours {
		for _, m := range c.minutes {
			times = append(times, timeOf(h, m))
		}
	}
	return "at " + joined(times), false, len(times) <= mostListed
}

// hourly says what is due at one minute of some hours; "" when it has to be
// listed.
func (c calendar) hourly(first, last string) (string, bool) {
	from, by, even := steps(c.hours, 0, 23)
	switch {
	case c.everyHour() && c.minutes[0] == 0:
		return "every hour", true
	case c.everyHour():
		return fmt.Sprintf("every hour at minute %d", c.minutes[0]), true
	case even && 24%by == 0 && from == 0 && c.minutes[0] == 0:
		return fmt.Sprintf("every %d hours", by), true
	case even && 24%by == 0:
		return fmt.Sprintf("every %d hours from %s", by, first), true
	case follow(c.hours):
		return "every hour from " + first + " to " + last, true
	}
	return "", false
}

// minutely says what is due every few minutes; "" when it has to be listed.
func (c calendar) minutely(from, by int, first, last string) (string, bool) {
	words := fmt.Sprintf("every %d minutes", by)
	if c.everyMinute() {
		words = "every minute"
	}
	switch {
	case c.everyHour() && from == 0:
		return words, true
	case c.everyHour():
		return fmt.Sprintf("%s from minute %d", words, from), true
	case len(c.hours) == 1 && len(c.minutes) > 2, follow(c.hours):
		return words + " from " + first + " to " + last, true
	}
	return "", false
}

func timeOf(hour, minute int) string { return fmt.Sprintf("%02d:%02d", hour, minute) }

// dayWords says on which days.
func (c calendar) dayWords() (words string, ok bool) {
	_, by, even := steps(c.days, 1, 31)
	week, n := weekOf(c.weekdays), len(c.days)+len(c.weekdays)
	switch {
	case c.everyDay():
		return c.in("every day", " in "), true
	case c.special != "":
		return c.in("on the "+specialDay(c.special), " of "), true
	case follow(week):
		return c.in(weekdayName(week[0])+" to "+weekdayName(week[n-1]), " in "), true
	case week != nil:
		return c.in("every "+listed(week, weekdayName), " in "), true
	case even && n > 2:
		return c.in(fmt.Sprintf("every %d days from the %s", by, ordinal(c.days[0])), " of "), true
	case follow(c.days):
		return c.in("from the "+ordinal(c.days[0])+" to the "+ordinal(c.days[n-1]), " of "), true
	}
	return c.in("on the "+listed(c.days, ordinal), " of "), n <= mostListed
}

// in adds the months to some days. Days of a month are of every month, those of
// a week need no month.
func (c calendar) in(days, joint string) string {
	switch {
	case !c.everyMonth():
		return days + joint + listed(c.months, func(m int) string { return time.Month(m).String() })
	case joint == " of ":
		return days + " of every month"
	}
	return days
}

// weekOf are days of the week from Monday on; Sunday is 7.
func weekOf(days []int) (week []int) {
	for _, d := range days {
		week = append(week, (d+6)%7+1)
	}
	slices.Sort(week)
	return week
}

func weekdayName(day int) string { return time.Weekday(day % 7).String() }

// specialDay says L, 5L and 5#3, with days of the week as cron counts them.
func specialDay(text string) string {
	if text == "L" {
		return "last day"
	}
	which := "last"
	if day, n, nth := strings.Cut(text, "#"); nth {
		number, _ := strconv.Atoi(n) // split has looked at it
		text, which = day, []string{"first", "second", "third", "fourth", "fifth"}[min(max(number, 1), 5)-1]
	}
	day, _ := strconv.Atoi(strings.TrimSuffix(text, "L"))
	return which + " " + weekdayName(day)
}

// ordinal is a day of a month: 1st, 2nd, 3rd, 21st.
func ordinal(n int) string {
	end := "th"
	if n/10 != 1 && n%10 >= 1 && n%10 <= 3 {
		end = []string{"st", "nd", "rd"}[n%10-1]
	}
	return strconv.Itoa(n) + end
}

func listed(all []int, name func(int) string) string {
	words := make([]string, len(all))
	for i, n := range all {
		words[i] = name(n)
	}
	return joined(words)
}

// joined lists words: "a, b and c".
func joined(words []string) string {
	if n := len(words) - 1; n > 0 {
		return strings.Join(words[:n], ", ") + " and " + words[n]
	}
	return strings.Join(words, "")
}

// Words are how often, without a time of day: "every 15 minutes", "every day".
func (e Every) Words() string {
	if e.Count == 1 {
		return "every " + string(e.Unit)
	}
	return fmt.Sprintf("every %d %ss", e.Count, e.Unit)
}
