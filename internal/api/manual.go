package api

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/store"
)

// manual translates a configuration by hand from the contract's words: a
// chain of rest.iterations, each with the parameters of its type, and the
// lookups that they name, by the step's key.
func manual(config map[string]any, origin string) (*rest.Config, map[string]int64, error) {
	list, isList := config["rest.iterations"].([]any)
	if !isList || len(list) == 0 {
		return nil, nil, refuse("source_config.rest.iterations", "it is not a list of steps", "Give at least one")
	}
	out, lookups := &rest.Config{}, map[string]int64{}
	for i, one := range list {
		where := fmt.Sprintf("source_config.rest.iterations[%d]", i)
		given, isObject := one.(map[string]any)
		if !isObject {
			return nil, nil, refuse(where, "it is not an object", "")
		}
		step, lookup, err := manualStep(given, origin, i)
		if err != nil {
			return nil, nil, weir.At(where, err)
		}
		if lookup != 0 {
			lookups[step.Key] = lookup
		}
		out.Steps = append(out.Steps, step)
	}
	out.PrimaryKey = words(config["primary.key"])
	if len(out.PrimaryKey) == 0 {
		out.PrimaryKey = []string{"id"}
	}
	out.VersionField, _ = config["version.field"].(string)
	return out, lookups, nil
}

// mayUseLookups makes sure that the caller may look at the lookups by whose
// rows a source is to read.
func (a *API) mayUseLookups(ctx context.Context, lookups map[string]int64) error {
	for _, key := range slices.Sorted(maps.Keys(lookups)) {
		if err := a.Identity.Authorize(ctx, principal(ctx), mayRead(store.KindLookup), lookups[key]); err != nil {
			return at("source_config.rest.iterations.map.id", err)
		}
	}
	return nil
}

// words reads a list of words, or one text with commas.
func words(v any) (out []string) {
	switch v := v.(type) {
	case string:
		for word := range strings.SplitSeq(v, ",") {
			if word = strings.TrimSpace(word); word != "" {
				out = append(out, word)
			}
		}
	case []any:
		for _, one := range v {
			out = append(out, words(one)...)
		}
	}
	return out
}

// stepReader takes the words of one step out of its object, and notes what is
// wrong with them.
type stepReader struct {
	given map[string]any
	err   error
}

func (r *stepReader) text(names ...string) string {
	for _, name := range names {
		v, set := r.given[name]
		delete(r.given, name)
		if !set {
			continue
		}
		text, err := textOf(name, v)
		if err != nil && r.err == nil {
			r.err = refuse(name, "it must be text or a number", "")
		}
		return text
	}
	return ""
}

func (r *stepReader) number(name string) int {
	v, set := r.given[name]
	delete(r.given, name)
	n, isNumber := v.(float64)
	if set && v != nil && (!isNumber || n < 0 || n > 1e9 || n != float64(int(n))) && r.err == nil {
		r.err = refuse(name, "it is not a whole number from 0 on", "")
	}
	return int(n)
}

func (r *stepReader) yes(name string) bool {
	v, _ := r.given[name].(bool)
	delete(r.given, name)
	return v
}

// manualStep reads one step and the id of its lookup; 0 for none.
func manualStep(given map[string]any, origin string, i int) (step rest.Step, lookup int64, err error) {
	r := &stepReader{given: cloneObject(given)}
	step = rest.Step{
		Key: r.text("key"), Iteration: rest.Iteration(r.text("iteration.type")), Method: strings.ToUpper(r.text("method")), URL: relative(r.text("url.template"), origin),
		DateFormat: r.text("date.format"), DateUnit: r.text("date.time.unit"), Body: r.text("body.template"), DataPath: r.text("response.data.path"),
		MetaPath: r.text("response.data.path.additional"), PassThrough: r.yes("results.pass.through"), Parallelism: r.number("request.parallelism.count"),
	}
	if step.Key == "" {
		step.Key = fmt.Sprintf("step_%d", i+1)
	}
	if step.Iteration == "" {
		step.Iteration = rest.IterateStatic
	}
	if step.Method == "" {
		step.Method = "GET"
	}
	if step.DataPath == "" {
		step.DataPath = "$"
	}
	if format := r.text("response.format"); format != "" && format != "json" {
		return step, 0, refuse("response.format", "only json is offered", "Leave it out, or read the file with body.as.file")
	}
	if step.Headers, err = headers(r.text("request.headers")); err != nil {
		return step, 0, err
	}
	lookup = int64(r.number("map.id"))
	step.Paging = manualPaging(step.Iteration, r)
	switch {
	case r.err != nil:
		return step, 0, r.err
	case step.Iteration == rest.IterateLookup && lookup == 0:
		return step, 0, refuse("map.id", "it is missing, and "+string(step.Iteration)+" needs it", "Give the id of a lookup; GET /data_maps lists all")
	}
	return step, lookup, r.unknown()
}

// manualPaging reads the parameters of an iteration.
func manualPaging(iteration rest.Iteration, r *stepReader) rest.Paging {
	p := rest.Paging{
		Param:    r.text("param.id", "param.offset", "graphql.page.name", "graphql.cursor.name"),
		Start:    r.text("start.page.from", "start.offset.from", "start.id.from", "graphql.page.start", "graphql.cursor.start"),
		End:      r.text("end.page.to", "end.offset.to", "end.token.to", "end.url.to", "end.id.to"),
		Size:     r.number("page.expected.rows"),
		NextPath: r.text("response.next.token.data.path", "response.next.url.data.path", "response.graphql.cursor.path"),
		IDField:  r.text("response.id.field.name"), Inclusive: r.yes("param.id.inclusive"), LinkRel: r.text("link"), CursorBody: r.text("graphql.cursor.template"),
		PollPath: r.text("async.iteration.path"), PollValue: r.text("async.iteration.value"), FileFormat: r.text("file.response.format"),
		SizeParam: r.text("param.page.size"),
	}
	p.NextPath = strings.TrimPrefix(p.NextPath, "$.")
	p.PollPath = strings.TrimPrefix(p.PollPath, "$.")
	if iteration == rest.IterateLinkHeader && p.LinkRel == "" {
		p.LinkRel = "next"
	}
	return p
}

// unknown refuses words that no step has: they are misspelt.
func (r *stepReader) unknown() error {
	var names []string
	for name := range r.given {
		names = append(names, shown(name))
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return refuse(names[0], "a step has no such field", "See the published contract's rest.iterations")
}

// headers reads "name:value,name:value".
func headers(text string) (map[string]string, error) {
	out := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, found := strings.Cut(pair, ":")
		name = strings.TrimSpace(name)
		switch {
		case !found || name == "":
			return nil, refuse("request.headers", "it is not a list of name:value", "Write it as cal-api-version:2024-08-13")
		case strings.EqualFold(name, "authorization"), strings.EqualFold(name, "cookie"), strings.EqualFold(name, "x-cal-secret-key"):
			return nil, refuse("request.headers", "it holds what the credential sends", "Leave it out: the credential's key is added to each request")
		}
		out[name] = strings.TrimSpace(value)
	}
	return out, nil
}

func cloneObject(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}
