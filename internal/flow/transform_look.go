package flow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/transform"
)

// RuledRecord is a record before and after rules.
type RuledRecord struct {
	Before []byte
	After  transform.Result
}

// RulesPreview is what rules would make of a dataset's newest records, and what
// most likely was not meant so.
type RulesPreview struct {
	Records  []RuledRecord
	Warnings []string
}

// PreviewRules shows what rules would make of a dataset's newest n records. It
// stores nothing.
func (s *Service) PreviewRules(ctx context.Context, d *Dataset, rules []transform.Rule, n int) (*RulesPreview, error) {
	out := &RulesPreview{}
	err := s.tryRules(ctx, d, rules, n, func(ctx context.Context, program *transform.Program, samples []Sample) error {
		for _, one := range samples[:min(n, len(samples))] {
			if err := ctx.Err(); err != nil {
				return err
			}
			out.Records = append(out.Records, RuledRecord{Before: one.Data, After: program.Apply(one.Data)})
		}
		var err error
		out.Warnings, err = warnings(ctx, program, samples)
		return err
	})
	return out, err
}

// warnTime is how long somebody who saves rules waits for warnings.
const warnTime = 3 * time.Second

// WarnRules tells what rules come to with the newest records of the dataset that
// they are carried out on, where that is most likely not what was meant. It is
// told beside what was saved: whatever keeps it from looking is no reason to fail.
func (s *Service) WarnRules(ctx context.Context, d *Dataset) (all []string) {
	rules, err := s.RulesOf(ctx, d)
	if err != nil || len(rules) == 0 {
		return nil
	}
	from, err := s.Dataset(ctx, d.Org, d.Parent)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, warnTime)
	defer cancel()
	_ = s.tryRules(ctx, from, rules, 0, func(ctx context.Context, program *transform.Program, samples []Sample) error {
		var err error
		all, err = warnings(ctx, program, samples)
		return err
	})
	return all
}

// mostWarned is of how many datasets whoever changes a transform is warned.
const mostWarned = 3

// WarnTransform is WarnRules for some of the datasets that use a transform.
func (s *Service) WarnTransform(ctx context.Context, using []*Dataset) (all []string) {
	for _, d := range using[:min(len(using), mostWarned)] {
		for _, w := range s.WarnRules(ctx, d) {
			all = append(all, fmt.Sprintf("dataset %d: %s", d.ID, w))
		}
	}
	return all
}

// RulesOf are the rules of a dataset: its own, or a transform's.
func (s *Service) RulesOf(ctx context.Context, d *Dataset) ([]transform.Rule, error) {
	if d.Transform == 0 {
		return d.Rules, nil
	}
	t, err := s.Transform(ctx, d.Org, d.Transform)
	if err != nil {
		return nil, err
	}
	return t.Rules, nil
}

// tryRules gives rules, compiled, and a dataset's newest records that they would
// be carried out on: as many as tell something of rules, and at least n.
func (s *Service) tryRules(ctx context.Context, d *Dataset, rules []transform.Rule, n int, f func(context.Context, *transform.Program, []Sample) error) error {
	o, before, err := s.shaped(ctx, d)
	if err != nil {
		return err
	}
	key := o.endpoint.PrimaryKey
	if before != nil {
		key = before.Key()
	}
	program, err := transform.Compile(rules, key)
	if err != nil {
		return wrongRules(fieldTransform, err)
	}
	return s.looks.within(ctx, func(ctx context.Context) error {
		samples, err := s.samples(ctx, d, o, before, max(n, shapeSamples))
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		return f(ctx, program, samples)
	})
}

// warnings are what a survey has found, in a line each.
func warnings(ctx context.Context, program *transform.Program, samples []Sample) (all []string, err error) {
	records := make([][]byte, len(samples))
	for i, one := range samples {
		records[i] = one.Data
	}
	found, err := program.Survey(ctx, records)
	for _, f := range found {
		all = append(all, (&weir.Error{Where: f.Rule, Message: f.Message, Remedy: f.Remedy}).Error())
	}
	return all, err
}

// WrongRules are the errors of several rules that are wrong, each with the place
// of its rule.
type WrongRules []error

// Error has a line for each.
func (w WrongRules) Error() string {
	text := ""
	for i, e := range w {
		if i > 0 {
			text += "\n"
		}
		text += e.Error()
	}
	return text
}

// Unwrap gives them one by one.
func (w WrongRules) Unwrap() []error { return w }

// one is the error itself, when it is one.
func (w WrongRules) one() error {
	if len(w) == 1 {
		return w[0]
	}
	return w
}

// wrongRules puts a place before each error of rules.
func wrongRules(place string, err error) error {
	var several interface{ Unwrap() []error }
	if !errors.As(err, &several) {
		return weir.At(place, err)
	}
	var all WrongRules
	for _, e := range several.Unwrap() {
		all = append(all, weir.At(place, e))
	}
	return all.one()
}
