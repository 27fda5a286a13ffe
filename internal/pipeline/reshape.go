package pipeline

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/schema"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/transform"
)

// Reshaping is how the records of a log become others on their way into one
// destination. The log stays as it is: other rules cost no request.
type Reshaping struct {
	Program *transform.Program
	Dataset string // what it is called in the destination
	Origin  string // what it is, whatever it is called: a table holds one's records only
	// Edition changes with the rules. In the destination the records that
	// other rules made are of another log, so that all come once more.
	Edition string
	Schema  []byte // what the destination has learned of this edition's records; nil at first
	// Save keeps that, before a batch that needs it is loaded.
	Save func(ctx context.Context, schema []byte) error
}

// log is the name of a log whose records were reshaped.
func (r *Reshaping) log(name string) string {
	if r == nil {
		return name
	}
	return weir.LogEdition(name, r.Edition)
}

// source tells whose data the records are. What rules have made is no data of
// the source: the two never share a table.
func (r *Reshaping) source(name string) string {
	if r == nil {
		return name
	}
	return name + " as " + r.Origin
}

// Reshape is the shape of records after the rules.
func Reshape(d *connector.Definition, e *connector.Endpoint, p *transform.Program, known *schema.Schema) (*schema.Schema, error) {
	return schema.New(afterwards(p, schemaSpec(d, e), known), nil)
}

// reshaped is an endpoint as it is after the rules, with its schema.
func (r *Reshaping) reshaped(d *connector.Definition, e *connector.Endpoint, known []byte) (*connector.Endpoint, *schema.Schema, error) {
	before, err := schema.New(schemaSpec(d, e), known)
	if err != nil {
		return nil, nil, err
	}
	after := *e
	spec := afterwards(r.Program, schemaSpec(d, e), before)
	spec.Dataset = r.Dataset
	after.Dataset, after.PrimaryKey, after.Columns = r.Dataset, spec.PrimaryKey, map[string]weir.Type{}
	for _, c := range spec.Columns {
		after.Columns[c.Path] = c.Type
	}
	out, err := schema.New(spec, r.Schema)
	return &after, out, err
}

// afterwards says how records lie in tables after the rules: what is known of
// them before, where the rules have left it.
func afterwards(p *transform.Program, spec schema.Spec, known *schema.Schema) schema.Spec {
	out := schema.Spec{Dataset: spec.Dataset, Others: spec.Others, PrimaryKey: p.Key()}
	for _, path := range spec.Children {
		if to, _, kept := p.Follow(path, ""); kept {
			out.Children = append(out.Children, to)
		}
	}
	for _, path := range spec.JSONFields {
		if to, typ, kept := p.Follow(path, weir.TypeJSON); kept && typ == weir.TypeJSON {
			out.JSONFields = append(out.JSONFields, to)
		}
	}
	for _, path := range spec.Ignore {
		if to, _, kept := p.Follow(path, ""); kept && to == path { // one with a new name is wanted
			out.Ignore = append(out.Ignore, to)
		}
	}
	for _, c := range known.Columns() {
		if to, typ, kept := p.Follow(c.Path, c.Type); kept {
			out.Columns = append(out.Columns, schema.Column{Path: to, Type: typ})
		}
	}
	return out
}

// reshape makes of a piece of the log what the rules make of its records. One
// that a filter keeps back, or that the rules fail on, becomes a tombstone: the
// destination may have an earlier version, or one of older rules that masked
// less, and must not show it. In upsert mode
// only the newest version of each record is looked at.
func (o *outlet) reshape(ctx context.Context, chunk store.LogChunk) (_ store.LogChunk, rejects []weir.Reject, filtered int, err error) {
	if o.reshaping == nil {
		return chunk, nil, 0, nil
	}
	newest := make(map[string]weir.Position, len(chunk.Records))
	for _, r := range chunk.Records {
		newest[r.Key] = r.Position
	}
	kept := make([]store.LogRecord, 0, len(chunk.Records))
	o.withheld = map[weir.Position]bool{}
	for _, r := range chunk.Records {
		if err := ctx.Err(); err != nil { // rules may take their time
			return chunk, nil, 0, err
		}
		if o.to.Mode == weir.ModeUpsert && newest[r.Key] != r.Position {
			continue
		}
		reject := o.reshapeOne(&r)
		switch {
		case reject != nil: // what other rules have made of it must not stay either
			rejects = append(rejects, *reject)
			r.Deleted, r.Data, o.withheld[r.Position] = true, nil, true
		case r.Deleted && len(r.Data) > 0:
			r.Data, o.withheld[r.Position] = nil, true
			filtered++
		}
		kept = append(kept, r)
	}
	chunk.Records = kept
	return chunk, rejects, filtered, o.saveShape(ctx)
}

// reshapeOne carries the rules out on one record, and teaches the schema what
// came out. One that a filter keeps back is deleted, with its data.
func (o *outlet) reshapeOne(r *store.LogRecord) *weir.Reject {
	if r.Deleted {
		return nil
	}
	original := r.Data
	reject := func(reason string) *weir.Reject {
		return &weir.Reject{Stage: "transform", Reason: reason, Key: r.Key, Original: jsontext.Value(original).Clone()}
	}
	switch got := o.reshaping.Program.Apply(r.Data); got.Outcome {
	case transform.Failed:
		return reject(got.Reason)
	case transform.Filtered:
		r.Deleted = true
		return nil
	case transform.Changed:
		r.Data, r.Hash = got.Data, weir.HashOf(got.Data)
	}
	o.schema.mu.Lock()
	defer o.schema.mu.Unlock()
	if _, err := o.schema.schema.Observe(r.Record); err != nil {
		return reject("what the rules make cannot be laid out: " + err.Error())
	}
	return nil
}

// saveShape keeps what the records have taught: tables only ever become wider.
func (o *outlet) saveShape(ctx context.Context) error {
	o.schema.mu.Lock()
	changes := o.schema.schema.Changes()
	saved, err := o.schema.schema.Bytes()
	o.schema.mu.Unlock()
	if err != nil || changes == o.saved {
		return err
	}
	o.saved = changes
	return o.reshaping.Save(ctx, saved)
}
