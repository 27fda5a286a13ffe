package flow_test

import (
	"testing"
	"time"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/job/jobtest"
)

func TestAForecastCountsTheOtherSchedulesOfItsKey(t *testing.T) {
	w := buildWorld(t, 5, jobtest.Fresh.SQLite(t), false)
	first, second := w.scheduled(flow.SourceSpec{Schedule: hourly}), w.source("bookings")
	// The key may make 1000 requests a minute.
	f, err := w.flows.Forecast(w.Context(), me.Org, flow.Draft{Times: flow.Times{Schedule: "0 0/15 * * * ? *"}, Source: second.ID, Credential: w.key, PerRun: 15_000})
	w.must(err)
	if f.Share != 1 || f.KeyShare <= 1 || !f.Late() || len(f.Others) != 1 || f.Others[0].Source != first.ID || f.Others[0].Share <= 0 {
		t.Errorf("%+v", f)
	}
	if f.Fits != "every 30 minutes" || f.Interval != 15*time.Minute || len(f.Due) != 3 {
		t.Errorf("it would fit %q; %+v", f.Fits, f)
	}
	// What follows a source is due with it.
	if f, err = w.flows.Forecast(w.Context(), me.Org, flow.Draft{Times: flow.Times{After: first.ID}, Source: second.ID, Credential: w.key, PerRun: 10}); err != nil || f.Interval != time.Hour || f.Late() {
		t.Errorf("%+v, %v", f, err)
	}
	// Nobody knows what the first run costs.
	if f, err = w.flows.Forecast(w.Context(), me.Org, flow.Draft{Source: second.ID, Credential: w.key}); err != nil || f.PerRun != 0 || len(f.Due) != 0 || f.Share != 0 {
		t.Errorf("%+v, %v", f, err)
	}
}
