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
	Follows bool    // it is their credential that was to lead elsewhere
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

// mostClashes is how many one sentence names.
const mostClashes = 5

// Together tells of them in one sentence.
func (t *Taken) Together() *weir.Error {
	if len(t.Clashes) == 1 {
		return t.error(0)
	}
	var all []string
	unseen := "one of this dataset"
	if t.Follows {
		unseen = "one of its destinations"
	}
	for _, c := range t.Clashes[:min(len(t.Clashes), mostClashes)] {
		all = append(all, fmt.Sprintf("%s fills the table %s of %s", t.name(c.Rival, "another destination"), c.Table, t.name(c.Refused, unseen)))
	}
	if more := len(t.Clashes) - len(all); more > 0 {
		all = append(all, fmt.Sprintf("and %d more", more))
	}
	return &weir.Error{Code: weir.CodeConflict, Reason: "taken", Where: t.error(0).Where,
		Message: "two destinations cannot share a table: " + strings.Join(all, ", "), Remedy: "Lead them to other databases, schemas or directories, or delete those that fill the tables"}
}

// Named is the error for somebody who may see some of the destinations: those are
// named.
func (t *Taken) Named(seen func(destination int64) bool) *Taken {
	return &Taken{Clashes: t.Clashes, Follows: t.Follows, seen: seen}
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

// twins reports whether all of them bring the same records to their tables.
func (t *Taken) twins() bool {
	return !slices.ContainsFunc(t.Clashes, func(c Clash) bool { return !c.Twin })
}

func (t *Taken) error(i int) *weir.Error {
	c := t.Clashes[i]
	if t.Follows {
		return &weir.Error{Code: weir.CodeConflict, Reason: "taken", Where: "credentials",
			Message: fmt.Sprintf("it cannot lead there: %s fills the table %s there already, which %s would fill, and two cannot share one", t.name(c.Rival, "another destination"), c.Table, t.name(c.Refused, "one of its destinations")),
			Remedy:  "Lead it to another database, schema or directory, or delete one of the two destinations"}
	}
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

// aim is the table that a destination is to fill: which one, and who else is there.
type aim struct {
	dataset *Dataset
	table   string
	place   *place
	rivals  []rival
}

// take holds, in a transaction, what the aim was found by, and makes sure that it
// is still so.
func (c *aim) take(ctx context.Context, tx *store.Tx) error {
	return places{c.place}.take(ctx, tx, holds{c.dataset.ID: func() error { return tx.Unchanged(ctx, c.dataset.Resource) }})
}

// needTable refuses a destination whose table any other one is to fill, but for
// copies.
func (s *Service) needTable(ctx context.Context, to *Destination) (*aim, error) {
	c, err := s.aim(ctx, to)
	if err != nil {
		return nil, err
	}
	of := copiesAmong(to.Resource)
	for _, r := range c.rivals {
		of[r.ID] = r.CopiedFrom
	}
	return c, takenBy(to.Resource, c.table, slices.DeleteFunc(c.rivals, func(r rival) bool { return of.beside(to.Resource, r.Resource) })...)
}

// copies tell of what destinations are copies: 0 for nothing.
type copies map[int64]int64

func copiesAmong(all ...store.Resource) copies {
	of := copies{}
	for _, r := range all {
		of[r.ID] = r.CopiedFrom
	}
	return of
}

func (of copies) original(id int64) int64 {
	for of[id] != 0 {
		id = of[id]
	}
	return id
}

// beside reports whether two destinations of a table may exist beside each other:
// copies of one original and that itself do, as long as only one is active.
func (of copies) beside(a, b store.Resource) bool {
	if a.ID == 0 || Status(a.Status) == StatusActive && Status(b.Status) == StatusActive {
		return false
	}
	return of.original(a.ID) == of.original(b.ID)
}

// haveTable refuses to activate a destination whose table others fill, have
// filled, or are to fill with it. One that never did, such as a copy, stands in
// nobody's way. It gives all others of the table: as long as they stay as they
// were read, none begins to fill it.
func (s *Service) haveTable(ctx context.Context, to *Destination, beside []part) (others []store.Resource, err error) {
	c, err := s.aim(ctx, to)
	if err != nil || len(c.rivals) == 0 {
		return nil, err
	}
	for _, r := range c.rivals {
		others = append(others, r.Resource)
	}
	stand, err := s.Standings(ctx, others...)
	if err != nil {
		return nil, err
	}
	return others, takenBy(to.Resource, c.table, slices.DeleteFunc(c.rivals, func(r rival) bool {
		return Status(r.Status) != StatusActive && stand[r.ID].Took == 0 && !slices.Contains(beside, part{r.Kind, r.ID})
	})...)
}

// needTables refuses to give a dataset another table that somebody else fills
// where its destinations lead. It gives the places that it was found by.
func (s *Service) needTables(ctx context.Context, d *Dataset, table string) (at places, err error) {
	all, err := s.DestinationsOf(ctx, d.Org, d.ID)
	if err != nil {
		return nil, err
	}
	taken := &Taken{}
	for _, r := range all {
		to, err := s.loadDestination(ctx, r)
		if err != nil {
			return nil, err
		}
		p, err := s.placeOf(ctx, to)
		if err != nil {
			return nil, err
		}
		at = append(at, p)
		for _, other := range p.others(table, to.ID) {
			taken.Clashes = append(taken.Clashes, Clash{Refused: r, Rival: other, Table: table})
		}
	}
	if len(taken.Clashes) > 0 {
		return nil, taken
	}
	return at, nil
}

// aim finds the table that a destination is to fill.
func (s *Service) aim(ctx context.Context, to *Destination) (*aim, error) {
	c := &aim{}
	var err error
	if c.dataset, err = s.Dataset(ctx, to.Org, to.Dataset); err != nil {
		return nil, missing("data_set_id", err)
	}
	if c.table, err = s.TableOf(ctx, c.dataset); err != nil {
		return nil, err
	}
	if c.place, err = s.placeOf(ctx, to); err != nil {
		return nil, err
	}
	others := c.place.others(c.table, to.ID)
	refs, err := s.references(ctx, others)
	for _, r := range others {
		c.rivals = append(c.rivals, rival{r, refs[r.ID][roleDataset] == to.Dataset})
	}
	return c, err
}

// placeOf is where a destination leads.
func (s *Service) placeOf(ctx context.Context, to *Destination) (*place, error) {
	c, err := s.Credentials.Credential(ctx, to.Org, to.Credential)
	if err != nil {
		return nil, missing("data_credentials_id", err)
	}
	return s.place(ctx, c)
}

// missing names the field of what is not there any more.
func missing(field string, err error) error {
	if weir.CodeOf(err) == weir.CodeNotFound {
		return about(field, err)
	}
	return weir.At(field, err)
}
