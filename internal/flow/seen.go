package flow

import (
	"context"

	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/schema"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/transform"
)

// Seen is one look at a dataset: its columns, and what its newest records have
// in them.
type Seen struct {
	Columns []Column // sorted by path, a list's and an object's own before theirs
	Looked  int      // how many of the newest records the columns were counted over
	Newest  []Sample // the newest few of them, newest first
	Ruled   bool     // rules make them
}

// Seen looks once at a dataset's newest records, as far back as shapeSamples:
// so it costs the same however many there are. Samples is how many of them it
// gives back. Of a dataset with rules it goes on until it has found that many,
// as Samples does.
func (s *Service) Seen(ctx context.Context, d *Dataset, samples int) (*Seen, error) {
	o, program, err := s.shaped(ctx, d)
	if err != nil {
		return nil, err
	}
	l := &look{source: o.source.ID, dataset: d.ID, samples: samples, fields: newFields(), program: program}
	if l.shape, err = pipeline.Shape(o.flow.Connector, o.endpoint, o.log.Schema); err != nil {
		return nil, err
	}
	if program == nil {
		l.fields.grow(l.shape.JSONSchema())
		err = s.newest(ctx, o, l.take, shapeSamples)
		return l.seen(), err
	}
	if l.shape, err = pipeline.Reshape(o.flow.Connector, o.endpoint, program, l.shape); err != nil {
		return nil, err
	}
	l.fields.grow(l.shape.JSONSchema())
	err = s.looks.within(ctx, func(ctx context.Context) error { return s.newest(ctx, o, l.ruled, mostLooked) })
	if err == nil {
		err = l.odd
	}
	return l.seen(), err
}

// look is a look at a dataset under way.
type look struct {
	source, dataset int64
	samples         int
	program         *transform.Program
	shape           *schema.Schema
	fields          *fields
	newest          []Sample
	passed          int   // records that rules were tried on
	odd             error // a record that cannot be laid out
}

// take looks at a record, and reports whether another one is wanted.
func (l *look) take(r store.LogRecord) bool {
	l.fields.count(r.Data)
	if len(l.newest) < l.samples {
		l.newest = append(l.newest, Sample{LogRecord: r, Source: l.source, Dataset: l.dataset})
	}
	return true
}

// ruled is take for what the rules make of a record.
func (l *look) ruled(r store.LogRecord) bool {
	l.passed++
	got := l.program.Apply(r.Data)
	if got.Data != nil {
		r.Data = got.Data
		changes := l.shape.Changes()
		if _, l.odd = l.shape.Observe(r.Record); l.odd != nil {
			return false
		}
		if l.shape.Changes() != changes {
			l.fields.grow(l.shape.JSONSchema())
		}
		l.take(r)
	}
	return l.fields.rows < shapeSamples && (l.passed < shapeSamples || len(l.newest) < l.samples)
}

func (l *look) seen() *Seen {
	return &Seen{Ruled: l.program != nil, Columns: l.fields.columns("", l.fields.rows), Looked: l.fields.rows, Newest: l.newest}
}
