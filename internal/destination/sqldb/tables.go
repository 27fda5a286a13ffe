package sqldb

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
)

// target is a table of the database together with where its rows are in a
// batch.
type target struct {
	weir.Table             // as it is in the database
	index      int         // in the batch's layout; -1 when the batch has no rows of it
	from       []int       // for each column its place in the batch's rows; -1 is null
	types      []weir.Type // for each column its type in the batch
}

// made is a table that _weir_tables says is ours.
type made struct {
	weir.Table
	dataset, source string
	mode            weir.Mode
	becoming        *weir.Table // what an unfinished change was to make of it
}

// entry is what _weir_tables has of a table. Where each change of a table is
// committed by itself, it says beforehand what the table is about to become,
// so that whoever comes after a kill knows what it finds. A table that is
// about to be made has no columns yet.
type entry struct {
	weir.Table
	Becoming *weir.Table `json:"becoming,omitempty"`
}

// tables brings the database's tables up to the batch's layout and gives
// them, the root first. It refuses every table that is not ours, is of other
// data, or is not as it was made.
func (db *DB) tables(ctx context.Context, tx tx, b weir.Batch) ([]*target, error) {
	known, err := db.made(ctx, tx)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(b.Layout.Tables, func(t weir.Table) bool { return known[t.Name].Name == "" }) {
		// Of two datasets that want one name at once, one must see the other.
		if err := tx.lock(ctx, "own tables"); err != nil {
			return nil, err
		}
		if known, err = db.made(ctx, tx); err != nil {
			return nil, err
		}
	}
	names := make([]string, 0, len(known)+len(b.Layout.Tables))
	for _, t := range b.Layout.Tables {
		names = append(names, t.Name)
	}
	var rest []string // ours of this dataset, that this layout knows nothing of
	for name, m := range known {
		if m.dataset == b.Dataset && !slices.Contains(names, name) {
			rest = append(rest, name)
		}
	}
	slices.Sort(rest)
	found, err := db.engine.describe(ctx, tx, append(names, rest...))
	if err != nil {
		return nil, err
	}
	if err := db.resume(ctx, tx, b.Dataset, known, found); err != nil {
		return nil, err
	}
	var out []*target
	for i, t := range b.Layout.Tables {
		have, err := db.table(ctx, tx, b, i, known, found)
		if err != nil {
			return nil, err
		}
		out = append(out, newTarget(have, t, i))
	}
	for _, name := range rest {
		if _, ours := known[name]; !ours {
			continue // it was announced and never made
		}
		if err := db.unchanged(known[name].Table, found); err != nil {
			return nil, err
		}
		out = append(out, newTarget(known[name].Table, weir.Table{}, -1))
	}
	for _, t := range out {
		if err := db.stages(ctx, tx, t); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func newTarget(have, batch weir.Table, index int) *target {
	t := &target{Table: have, index: index}
	for _, c := range have.Columns {
		i := batch.Column(c.Name)
		t.from, t.types = append(t.from, i), append(t.types, c.Type)
		if i >= 0 {
			t.types[len(t.types)-1] = batch.Columns[i].Type
		}
	}
	return t
}

// made reads which tables of the batch's names or dataset are ours.
func (db *DB) made(ctx context.Context, tx tx) (map[string]made, error) {
	known := map[string]made{}
	err := tx.query(ctx, `SELECT name, dataset, source, mode, layout FROM `+db.engine.table(tablesTable), nil, func(scan func(...any) error) error {
		var m made
		var name, layout string
		if err := scan(&name, &m.dataset, &m.source, &m.mode, &layout); err != nil {
			return err
		}
		var e entry
		if err := json.Unmarshal([]byte(layout), &e); err != nil {
			return &weir.Error{Code: weir.CodeIntegrity, Where: db.engine.where(), Message: "the entry of " + name + " in " + tablesTable + " cannot be read", Err: err}
		}
		m.Table, m.becoming = e.Table, e.Becoming
		known[name] = m
		return nil
	})
	return known, err
}

// resume finds out what became of changes of the dataset's tables that
// somebody began and did not write down as finished.
func (db *DB) resume(ctx context.Context, tx tx, dataset string, known map[string]made, found map[string]actual) error {
	for name, m := range known {
		if m.becoming == nil || m.dataset != dataset {
			continue
		}
		_, there := found[name]
		switch changed := db.unchanged(*m.becoming, found) == nil; {
		case changed:
			m.Table = *m.becoming
			if err := db.write(ctx, tx, entry{Table: m.Table}); err != nil {
				return err
			}
		case len(m.Columns) == 0 && !there:
			if _, err := tx.exec(ctx, `DELETE FROM `+db.engine.table(tablesTable)+` WHERE name = $1`, name); err != nil {
				return err
			}
			delete(known, name)
			continue
		case len(m.Columns) == 0:
			return db.conflict(name, "there is one of this name that Weir did not make, and it is left alone", "Rename "+name+", or choose another database")
		}
		m.becoming = nil
		known[name] = m
	}
	return nil
}

// write changes a table's entry.
func (db *DB) write(ctx context.Context, tx tx, e entry) error {
	layout, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = tx.exec(ctx, `UPDATE `+db.engine.table(tablesTable)+` SET layout = $1 WHERE name = $2`, string(layout), e.Name)
	return err
}

// conflict is a table that is not what it must be.
func (db *DB) conflict(table, message, remedy string) error {
	return &weir.Error{Code: weir.CodeConflict, Where: db.engine.where() + " table " + table, Message: message, Remedy: remedy}
}

// table makes, checks or widens table i of the batch's layout, and gives it
// as it is then.
func (db *DB) table(ctx context.Context, tx tx, b weir.Batch, i int, known map[string]made, found map[string]actual) (weir.Table, error) {
	t := b.Layout.Tables[i]
	if err := db.refusal(b, t, known, found); err != nil {
		return t, err
	}
	m, ours := known[t.Name]
	if !ours {
		return t, db.create(ctx, tx, b, t)
	}
	wide, err := db.union(ctx, tx, b, i, m.Table)
	if err != nil {
		return t, err
	}
	return wide, db.alter(ctx, tx, m.Table, wide, found[t.Name])
}

// refusal says why a table of a batch cannot be had; nil when it can.
func (db *DB) refusal(b weir.Batch, t weir.Table, known map[string]made, found map[string]actual) error {
	m, ours := known[t.Name]
	_, there := found[t.Name]
	const elsewhere = "Choose another database, or another schema with ?schema="
	switch {
	case !ours && there:
		return db.conflict(t.Name, "there is one of this name that Weir did not make, and it is left alone", "Rename "+t.Name+", or choose another database, or another schema with ?schema=")
	case !ours:
		return nil
	case m.source != b.Source:
		return db.conflict(t.Name, "it holds data of another source ("+m.source+")", elsewhere)
	case m.dataset != b.Dataset:
		return db.conflict(t.Name, "the dataset "+m.dataset+" has it, and two cannot share one", "Load one of the two into another database, or another schema with ?schema=")
	case m.mode != b.Mode:
		return db.conflict(t.Name, fmt.Sprintf("it was loaded in mode %s, not %s", m.mode, b.Mode), elsewhere)
	case !slices.Equal(m.Key, t.Key) || m.Parent != t.Parent:
		return db.conflict(t.Name, fmt.Sprintf("its primary key is (%s), and would now be (%s)", strings.Join(m.Key, ", "), strings.Join(t.Key, ", ")), elsewhere)
	}
	return db.unchanged(m.Table, found)
}

// unchanged refuses a table that somebody has altered since it was made.
// Columns, indexes and triggers that were added are no matter.
func (db *DB) unchanged(t weir.Table, found map[string]actual) error {
	have, there := found[t.Name]
	forget := fmt.Sprintf("To have the dataset loaded anew, drop its tables, delete their rows from %s and the dataset's from %s, and run again", tablesTable, positionsTable)
	if !there || have.view {
		return db.conflict(t.Name, "Weir made this table, and it is gone", "Restore it. "+forget)
	}
	var differs []string
	for _, c := range t.Columns {
		switch is, want := have.columns[c.Name], db.engine.columnType(t, c); {
		case is == "":
			differs = append(differs, fmt.Sprintf("the column %s (%s) is missing", c.Name, want))
		case is != want:
			differs = append(differs, fmt.Sprintf("the column %s is %s, and was made as %s", c.Name, is, want))
		}
	}
	if !slices.ContainsFunc(have.unique, func(u []string) bool { return sameNames(u, t.Key) }) {
		differs = append(differs, fmt.Sprintf("the unique index on (%s) is missing", strings.Join(t.Key, ", ")))
	}
	if len(differs) == 0 {
		return nil
	}
	return db.conflict(t.Name, "it is not as Weir made it: "+strings.Join(differs, "; "), "Change it back. "+forget)
}

func sameNames(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

func (db *DB) create(ctx context.Context, tx tx, b weir.Batch, t weir.Table) error {
	e := entry{Table: t}
	if db.engine.oneByOne() {
		e = entry{Table: weir.Table{Name: t.Name, Key: t.Key, Parent: t.Parent}, Becoming: &t}
	}
	layout, err := json.Marshal(e)
	if err != nil {
		return err
	}
	now, _ := db.engine.value(time.Now().UTC().Truncate(time.Microsecond), weir.TypeTime)
	_, err = tx.exec(ctx, `INSERT INTO `+db.engine.table(tablesTable)+` (name, dataset, source, mode, layout, made_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		t.Name, b.Dataset, b.Source, string(b.Mode), string(layout), now)
	if err != nil {
		return err
	}
	if _, err := tx.exec(ctx, createTable(db.engine, db.engine.table(t.Name), t, t.Key)); err != nil || !db.engine.oneByOne() {
		return err
	}
	return db.write(ctx, tx, entry{Table: t})
}

// createTable is the statement that makes a table with its key.
func createTable(e engine, name string, t weir.Table, notNull []string) string {
	var columns strings.Builder
	for _, c := range t.Columns {
		columns.WriteString(e.definition(t, c, c.Name))
		if slices.Contains(notNull, c.Name) {
			columns.WriteString(" NOT NULL")
		}
		columns.WriteString(", ")
	}
	return fmt.Sprintf("CREATE TABLE %s (%sPRIMARY KEY (%s))%s", name, columns.String(), quoteAll(t.Key), e.tableEnd())
}

// alter adds the columns and widens the types that wide has more than t.
func (db *DB) alter(ctx context.Context, tx tx, t, wide weir.Table, have actual) error {
	changed := false
	for _, c := range wide.Columns {
		i := t.Column(c.Name)
		if i < 0 && have.columns[c.Name] != "" {
			return db.conflict(t.Name, "the source now has a column "+c.Name+", and somebody has added one of this name", "Rename or drop that column")
		}
		changed = changed || i < 0 || t.Columns[i].Type != c.Type
	}
	if !changed {
		return nil
	}
	if db.engine.oneByOne() {
		if err := db.write(ctx, tx, entry{Table: t, Becoming: &wide}); err != nil {
			return err
		}
	}
	if err := db.engine.alter(ctx, tx, t, wide); err != nil {
		return err
	}
	return db.write(ctx, tx, entry{Table: wide})
}

// addColumns adds the columns that wide has more than have, one after the
// other, and gives the table as it is then.
func addColumns(ctx context.Context, tx tx, e engine, have, wide weir.Table) (weir.Table, error) {
	have.Columns = slices.Clone(have.Columns)
	for _, c := range wide.Columns {
		if have.Column(c.Name) >= 0 {
			continue
		}
		if _, err := tx.exec(ctx, fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s", e.table(have.Name), e.definition(wide, c, c.Name))); err != nil {
			return have, err
		}
		have.Columns = append(have.Columns, c)
	}
	return have, nil
}
