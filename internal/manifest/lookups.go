package manifest

import (
	"math"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A step of a configuration by hand reads by a lookup: a file names it, as
// lookup; the server has its id, as map.id.
const (
	stepLookup = "lookup"
	stepID     = "map.id"
)

// stepsOf gives a configuration and its steps, which are parts of it.
func stepsOf(config jsontext.Value) (whole map[string]any, steps []map[string]any) {
	if len(config) == 0 || json.Unmarshal(config, &whole) != nil {
		return nil, nil
	}
	list, _ := whole["rest.iterations"].([]any)
	for _, one := range list {
		if step, ok := one.(map[string]any); ok {
			steps = append(steps, step)
		}
	}
	return whole, steps
}

// lookupsOf names the lookups by which a configuration reads, each once.
func lookupsOf(config jsontext.Value) (names []string) {
	_, steps := stepsOf(config)
	for _, step := range steps {
		if name, _ := step[stepLookup].(string); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// WithIDs is a file's configuration as the server takes it.
func WithIDs(config jsontext.Value, id func(name string) int64) jsontext.Value {
	whole, steps := stepsOf(config)
	for _, step := range steps {
		if name, named := step[stepLookup].(string); named {
			delete(step, stepLookup)
			step[stepID] = id(name)
		}
	}
	return marshal(whole)
}

// WithNames is a server's configuration as a file has it. A lookup that has no
// name stays a number.
func WithNames(config jsontext.Value, name func(id int64) string) jsontext.Value {
	whole, steps := stepsOf(config)
	delete(whole, "start.cron") // the schedule says it
	for _, step := range steps {
		number, isNumber := step[stepID].(float64)
		if !isNumber || number != math.Trunc(number) {
			continue
		}
		if known := name(int64(number)); known != "" {
			delete(step, stepID)
			step[stepLookup] = known
		}
	}
	return marshal(whole)
}

func marshal(whole map[string]any) jsontext.Value {
	if whole == nil {
		return nil
	}
	b, err := json.Marshal(whole, json.Deterministic(true))
	if err != nil {
		return nil
	}
	return b
}
