package schedule

import (
	"slices"
	"strconv"
	"strings"
)

// calendar is an expression as the numbers that its fields name, each in order:
// expressions that mean the same have the same one.
type calendar struct {
	minutes, hours []int
	days           []int // of the month; nil when it goes by the week
	months         []int
	weekdays       []int  // 0 for Sunday; nil when it goes by the month
	special        string // of the days, instead of numbers: L, 5#3, 5L
	years          string // one, or first-last; "" for all
}

var monthNames = []string{"", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}

// calendar reads the fields; false for what is not due on the full minute, and
// for what only a cron expression can say.
func (f fields) calendar() (c calendar, ok bool) {
	if n, err := strconv.Atoi(f[second]); err != nil || n != 0 {
		return c, false
	}
	if f[year] != "*" && f[year] != "?" {
		c.years = f[year]
		for _, y := range strings.SplitN(c.years, "-", 2) {
			if _, err := strconv.ParseUint(y, 10, 16); err != nil || len(y) != 4 {
				return c, false
			}
		}
	}
	for _, part := range []struct {
		field int
		into  *[]int
	}{{minute, &c.minutes}, {hour, &c.hours}, {month, &c.months}} {
		if *part.into, ok = f.numbers(part.field); !ok {
			return c, false
		}
	}
	field, into := dayOfMonth, &c.days
	if f[dayOfMonth] == "?" {
		field, into = dayOfWeek, &c.weekdays
	}
	if *into, ok = f.numbers(field); !ok {
		c.special = f[field]
	}
	return c, ok || c.special == "L" || field == dayOfWeek && len(c.special) > 1 && !strings.ContainsAny(c.special, ",/-")
}

// numbers are those that a field names; false when it has more than numbers.
func (f fields) numbers(field int) (all []int, ok bool) {
	low, high := limits[field][0], limits[field][1]
	if field == dayOfWeek { // by now as cron counts them
		low, high = 0, 6
	}
	for part := range strings.SplitSeq(f[field], ",") {
		span, step, stepped := strings.Cut(part, "/")
		from, to, ranged := strings.Cut(span, "-")
		first, last, every := low, high, 1
		if span != "*" && span != "?" {
			if first, ok = number(field, from); !ok {
				return nil, false
			}
			if !stepped {
				last = first
			}
		}
		if ranged {
			if last, ok = number(field, to); !ok {
				return nil, false
			}
		}
		if stepped {
			every, _ = strconv.Atoi(step) // split has looked at it
		}
		for n := first; n <= min(last, high); n += max(every, 1) {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), len(all) > 0
}

// number is one number of a field: months have names, too.
func number(field int, text string) (int, bool) {
	if i := slices.Index(monthNames, text); field == month && i > 0 {
		return i, true
	}
	n, err := strconv.ParseUint(text, 10, 8)
	return int(n), err == nil
}

// steps are numbers from low to high that follow one another evenly: the first,
// and by how much the next is larger. They begin as early and end as late as
// they can.
func steps(all []int, low, high int) (first, by int, ok bool) {
	if len(all) < 2 {
		return 0, 0, false
	}
	first, by = all[0], all[1]-all[0]
	for i, n := range all {
		if n != first+i*by {
			return 0, 0, false
		}
	}
	return first, by, first-by < low && all[len(all)-1]+by > high
}

// follow reports whether at least three numbers come one after the other.
func follow(all []int) bool {
	return len(all) > 2 && all[len(all)-1]-all[0] == len(all)-1
}

func (c calendar) everyMinute() bool { return len(c.minutes) == 60 }
func (c calendar) everyHour() bool   { return len(c.hours) == 24 }
func (c calendar) everyMonth() bool  { return len(c.months) == 12 }

// everyDay reports whether it is due on all days of its months.
func (c calendar) everyDay() bool { return len(c.days) == 31 || len(c.weekdays) == 7 }
