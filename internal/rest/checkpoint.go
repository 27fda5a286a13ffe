package rest

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
)

// checkpointVersion is the form of checkpoints that this package writes.
const checkpointVersion = 1

// checkpoint is what a keyset walk remembers, for each seed.
type checkpoint struct {
	Version int             `json:"v"`
	Walks   map[string]walk `json:"walks,omitempty"` // by seed; "" without one
}

// walk is where the walks over one list stand. Times are the server's.
type walk struct {
	// Until is up to when every change is known: the next increment begins
	// there, less the lookback. Zero before the first sweep is complete.
	Until time.Time `json:"until,omitzero"`
	// Under is the window being read, nil between windows. It is not changed
	// once it is here.
	Under *window `json:"under,omitempty"`
}

// ended closes a window that was read to its end. Without the server's time
// the newest value shown stands in for it; one that lies in the future, even
// by the local clock, would hide what comes before it.
func (w walk) ended(local time.Time) walk {
	switch u := w.Under; {
	case u == nil || !u.Ended:
		return w
	case !u.To.IsZero():
		w.Until = u.To
	case u.Newest.After(w.Until) && u.Newest.Before(local):
		w.Until = u.Newest
	}
	w.Under = nil
	return w
}

// window is a bounded stretch of the list. It ends, because what changes
// while it is read falls into the next one.
type window struct {
	Sweep  bool      `json:"sweep"`
	From   time.Time `json:"from,omitzero"`   // zero: from the first record
	Anchor time.Time `json:"anchor,omitzero"` // read on from here, inclusive; zero: from the first record
	To     time.Time `json:"to,omitzero"`     // inclusive: the server's time at the first answer; zero before it
	Newest time.Time `json:"newest,omitzero"` // greatest value seen, for a server that does not tell its time
	Ended  bool      `json:"ended,omitempty"` // read to its end; other seeds' windows are not yet
}

// readCheckpoint reads what save wrote. A sweep begins anew when it cannot be
// read: it needs nothing of it.
func readCheckpoint(saved weir.Checkpoint, sweeping bool) (*checkpoint, error) {
	empty := &checkpoint{Version: checkpointVersion, Walks: map[string]walk{}}
	if len(saved) == 0 {
		return empty, nil
	}
	c := &checkpoint{}
	err := json.Unmarshal(saved, c)
	switch {
	case err == nil && c.Version == checkpointVersion && c.Walks != nil:
		return c, nil
	case err == nil && c.Version == checkpointVersion, sweeping:
		return empty, nil
	}
	return nil, &weir.Error{Code: weir.CodeIntegrity, Where: "checkpoint", Message: "it cannot be read", Remedy: "Run once with --full-refresh", Err: err}
}

func (c *checkpoint) save() (weir.Checkpoint, error) {
	return json.Marshal(c, json.Deterministic(true))
}

// name is how a seed is told apart in a checkpoint.
func (s Seed) name() string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(s)) {
		b.WriteString(strconv.Quote(k) + ":" + strconv.Quote(s[k]) + " ")
	}
	return strings.TrimSuffix(b.String(), " ")
}
