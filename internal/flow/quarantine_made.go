package flow

import (
	"context"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// What is set aside lies with the log, as it was before any rules. A dataset that
// is made from another one has the records of its own destinations in quarantine,
// and whoever sees only that dataset sees of them nothing that rules may hide.

// Root is the dataset of a source that another one is made from, through however
// many others; a source's own is its own root.
func (s *Service) Root(ctx context.Context, d *Dataset) (*Dataset, error) {
	for d.Parent != 0 {
		parent, err := s.Dataset(ctx, d.Org, d.Parent)
		if err != nil {
			return nil, err
		}
		d = parent
	}
	return d, nil
}

// RejectsOf chooses the records in quarantine that are a dataset's.
func (s *Service) RejectsOf(ctx context.Context, d *Dataset) (f store.QuarantineFilter, err error) {
	f = store.QuarantineFilter{Org: d.Org, Datasets: []store.DatasetID{}}
	root, err := s.Root(ctx, d)
	if weir.CodeOf(err) == weir.CodeNotFound { // it is made from what is gone
		return f, nil
	}
	if err != nil {
		return f, err
	}
	if f.Datasets, err = s.Store.LogsOf(ctx, d.Org, []int64{root.ID}, nil); err != nil || d.Parent == 0 {
		return f, err
	}
	f.RefusedBy, err = s.destinationIDs(ctx, d)
	return f, err
}

func (s *Service) destinationIDs(ctx context.Context, d *Dataset) ([]int64, error) {
	all, err := s.DestinationsOf(ctx, d.Org, d.ID)
	ids := make([]int64, len(all))
	for i, r := range all {
		ids[i] = r.ID
	}
	return ids, err
}

// HiddenRejects gives the filter's records in quarantine as somebody may see them
// who sees the dataset, but not the one that it is made from.
func (s *Service) HiddenRejects(ctx context.Context, d *Dataset, f store.QuarantineFilter) ([]Rejected, int, error) {
	root, err := s.Root(ctx, d)
	if err != nil && weir.CodeOf(err) != weir.CodeNotFound { // it is made from what is gone
		return nil, 0, err
	}
	deep := root == nil || d.Parent != root.ID
	if f.Reason != "" { // nobody is to find a value by asking for reasons that have it
		if deep || f.Stage != "" && f.Stage != stageTransform {
			return nil, 0, nil
		}
		f.Stage = stageTransform
	}
	all, total, err := s.Rejects(ctx, f)
	for i := range all {
		Hide(&all[i].Quarantined, deep)
		all[i].Hidden, all[i].Made = true, store.Resource{}
		all[i].Origin = store.Origin{Source: d.Source, Dataset: d.ID, Name: d.Name, Endpoint: d.Endpoint}
	}
	return all, total, err
}

// stageTransform is where rules could not be carried out. Its reasons have no
// value of a record, and may have words of a rule.
const stageTransform = "transform"

// OfRule reports whether a rule set a record in quarantine aside.
func OfRule(q *store.Quarantined) bool { return q.Stage == stageTransform }

// HideRule leaves of the reason for which a rule set a record aside only which
// rule that was: the rest of it is of rules that not everybody may see.
func HideRule(q *store.Quarantined) {
	if OfRule(q) {
		q.Reason, _, _ = strings.Cut(q.Reason, ": ")
	}
}

// Hide takes out of a record in quarantine what rules may hide: its bytes, its
// key, and what a destination or a rule said about it.
// Deep says that the dataset by which it is seen is made from one that has rules
// itself, perhaps others than it shows.
func Hide(q *store.Quarantined, deep bool) {
	q.Original, q.Key = nil, ""
	switch {
	case OfRule(q) && deep:
		HideRule(q)
	case !OfRule(q):
		q.Reason = "a destination refused it; whoever may see the dataset that this one is made from sees why"
	}
}
