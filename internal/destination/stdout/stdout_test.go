package stdout_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/destination/stdout"
)

var at = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

func batch(from, to weir.Position, changes ...weir.Change) weir.Batch {
	return weir.Batch{Dataset: "bookings", Source: "s", Log: "l", Mode: weir.ModeUpsert, From: from, To: to, RunID: "run-1", Epoch: 1, ExtractedAt: at.UnixMicro(),
		Changes: changes, Layout: weir.Layout{Tables: []weir.Table{
			{Name: "bookings", Key: []string{"id"}, Columns: []weir.Column{{Name: "id", Type: weir.TypeInt}, {Name: "title", Type: weir.TypeText},
				{Name: "metadata", Type: weir.TypeJSON}, {Name: "paid", Type: weir.TypeFloat}, {Name: weir.ColumnExtractedAt, Type: weir.TypeTime}}},
			{Name: "booking_attendees", Key: []string{"booking_id", "position"}, Parent: 1, Columns: []weir.Column{
				{Name: "booking_id", Type: weir.TypeInt}, {Name: "position", Type: weir.TypeInt}, {Name: "name", Type: weir.TypeText}}},
			{Name: "title", Key: []string{"booking_id"}, Parent: 1, Columns: []weir.Column{{Name: "booking_id", Type: weir.TypeInt}}},
		}}}
}

func booking(position weir.Position, title any, paid any, guests ...string) weir.Change {
	ch := weir.Change{Position: position, Key: "7", RootKey: []any{int64(7)},
		Rows: [][][]any{{{int64(7), title, `{"a":[1]}`, paid, at}}, nil, nil}}
	for i, g := range guests {
		ch.Rows[1] = append(ch.Rows[1], []any{int64(7), int64(i), g})
	}
	return ch
}

func TestARecordIsOneLineWithItsChildren(t *testing.T) {
	var out bytes.Buffer
	d := stdout.New(&out, nil)
	loaded, err := d.Load(t.Context(), batch(0, 3, booking(1, "Call\n\"x\"", 1.5, "Ann", "Bob"), booking(2, nil, nil),
		weir.Change{Position: 3, Key: "7", RootKey: []any{int64(7)}, Deleted: true}))
	if err != nil || loaded.Rows != 3 {
		t.Fatal(loaded, err)
	}
	want := `{"dataset":"bookings","record":{"id":7,"title":"Call\n\"x\"","metadata":{"a":[1]},"paid":1.5,"_weir_extracted_at":"2026-11-23T09:00:00.000000Z","booking_attendees":[{"booking_id":7,"position":0,"name":"Ann"},{"booking_id":7,"position":1,"name":"Bob"}],"title_":[]}}
{"dataset":"bookings","record":{"id":7,"title":null,"metadata":{"a":[1]},"paid":null,"_weir_extracted_at":"2026-11-23T09:00:00.000000Z","booking_attendees":[],"title_":[]}}
{"dataset":"bookings","record":{"id":7,"_weir_run_id":"run-1","_weir_deleted_at":"2026-11-23T09:00:00.000000Z"}}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestABatchIsPrintedOnceAndOnlyInOrder(t *testing.T) {
	var out bytes.Buffer
	d := stdout.New(&out, func(log, dataset string) weir.Position {
		if log == "l" && dataset == "bookings" {
			return 10
		}
		return 0
	})
	if at, err := d.Position(t.Context(), "l", "bookings"); at != 10 || err != nil {
		t.Error(at, err)
	}
	for range 2 {
		if _, err := d.Load(t.Context(), batch(10, 11, booking(11, "x", nil))); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("%d lines", n)
	}
	if at, _ := d.Position(t.Context(), "l", "bookings"); at != 11 {
		t.Error(at)
	}
	_, err := d.Load(t.Context(), batch(12, 13))
	if weir.CodeOf(err) != weir.CodeIntegrity {
		t.Error(err)
	}
	late := batch(11, 12)
	late.Epoch = 0
	if _, err := d.Load(t.Context(), late); weir.CodeOf(err) != weir.CodeIntegrity {
		t.Error(err)
	}
}

func TestWhatJSONCannotHoldIsRefusedAndTheRestPrinted(t *testing.T) {
	var out bytes.Buffer
	d := stdout.New(&out, nil)
	broken := booking(4, "x", nil)
	broken.Rows[0][0][2] = "{"
	loaded, err := d.Load(t.Context(), batch(0, 9, booking(1, "\xff", nil), booking(2, "x", math.NaN()), booking(3, "x", nil, "\xff"), broken,
		weir.Change{Position: 5, Key: "7", Deleted: true}, weir.Change{Position: 6, Key: "7"}, booking(9, "fine", nil)))
	if err != nil || loaded.Rows != 1 || len(loaded.Refused) != 6 {
		t.Fatal(loaded, err)
	}
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("%d lines", n)
	}
}

func TestADeletionInHistoryHasNoHash(t *testing.T) {
	var out bytes.Buffer
	b := batch(0, 1, weir.Change{Position: 1, Key: "7", RootKey: []any{int64(7)}, Deleted: true})
	b.Mode, b.Layout.Tables[0].Key = weir.ModeHistory, []string{"id", weir.ColumnHash}
	loaded, err := stdout.New(&out, nil).Load(t.Context(), b)
	if err != nil || loaded.Rows != 1 || strings.Contains(out.String(), weir.ColumnHash) {
		t.Error(loaded, err, out.String())
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestAFailedWriteStopsThePrintingForGood(t *testing.T) {
	d := stdout.New(brokenPipe{}, nil)
	for range 2 {
		if _, err := d.Load(t.Context(), batch(0, 1, booking(1, "x", nil))); weir.CodeOf(err) != weir.CodeLocal {
			t.Error(err)
		}
	}
	if at, _ := d.Position(t.Context(), "l", "bookings"); at != 0 {
		t.Errorf("position %d after a failed write", at)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
