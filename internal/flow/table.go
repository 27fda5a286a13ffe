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

// origin tells it from all other datasets, in destinations.
func (d *Dataset) origin() string { return fmt.Sprintf("dataset %d", d.ID) }
