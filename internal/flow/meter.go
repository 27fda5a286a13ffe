package flow

import (
	"time"

	"github.com/weirhq/weir/internal/pipeline"
)

// Meter counts what this process's runs do, while they do it. It is safe for
// concurrent use, and does not block.
type Meter interface {
	// RunBegan hears of a run's first step, and how long that was waited for.
	RunBegan(waited time.Duration)
	// Read hears what a reading has done since it was last told.
	Read(read, unchanged, deleted, quarantined int)
	// Loaded hears of a batch that a destination has.
	Loaded(written, quarantined int)
	// Delivered hears that a destination came to the end of its log, or could
	// not be filled.
	Delivered(good bool)
}

// unmetered counts nothing.
type unmetered struct{}

func (unmetered) RunBegan(time.Duration) {}

func (unmetered) Read(_, _, _, _ int) {}

func (unmetered) Loaded(_, _ int) {}

func (unmetered) Delivered(bool) {}

// metered hands what a stream has done since before to the meter.
func metered(m Meter, before, now pipeline.StreamResult) {
	m.Read(now.Read-before.Read, now.Unchanged-before.Unchanged, now.Deleted-before.Deleted, now.Quarantined-before.Quarantined)
}
