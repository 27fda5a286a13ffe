package pipeline_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/simulator"
)

// grown answers as the simulator does, with a first event type that is too
// large to be read.
type grown struct{ rest.Exchanger }

func (g grown) Exchange(ctx context.Context, r rest.Request) (rest.Response, error) {
	res, err := g.Exchanger.Exchange(ctx, r)
	if err == nil && strings.Contains(r.URL, "/v2/event-types") {
		var many strings.Builder
		for i := range 10_001 {
			fmt.Fprintf(&many, `"x%d":1,`, i)
		}
		res.Body = []byte(strings.Replace(string(res.Body), "[{", `[{"blob":{`+strings.TrimSuffix(many.String(), ",")+"},", 1))
	}
	return res, err
}

func TestWhatIsShownAndCannotBeReadIsNotTakenForDeleted(t *testing.T) {
	a := newAccount(t, simulator.Options{}, "event-types")
	a.run("event-types")
	a.flow.Exchanger = grown{a.flow.Exchanger}
	for range 3 {
		a.now = a.now.Add(2 * time.Hour)
		if got := a.run("event-types"); got.Quarantined != 1 || got.Deleted != 0 {
			t.Errorf("%d quarantined and %d deleted, want 1 and 0", got.Quarantined, got.Deleted)
		}
	}
	if gone := a.count(`SELECT count(*) FROM event_types WHERE _weir_deleted_at IS NOT NULL`); gone > 0 {
		t.Errorf("%d are marked deleted", gone)
	}
}
