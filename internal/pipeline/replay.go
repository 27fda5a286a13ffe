package pipeline

import (
	"cmp"
	"context"
	"sync"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// Replay is one record in quarantine that is to go on its way again: through
// the stage that refused it, and from there into the log and the destinations.
// Its reject is settled in the transaction that puts it into the log; then the
// destinations' own exactly-once does the rest. What is refused again stays in
// quarantine with the new reason.
type Replay struct {
	Reject store.Quarantined
	Data   []byte // what somebody made of it; nil for as it is
	By     int64  // user

	mu     sync.Mutex
	placed weir.Position
	key    string // of the record that was placed
	reason string
}

// Outcome says whether the record is in the log, and why it is not.
func (r *Replay) Outcome() (placed bool, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.placed > 0, r.reason
}

// Key is the key of the record, as far as it is known.
func (r *Replay) Key() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return cmp.Or(r.key, r.Reject.Key)
}

func (r *Replay) end(placed weir.Position, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.placed, r.reason = placed, reason
}

// replay brings the stream's replays into the log.
func (s *stream) replay(ctx context.Context) error {
	for _, r := range s.flow.Replays {
		if r.Reject.Dataset != s.dataset.ID {
			continue
		}
		if err := s.again(ctx, r); err != nil {
			return err
		}
		s.wake()
	}
	return nil
}

// again replays one record.
func (s *stream) again(ctx context.Context, r *Replay) error {
	record, over, reject, err := s.revive(ctx, r)
	if err == nil && reject == nil {
		err = s.place(ctx, r, record, over)
		if weir.CodeOf(err) == weir.CodeData {
			reject, err = &weir.Reject{Stage: "schema", Reason: err.Error()}, nil
		}
	}
	switch weir.CodeOf(err) {
	case "":
	case weir.CodeConflict, weir.CodeNotFound:
		r.end(0, err.Error()) // it stays as it is
		return nil
	default:
		return err
	}
	if reject == nil {
		s.tally.read(1, store.Appended{Fresh: 1})
		return nil
	}
	r.end(0, reject.Reason)
	s.tally.read(1, store.Appended{Quarantined: 1})
	return s.flow.Store.RefuseReject(ctx, r.Reject.ID, s.run, s.flow.Now().UnixMicro(), *reject)
}

// revive makes a record of a reject again, and tells which version in the log
// it would follow. One that the log has a newer version of is CodeConflict.
func (s *stream) revive(ctx context.Context, r *Replay) (record weir.Record, over weir.Position, reject *weir.Reject, err error) {
	q := r.Reject
	loaded := q.Stage == "load" || q.Destination != 0
	switch {
	case r.Data != nil:
		record, reject = s.source.Decode(r.Data)
	case loaded: // the log has it; the reject's bytes are the row that was refused
		record.Key = q.Key
	case len(s.endpoint.Needs) > 0 && q.Stage == "decode":
		err = &weir.Error{Code: weir.CodeConflict, Message: "what was read does not say which parent it belongs to", Remedy: "Give the whole record with its parent's fields, or read the source again"}
	default:
		record, reject = s.source.Decode(q.Original)
	}
	if err != nil || reject != nil {
		return record, 0, reject, err
	}
	if q.Key != "" && record.Key != q.Key {
		return record, 0, nil, &weir.Error{Code: weir.CodeConflict, Message: "it has another key than the record that was set aside", Remedy: "Keep the key's fields as they are"}
	}
	newest, err := s.flow.Store.Newest(ctx, s.dataset.ID, record.Key)
	switch {
	case weir.CodeOf(err) == weir.CodeNotFound && !loaded:
		return record, 0, nil, nil
	case err != nil:
		return record, 0, nil, err
	case newest.Deleted && (loaded || newest.ExtractedAt > q.At):
		return record, 0, nil, &weir.Error{Code: weir.CodeConflict, Message: "the source does not have this record any more", Remedy: "Drop it"}
	case r.Data == nil && loaded:
		return newest.Record, newest.Position, nil, nil
	case !loaded && newest.ExtractedAt > q.At, record.Version != 0 && record.Version < newest.Version:
		return record, 0, nil, &weir.Error{Code: weir.CodeConflict, Message: "a newer version of this record has been read since", Remedy: "Drop it"}
	}
	return record, newest.Position, nil, nil
}

// place puts the record into the log, and its reject out of the way.
func (s *stream) place(ctx context.Context, r *Replay, record weir.Record, over weir.Position) error {
	saved, drift, rejects, _, err := s.schema.observe([]weir.Record{record})
	if err != nil {
		return err
	}
	if len(rejects) > 0 {
		return &weir.Error{Code: weir.CodeData, Message: rejects[0].Reason}
	}
	r.mu.Lock() // until its place is known: a destination may meet it there at once
	defer r.mu.Unlock()
	r.key = record.Key
	r.placed, err = s.flow.Store.ReplayReject(ctx, s.dataset.ID, store.Replay{
		ID: r.Reject.ID, By: r.By, At: s.flow.Now().UnixMicro(), Run: s.run, Epoch: s.epoch, Record: record, Over: over, Schema: saved, Drift: changesOf(drift),
	})
	if err != nil {
		return err
	}
	s.log.Info("replayed", "quarantine", r.Reject.ID, "position", int64(r.placed))
	return nil
}

// hasAlready reports whether a replayed record is another destination's: this
// one took the same version when that one refused it.
func (o *outlet) hasAlready(at weir.Position) bool {
	for _, r := range o.flow.Replays {
		if r.Reject.Dataset != o.dataset.ID || r.Data != nil || r.Reject.Destination == 0 || r.Reject.Destination == o.to.ID {
			continue
		}
		if r.at() == at {
			return true
		}
	}
	return false
}

func (r *Replay) at() weir.Position {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.placed
}
