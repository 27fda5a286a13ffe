package simulator

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// differentBody lists how an answer's body differs. Lists of bookings hold
// other bookings than were recorded: they are compared by shape and by the
// arithmetic of their pages; everything else by value, with ids, times of the
// server's clock and keys by kind.
func (p *replayer) differentBody(r recording, got any) []string {
	recorded := r.Response.Body.(map[string]any)
	g, ok := got.(map[string]any)
	if !ok {
		return []string{"the body is no object"}
	}
	if recorded["pagination"] != nil {
		return p.differentPage(r, recorded, g)
	}
	if data, ok := recorded["data"].(map[string]any); ok && data["bookings"] != nil {
		return p.differentOldPage(data, g)
	}
	var found []string
	compareValues("", recorded, got, &found)
	sort.Strings(found)
	return found
}

func (p *replayer) differentPage(r recording, recorded, got map[string]any) []string {
	found := map[string]bool{}
	data, _ := got["data"].([]any)
	for _, one := range data {
		p.bookings.faults("data[]", one, found)
	}
	had, _ := recorded["data"].([]any)
	all := lines(found)
	other := strings.Contains(r.Request.Path, "skip=1250") || strings.Contains(r.Request.Path, "beforeUpdatedAt") // as many as there are
	if len(data) != len(had) && !other {
		all = append(all, fmt.Sprintf("%d bookings, recorded %d", len(data), len(had)))
	}
	a, b := recorded["pagination"].(map[string]any), got["pagination"].(map[string]any)
	if diff := cmp.Diff(names(a), names(b)); diff != "" {
		return append(all, diff)
	}
	for _, name := range []string{"itemsPerPage", "currentPage", "hasPreviousPage"} {
		if a[name] != b[name] {
			all = append(all, fmt.Sprintf("pagination.%s is %v, recorded %v", name, b[name], a[name]))
		}
	}
	for _, pages := range []map[string]any{a, b} {
		all = append(all, wrongArithmetic(pages)...)
	}
	return all
}

// wrongArithmetic checks a pagination object against the formula that all
// recorded ones follow.
func wrongArithmetic(p map[string]any) []string {
	n := func(name string) int { f, _ := p[name].(float64); return int(f) }
	skip := max(n("currentPage")-1, 0) * n("itemsPerPage")
	want := pagination(n("totalItems"), n("itemsPerPage"), skip)
	var found []string
	for _, f := range want {
		if fmt.Sprint(p[f.name]) != fmt.Sprint(f.value) {
			found = append(found, fmt.Sprintf("pagination.%s is %v, by the formula %v", f.name, p[f.name], f.value))
		}
	}
	return found
}

func (p *replayer) differentOldPage(recorded map[string]any, got map[string]any) []string {
	data, _ := got["data"].(map[string]any)
	if diff := cmp.Diff(names(recorded), names(data)); diff != "" {
		return []string{diff}
	}
	found := map[string]bool{}
	list, _ := data["bookings"].([]any)
	for _, one := range list {
		p.old.faults("bookings[]", one, found)
	}
	if had := recorded["bookings"].([]any); len(had) != len(list) {
		found[fmt.Sprintf("%d bookings, recorded %d", len(list), len(had))] = true
	}
	for line := range found {
		if !strings.HasSuffix(line, " is missing") || strings.Contains(line, "bookingFields[]") {
			delete(found, line) // ten bookings were recorded, too few to know all their kinds
		}
	}
	return lines(found)
}

func lines(found map[string]bool) []string {
	var all []string
	for line := range found {
		all = append(all, line)
	}
	sort.Strings(all)
	return all
}

func names(o map[string]any) []string {
	var all []string
	for name := range o {
		all = append(all, name)
	}
	sort.Strings(all)
	return all
}

// byKind are members whose values the server chooses.
var byKind = []string{
	"id", "bookingId", "timestamp", "createdAt", "updatedAt", "reservationUntil", "uid", "uuid", "seatUid", "icsUid", "apiKey", "totalCount",
	"idempotencyKey", "userUuid", "iCalUID",
}

func compareValues(at string, recorded, got any, found *[]string) {
	switch v := recorded.(type) {
	case map[string]any:
		o, ok := got.(map[string]any)
		if !ok {
			*found = append(*found, fmt.Sprintf("%s is %v, recorded an object", at, got))
			return
		}
		for name, value := range v {
			if _, has := o[name]; !has {
				*found = append(*found, at+"."+name+" is missing")
				continue
			}
			compareValues(at+"."+name, value, o[name], found)
		}
		for name := range o {
			if _, had := v[name]; !had {
				*found = append(*found, at+"."+name+" was not recorded")
			}
		}
	case []any:
		l, ok := got.([]any)
		if !ok || len(l) != len(v) {
			*found = append(*found, fmt.Sprintf("%s is %.200v, recorded %.200v", at, got, v))
			return
		}
		for i := range v {
			compareValues(fmt.Sprintf("%s[%d]", at, i), v[i], l[i], found)
		}
	default:
		if kindOf(recorded) != kindOf(got) && kindOf(recorded) != "string text" {
			*found = append(*found, fmt.Sprintf("%s is %v (%s), recorded %v (%s)", at, got, kindOf(got), recorded, kindOf(recorded)))
			return
		}
		if name := at[strings.LastIndex(at, ".")+1:]; !slices.Contains(byKind, name) && plainText(recorded) != plainText(got) {
			*found = append(*found, fmt.Sprintf("%s is %v, recorded %v", at, got, recorded))
		}
	}
}

// inCalendar finds what is different each time in a calendar file.
var inCalendar = regexp.MustCompile(`(UID%3A|DTSTAMP%3A)[\w-]+`)

// plainText writes a value with the ids in it by kind.
func plainText(v any) string {
	text := inCalendar.ReplaceAllString(fmt.Sprint(v), "$1")
	for _, id := range []struct {
		find interface{ ReplaceAllString(string, string) string }
		kind string
	}{{recordedKey, "KEY"}, {longID, "UUID"}, {shortID, "UID"}} {
		text = id.find.ReplaceAllString(text, id.kind)
	}
	return text
}
