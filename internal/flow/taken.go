package flow

import (
	"context"
	"fmt"
	"slices"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// Taken is the error of a destination that would share a table with another one.
// A table holds the records of one: two would undo each other's work.
type Taken struct {
	Table string
	Rival store.Resource // the destination that the table belongs to
	Twin  bool           // it brings the same dataset there
}

// Error names the rival by its number: not everybody may see its name.
func (t *Taken) Error() string { return t.weir("").Error() }

// Unwrap gives the same as one of Weir's own errors.
func (t *Taken) Unwrap() error { return t.weir("") }

// Named is the error for who may see the rival.
func (t *Taken) Named() error { return t.weir(fmt.Sprintf(" (%s)", t.Rival.Name)) }

func (t *Taken) weir(name string) *weir.Error {
	return &weir.Error{Code: weir.CodeConflict, Reason: "taken", Where: "data_credentials_id",
		Message: fmt.Sprintf("destination %d%s fills the table %s there already, and two cannot share one", t.Rival.ID, name, t.Table),
		Remedy:  "Choose a credential of another database, schema or directory, or delete that destination"}
}

// needTable refuses a destination whose table any other one is to fill.
func (s *Service) needTable(ctx context.Context, to *Destination) error {
	table, rivals, err := s.sharing(ctx, to)
	if err != nil || len(rivals) == 0 {
		return err
	}
	return &Taken{Table: table, Rival: rivals[0]}
}

// haveTable refuses to activate a destination whose table another one fills, has
// filled, or is to fill with it. One that never did, such as a copy, stands in
// nobody's way. It gives all others of the table: as long as they stay as they
// were read, none begins to fill it.
func (s *Service) haveTable(ctx context.Context, to *Destination, beside []part) (rivals []store.Resource, err error) {
	table, rivals, err := s.sharing(ctx, to)
	if err != nil || len(rivals) == 0 {
		return nil, err
	}
	stand, err := s.Standings(ctx, rivals...)
	if err != nil {
		return nil, err
	}
	for _, rival := range rivals {
		if Status(rival.Status) == StatusActive || stand[rival.ID].Took != 0 || slices.Contains(beside, part{rival.Kind, rival.ID}) {
			of, err := s.uses(ctx, rival.ID, roleDataset)
			if err != nil {
				return nil, err
			}
			return nil, &Taken{Table: table, Rival: rival, Twin: of == to.Dataset}
		}
	}
	return rivals, nil
}

// needTables refuses to give a dataset another table that somebody else fills
// where one of its destinations leads.
func (s *Service) needTables(ctx context.Context, d *Dataset, table string) error {
	all, err := s.DestinationsOf(ctx, d.Org, d.ID)
	if err != nil {
		return err
	}
	for _, r := range all {
		to, err := s.loadDestination(ctx, r)
		if err != nil {
			return err
		}
		rivals, err := s.rivalsOf(ctx, to, table)
		if err != nil {
			return err
		}
		if len(rivals) > 0 {
			return &Taken{Table: table, Rival: rivals[0]}
		}
	}
	return nil
}

// sharing are the other destinations of a destination's table.
func (s *Service) sharing(ctx context.Context, to *Destination) (table string, rivals []store.Resource, err error) {
	d, err := s.Dataset(ctx, to.Org, to.Dataset)
	if err != nil {
		return "", nil, missing("data_set_id", err)
	}
	if table, err = s.TableOf(ctx, d); err != nil {
		return "", nil, err
	}
	rivals, err = s.rivalsOf(ctx, to, table)
	return table, rivals, err
}

// rivalsOf are the other destinations of a table where a destination leads.
func (s *Service) rivalsOf(ctx context.Context, to *Destination, table string) ([]store.Resource, error) {
	c, err := s.Credentials.Credential(ctx, to.Org, to.Credential)
	if err != nil {
		return nil, missing("data_credentials_id", err)
	}
	all, err := s.rivals(ctx, c, to.ID)
	return all[table], err
}

// missing names the field of what is not there any more.
func missing(field string, err error) error {
	if weir.CodeOf(err) == weir.CodeNotFound {
		return about(field, err)
	}
	return weir.At(field, err)
}
