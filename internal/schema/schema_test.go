package schema

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
)

var bookings = Spec{
	Dataset: "bookings", PrimaryKey: []string{"uid"}, Children: []string{"attendees", "hosts", "guests"},
	JSONFields: []string{"metadata", "bookingFieldsResponses", "attendees.metadata"},
	Columns: []Column{{"uid", weir.TypeText}, {"status", weir.TypeText}, {"eventTypeId", weir.TypeInt}, {"rescheduledFromUid", weir.TypeText},
		{"attendees.absent", weir.TypeBool}, {"guests", weir.TypeText}},
}

const booking = `{"attendees":[{"absent":false,"email":"g@example.org","metadata":{"a":1},"name":"Kei Müller"},{"absent":true,"email":"h@example.org"}],` +
	`"bookingFieldsResponses":{"guests":[],"name":{"firstName":"Kei"}},"createdAt":"2026-11-07T07:39:59.019Z","duration":30,"eventType":{"id":1,"slug":"30min"},` +
	`"eventTypeId":1,"guests":["x@example.org"],"hosts":[{"id":1,"name":"Alice"}],"metadata":{},"rating":null,"uid":"u1"}`

func record(data string) weir.Record {
	return weir.Record{Key: "u1", Data: []byte(data), Hash: weir.HashOf([]byte(data))}
}

func newSchema(t *testing.T, spec Spec, records ...string) *Schema {
	t.Helper()
	s, err := New(spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		if _, err := s.Observe(record(r)); err != nil {
			t.Fatalf("%s: %v", r, err)
		}
	}
	return s
}

// cells gives the named columns of a table's row.
func cells(t *testing.T, s *Schema, data, table string, row int, columns ...string) []any {
	t.Helper()
	layout := s.Layout(weir.ModeUpsert)
	c, reject := s.Change(record(data), 1, 0, "run", weir.ModeUpsert)
	if reject != nil {
		t.Fatal(reject.Reason)
	}
	for i, l := range layout.Tables {
		if l.Name != table {
			continue
		}
		out := make([]any, len(columns))
		for j, name := range columns {
			out[j] = "no such column"
			for k, column := range l.Columns {
				if column.Name == name {
					out[j] = c.Rows[i][row][k]
				}
			}
		}
		return out
	}
	t.Fatalf("no table %s", table)
	return nil
}

func TestABookingBecomesTypedRowsAndChildTables(t *testing.T) {
	s := newSchema(t, bookings, booking)
	var got []string
	for _, l := range s.Layout(weir.ModeUpsert).Tables {
		text := fmt.Sprintf("%s key %v:", l.Name, l.Key)
		for _, c := range l.Columns[:len(l.Columns)-len(own)] {
			text += fmt.Sprintf(" %s %s", c.Name, c.Type)
		}
		got = append(got, text)
	}
	want := []string{
		"bookings key [uid]: uid text status text event_type_id int rescheduled_from_uid text" +
			" booking_fields_responses json created_at time duration int event_type_slug text metadata json",
		"booking_attendees key [booking_uid position]: booking_uid text position int absent bool email text metadata json name text",
		"booking_hosts key [booking_uid position]: booking_uid text position int id int name text",
		"booking_guests key [booking_uid position]: booking_uid text position int value text",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]any{"u1", int64(1), "30min", `{"guests":[],"name":{"firstName":"Kei"}}`, time.Date(2026, 11, 7, 7, 39, 59, 19e6, time.UTC), `{}`},
		cells(t, s, booking, "bookings", 0, "uid", "event_type_id", "event_type_slug", "booking_fields_responses", "created_at", "metadata")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]any{"u1", int64(1), true, "h@example.org", nil},
		cells(t, s, booking, "booking_attendees", 1, "booking_uid", "position", "absent", "email", "metadata")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]any{"u1", int64(0), "x@example.org"}, cells(t, s, booking, "booking_guests", 0, "booking_uid", "position", "value")); d != "" {
		t.Error(d)
	}
}

func TestEveryRowCarriesWhenWhoAndWhatHash(t *testing.T) {
	s := newSchema(t, bookings, booking)
	r := record(booking)
	at := time.Date(2026, 11, 23, 9, 0, 0, 1000, time.UTC)
	c, _ := s.Change(r, 7, at.UnixMicro(), "run-7", weir.ModeUpsert)
	want := []any{at, "run-7", nil, fmt.Sprintf("%x", r.Hash[:])}
	for i, rows := range c.Rows {
		for _, row := range rows {
			if d := cmp.Diff(want, row[len(row)-4:]); d != "" {
				t.Errorf("table %d: %s", i, d)
			}
		}
	}
	if c.Position != 7 || !cmp.Equal(c.RootKey, []any{"u1"}) {
		t.Errorf("got position %d, key %v", c.Position, c.RootKey)
	}
}

func TestASavedSchemaLaysOutTheSameTables(t *testing.T) {
	s := newSchema(t, bookings, booking, `{"uid":"u2","a":{"b":1},"a_b":2,"extra":[{"x":1}]}`)
	saved, err := s.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := New(bookings, saved)
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []weir.Mode{weir.ModeUpsert, weir.ModeHistory} {
		if d := cmp.Diff(s.Layout(mode), again.Layout(mode)); d != "" {
			t.Error(d)
		}
	}
	if n, err := again.Observe(record(booking)); err != nil || len(n) > 0 || again.Changes() != 0 {
		t.Errorf("a known record changed it: %v, %v", n, err)
	}
}

func TestHistoryKeepsEveryVersionByHashAndTime(t *testing.T) {
	s := newSchema(t, bookings, booking)
	l := s.Layout(weir.ModeHistory)
	if d := cmp.Diff([]string{"uid", weir.ColumnHash, weir.ColumnExtractedAt}, l.Tables[0].Key); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"booking_uid", "position", weir.ColumnHash, weir.ColumnExtractedAt}, l.Tables[1].Key); d != "" {
		t.Error(d)
	}
}

func TestNoChildTableHasANameThatAnotherDatasetCouldHave(t *testing.T) {
	others := []string{"a", "a_b", "a_bs", "a_extra"}
	array := func(name string) string { return `{"id":1,"` + name + `":[{"x":1}]}` }
	seen := map[string]string{}
	for _, c := range []struct{ dataset, field, want string }{
		{"a", "c", "a_c"}, {"a_b", "c", "a_b_c"}, {"a", "bC", "a_b_c_"}, {"a", "extra", "a_extra_"}, {"a_bs", "c", "a_b_c_"}, {"a", "b", "a_b_"},
	} {
		s := newSchema(t, Spec{Dataset: c.dataset, PrimaryKey: []string{"id"}, Others: others}, array(c.field))
		got := s.Layout(weir.ModeUpsert).Tables[1].Name
		if plain := !strings.HasSuffix(c.want, "_"); plain && got != c.want || !plain && (!strings.HasPrefix(got, c.want) || !looksHashed(got)) {
			t.Errorf("%s of %s is in %s, want %s", c.field, c.dataset, got, c.want)
		}
		if other := seen[got]; other != "" {
			t.Errorf("%s is of %s and of %s", got, other, c.dataset)
		}
		seen[got] = c.dataset
	}
}

func TestATombstoneHasTheKeyInItsColumnsType(t *testing.T) {
	s := newSchema(t, Spec{Dataset: "event_types", PrimaryKey: []string{"id"}}, `{"id":7}`)
	c, reject := s.Change(weir.Record{Key: "7", Deleted: true}, 2, 0, "run", weir.ModeUpsert)
	if reject != nil || !c.Deleted || !cmp.Equal(c.RootKey, []any{int64(7)}) || c.Rows != nil {
		t.Errorf("got %+v, %v", c, reject)
	}
}

func TestARecordWithoutItsKeyIsRejected(t *testing.T) {
	s := newSchema(t, bookings, booking)
	for _, data := range []string{`{}`, `{"uid":null}`, `{"uid":{}}`, `[]`, `{"uid":`, ``, `{"uid":"x"} 1`} {
		_, reject := s.Change(record(data), 1, 0, "run", weir.ModeUpsert)
		if reject == nil || reject.Stage != "schema" || string(reject.Original) != data {
			t.Errorf("%s: got %+v", data, reject)
		}
	}
}

func TestDriftIsToldInPlainWords(t *testing.T) {
	s := newSchema(t, bookings, booking)
	saved, err := s.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for data, want := range map[string][]string{
		booking:                                nil,
		`{"uid":"u2","color":null}`:            nil,
		`{"uid":"u2","color":"red"}`:           {"table bookings: new column color"},
		`{"uid":"u2","duration":1.5}`:          {"table bookings: the column duration was int and is now float"},
		`{"uid":"u2","createdAt":"yesterday"}`: {"table bookings: the column created_at was time and is now text"},
		`{"uid":"u2","parts":[{"n":1}]}`:       {"new table booking_parts", "table booking_parts: new column n"},
		`{"uid":"u2","status_":"x"}`:           {"table bookings: the field status_ shares the column status"},
		`{"eventType":{"id":2},"eventTypeId":1,"uid":"u2"}`: {
			"table bookings: new column " + hashed("event_type_id", "eventType.id") + ", because the field eventType.id is no longer the same as eventTypeId"},
	} {
		s, err := New(bookings, saved)
		if err != nil {
			t.Fatal(err)
		}
		notices, err := s.Observe(record(data))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range notices {
			got = append(got, n.String())
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", data, d)
		}
		if changed := s.Changes() > 0; changed != (want != nil) {
			t.Errorf("%s: version %d", data, s.Changes())
		}
	}
}

func TestANoticeSaysWhereInTheRecordAndWhichTypes(t *testing.T) {
	s := newSchema(t, bookings, booking)
	got, err := s.Observe(record(`{"attendees":[{"absent":"no"}],"duration":1.5,"eventType":{"id":2},"eventTypeId":1,"parts":[{"n":1}],"uid":"u2"}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Notice{
		{Kind: WiderType, Table: "booking_attendees", Column: "absent", Path: "attendees.absent", Before: weir.TypeBool, After: weir.TypeText},
		{Kind: WiderType, Table: "bookings", Column: "duration", Path: "duration", Before: weir.TypeInt, After: weir.TypeFloat},
		{Kind: OwnColumn, Table: "bookings", Column: hashed("event_type_id", "eventType.id"), Path: "eventType.id", After: weir.TypeInt, Other: "eventTypeId"},
		{Kind: NewTable, Table: "booking_parts", Path: "parts"},
		{Kind: NewColumn, Table: "booking_parts", Column: "n", Path: "parts.n", After: weir.TypeInt},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestFieldsOfOneNameShareAColumnUntilTheyDiffer(t *testing.T) {
	spec := Spec{Dataset: "bookings", PrimaryKey: []string{"uid"}}
	const same, only = `{"eventType":{"id":1},"eventTypeId":1,"uid":"u1"}`, `{"eventType":{"id":5},"uid":"u2"}`
	s := newSchema(t, spec, only, same)
	own := hashed("event_type_id", "eventType.id")
	for _, data := range []string{same, only} {
		if got := cells(t, s, data, "bookings", 0, own)[0]; got != "no such column" {
			t.Errorf("%s: got %v", data, got)
		}
	}
	if got := cells(t, s, only, "bookings", 0, "event_type_id")[0]; got != int64(5) {
		t.Errorf("got %v", got)
	}
	const differs = `{"eventType":{"id":2},"eventTypeId":3,"uid":"u3"}`
	if _, err := s.Observe(record(differs)); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]any{int64(3), int64(2)}, cells(t, s, differs, "bookings", 0, "event_type_id", own)); d != "" {
		t.Error(d)
	}
}

func TestAFieldThatRepeatsAnotherIsLeftOut(t *testing.T) {
	s := newSchema(t, Spec{Dataset: "b", PrimaryKey: []string{"uid"}, Children: []string{"hosts"}, Ignore: []string{"again", "hosts.again"}},
		`{"again":{"x":1},"hosts":[{"again":1,"id":1}],"uid":"u1"}`)
	for _, table := range s.Layout(weir.ModeUpsert).Tables {
		for _, c := range table.Columns {
			if strings.Contains(c.Name, "again") {
				t.Errorf("table %s has %s", table.Name, c.Name)
			}
		}
	}
}

func TestTooManyFieldsAreARefusalNotATableNoDatabaseTakes(t *testing.T) {
	s := newSchema(t, bookings)
	data := `{"uid":"u1"`
	for i := range 2 * fieldLimit {
		data += fmt.Sprintf(`,"f%d":%d`, i, i)
	}
	if _, err := s.Observe(record(data + "}")); weir.CodeOf(err) != weir.CodeData {
		t.Errorf("got %v", err)
	}
	if n := len(s.Layout(weir.ModeUpsert).Tables[0].Columns); n > fieldLimit+10 {
		t.Errorf("%d columns", n)
	}
}
