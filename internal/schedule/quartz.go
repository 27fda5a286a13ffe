package schedule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The places of Quartz's fields.
const (
	second = iota
	minute
	hour
	dayOfMonth
	month
	dayOfWeek
	year
)

var fieldNames = []string{"seconds", "minutes", "hours", "day of month", "month", "day of week", "year"}

// limits are the least and the greatest number of each field but the last.
var limits = [][2]int{{0, 59}, {0, 59}, {0, 23}, {1, 31}, {1, 12}, {1, 7}}

// fields are the seven fields of an expression.
type fields []string

// split takes an expression apart and refuses what Quartz does not have.
func split(text string) (fields, error) {
	f := fields(strings.Fields(strings.ToUpper(text)))
	if len(f) == 6 {
		f = append(f, "*")
	}
	if len(f) != 7 {
		return nil, refuse(fmt.Sprintf("it has %d fields instead of 7", len(strings.Fields(text))), "")
	}
	if (f[dayOfMonth] == "?") == (f[dayOfWeek] == "?") {
		return nil, refuse("one of day of month and day of week is ?, and only one", "Put ? where any day will do")
	}
	for i := range limits {
		if err := f.check(i); err != nil {
			return nil, err
		}
	}
	var err error
	f[dayOfWeek], err = weekdays(f[dayOfWeek])
	return f, err
}

// check refuses numbers out of range and ranges that run backwards, which the
// library takes for schedules that are never due. Words are left to it.
func (f fields) check(i int) error {
	for part := range strings.SplitSeq(f[i], ",") {
		span, step, stepped := strings.Cut(part, "/")
		if n, err := strconv.Atoi(step); stepped && (err != nil || n < 1 || n > limits[i][1]) {
			return refuse(fmt.Sprintf("the %s have a step of %q", fieldNames[i], step), "")
		}
		from, to, ranged := strings.Cut(span, "-")
		a, errA := strconv.Atoi(from)
		b, errB := strconv.Atoi(to)
		switch {
		case errA == nil && (a < limits[i][0] || a > limits[i][1]), ranged && errB == nil && (b < limits[i][0] || b > limits[i][1]):
			return refuse(fmt.Sprintf("%s %q is not within %d and %d", fieldNames[i], span, limits[i][0], limits[i][1]), "")
		case ranged && i != dayOfWeek && errA == nil && errB == nil && a > b:
			return refuse(fmt.Sprintf("%s %q runs backwards", fieldNames[i], span), fmt.Sprintf("Write it as %d-%d,%d-%d", a, limits[i][1], limits[i][0], b))
		case strings.Contains(span, "LW"), strings.HasPrefix(span, "L-"):
			return refuse(fmt.Sprintf("%s %q is not supported", fieldNames[i], span), "Use L for the last day of the month")
		}
	}
	return nil
}

// days are Quartz's days of the week, of which Sunday is 1.
var days = []string{"", "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}

// weekdays writes Quartz's days of the week as cron's, of which Sunday is 0:
// numbers and names, ranges across the week's end, the third Friday (6#3), the
// last one (6L).
func weekdays(field string) (string, error) {
	var out []string
	for part := range strings.SplitSeq(field, ",") {
		span, step, stepped := strings.Cut(part, "/")
		from, to, ranged := strings.Cut(span, "-")
		word, rest := from, ""
		if at := strings.IndexByte(from, '#'); at > 0 {
			word, rest = from[:at], from[at:]
			if n, err := strconv.Atoi(rest[1:]); err != nil || n < 1 || n > 5 {
				return "", refuse(fmt.Sprintf("day of week %q: a month has a first to a fifth", part), "")
			}
		} else if w, last := strings.CutSuffix(from, "L"); last && w != "" {
			word, rest = w, "L"
		}
		switch a, b := weekday(word), weekday(to); {
		case word == "*" || word == "?":
			out = append(out, part)
		case word == "L": // the week's last day
			out = append(out, "6")
		case a == 0, ranged && (b == 0 || rest != ""):
			return "", refuse(fmt.Sprintf("day of week %q is none", part), "Write SUN, MON, TUE, WED, THU, FRI, SAT, or 1 for Sunday to 7 for Saturday")
		case ranged || stepped:
			if !ranged {
				b = 7
			}
			every, _ := strconv.Atoi(step) // checked before
			out = append(out, span7(a, b, max(every, 1))...)
		default:
			out = append(out, strconv.Itoa(a-1)+rest)
		}
	}
	return strings.Join(out, ","), nil
}

// weekday is Quartz's number of a day, 0 for none.
func weekday(word string) int {
	if n, err := strconv.Atoi(word); err == nil && n >= 1 && n <= 7 {
		return n
	}
	return max(0, slices.Index(days, word))
}

// span7 lists cron's days from a to b of Quartz's, over the week's end when b
// comes before a.
func span7(a, b, every int) (out []string) {
	if b < a {
		b += 7
	}
	for d := a; d <= b; d += every {
		out = append(out, strconv.Itoa((d-1)%7))
	}
	return out
}

// expression is the fields as gronx reads them.
func (f fields) expression() string { return strings.Join(f, " ") }

// hourly reports whether the schedule is due in every hour of its days.
func (f fields) hourly() bool {
	return f[hour] == "*" || f[hour] == "0/1" || f[hour] == "*/1"
}
