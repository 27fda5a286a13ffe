// Package flow is what a user configures, and its running: sources, the
// datasets they yield, the destinations these go to, and the trees that they
// form.
//
//	source.go       what to read, with which credential
//	dataset.go      what a source yields: schema, samples, documentation
//	records.go      its records, all of them
//	transform.go    rules that make a dataset's records of another one's
//	transform_look.go  what rules would make, and what is wrong with them
//	destination.go  where a dataset goes
//	standing.go     how a destination stands
//	fit.go          whether a dataset could go to a place, before it does
//	taken.go        a table is one destination's
//	place.go        what goes where a credential leads
//	table.go        what datasets with rules are called in destinations
//	status.go       activate, pause, delete, restore
//	hold.go         what is used is not deleted meanwhile
//	tree.go         the flow as a tree of nodes
//	copy.go         a flow once more
//	project.go      folders of flows
//	lookup.go       tables of rows that sources read by
//	lookup_rows.go  a lookup's rows
//	lookup_find.go  rows by what is in them, and from a file
//	test.go         a glance at a source before anything is stored
//	run.go          runs: asked for, cancelled, looked at
//	ingest.go       the job that reads a source into its logs
//	deliver.go      the job that brings a destination to the end of its log
//	times.go        when a source is read, in words and in the audit log
//	timetable.go    when a source is read next
//	forecast.go     what a schedule would cost
//	tick.go         what is due now
//	stagger.go      flows of one key do not all begin at once
//	upkeep.go       what must be done each day: credentials, logs
//	watch.go        runs as they go on
//	history.go      what runs did
//	quarantine.go   records that were set aside, and their way back
//	reject_export.go  copies of them in files
//	dictionary.go   what a dataset holds, in words
//	upcoming.go     what schedules will cost
//	news.go         what people are told of runs
//	meter.go        what is counted of runs
//	spans.go        where the time of runs goes
package flow

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/trace"
)

// Status is whether a part of a flow works.
type Status string

// The statuses.
const (
	StatusInit   Status = "init"   // made, and never activated
	StatusActive Status = "active" // it runs when it is due
	StatusPaused Status = "paused"
)

// Actor is on whose behalf something is done.
type Actor = credential.Actor

// Options are what a Service is made of.
type Options struct {
	Store       *store.DB
	Credentials *credential.Service
	Audit       *audit.Log
	Notifier    Notifier // nil tells nobody
	Meter       Meter    // nil counts nothing
	Tracer      *trace.Tracer
	Logger      *slog.Logger
	Now         func() time.Time
	// Pause waits between two tries of what somebody came between, or gives the
	// context's error; nil waits by the clock of this machine.
	Pause func(context.Context, time.Duration) error
	// MayUse refuses who is no active member of the organization, or may not operate
	// the credential; nil refuses nobody. It is asked before a quarantine export sends
	// its owner's records anywhere.
	MayUse func(ctx context.Context, org, user, credential int64) error
	// ExportTime is how long the place of a quarantine export may take; 0: 3 min.
	ExportTime time.Duration
}

// Notifier takes in what people may want to know.
type Notifier interface {
	// Tell writes the event with whatever else tx writes.
	Tell(ctx context.Context, tx *store.Tx, e store.Event) error
}

// Service keeps flows. It is safe for concurrent use.
type Service struct {
	Options
	crowd atomic.Int64 // how many schedules are active, as far as known
	looks looks
	due   dueTimes
}

// New returns the service.
func New(o Options) *Service {
	if o.Meter == nil {
		o.Meter = unmetered{}
	}
	if o.Pause == nil {
		o.Pause = pause
	}
	s := &Service{Options: o, looks: newLooks()}
	if o.Credentials != nil {
		o.Credentials.Followed(s)
	}
	return s
}

// The roles in which a resource uses another.
const (
	roleCredential = store.RoleCredential
	roleSource     = "source" // of a dataset
	roleParent     = "parent" // of a dataset that was made from another
	roleDataset    = "dataset"
	roleLookup     = "lookup"    // of a source that reads by its rows
	roleTransform  = "transform" // of a dataset that uses its rules
)

// Common is what a user gives to make any part of a flow.
type Common struct {
	Name, Description string
	Tags              []string
	CopiedFrom        int64
}

// Edit is what a user changes of any part of a flow. Nil fields stay.
type Edit struct {
	Name, Description *string
	Tags              []string
}

// apply changes a resource.
func (e Edit) apply(r *store.Resource) error {
	if e.Name != nil {
		r.Name = strings.TrimSpace(*e.Name)
	}
	if e.Description != nil {
		r.Description = *e.Description
	}
	if e.Tags != nil {
		r.Tags = e.Tags
	}
	if r.Name == "" {
		return refuse("name", "it needs a name", "Say in a few words what it is")
	}
	return nil
}

func (c Common) resource(who Actor, kind store.Kind, now int64) (store.Resource, error) {
	r := store.Resource{Org: who.Org, Owner: who.User, Kind: kind, Status: string(StatusInit), CopiedFrom: c.CopiedFrom, Created: now}
	return r, Edit{Name: &c.Name, Description: &c.Description, Tags: c.Tags}.apply(&r)
}

func refuse(field, message, remedy string) error {
	return &weir.Error{Code: weir.CodeUsage, Where: field, Message: message, Remedy: remedy}
}

// about makes field what an error is about.
func about(field string, err error) error {
	var e *weir.Error
	if !errors.As(err, &e) {
		return weir.At(field, err)
	}
	out := *e
	out.Code, out.Where = weir.CodeUsage, field
	return &out
}

func (s *Service) now() int64 { return s.Now().UnixMicro() }

// tell writes the audit's line about a resource.
func (s *Service) tell(ctx context.Context, tx *store.Tx, who Actor, verb string, r *store.Resource, detail map[string]any) error {
	return s.Audit.AppendTx(ctx, tx, audit.Entry{Org: r.Org, Actor: who.User, Action: string(r.Kind) + "." + verb, Kind: string(r.Kind), Object: r.ID, Detail: detail})
}

// put stores a new resource with its spec and what it uses.
func (s *Service) put(ctx context.Context, tx *store.Tx, who Actor, r *store.Resource, spec any, uses ...store.Reference) error {
	var err error
	if r.Spec, err = json.Marshal(spec, json.Deterministic(true)); err != nil {
		return err
	}
	if err := hold(ctx, tx, r.Org, uses); err != nil {
		return err
	}
	inTree := r.Kind != store.KindProject && r.Kind != store.KindLookup && r.Kind != store.KindTransform && r.Kind != store.KindRejectExport
	if err := tx.CreateResource(ctx, r, inTree); err != nil {
		return err
	}
	if err := tx.Refer(ctx, r.ID, uses...); err != nil {
		return err
	}
	return s.tell(ctx, tx, who, "create", r, map[string]any{"name": r.Name})
}

// change reads a resource, lets f change it, and writes it back, in one
// transaction.
func (s *Service) change(ctx context.Context, who Actor, kind store.Kind, id int64, verb string, spec any, f func(tx *store.Tx, r *store.Resource) error) error {
	return s.changeAs(ctx, who, kind, id, spec, func(tx *store.Tx, r *store.Resource) (string, map[string]any, error) {
		if err := f(tx, r); err != nil {
			return "", nil, err
		}
		if of, ok := spec.(interface{ told() map[string]any }); ok {
			return verb, of.told(), nil
		}
		return verb, map[string]any{"status": r.Status}, nil
	})
}

// changeAs is change for an f that also gives the verb and the detail of the
// audit log's line: they depend on what it has changed.
func (s *Service) changeAs(ctx context.Context, who Actor, kind store.Kind, id int64, spec any, f func(tx *store.Tx, r *store.Resource) (verb string, detail map[string]any, err error)) error {
	into := reflect.ValueOf(spec).Elem()
	before := reflect.New(into.Type()).Elem()
	before.Set(into)
	return s.Store.Change(ctx, func(tx *store.Tx) error {
		into.Set(before) // what an earlier call has left there is no part of what is stored
		return s.changeIn(ctx, tx, who, part{kind, id}, spec, f)
	})
}

// changeIn is changeAs within a transaction, with an empty spec.
func (s *Service) changeIn(ctx context.Context, tx *store.Tx, who Actor, p part, spec any, f func(tx *store.Tx, r *store.Resource) (verb string, detail map[string]any, err error)) error {
	r, err := tx.Resource(ctx, who.Org, p.kind, p.id)
	if err != nil {
		return err
	}
	if err := unpack(r, spec); err != nil {
		return err
	}
	verb, detail, err := f(tx, &r)
	if err != nil {
		return err
	}
	if r.Spec, err = json.Marshal(spec, json.Deterministic(true)); err != nil {
		return err
	}
	r.Updated = s.now()
	if err := tx.UpdateResource(ctx, &r); err != nil {
		return err
	}
	return s.tell(ctx, tx, who, verb, &r, detail)
}

// How often something is tried that others come between: several may make parts
// that lead to one place at the same instant, and each of them changes what the next
// one was found by. And how long the pause is at most before the second time: up to
// twice as long before each further one, but never longer than the longest.
const (
	mostAgain    = 10
	againPause   = 10 * time.Millisecond
	longestAgain = 160 * time.Millisecond
)

// again does once more what somebody came between, with what there is now.
func again[T any](ctx context.Context, s *Service, try func() (T, error)) (T, error) {
	for n := 0; ; n++ {
		out, err := try()
		var old stale
		if errors.As(err, &old) {
			return out, old.error
		}
		if n == mostAgain-1 || reasonOf(err) != store.ReasonChanged {
			return out, err
		}
		if waited := s.Pause(ctx, rand.N(min(againPause<<n, longestAgain))); waited != nil {
			return out, waited
		}
	}
}

// stale is a change of what the caller has read: with that nothing succeeds any
// more, however often it is tried.
type stale struct{ error }

func (s stale) Unwrap() error { return s.error }

// asRead marks the error of what is no longer as the caller has read it.
func asRead(err error) error {
	if reasonOf(err) == store.ReasonChanged {
		return stale{err}
	}
	return err
}

// unpack reads a resource's spec.
func unpack(r store.Resource, spec any) error {
	if err := json.Unmarshal(r.Spec, spec); err != nil {
		return &weir.Error{Code: weir.CodeIntegrity, Where: string(r.Kind), Message: "what is stored of it cannot be read", Err: err}
	}
	return nil
}

// uses gives what a resource uses in a role, 0 for nothing.
func (s *Service) uses(ctx context.Context, id int64, role string) (int64, error) {
	refs, err := s.Store.References(ctx, id)
	for _, r := range refs {
		if r.Role == role {
			return r.Target, err
		}
	}
	return 0, err
}

// references gives what each of the resources uses, by role: one statement
// for a whole list.
func (s *Service) references(ctx context.Context, rows []store.Resource) (map[int64]map[string]int64, error) {
	ids := make([]int64, len(rows))
	out := make(map[int64]map[string]int64, len(rows))
	for i, r := range rows {
		ids[i], out[r.ID] = r.ID, map[string]int64{}
	}
	if len(ids) == 0 {
		return out, nil
	}
	refs, err := s.Store.References(ctx, ids...)
	for _, ref := range refs {
		out[ref.Resource][ref.Role] = ref.Target
	}
	return out, err
}
