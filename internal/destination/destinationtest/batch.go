package destinationtest

import (
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/weirhq/weir"
)

// dataset is the one that the suite loads.
const dataset = "bookings"

// source is whose data the suite loads.
const source = "calcom https://api.cal.com account 7"

// began is when the first record of the suite was read.
var began = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

var ownColumns = []weir.Column{
	{Name: weir.ColumnExtractedAt, Type: weir.TypeTime}, {Name: weir.ColumnRunID, Type: weir.TypeText},
	{Name: weir.ColumnDeletedAt, Type: weir.TypeTime}, {Name: weir.ColumnHash, Type: weir.TypeText},
}

// layout is the suite's usual layout: bookings and their attendees.
func layout() weir.Layout {
	return weir.Layout{Tables: []weir.Table{
		{Name: "bookings", Key: []string{"id"}, Columns: slices.Concat([]weir.Column{
			{Name: "id", Type: weir.TypeText}, {Name: "version", Type: weir.TypeInt}, {Name: "ratio", Type: weir.TypeFloat},
			{Name: "title", Type: weir.TypeText}, {Name: "start", Type: weir.TypeTime}, {Name: "absent", Type: weir.TypeBool}, {Name: "metadata", Type: weir.TypeJSON},
		}, ownColumns)},
		{Name: "booking_attendees", Key: []string{"booking_id", "position"}, Parent: 1, Columns: slices.Concat([]weir.Column{
			{Name: "booking_id", Type: weir.TypeText}, {Name: "position", Type: weir.TypeInt}, {Name: "name", Type: weir.TypeText},
		}, ownColumns)},
	}}
}

// renamed is the usual layout for another dataset.
func renamed(dataset string) weir.Layout {
	l := layout()
	l.Tables[0].Name, l.Tables[1].Name = dataset, dataset+"_attendees"
	return l
}

// historyLayout is the same with what tells versions apart in the keys.
func historyLayout() weir.Layout {
	l := layout()
	for i := range l.Tables {
		l.Tables[i].Key = append(l.Tables[i].Key, weir.ColumnHash, weir.ColumnExtractedAt)
	}
	return l
}

// batch is a batch of changes from a position on. The changes get the
// positions that follow.
func batch(from weir.Position, changes ...weir.Change) weir.Batch {
	b := weir.Batch{Dataset: dataset, Source: source, Log: "log-a", Mode: weir.ModeUpsert, Layout: layout(), From: from,
		To: from + weir.Position(len(changes)), RunID: "run-1", Epoch: 1, ExtractedAt: at(from + weir.Position(len(changes))).UnixMicro(), Changes: changes}
	for i := range changes {
		changes[i].Position = from + weir.Position(i) + 1
	}
	return b
}

// at is when the record at a position was read.
func at(p weir.Position) time.Time { return began.Add(time.Duration(p) * time.Millisecond) }

// own are the values of Weir's columns in a row that is not deleted.
func own(id string, version int, read time.Time) []any {
	hash := weir.HashOf(fmt.Appendf(nil, "%s %d", id, version))
	return []any{read, "run-1", nil, hex.EncodeToString(hash[:])}
}

// Booking is a version of a booking with attendees, as World lays it out.
func Booking(id string, version int, attendees ...string) weir.Change {
	read := began.Add(time.Duration(version) * time.Minute)
	root := slices.Concat([]any{id, int64(version), float64(version) / 3, "title of " + id, read.Add(time.Hour), version%2 == 0, fmt.Sprintf(`{"v":%d}`, version)}, own(id, version, read))
	children := [][]any{}
	for i, name := range attendees {
		children = append(children, slices.Concat([]any{id, int64(i), name}, own(id, version, read)))
	}
	return weir.Change{Key: id, RootKey: []any{id}, Rows: [][][]any{{root}, children}}
}

// readAt is the same version as it was read later.
func readAt(c weir.Change, later time.Duration) weir.Change {
	c.Rows = slices.Clone(c.Rows)
	for i, rows := range c.Rows {
		at := slices.IndexFunc(layout().Tables[i].Columns, func(c weir.Column) bool { return c.Name == weir.ColumnExtractedAt })
		c.Rows[i] = nil
		for _, row := range rows {
			row = slices.Clone(row)
			row[at] = row[at].(time.Time).Add(later)
			c.Rows[i] = append(c.Rows[i], row)
		}
	}
	return c
}

// deletion is the end of a booking.
func deletion(id string) weir.Change {
	return weir.Change{Key: id, RootKey: []any{id}, Deleted: true}
}

// rowsOf gives the rows that changes leave in tables of a layout, when each
// is the newest of its record.
func rowsOf(l weir.Layout, changes ...weir.Change) map[string][]map[string]any {
	out := map[string][]map[string]any{}
	for _, c := range changes {
		for i, rows := range c.Rows {
			for _, row := range rows {
				out[l.Tables[i].Name] = append(out[l.Tables[i].Name], named(l.Tables[i], row))
			}
		}
	}
	return out
}

func named(t weir.Table, row []any) map[string]any {
	m := map[string]any{}
	for i, c := range t.Columns {
		m[c.Name] = row[i]
	}
	return m
}

// marked gives rows the time of their deletion.
func marked(rows map[string][]map[string]any, when time.Time) map[string][]map[string]any {
	for _, table := range rows {
		for _, row := range table {
			row[weir.ColumnDeletedAt] = when
		}
	}
	return rows
}

// together joins rows of tables.
func together(parts ...map[string][]map[string]any) map[string][]map[string]any {
	out := map[string][]map[string]any{}
	for _, p := range parts {
		for name, rows := range p {
			out[name] = append(out[name], rows...)
		}
	}
	return out
}
