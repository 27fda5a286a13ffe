package flow

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/store"
)

// news tells people of one run of a source.
type news struct {
	flows *Service
	src   *Source
	order Order
}

// news gives what listens to a run; nil when nobody is told.
func (s *Service) news(src *Source, o Order) pipeline.Listener {
	if s.Notifier == nil {
		return nil
	}
	return &news{flows: s, src: src, order: o}
}

// event begins an event about the source.
func (n *news) event(t store.EventType, run weir.RunID) store.Event {
	return store.Event{Org: n.src.Org, Type: t, Kind: store.KindSource, Resource: n.src.ID, Source: n.src.ID, Name: n.src.Name, Run: run}
}

// about makes an event one about another part of the flow.
func (n *news) about(e store.Event, kind store.Kind, id int64, name string) store.Event {
	e.Kind, e.Resource, e.Name = kind, id, name
	return e
}

// mostChanges is how many changes of a schema one message writes out.
const mostChanges = 20

// Changed implements pipeline.Listener.
func (n *news) Changed(ctx context.Context, tx *store.Tx, endpoint string, run weir.RunID, first bool, changes []string) error {
	d, err := n.dataset(ctx, tx, endpoint)
	if err != nil || d == nil {
		return err // what is read only because another endpoint needs it has no dataset
	}
	e := n.about(n.event(store.SchemaChanged, run), store.KindDataset, d.ID, d.Name)
	e.Message = strings.Join(changes[:min(len(changes), mostChanges)], "\n")
	if more := len(changes) - mostChanges; more > 0 {
		e.Message += fmt.Sprintf("\nand %d more", more)
	}
	if first {
		e.Type, e.Message = store.DatasetDetected, "Its first records have come, and with them its columns."
	}
	return n.flows.Notifier.Tell(ctx, tx, e)
}

// dataset is what the source's endpoint yields; nil for nothing.
func (n *news) dataset(ctx context.Context, tx *store.Tx, endpoint string) (*store.Resource, error) {
	uses, err := tx.Uses(ctx, n.src.ID)
	if err != nil {
		return nil, err
	}
	for _, u := range uses {
		if u.Kind != store.KindDataset {
			continue
		}
		r, err := tx.Resource(ctx, n.src.Org, u.Kind, u.ID)
		if err != nil {
			return nil, err
		}
		var spec DatasetSpec
		if err := unpack(r, &spec); err != nil {
			return nil, err
		}
		if spec.Endpoint == endpoint {
			return &r, nil
		}
	}
	return nil, nil
}

// ended tells how the reading ended.
func (n *news) ended(ctx context.Context, tx *store.Tx, result *pipeline.Result) error {
	if n.order.LogOnly {
		return nil
	}
	if err := n.reading(ctx, tx, result); err != nil {
		return err
	}
	for _, s := range result.Streams {
		if err := n.stream(ctx, tx, result.RunID, s); err != nil {
			return err
		}
	}
	return nil
}

// reading tells whether the source could be read. A run that was stopped says
// nothing of that.
func (n *news) reading(ctx context.Context, tx *store.Tx, result *pipeline.Result) error {
	var failed []string
	stopped := false
	for _, s := range result.Streams {
		stopped = stopped || s.Status == pipeline.StatusStopped
		if s.Status == pipeline.StatusFailed && !s.Aside() && !held(s) {
			failed = append(failed, s.Error)
		}
	}
	if len(failed) == 0 && stopped {
		return nil
	}
	e := n.event(store.FlowFailed, result.RunID)
	e.Topic, e.Message = store.TopicFailing, strings.Join(failed, "\n")
	if len(failed) == 0 {
		e.Type, e.Over, e.Message = store.FlowRecovered, true, "It was read to its end."
	}
	return n.flows.Notifier.Tell(ctx, tx, e)
}

// held reports whether the brake on deletions ended a stream.
func held(s pipeline.StreamResult) bool {
	var e *weir.Error
	return errors.As(s.Err(), &e) && e.Reason == pipeline.ReasonBrake
}

// stream tells of one endpoint's quarantine and of deletions that were held back.
func (n *news) stream(ctx context.Context, tx *store.Tx, run weir.RunID, s pipeline.StreamResult) error {
	if s.Status == pipeline.StatusStopped || s.Status == pipeline.StatusSkipped {
		return nil
	}
	d, err := n.dataset(ctx, tx, s.Name)
	if err != nil || d == nil {
		return err
	}
	e := n.about(n.event(store.DeletionsHeld, run), store.KindDataset, d.ID, d.Name)
	e.Topic, e.Message, e.Over = store.TopicHeld, s.Error, !held(s)
	if e.Over {
		e.Type = ""
	}
	if err := n.flows.Notifier.Tell(ctx, tx, e); err != nil {
		return err
	}
	if s.Status == pipeline.StatusFailed && s.Quarantined == 0 {
		return nil // it may not have come to those that are refused
	}
	e.Topic, e.Type, e.Over = store.TopicQuarantine, store.RecordsQuarantined, s.Quarantined == 0
	e.Message = fmt.Sprintf("%d of %d records were set aside. The rest was taken.", s.Quarantined, max(s.Read, s.Quarantined))
	if e.Over {
		e.Type = ""
	}
	return n.flows.Notifier.Tell(ctx, tx, e)
}

// tellRead tells how the reading of a source ended. One that somebody ended
// says nothing of the source.
func (s *Service) tellRead(ctx context.Context, tx *store.Tx, src *Source, o Order, result *pipeline.Result, failed error) error {
	if s.Notifier == nil || result.Status == statusCancelled {
		return nil
	}
	n := &news{flows: s, src: src, order: o}
	if failed == nil || len(result.Streams) > 0 {
		return n.ended(ctx, tx, result)
	}
	e := n.event(store.FlowFailed, result.RunID) // it did not even begin
	e.Topic, e.Message = store.TopicFailing, failed.Error()
	return s.Notifier.Tell(ctx, tx, e)
}

// tellDelivery tells whether a destination took what there was: problem says
// why it did not.
func (s *Service) tellDelivery(ctx context.Context, tx *store.Tx, l store.Load, problem string) error {
	if s.Notifier == nil {
		return nil
	}
	r, err := tx.Resource(ctx, l.Org, store.KindDestination, l.Destination)
	if weir.CodeOf(err) == weir.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	e := store.Event{Org: l.Org, Type: store.DeliveryFailed, Kind: store.KindDestination, Resource: r.ID, Source: l.Flow, Name: r.Name, Run: l.Run, Topic: store.TopicFailing, Message: problem}
	if problem == "" {
		e.Type, e.Over, e.Message = store.DeliveryRecovered, true, "It has everything that was read."
	}
	return s.Notifier.Tell(ctx, tx, e)
}

// SourceOf gives the source whose flow a dataset or destination is a part of.
func (s *Service) SourceOf(ctx context.Context, org int64, kind store.Kind, id int64) (int64, error) {
	return s.sourceOf(ctx, org, kind, id)
}
