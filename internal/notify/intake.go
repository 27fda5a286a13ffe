package notify

import (
	"context"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// Intake writes down what happened. It is there before the services that have
// something to tell, and knows nobody whom it is told.
type Intake struct {
	now  func() time.Time
	news chan struct{} // capacity 1: something was written down
}

// NewIntake returns one.
func NewIntake(now func() time.Time) *Intake {
	return &Intake{now: now, news: make(chan struct{}, 1)}
}

// longestMessage is how much of a message is kept, in bytes: an error's text
// may hold what a server answered.
const longestMessage = 2000

// Tell writes the event with whatever else tx writes. An event whose condition
// is known already is none.
func (i *Intake) Tell(ctx context.Context, tx *store.Tx, e store.Event) error {
	if _, known := TypeOf(e.Type); !known && (e.Type != "" || !e.Over) {
		return &weir.Error{Code: weir.CodeInternal, Where: "event", Message: "there is no type " + string(e.Type)}
	}
	e.At, e.Message = i.now().UnixMicro(), e.Message[:min(len(e.Message), longestMessage)]
	raised, err := tx.RaiseEvent(ctx, e)
	if raised && err == nil {
		i.wake()
	}
	return err
}

func (i *Intake) wake() {
	select {
	case i.news <- struct{}{}:
	default:
	}
}
