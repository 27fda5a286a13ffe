package flow

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/weirhq/weir/internal/store"
)

// mostTable is how long the name of a table may be that is made of a
// dataset's: room is left for those of its child tables.
const mostTable = 40

// notInTable is what no name of a table has.
var notInTable = regexp.MustCompile(`[^a-z0-9]+`)

// tableOf makes a table's name of a dataset's.
func tableOf(name string) string {
	table := strings.Trim(notInTable.ReplaceAllString(strings.ToLower(name), "_"), "_")
	if len(table) > mostTable {
		table = strings.TrimRight(table[:mostTable], "_")
	}
	if table == "" || table[0] >= '0' && table[0] <= '9' {
		table = strings.TrimRight("data_"+table, "_")
	}
	return table
}

// freeTable makes a table's name of a dataset's that none with rules beside it has,
// nor had: those of one source often go to one place. What was deleted may come back.
// What the source yields has its own names: a dataset that is called like that goes
// instead of it, to another place.
func freeTable(name string, beside []store.Resource) (string, error) {
	taken := map[string]bool{}
	for _, r := range beside {
		spec := DatasetSpec{}
		if err := unpack(r, &spec); err != nil {
			return "", err
		}
		taken[spec.Table] = true
	}
	first := tableOf(name)
	table := first
	for n := 2; taken[table]; n++ {
		number := fmt.Sprintf("_%d", n)
		table = strings.TrimRight(first[:min(len(first), mostTable-len(number))], "_") + number
	}
	return table, nil
}

// tableStays makes sure, once its source is held, that no other dataset beside it
// has got its table since that was chosen: then it is store.Changed.
func (d *Dataset) tableStays(ctx context.Context, tx *store.Tx) error {
	if d.Table == "" {
		return nil
	}
	beside, err := tx.EverUsedBy(ctx, store.KindDataset, d.Source)
	if err != nil {
		return err
	}
	for _, r := range beside {
		spec := DatasetSpec{}
		if err := unpack(r, &spec); err != nil {
			return err
		}
		if r.ID != d.ID && spec.Table == d.Table {
			return store.Changed(&r)
		}
	}
	return nil
}

// table is what the dataset is called in destinations when it has rules. It
// stays when the dataset gets another name.
func (d *Dataset) table() string {
	if d.Table == "" { // it had rules from its parent alone
		return fmt.Sprintf("dataset_%d", d.ID)
	}
	return d.Table
}

// TableOf is what a dataset is called in destinations: its main table there.
func (s *Service) TableOf(ctx context.Context, d *Dataset) (string, error) {
	tables, err := s.TablesOf(ctx, d)
	return tables[d.ID], err
}

// TablesOf is TableOf for several datasets of one organization, by their ids. It
// costs no more for many than for one.
func (s *Service) TablesOf(ctx context.Context, all ...*Dataset) (map[int64]string, error) {
	known := map[int64]*Dataset{}
	for next := all; len(next) > 0; {
		parents := []int64{}
		for _, d := range next {
			known[d.ID] = d
		}
		for _, d := range next {
			if d.Parent != 0 && known[d.Parent] == nil {
				parents = append(parents, d.Parent)
			}
		}
		if len(parents) == 0 {
			break
		}
		var err error
		if next, _, err = s.Datasets(ctx, store.ResourceFilter{Org: next[0].Org, IDs: parents}); err != nil {
			return nil, err
		}
	}
	tables := make(map[int64]string, len(all))
	for _, d := range all {
		tables[d.ID] = d.Type
		if d.ruledAmong(known) {
			tables[d.ID] = d.table()
		}
	}
	return tables, nil
}

// ruledAmong reports whether there are rules on a dataset's way, or were, or
// may have been, as what it is made from is gone.
func (d *Dataset) ruledAmong(known map[int64]*Dataset) bool {
	for ; d.Parent != 0; d = known[d.Parent] {
		if d.Edition != "" || len(d.Rules) > 0 || d.Transform != 0 || known[d.Parent] == nil {
			return true
		}
	}
	return false
}

// origin tells it from all other datasets, in destinations.
func (d *Dataset) origin() string { return fmt.Sprintf("dataset %d", d.ID) }
