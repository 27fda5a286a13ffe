package flow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// specOf gives an empty spec of a kind.
func specOf(kind store.Kind) any {
	switch kind {
	case store.KindSource:
		return &SourceSpec{}
	case store.KindDataset:
		return &DatasetSpec{}
	case store.KindTransform:
		return &TransformSpec{}
	}
	return &DestinationSpec{}
}

// SetStatus activates or pauses one part of a flow, and with all everything
// that hangs below it but the parts that are spared. When one of them cannot be
// activated, none is; but a copy of a destination, to whose table the same records
// go already, stays as it is where it is not asked for itself. Of destinations of
// one table that are activated at the same moment, one is.
func (s *Service) SetStatus(ctx context.Context, who Actor, kind store.Kind, id int64, status Status, all bool, spared ...int64) error {
	_, err := again(ctx, s, func() (done struct{}, err error) {
		parts, err := s.switched(ctx, part{kind, id}, status, all, spared)
		if err != nil {
			return done, err
		}
		var read []store.Resource
		if status == StatusActive {
			if parts, read, err = s.ready(ctx, who, parts); err != nil {
				return done, err
			}
		}
		return done, s.Store.Change(ctx, func(tx *store.Tx) error {
			if err := holdParts(ctx, tx, who.Org, parts, read).take(); err != nil {
				return err
			}
			for _, p := range parts {
				if err := s.setStatus(ctx, tx, who, p, status); err != nil {
					return err
				}
			}
			return nil
		})
	})
	return err
}

// holdParts holds parts of a flow, and what was read to find them ready, as it was.
func holdParts(ctx context.Context, tx *store.Tx, org int64, parts []part, read []store.Resource) holds {
	all := holds{}
	for _, p := range parts {
		all[p.id] = func() error {
			_, err := tx.Resource(ctx, org, p.kind, p.id)
			return err
		}
	}
	for _, r := range read {
		all[r.ID] = func() error { return tx.Unchanged(ctx, r) }
	}
	return all
}

// part names a part of a flow.
type part struct {
	kind store.Kind
	id   int64
}

// switched are the parts that are switched with the first one, it first. A
// source's datasets go with it: they have no life of their own.
func (s *Service) switched(ctx context.Context, first part, status Status, all bool, spared []int64) ([]part, error) {
	walk, parts := []part{first}, []part{first}
	for i := 0; i < len(walk); i++ {
		if !all && walk[i].kind != store.KindSource {
			continue
		}
		below, err := s.Store.Uses(ctx, walk[i].id)
		if err != nil {
			return nil, err
		}
		for _, u := range below {
			next := part{u.Kind, u.ID}
			if !all && u.Kind != store.KindDataset || slices.Contains(spared, u.ID) || slices.Contains(walk, next) {
				continue
			}
			walk = append(walk, next)
			if u.Status != string(status) { // what is so already may have below it what is not
				parts = append(parts, next)
			}
		}
	}
	return parts, nil
}

// ready are the parts that can be activated together: all, but for copies of
// destinations to whose table the same records go already. The first part is asked
// for itself. What they are ready by, as long as it stays so, are the destinations
// among them and all others of the same tables, as they were read.
func (s *Service) ready(ctx context.Context, who Actor, parts []part) (ready []part, read []store.Resource, err error) {
	var refused Taken
	for i, p := range parts {
		by, err := s.checkReady(ctx, who, p, ready)
		var taken *Taken
		switch {
		case errors.As(err, &taken) && i > 0 && taken.twins():
		case errors.As(err, &taken):
			refused.Clashes = append(refused.Clashes, taken.Clashes...)
		case err != nil:
			return nil, nil, err
		default:
			ready, read = append(ready, p), append(read, by...)
		}
	}
	if len(refused.Clashes) > 0 {
		return nil, nil, &refused
	}
	return ready, read, nil
}

func (s *Service) setStatus(ctx context.Context, tx *store.Tx, who Actor, p part, status Status) error {
	spec := specOf(p.kind)
	return s.changeIn(ctx, tx, who, p, spec, func(tx *store.Tx, r *store.Resource) (string, map[string]any, error) {
		r.Status = string(status)
		detail := map[string]any{"status": r.Status}
		src, is := spec.(*SourceSpec)
		if !is {
			return verbOf(status), detail, nil
		}
		return verbOf(status), detail, s.timetable(ctx, tx, &Source{Resource: *r, SourceSpec: *src})
	})
}

func verbOf(status Status) string {
	if status == StatusActive {
		return "activate"
	}
	return "pause"
}

// checkReady refuses to activate what would fail at once, beside others that are
// activated with it. It gives the destinations that it has looked at.
func (s *Service) checkReady(ctx context.Context, who Actor, p part, beside []part) ([]store.Resource, error) {
	switch p.kind {
	case store.KindSource:
		src, err := s.Source(ctx, who.Org, p.id)
		if err != nil {
			return nil, err
		}
		_, err = s.usable(ctx, who.Org, src.Credential)
		return nil, err
	case store.KindDestination:
		to, err := s.Destination(ctx, who.Org, p.id)
		if err != nil {
			return nil, err
		}
		if _, err = s.usable(ctx, who.Org, to.Credential); err != nil {
			return nil, err
		}
		rivals, err := s.haveTable(ctx, to, beside)
		return append(rivals, to.Resource), err
	}
	return nil, nil
}

// Delete takes a part of a flow away; Restore brings it back. What is active,
// or used by something that lives, is refused, naming it. A source takes its
// own datasets along when nothing uses those.
func (s *Service) Delete(ctx context.Context, who Actor, kind store.Kind, id int64) error {
	return s.Store.Change(ctx, func(tx *store.Tx) error {
		r, err := tx.Resource(ctx, who.Org, kind, id)
		if err != nil {
			return err
		}
		return s.remove(ctx, tx, who, &r)
	})
}

func (s *Service) remove(ctx context.Context, tx *store.Tx, who Actor, r *store.Resource) error {
	if Status(r.Status) == StatusActive {
		return &weir.Error{Code: weir.CodeConflict, Reason: "active", Where: string(r.Kind), Message: "it is active", Remedy: "Pause it first"}
	}
	uses, err := tx.Uses(ctx, r.ID)
	if err != nil {
		return err
	}
	var names []string
	for _, u := range uses {
		if r.Kind == store.KindSource && u.Kind == store.KindDataset {
			own, err := tx.Resource(ctx, r.Org, u.Kind, u.ID)
			if err != nil {
				return err
			}
			if err := s.remove(ctx, tx, who, &own); err != nil {
				return err
			}
			continue
		}
		names = append(names, fmt.Sprintf("%s %d (%s)", u.Kind, u.ID, u.Name))
	}
	if len(names) > 0 {
		return &weir.Error{Code: weir.CodeConflict, Reason: "in_use", Where: fmt.Sprintf("%s %d", r.Kind, r.ID), Message: "it is used by " + strings.Join(names, ", "), Remedy: "Delete those first"}
	}
	if r.Kind == store.KindSource {
		if err := tx.DropSchedule(ctx, r.ID); err != nil {
			return err
		}
	}
	r.Deleted = s.now()
	r.Updated = r.Deleted
	if err := tx.UpdateResource(ctx, r); err != nil {
		return err
	}
	return s.tell(ctx, tx, who, "delete", r, map[string]any{"name": r.Name})
}

// Restore brings back what was deleted, paused. What it used must live, what was
// read to allow it must be as it was: else it is store.Changed; and a destination's
// table must be nobody else's by now: otherwise it is Taken.
func (s *Service) Restore(ctx context.Context, who Actor, kind store.Kind, id int64, read ...store.Resource) error {
	_, err := again(ctx, s, func() (done struct{}, err error) { return done, s.restore(ctx, who, kind, id, read) })
	return err
}

func (s *Service) restore(ctx context.Context, who Actor, kind store.Kind, id int64, read []store.Resource) error {
	r, err := s.Store.DeletedResource(ctx, who.Org, kind, id)
	if err != nil {
		return s.Store.NotDeleted(ctx, who.Org, kind, id, err)
	}
	refs, err := s.Store.References(ctx, id)
	if err != nil {
		return err
	}
	for _, ref := range refs {
		used := used[ref.Role].kind
		if _, err := s.Store.Resource(ctx, who.Org, used, ref.Target); err != nil {
			return &weir.Error{Code: weir.CodeConflict, Where: string(kind), Message: fmt.Sprintf("the %s %d that it used is deleted, too", used, ref.Target), Remedy: "Restore that first"}
		}
	}
	var table *aim
	if kind == store.KindDestination {
		to, err := s.loadDestination(ctx, r)
		if err != nil {
			return err
		}
		if table, err = s.needTable(ctx, to); err != nil {
			return err
		}
	}
	r.Deleted, r.Status, r.Updated = 0, string(StatusPaused), s.now()
	return s.Store.Change(ctx, func(tx *store.Tx) error {
		if table != nil {
			if err := table.take(ctx, tx); err != nil {
				return err
			}
		}
		if err := hold(ctx, tx, who.Org, refs); err != nil {
			return err
		}
		if err := tx.Unchanged(ctx, read...); err != nil {
			return asRead(err)
		}
		if err := tx.UpdateResource(ctx, &r); err != nil {
			return err
		}
		return s.tell(ctx, tx, who, "restore", &r, map[string]any{"name": r.Name})
	})
}
