package connector

import (
	"slices"
	"strings"
)

// offered is how many names "did you mean" names.
const offered = 3

// nearest offers the names that are most like what was written. One that
// contains it, or is contained in it, counts as near however long it is.
func nearest(wrote string, names []string) string {
	type candidate struct {
		name string
		far  int
	}
	var all []candidate
	for _, n := range names {
		far := distance(wrote, n)
		if wrote != "" && (strings.Contains(n, wrote) || strings.Contains(wrote, n)) {
			far = min(far, 2)
		}
		all = append(all, candidate{n, far})
	}
	if len(all) == 0 {
		return "There are none"
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return a.far - b.far })
	var near []string
	for _, c := range all[:min(offered, len(all))] {
		if len(near) == 0 || c.far <= 1+len(wrote)/3 {
			near = append(near, c.name)
		}
	}
	return "Did you mean " + strings.Join(near, ", or ") + "?"
}

// distance is the Levenshtein distance, in bytes: names are ASCII.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, before+1, row[j]+1)
		}
	}
	return row[len(b)]
}
