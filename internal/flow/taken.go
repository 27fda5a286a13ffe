package flow

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// Taken is the error of destinations that would share tables with others. A table
// holds the records of one: two would undo each other's work. It unwraps to one of
// Weir's own errors for each clash.
type Taken struct {
	Clashes []Clash // at least one
	seen    func(destination int64) bool
}

// Clash is a destination that is refused, and one that its table belongs to.
type Clash struct {
	Refused store.Resource // without an ID when it is not made yet
	Rival   store.Resource
	Table   string
	Twin    bool // the rival brings the same dataset there
}

// Error tells of all of them. It names none that is there already: not everybody
// may see those.
func (t *Taken) Error() string {
	texts := make([]string, len(t.Clashes))
	for i := range t.Clashes {
		texts[i] = t.error(i).Error()
	}
	return strings.Join(texts, "\n")
}

// Unwrap gives them one by one.
func (t *Taken) Unwrap() []error {
	all := make([]error, len(t.Clashes))
	for i := range t.Clashes {
		all[i] = t.error(i)
	}
	return all
}

// Together tells of all of them in one sentence.
func (t *Taken) Together() *weir.Error {
	if len(t.Clashes) == 1 {
		return t.error(0)
	}
	all := make([]string, len(t.Clashes))
	for i, c := range t.Clashes {
		all[i] = fmt.Sprintf("%s fills the table %s of %s", t.name(c.Rival, "another destination"), c.Table, t.name(c.Refused, "one of this dataset"))
	}
	return &weir.Error{Code: weir.CodeConflict, Reason: "taken", Where: "data_credentials_id",
		Message: "two destinations cannot share a table: " + strings.Join(all, ", "), Remedy: "Lead them to other databases, schemas or directories, or delete those that fill the tables"}
}

// Named is the error for somebody who may see some of the destinations: those are
// named.
func (t *Taken) Named(seen func(destination int64) bool) *Taken {
	return &Taken{Clashes: t.Clashes, seen: seen}
}

// Destinations are all that it is about and that are there.
func (t *Taken) Destinations() (all []store.Resource) {
	for _, c := range t.Clashes {
		if c.Refused.ID != 0 {
			all = append(all, c.Refused)
		}
		all = append(all, c.Rival)
	}
	return all
}

// twins reports whether one of them brings the same records to its table.
func (t *Taken) twins() bool {
	return slices.ContainsFunc(t.Clashes, func(c Clash) bool { return c.Twin })
}

func (t *Taken) error(i int) *weir.Error {
	c := t.Clashes[i]
	return &weir.Error{Code: weir.CodeConflict, Reason: "taken", Where: "data_credentials_id",
		Message: fmt.Sprintf("%s cannot go there: %s fills the table %s there already, and two cannot share one", t.name(c.Refused, "a destination of this dataset"), t.name(c.Rival, "another destination"), c.Table),
		Remedy:  "Choose a credential of another database, schema or directory, or delete the one that fills it"}
}

// name is what a destination is called for whom the error is for.
func (t *Taken) name(r store.Resource, unseen string) string {
	switch {
	case r.ID == 0:
		return fmt.Sprintf("the new destination %q", r.Name)
	case t.seen != nil && t.seen(r.ID):
		return fmt.Sprintf("destination %d (%s)", r.ID, r.Name)
	}
	return unseen
}

// takenBy is the error of a destination whose table others have; nil for none.
func takenBy(refused store.Resource, table string, rivals ...rival) error {
	if len(rivals) == 0 {
		return nil
	}
	t := &Taken{}
	for _, r := range rivals {
		t.Clashes = append(t.Clashes, Clash{Refused: refused, Rival: r.Resource, Table: table, Twin: r.twin})
	}
	return t
}

// rival is another destination of a table.
type rival struct {
	store.Resource
	twin bool // it brings the same dataset there
}

// needTable refuses a destination whose table any other one is to fill.
func (s *Service) needTable(ctx context.Context, to *Destination) error {
	table, rivals, err := s.sharing(ctx, to)
	if err != nil {
		return err
	}
	return takenBy(to.Resource, table, rivals...)
}

// haveTable refuses to activate a destination whose table others fill, have
// filled, or are to fill with it. One that never did, such as a copy, stands in
// nobody's way. It gives all others of the table: as long as they stay as they
// were read, none begins to fill it.
func (s *Service) haveTable(ctx context.Context, to *Destination, beside []part) (others []store.Resource, err error) {
	table, rivals, err := s.sharing(ctx, to)
	if err != nil || len(rivals) == 0 {
		return nil, err
	}
	for _, r := range rivals {
		others = append(others, r.Resource)
	}
	stand, err := s.Standings(ctx, others...)
	if err != nil {
		return nil, err
	}
	return others, takenBy(to.Resource, table, slices.DeleteFunc(rivals, func(r rival) bool {
		return Status(r.Status) != StatusActive && stand[r.ID].Took == 0 && !slices.Contains(beside, part{r.Kind, r.ID})
	})...)
}

// needTables refuses to give a dataset another table that somebody else fills
// where its destinations lead.
func (s *Service) needTables(ctx context.Context, d *Dataset, table string) error {
	all, err := s.DestinationsOf(ctx, d.Org, d.ID)
	if err != nil {
		return err
	}
	taken := &Taken{}
	for _, r := range all {
		to, err := s.loadDestination(ctx, r)
		if err != nil {
			return err
		}
		rivals, err := s.rivalsOf(ctx, to, table)
		if err != nil {
			return err
		}
		for _, other := range rivals {
			taken.Clashes = append(taken.Clashes, Clash{Refused: r, Rival: other.Resource, Table: table})
		}
	}
	if len(taken.Clashes) > 0 {
		return taken
	}
	return nil
}

// sharing are the other destinations of a destination's table.
func (s *Service) sharing(ctx context.Context, to *Destination) (table string, rivals []rival, err error) {
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
func (s *Service) rivalsOf(ctx context.Context, to *Destination, table string) ([]rival, error) {
	c, err := s.Credentials.Credential(ctx, to.Org, to.Credential)
	if err != nil {
		return nil, missing("data_credentials_id", err)
	}
	all, err := s.rivals(ctx, c, to.ID)
	if err != nil {
		return nil, err
	}
	refs, err := s.references(ctx, all[table])
	rivals := make([]rival, len(all[table]))
	for i, r := range all[table] {
		rivals[i] = rival{r, refs[r.ID][roleDataset] == to.Dataset}
	}
	return rivals, err
}

// missing names the field of what is not there any more.
func missing(field string, err error) error {
	if weir.CodeOf(err) == weir.CodeNotFound {
		return about(field, err)
	}
	return weir.At(field, err)
}
