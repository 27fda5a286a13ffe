package flow

import (
	"context"
	"errors"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/destination/file"
	"github.com/weirhq/weir/internal/destination/s3"
	"github.com/weirhq/weir/internal/destination/sqldb"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/store"
)

// Fit says whether datasets could go to a place. Nothing is kept for them there:
// the first delivery has the last word.
type Fit struct {
	Obstacles []Obstacle
	Unseen    error // why the place could not be looked at; nil when it was
}

// Obstacle is why a dataset could not go to a place.
type Obstacle struct {
	Table string // the dataset's own
	Err   *weir.Error
	// Rival is the destination that fills the table there; without an ID the
	// place itself says what stands against it.
	Rival store.Resource
}

// lookTime is how long a place may take to be looked at: a person waits.
const lookTime = 7 * time.Second

// Fit says whether a dataset could go where a credential leads, to be kept
// there in that mode: by the destination except, which need not make room for
// itself; 0 for a new one.
func (s *Service) Fit(ctx context.Context, who Actor, dataset, credentialID int64, mode weir.Mode, except int64) (*Fit, error) {
	d, err := s.Dataset(ctx, who.Org, dataset)
	if err != nil {
		return nil, err
	}
	o, program, err := s.shaped(ctx, d)
	if err != nil {
		return nil, err
	}
	var rules *pipeline.Reshaping
	if program != nil {
		rules = &pipeline.Reshaping{Program: program, Dataset: d.table(), Origin: d.origin()}
	}
	batch, err := pipeline.Blank(o.flow, o.endpoint, o.log.Schema, mode, rules)
	if err != nil {
		return nil, err
	}
	return s.fit(ctx, who, credentialID, except, batch)
}

// FitSource is Fit for all datasets of a source that is not made yet.
func (s *Service) FitSource(ctx context.Context, who Actor, in SourceInput, credentialID int64, mode weir.Mode) (*Fit, error) {
	src, p, err := s.draft(ctx, who, in)
	if err != nil {
		return nil, err
	}
	c, err := s.Credentials.Credential(ctx, who.Org, src.Credential)
	if err != nil {
		return nil, err
	}
	f, _, err := s.reading(src, c)
	if err != nil {
		return nil, err
	}
	batches := make([]weir.Batch, 0, len(p.chosen))
	for _, e := range p.asked() {
		batch, err := pipeline.Blank(f, e, nil, mode, nil)
		if err != nil {
			return nil, err
		}
		batches = append(batches, batch)
	}
	return s.fit(ctx, who, credentialID, 0, batches...)
}

// asked are the endpoints that were asked for.
func (p *plan) asked() (all []*connector.Endpoint) {
	for _, e := range p.streams {
		if p.chosen[e.ID] {
			all = append(all, e)
		}
	}
	return all
}

func (s *Service) fit(ctx context.Context, who Actor, credentialID, except int64, batches ...weir.Batch) (*Fit, error) {
	c, err := s.usable(ctx, who.Org, credentialID)
	if err != nil {
		return nil, err
	}
	if err := leadsSomewhere(c); err != nil {
		return nil, err
	}
	at, err := s.place(ctx, c)
	if err != nil {
		return nil, err
	}
	out := &Fit{}
	var left []weir.Batch
	for _, b := range batches {
		if there := at.others(b.Dataset, except); len(there) > 0 {
			out.Obstacles = append(out.Obstacles, Obstacle{Table: b.Dataset, Rival: there[0], Err: filledThere(b.Dataset)})
			continue
		}
		left = append(left, b)
	}
	if len(left) > 0 {
		s.look(ctx, who, c, out, left)
	}
	return out, nil
}

func filledThere(table string) *weir.Error {
	return &weir.Error{Code: weir.CodeConflict, Where: "data_credentials_id", Message: "another destination fills the table " + table + " there already, and two cannot share one",
		Remedy: "Choose another database, schema or directory, or delete that destination"}
}

// glance is a look at a place.
type glance interface {
	// Fits gives why a batch would be refused, whatever is in it.
	Fits(ctx context.Context, b weir.Batch) error
	Close() error
}

// look asks the place itself.
func (s *Service) look(ctx context.Context, who Actor, c *credential.Credential, out *Fit, batches []weir.Batch) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	at, err := s.glance(ctx, who, c)
	if err != nil {
		out.Unseen = err
		return
	}
	defer func() { _ = at.Close() }() // it was only looked at
	for _, b := range batches {
		err := at.Fits(ctx, b)
		var e *weir.Error
		switch {
		case err == nil:
		case errors.As(err, &e) && e.Code == weir.CodeConflict:
			out.Obstacles = append(out.Obstacles, Obstacle{Table: b.Dataset, Err: e})
		default:
			out.Unseen = err
			return
		}
	}
}

// glance takes a look at a place, through its credential's door.
func (s *Service) glance(ctx context.Context, who Actor, c *credential.Credential) (glance, error) {
	place, err := s.Credentials.Place(ctx, credential.Use{Actor: who, Credential: c.ID, Purpose: "look"})
	if err != nil {
		return nil, err
	}
	format := file.Options{Format: file.Format(c.Format())}
	switch c.Kind.Connection {
	case "sqlite":
		return sqldb.Look(ctx, "sqlite:"+place.Target, place.SQL)
	case "file":
		return file.Look(place.Target, format)
	case "s3":
		bucket, err := s3.Look(place.Bucket)
		if err != nil {
			return nil, err
		}
		return file.LookBucket(bucket, format)
	}
	return sqldb.Look(ctx, place.Target, place.SQL)
}
