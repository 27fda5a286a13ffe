package flow

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir/internal/schedule"
)

// Times is when a source is read: by a schedule, after another source, or, with
// neither, when it is told to.
type Times struct {
	Schedule string `json:"cron,omitempty"`
	Zone     string `json:"time_zone,omitempty"`
	After    int64  `json:"run_after,omitzero"`
}

// Times are those of the source.
func (spec *SourceSpec) Times() Times {
	return Times{Schedule: spec.Schedule, Zone: spec.Zone, After: spec.After}
}

// Read gives the source these times.
func (spec *SourceSpec) Read(t Times) {
	spec.Schedule, spec.Zone, spec.After = t.Schedule, t.Zone, t.After
}

// Words says them to people; name is what the source is called that this one
// follows, "" when it is not to be told.
func (t Times) Words(name string) string {
	if t.After != 0 {
		return schedule.After(name)
	}
	return schedule.Words(t.Schedule, t.Zone)
}

// VerbReschedule is what the audit log says of a source of which nothing but its
// times was changed. Its detail is a Rescheduled.
const VerbReschedule = "reschedule"

// Rescheduled is what the audit log keeps of a change of times.
type Rescheduled struct {
	Before *Times `json:"before"`
	Now    *Times `json:"now"`
}

// changed is the audit log's line about a source that was changed: what of its
// times and of its name is different now.
func (src *Source) changed(before *Source) (verb string, detail map[string]any) {
	verb, detail = "update", map[string]any{"status": src.Status}
	if was, now := before.Times(), src.Times(); was != now {
		if src.differsInTimesAlone(before) {
			return VerbReschedule, map[string]any{"before": was, "now": now}
		}
		detail["before"], detail["now"] = was, now
	}
	if before.Name != src.Name {
		detail["name"], detail["name_before"] = src.Name, before.Name
	}
	return verb, detail
}

func (src *Source) differsInTimesAlone(before *Source) bool {
	was, now := before.SourceSpec, src.SourceSpec
	was.Read(now.Times())
	a, errA := json.Marshal(was, json.Deterministic(true))
	b, errB := json.Marshal(now, json.Deterministic(true))
	return errA == nil && errB == nil && bytes.Equal(a, b) &&
		before.Name == src.Name && before.Description == src.Description && before.Credential == src.Credential && slices.Equal(before.Tags, src.Tags)
}
