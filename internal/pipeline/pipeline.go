// Package pipeline is the journey of a record, read top to bottom:
//
//	ingest.go   source → record log, one transaction a page
//	sweep.go    what a complete reading did not show is gone
//	deliver.go  record log → destination, one transaction a batch
//	reshape.go  what rules make of records on that way
//	replay.go   quarantine → record log, once more
//	run.go      all streams of a source, in the order their needs allow
//	apart.go    the two halves by themselves, for those who do them at different times
//	record.go   what is written down of a run
//
// It owns the order of things and what becomes of failures; the skills
// (paging, schema, loading) live in packages that do not know it exists.
package pipeline

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/schema"
	"github.com/weirhq/weir/internal/store"
)

// Destination is where batches go. Implementations commit the rows and the
// position together or not at all, and do not retry: Deliver does.
// Loading of different datasets may happen concurrently.
type Destination interface {
	// Position says how far the destination has come in this log of this
	// dataset: 0 for a log it has never seen.
	Position(ctx context.Context, log, dataset string) (weir.Position, error)
	// Load applies the batch exactly once: a batch it already has is a no-op,
	// one that does not start at its position is refused with CodeIntegrity.
	// Records it will not take are returned as refused and the rest is kept.
	Load(ctx context.Context, b weir.Batch) (weir.Loaded, error)
}

// Finisher is what a Destination also is when it wants to know that a run has
// brought it all there was, in order to tidy up.
type Finisher interface {
	Finish(ctx context.Context, dataset string) error
}

// Target is one destination of a flow. Each follows the log at its own pace,
// and one that fails holds up neither the reading nor the others.
type Target struct {
	ID          int64 // of a configured destination; 0 without one
	Destination Destination
	Where       string // the destination as shown to users; never with a password
	Mode        weir.Mode
	Streams     map[string]bool // endpoint ids whose dataset goes here; nil means all
}

// takes reports whether the endpoint's records go to the target, or are only
// what others need.
func (t *Target) takes(e *connector.Endpoint) bool { return t.Streams == nil || t.Streams[e.ID] }

// Flow is what one run moves: the streams of one source into its destinations.
type Flow struct {
	Org int64 // 0 for commands that run without a server
	// Name is of a configured source: sources of one account that have
	// different names have logs of their own.
	Name        string
	Resource    int64            // the configured source; 0 without one
	Datasets    map[string]int64 // its datasets, by endpoint id
	Connector   *connector.Definition
	BaseURL     string
	Account     connector.Account
	Store       *store.DB
	Exchanger   rest.Exchanger // one exchange each call; retried here
	Targets     []*Target
	Params      map[string]string      // parameters of the endpoints
	Configs     map[string]rest.Config // by endpoint id, in place of what its template expands to
	Streams     []*connector.Endpoint  // dependency order, as connector.WithNeeds gives
	RunID       weir.RunID             // "" for a new one
	LogOnly     bool                   // read nothing: deliver what the log has
	Replays     []*Replay              // of a run that reads nothing: records that were set aside
	Since       time.Time              // only records created since; zero means all
	FullRefresh bool                   // sweep now, whenever the last sweep was
	SweepEvery  time.Duration          // how old the last sweep may be; 0: sweepEvery
	AllowDelete bool                   // let a sweep mark more deletions than the brake allows
	Logger      *slog.Logger
	Progress    func(Progress) // called often, from several goroutines; may be nil
	Now         func() time.Time
	Listener    Listener // nil for nobody

	// Of a reading in slices, see Ingest:
	Earlier map[string]StreamResult // by endpoint id: what earlier slices of this run have done
	Over    func() bool             // the slice is over; nil for never
	// Then is called in the transaction of each page that brings something new
	// to the endpoint's log; its error takes the page back. nil for nothing.
	Then func(ctx context.Context, tx *store.Tx, endpoint string) error
}

// Listener hears what a run finds, inside the transaction that stores it. What
// it writes is there with that or not at all; its error undoes both.
type Listener interface {
	// Changed hears what changed in the schema of an endpoint's dataset; first
	// says that these are its first records.
	Changed(ctx context.Context, tx *store.Tx, endpoint string, run weir.RunID, first bool, changes []string) error
}

// over reports whether the slice is over.
func (f *Flow) over() bool { return f.Over != nil && f.Over() }

// sweepEvery is how old a dataset's last complete reading may be before a
// run reads everything again instead of only what changed.
const sweepEvery = 24 * time.Hour

// stream is one endpoint of a flow on its way through a run.
type stream struct {
	flow     *Flow
	endpoint *connector.Endpoint
	dataset  store.Dataset
	source   *rest.Source
	schema   *shared
	epoch    int64
	run      weir.RunID
	log      *slog.Logger
	tally    *tally
	outlets  []*outlet
	aside    bool // the stream's failure is one destination's own
	readable bool // the source was read without an error; deliver knows once reading has ended
}

// schemaSpec says how the records of a connector's endpoint lie in tables.
func schemaSpec(d *connector.Definition, e *connector.Endpoint) schema.Spec {
	spec := schema.Spec{Dataset: e.Dataset, PrimaryKey: e.PrimaryKey, Children: e.Children, JSONFields: e.JSONFields, Ignore: e.Ignore}
	for _, path := range slices.Sorted(maps.Keys(e.Columns)) {
		spec.Columns = append(spec.Columns, schema.Column{Path: path, Type: e.Columns[path]})
	}
	for _, other := range d.Endpoints {
		spec.Others = append(spec.Others, other.Dataset)
	}
	return spec
}
