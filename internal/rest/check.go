package rest

import (
	"fmt"
	"slices"
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

// check finds what is wrong with a configuration before anything is sent.
func (c *Config) check() error {
	if len(c.Steps) == 0 {
		return &weir.Error{Code: weir.CodeConfig, Where: "steps", Message: "there is no step", Remedy: "Describe at least one request"}
	}
	if len(c.PrimaryKey) == 0 {
		return &weir.Error{Code: weir.CodeConfig, Where: "primary_key", Message: "it is missing", Remedy: "Name the field, or fields, that tell two records apart"}
	}
	seen := map[string]bool{}
	for i := range c.Steps {
		s := &c.Steps[i]
		if err := s.check(i == len(c.Steps)-1); err != nil {
			return weir.At("step "+s.Key, err)
		}
		if seen[s.Key] {
			return &weir.Error{Code: weir.CodeConfig, Where: "step " + s.Key, Message: "two steps have this key"}
		}
		seen[s.Key] = true
	}
	return nil
}

func (s *Step) check(last bool) error {
	wrong := func(where, message, remedy string) error {
		return &weir.Error{Code: weir.CodeConfig, Where: where, Message: message, Remedy: remedy}
	}
	need := map[Iteration][]struct{ name, value string }{
		IteratePage: {{"paging.param", s.Paging.Param}}, IterateOffset: {{"paging.param", s.Paging.Param}},
		IterateNextToken:   {{"paging.param", s.Paging.Param}, {"paging.next_path", s.Paging.NextPath}},
		IterateNextURL:     {{"paging.next_path", s.Paging.NextPath}},
		IterateIDNumber:    {{"paging.param", s.Paging.Param}, {"paging.id_field", s.Paging.IDField}},
		IterateIDString:    {{"paging.param", s.Paging.Param}, {"paging.id_field", s.Paging.IDField}},
		IterateGraphQLPage: {{"paging.param", s.Paging.Param}},
		IterateGraphQL:     {{"paging.param", s.Paging.Param}, {"paging.next_path", s.Paging.NextPath}},
		IterateAsyncPoll:   {{"paging.poll_path", s.Paging.PollPath}, {"paging.poll_value", s.Paging.PollValue}},
		IterateFileBody:    {{"paging.file_format", s.Paging.FileFormat}},
		IterateKeyset:      {{"keyset.size_param", s.Keyset.SizeParam}, {"keyset.sweep.field", s.Keyset.Sweep.Field}},
	}
	if s.Key == "" || strings.ContainsAny(s.Key, " .{}") {
		return wrong("key", "a step's key is a word without points", "Name it step_1")
	}
	if !slices.Contains(iterations, s.Iteration) {
		return wrong("iteration", fmt.Sprintf("%q is no iteration", s.Iteration), fmt.Sprintf("Use one of %v", iterations))
	}
	if s.Method != "GET" && s.Method != "POST" && s.Method != "PUT" {
		return wrong("method", fmt.Sprintf("%q is no method of reading", s.Method), "Use GET, POST or PUT")
	}
	for _, n := range need[s.Iteration] {
		if n.value == "" {
			return wrong(n.name, "it is missing, and "+string(s.Iteration)+" needs it", "")
		}
	}
	if s.Iteration == IterateKeyset && (!last || s.Keyset.Size < 2 || s.Method != "GET") {
		return wrong("iteration", "a keyset walk is the last step, a GET, with pages of at least 2", "")
	}
	return nil
}
