package flow_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
)

// fits says what stands against a dataset's way to where a credential leads.
func (w *world) fits(dataset, credential int64, mode weir.Mode, except int64) *flow.Fit {
	w.Helper()
	fit, err := w.flows.Fit(w.Context(), me, dataset, credential, mode, except)
	w.must(err)
	return fit
}

func TestATableThatAnotherDestinationFillsIsToldBeforehand(t *testing.T) {
	w := newWorld(t, 20)
	src := w.source("event-types")
	dataset := w.datasets(src)[0].ID
	if fit := w.fits(dataset, w.sqlite, weir.ModeUpsert, 0); len(fit.Obstacles) != 0 || fit.Unseen != nil {
		t.Errorf("an empty place: %+v", fit)
	}
	to := w.destination(dataset)
	same := w.credential("sqlite", "path", "cal.db")
	for what, credential := range map[string]int64{"the same credential": w.sqlite, "another one to the same file": same} {
		fit := w.fits(dataset, credential, weir.ModeUpsert, 0)
		if len(fit.Obstacles) != 1 || fit.Obstacles[0].Rival.ID != to.ID || fit.Obstacles[0].Err.Remedy == "" {
			t.Errorf("%s: %+v", what, fit)
		}
	}
	if fit := w.fits(dataset, w.sqlite, weir.ModeUpsert, to.ID); len(fit.Obstacles) != 0 {
		t.Errorf("it stands in its own way: %+v", fit)
	}
	if fit := w.fits(dataset, w.credential("sqlite", "path", "other.db"), weir.ModeUpsert, 0); len(fit.Obstacles) != 0 {
		t.Errorf("another file: %+v", fit)
	}
	in := flow.SourceInput{Common: flow.Common{Name: "New"}, SourceSpec: flow.SourceSpec{Endpoints: []string{"event-types", "bookings"}}, Credential: w.key}
	fit, err := w.flows.FitSource(t.Context(), me, in, w.sqlite, weir.ModeUpsert)
	w.must(err)
	if len(fit.Obstacles) != 1 || fit.Obstacles[0].Table != "event_types" {
		t.Errorf("a source that is not made yet: %+v", fit)
	}
}

func TestATableThatIsNotWeirsAndAPlaceThatCannotBeSeenAreToldBeforehand(t *testing.T) {
	w := newWorld(t, 20)
	src := w.source("event-types")
	dataset := w.datasets(src)[0].ID
	w.must(os.MkdirAll(filepath.Join(w.files, "1"), 0o700))
	theirs, err := sql.Open("sqlite", "file:"+filepath.Join(w.files, "1", "cal.db"))
	w.must(err)
	_, err = theirs.ExecContext(t.Context(), `CREATE TABLE event_types (mine int)`)
	w.must(err)
	w.must(theirs.Close())
	fit := w.fits(dataset, w.sqlite, weir.ModeUpsert, 0)
	if len(fit.Obstacles) != 1 || fit.Obstacles[0].Rival.ID != 0 || !strings.Contains(fit.Obstacles[0].Err.Message, "Weir did not make") {
		t.Errorf("%+v", fit)
	}
	blocked := w.credential("sqlite", "path", "blocked.db")
	w.blocked("blocked.db")
	if fit := w.fits(dataset, blocked, weir.ModeUpsert, 0); fit.Unseen == nil || len(fit.Obstacles) != 0 {
		t.Errorf("what cannot be seen: %+v", fit)
	}
}

func TestAnotherModeOfADestinationIsToldBeforehandToStandAgainstItsTables(t *testing.T) {
	w := newWorld(t, 20)
	src := w.source("event-types")
	to := w.another(w.datasets(src)[0].ID, "cal.db")
	w.run(flow.Order{Source: src.ID})
	fit := w.fits(to.Dataset, to.Credential, weir.ModeHistory, to.ID)
	if len(fit.Obstacles) != 1 || !strings.Contains(fit.Obstacles[0].Err.Message, "loaded in mode upsert") {
		t.Errorf("%+v", fit)
	}
	if fit := w.fits(to.Dataset, to.Credential, weir.ModeUpsert, to.ID); len(fit.Obstacles) != 0 {
		t.Errorf("as it is: %+v", fit)
	}
}
