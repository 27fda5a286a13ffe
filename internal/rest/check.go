package rest

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/weirhq/weir"
)

// iterations are all that exist.
var iterations = []Iteration{
	IterateStatic, IteratePage, IterateOffset, IterateNextToken, IterateNextURL, IterateLinkHeader, IterateIDNumber, IterateIDString,
	IterateGraphQLPage, IterateGraphQL, IterateLookup, IterateAsyncPoll, IterateFileBody, IterateKeyset,
}

// Iterations lists the names that Step.Iteration takes.
func Iterations() []Iteration { return slices.Clone(iterations) }

func wrong(where, message, remedy string) error {
	return &weir.Error{Code: weir.CodeConfig, Where: where, Message: message, Remedy: remedy}
}

// check finds what is wrong with a configuration before anything is sent.
func (c *Config) check() error {
	if u, err := url.Parse(c.BaseURL); c.BaseURL != "" && (err != nil || u.Host == "" || u.User != nil || u.RawQuery != "") {
		return wrong("base_url", "it is not an address", "Write it as https://host")
	}
	if len(c.Steps) == 0 {
		return wrong("steps", "there is no step", "Describe at least one request")
	}
	if len(c.PrimaryKey) == 0 || slices.Contains(c.PrimaryKey, "") {
		return wrong("primary_key", "it is missing", "Name the field, or fields, that tell two records apart")
	}
	seen := map[string]bool{}
	for i := range c.Steps {
		s := &c.Steps[i]
		if err := s.check(); err != nil {
			return weir.At("step "+s.Key, err)
		}
		if seen[s.Key] {
			return wrong("step "+s.Key, "two steps have this key", "Give each step a key of its own")
		}
		if s.Iteration == IterateKeyset && len(c.Steps) > 1 {
			return wrong("step "+s.Key, "a keyset walk stands alone", "Read the earlier step as a dataset of its own, and take its records as seeds")
		}
		seen[s.Key] = true
	}
	return nil
}

// needs are the parameters without which an iteration cannot work.
func (s *Step) needs() map[string]string {
	p, k := s.Paging, s.Keyset
	switch s.Iteration {
	case IteratePage, IterateOffset, IterateGraphQLPage:
		return map[string]string{"paging.param": p.Param}
	case IterateNextToken, IterateGraphQL:
		return map[string]string{"paging.param": p.Param, "paging.next_path": p.NextPath}
	case IterateNextURL:
		return map[string]string{"paging.next_path": p.NextPath}
	case IterateIDNumber, IterateIDString:
		return map[string]string{"paging.param": p.Param, "paging.id_field": p.IDField}
	case IterateAsyncPoll:
		return map[string]string{"paging.poll_path": p.PollPath, "paging.poll_value": p.PollValue}
	case IterateFileBody:
		return map[string]string{"paging.file_format": p.FileFormat}
	case IterateKeyset:
		out := k.Sweep.needs("keyset.sweep.")
		out["keyset.size_param"], out["keyset.skip_param"] = k.SizeParam, k.SkipParam
		if k.Incremental.Field != "" {
			maps.Copy(out, k.Incremental.needs("keyset.incremental."))
		}
		return out
	}
	return nil
}

func (w Walk) needs(prefix string) map[string]string {
	return map[string]string{prefix + "field": w.Field, prefix + "after": w.After, prefix + "before": w.Before, prefix + "sort": w.Sort, prefix + "ascending": w.Ascending}
}

func (s *Step) check() error {
	if s.Key == "" || s.Key == "now" || s.Key == "seed" || strings.ContainsAny(s.Key, " .{}=") {
		return wrong("key", "a step's key is a word without points, and neither now nor seed", "Name it step_1")
	}
	if !slices.Contains(iterations, s.Iteration) {
		return wrong("iteration", fmt.Sprintf("%q is no iteration", s.Iteration), fmt.Sprintf("Use one of %v", iterations))
	}
	if s.Method != "GET" && s.Method != "POST" && s.Method != "PUT" {
		return wrong("method", fmt.Sprintf("%q is no method of reading", s.Method), "Use GET, POST or PUT")
	}
	needs := s.needs()
	for _, name := range slices.Sorted(maps.Keys(needs)) {
		if needs[name] == "" {
			return wrong(name, "it is missing, and "+string(s.Iteration)+" needs it", "")
		}
	}
	if k := s.Keyset; s.Iteration == IterateKeyset && (k.Size < 2 || s.Method != "GET" || k.LookbackSeconds != 0 && k.LookbackSeconds < leastLookback) {
		return wrong("keyset", fmt.Sprintf("a keyset walk is a GET with pages of at least 2, and looks back at least %d s", leastLookback), "")
	}
	if s.Iteration == IterateKeyset && s.Lookup != nil {
		return wrong("lookup", "a keyset walk reads by no lookup", "Choose another iteration, or read without the lookup")
	}
	if !slices.Contains([]string{"", "yyyy", "MM", "dd", "HH", "mm", "ss"}, s.DateUnit) {
		return wrong("date_unit", fmt.Sprintf("%q is no unit", s.DateUnit), "Use yyyy, MM, dd, HH, mm or ss")
	}
	return s.checkNumbers()
}

// checkNumbers refuses bounds that are not what their iteration counts in.
func (s *Step) checkNumbers() error {
	switch s.Iteration {
	case IteratePage, IterateOffset, IterateGraphQLPage, IterateIDNumber:
	default:
		return nil
	}
	for where, text := range map[string]string{"paging.start": s.Paging.Start, "paging.end": s.Paging.End} {
		if _, err := strconv.ParseInt(text, 10, 64); text != "" && err != nil {
			return wrong(where, "it is not a number", "")
		}
	}
	return nil
}
