package pipeline_test

import (
	"testing"

	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/simulator"
)

// A table that has no rows yet can be joined with others all the same.
func TestADatasetWithoutRecordsHasItsTableWithItsColumns(t *testing.T) {
	a := newAccount(t, simulator.Options{Bookings: 0, Seed: 3})
	if _, err := pipeline.Run(t.Context(), a.flow); err != nil {
		t.Fatal(err)
	}
	if n := a.count("SELECT count(*) FROM bookings"); n != 0 {
		t.Fatalf("%d bookings of an account without any", n)
	}
	for _, query := range []string{
		"SELECT count(*) FROM (SELECT uid, status, start, event_type_id, metadata, _weir_run_id FROM bookings)",
		"SELECT count(*) FROM (SELECT booking_uid, position, email, absent FROM booking_attendees)",
		"SELECT count(*) FROM (SELECT booking_uid, value FROM booking_guests)",
		"SELECT count(*) FROM (SELECT id, org_id, team_of_list, permissions FROM organization_team_roles)",
	} {
		if n := a.count(query); n != 0 {
			t.Errorf("%s: %d", query, n)
		}
	}
	again, err := pipeline.Run(t.Context(), a.flow)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range again.Streams {
		if s.Name == "bookings" && s.Written != 0 {
			t.Errorf("%d rows written of nothing", s.Written)
		}
	}
}
