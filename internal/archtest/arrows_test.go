package archtest

import (
	"slices"
	"strings"
	"testing"
)

// The go command lists the files of one platform only.
func TestFilesOfEveryPlatformFollowTheArrows(t *testing.T) {
	for _, s := range tree(t) {
		for _, imported := range s.imports {
			if dir, ours := packageOf(imported); s.product() && ours && dir != "" && !slices.Contains(arrows[s.dir], dir) {
				t.Errorf("%s imports %s, which is no arrow of docs/architecture.md", s.path, dir)
			}
		}
	}
}

// upper are the packages that only those above them may know, even in tests:
// a leaf that needs the journey to be tested is no leaf.
var upper = map[string][]string{
	"internal/cli":      {"cmd/weir", "bench"},
	"internal/pipeline": {"cmd/weir", "bench", "internal/cli", "internal/flow", "internal/web"},
}

func TestLeavesDoNotKnowTheJourneyEvenInTests(t *testing.T) {
	for _, s := range tree(t) {
		for _, imported := range s.imports {
			dir, _ := packageOf(imported)
			if users, guarded := upper[dir]; guarded && s.dir != dir && !slices.Contains(users, s.dir) {
				t.Errorf("%s imports %s", s.path, dir)
			}
		}
	}
}

func TestArrowsNameOnlyPackagesThatExist(t *testing.T) {
	exists := map[string]bool{}
	for _, s := range tree(t) {
		exists[s.dir] = true
	}
	for from, to := range arrows {
		for _, dir := range append([]string{from}, to...) {
			if !exists[dir] {
				t.Errorf("%q is in the arrows and nowhere else", dir)
			}
		}
	}
}

// alone are the libraries that one package of the product knows.
var alone = map[string]string{
	"github.com/riverqueue/river":         "internal/job",
	"github.com/prometheus/client_golang": "internal/metrics",
	"go.opentelemetry.io":                 "internal/trace",
}

func TestOnePackageKnowsEachEngine(t *testing.T) {
	for _, s := range tree(t) {
		for _, path := range s.imports {
			for library, dir := range alone {
				if s.product() && strings.HasPrefix(path, library) && s.dir != dir {
					t.Errorf("%s imports %s, which is for %s", s.path, path, dir)
				}
			}
		}
	}
}
