package flow

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/destination/file"
	"github.com/weirhq/weir/internal/destination/s3"
	"github.com/weirhq/weir/internal/destination/sqldb"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/store"
)

// Destination is where a dataset goes.
type Destination struct {
	store.Resource
	DestinationSpec
	Dataset int64
}

// DestinationSpec is what a destination is besides its resource.
type DestinationSpec struct {
	Mode  weir.Mode      `json:"mode"`            // newest version of each record, or every version
	Given jsontext.Value `json:"given,omitempty"` // as the user configured it
}

// Keep gives the configuration with another mode, in the user's words, too.
func (spec DestinationSpec) Keep(mode weir.Mode) DestinationSpec {
	given := map[string]any{}
	if len(spec.Given) > 0 {
		_ = json.Unmarshal(spec.Given, &given) // it was an object when it was stored
	}
	delete(given, "insert.mode") // the same by another name
	given["mode"] = string(mode)
	spec.Mode = mode
	spec.Given, _ = json.Marshal(given, json.Deterministic(true)) // it came from JSON
	return spec
}

// DestinationInput is what a user gives to make a destination.
type DestinationInput struct {
	Common
	DestinationSpec
	Credential, Dataset int64
}

// leadsSomewhere checks that a credential's kind can be written to.
func leadsSomewhere(c *credential.Credential) error {
	if c.Kind.Connection == "rest" {
		return refuse("data_credentials_id", fmt.Sprintf("writing to %s is not offered by this version of Weir", c.Kind.Title), "Choose a credential of a database, a bucket or files")
	}
	if !c.Kind.Destination {
		return refuse("data_credentials_id", fmt.Sprintf("nothing can be written with a %s credential", c.Kind.Title), "Choose a credential of a database, a bucket or files")
	}
	return nil
}

// CreateDestination stores a destination of a dataset. One whose table another
// destination is to fill is refused as Taken; of two that are made at once, one is.
func (s *Service) CreateDestination(ctx context.Context, who Actor, in DestinationInput) (*Destination, error) {
	return again(ctx, s, func() (*Destination, error) { return s.createDestination(ctx, who, in) })
}

func (s *Service) createDestination(ctx context.Context, who Actor, in DestinationInput) (*Destination, error) {
	r, err := in.resource(who, store.KindDestination, s.now())
	if err != nil {
		return nil, err
	}
	r.Credential = in.Credential
	to := &Destination{Resource: r, DestinationSpec: in.DestinationSpec, Dataset: in.Dataset}
	if err := s.checkDestination(ctx, to); err != nil {
		return nil, err
	}
	table, err := s.needTable(ctx, to)
	if err != nil {
		return nil, err
	}
	err = s.Store.Change(ctx, func(tx *store.Tx) error {
		if err := table.take(ctx, tx); err != nil {
			return err
		}
		return s.put(ctx, tx, who, &to.Resource, to.DestinationSpec, to.references()...)
	})
	return to, err
}

func (to *Destination) references() []store.Reference {
	return []store.Reference{{Role: roleCredential, Target: to.Credential}, {Role: roleDataset, Target: to.Dataset}}
}

// checkDestination makes sure that what a destination uses is there and fits,
// and sets its type.
func (s *Service) checkDestination(ctx context.Context, to *Destination) error {
	if to.Dataset == 0 {
		return refuse("data_set_id", "it needs the dataset that goes there", "Give its id")
	}
	if _, err := s.Dataset(ctx, to.Org, to.Dataset); err != nil {
		return weir.At("data_set_id", err)
	}
	c, err := s.usable(ctx, to.Org, to.Credential)
	if err != nil {
		return err
	}
	to.Type = c.Type
	return leadsSomewhere(c)
}

// Destination reads one of the organization.
func (s *Service) Destination(ctx context.Context, org, id int64) (*Destination, error) {
	r, err := s.Store.Resource(ctx, org, store.KindDestination, id)
	if err != nil {
		return nil, err
	}
	return s.loadDestination(ctx, r)
}

func (s *Service) loadDestination(ctx context.Context, r store.Resource) (*Destination, error) {
	to := &Destination{Resource: r}
	if err := unpack(r, &to.DestinationSpec); err != nil {
		return nil, err
	}
	var err error
	to.Dataset, err = s.uses(ctx, r.ID, roleDataset)
	return to, err
}

// Destinations gives the filter's destinations, and how many there are on all
// pages.
func (s *Service) Destinations(ctx context.Context, f store.ResourceFilter) ([]*Destination, int, error) {
	f.Kind = store.KindDestination
	rows, total, err := s.Store.Resources(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	refs, err := s.references(ctx, rows)
	if err != nil {
		return nil, 0, err
	}
	all := make([]*Destination, len(rows))
	for i, r := range rows {
		all[i] = &Destination{Resource: r, Dataset: refs[r.ID][roleDataset]}
		if err := unpack(r, &all[i].DestinationSpec); err != nil {
			return nil, 0, err
		}
	}
	return all, total, nil
}

// DestinationEdit is what a user changes of a destination. Nil fields stay.
type DestinationEdit struct {
	Edit
	Spec                *DestinationSpec
	Credential, Dataset *int64
	// Version is the one that the edit was made of; 0 when it was made of none.
	Version int64
}

// elsewhere reports whether what is delivered goes to another place than
// before, or is something else.
func (to *Destination) elsewhere(before *Destination) bool {
	return to.Credential != before.Credential || to.Dataset != before.Dataset || to.Mode != before.Mode
}

// UpdateDestination changes a destination. What it holds already stays there.
func (s *Service) UpdateDestination(ctx context.Context, who Actor, id int64, edit DestinationEdit) (*Destination, error) {
	return again(ctx, s, func() (*Destination, error) { return s.updateDestination(ctx, who, id, edit) })
}

func (s *Service) updateDestination(ctx context.Context, who Actor, id int64, edit DestinationEdit) (*Destination, error) {
	to, err := s.Destination(ctx, who.Org, id)
	if err != nil {
		return nil, err
	}
	if edit.Version != 0 && edit.Version != to.Version {
		return nil, asRead(store.Changed(&to.Resource))
	}
	read, was := to.Version, *to
	if edit.Spec != nil {
		to.DestinationSpec = *edit.Spec
	}
	if edit.Credential != nil {
		to.Credential = *edit.Credential
	}
	if edit.Dataset != nil {
		to.Dataset = *edit.Dataset
	}
	if err := s.checkDestination(ctx, to); err != nil {
		return nil, err
	}
	var table *aim
	if to.Credential != was.Credential || to.Dataset != was.Dataset {
		if table, err = s.needTable(ctx, to); err != nil {
			return nil, err
		}
	}
	spec := &DestinationSpec{}
	err = s.change(ctx, who, store.KindDestination, id, "update", spec, func(tx *store.Tx, r *store.Resource) error {
		if r.Version != read { // what was checked and put together is of another destination
			return store.Changed(r)
		}
		if table != nil {
			if err := table.take(ctx, tx); err != nil {
				return err
			}
		}
		*spec, r.Type = to.DestinationSpec, to.Type
		if err := edit.apply(r); err != nil {
			return err
		}
		if err := hold(ctx, tx, r.Org, to.references()); err != nil {
			return err
		}
		if to.elsewhere(&was) {
			if err := tx.Elsewhere(ctx, id); err != nil {
				return err
			}
		}
		return tx.Refer(ctx, id, to.references()...)
	})
	if err != nil {
		return nil, err
	}
	return s.Destination(ctx, who.Org, id)
}

// closer is a destination of the pipeline that must be closed.
type closer interface {
	pipeline.Destination
	Close() error
}

// open opens a destination for a delivery, through its credential's door.
func (s *Service) open(ctx context.Context, who Actor, to *Destination) (closer, string, error) {
	place, err := s.Credentials.Place(ctx, credential.Use{Actor: who, Credential: to.Credential, Purpose: "deliver", For: to.ID})
	if err != nil {
		return nil, "", err
	}
	where := fmt.Sprintf("destination %d (%s)", to.ID, to.Name)
	c := place.Credential
	format := file.Options{Format: file.Format(c.Format())}
	switch c.Kind.Connection {
	case "postgres", "mysql":
		db, err := sqldb.Open(ctx, place.Target, place.SQL)
		return db, where, err
	case "sqlite":
		db, err := sqldb.Open(ctx, "sqlite:"+place.Target, place.SQL)
		return db, where, err
	case "file":
		files, err := file.Open(ctx, place.Target, format)
		return files, where, err
	case "s3":
		bucket, err := s3.Open(ctx, place.Bucket)
		if err != nil {
			return nil, where, err
		}
		files, err := file.OpenBucket(bucket, format)
		return files, where, err
	}
	return nil, where, leadsSomewhere(c)
}
