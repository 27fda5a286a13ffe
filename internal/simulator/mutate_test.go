package simulator

import (
	"bytes"
	"testing"
	"time"
)

// checkIndexes compares each index with the rows.
func (s *Simulator) checkIndexes(t *testing.T) {
	t.Helper()
	for by := range s.book.indexes {
		n := 0
		last := entry{key: -1 << 62, row: none}
		s.book.indexes[by].scan(-1<<62, noTime, false, func(e entry) bool {
			if e != s.book.entry(e.row, sortKey(by)) || s.book.rows[e.row].status == erased || last.compare(e) >= 0 {
				t.Fatalf("index %d is wrong about row %d", by, e.row)
			}
			last = e
			n++
			return true
		})
		live := 0
		for _, users := range s.book.live {
			live += users
		}
		if n != live || live != len(s.book.byTag) {
			t.Fatalf("index %d has %d rows of %d", by, n, live)
		}
	}
}

func TestChangesMoveWhatTheRealServerMovesAndKeepTheIndexesRight(t *testing.T) {
	at := &clock{noon}
	s := newTest(t, Options{Bookings: 1302, Seed: 4, Now: at.now})
	before := s.Truth()
	moved, silent, added := 0, 0, 0
	for i := range 20 {
		at.advance(time.Second)
		s.Mutate(Mutation{Count: 20, Seed: uint64(i)})
	}
	s.checkIndexes(t)
	for uid, b := range s.Truth() {
		old, known := before[uid]
		switch {
		case !known:
			added++
			if b.CreatedAt.Before(noon) || !b.UpdatedAt.Equal(b.CreatedAt) && b.UpdatedAt.Before(b.CreatedAt) {
				t.Errorf("%s is new, but made %v and changed %v", uid, b.CreatedAt, b.UpdatedAt)
			}
		case bytes.Equal(old.JSON, b.JSON):
		case old.UpdatedAt.Equal(b.UpdatedAt):
			silent++
			if old.Status != b.Status {
				t.Errorf("%s changed its status in silence", uid)
			}
		default:
			moved++
			if b.UpdatedAt.Before(noon) {
				t.Errorf("%s changed at %v", uid, b.UpdatedAt)
			}
		}
	}
	if moved < 50 || silent < 10 || added < 50 {
		t.Errorf("%d moved, %d silent, %d added", moved, silent, added)
	}
}

func TestADeletedBookingIsGone(t *testing.T) {
	s := newTest(t, Options{Bookings: 300, Seed: 4})
	before := s.Truth()
	s.Mutate(Mutation{Delete: 40, Seed: 1})
	s.checkIndexes(t)
	after := s.Truth()
	if len(after) != 260 || s.page(t, "take=1").Pagination.TotalItems != 260 {
		t.Errorf("%d left", len(after))
	}
	for uid := range before {
		if _, left := after[uid]; !left && askOwner(s, "/v2/bookings/"+uid).Code != 404 {
			t.Errorf("%s can still be read", uid)
		}
	}
	s.Mutate(Mutation{Delete: 1000, Seed: 2})
	if len(s.Truth()) != 0 {
		t.Error("some are left")
	}
}

func TestABulkChangeFallsIntoOneMillisecond(t *testing.T) {
	s := newTest(t, Options{Bookings: 1302, Seed: 4})
	s.Mutate(Mutation{Bulk: 600, Seed: 1})
	n := 0
	for _, b := range s.Truth() {
		if b.UpdatedAt.Equal(noon) {
			n++
		}
	}
	if n != 600 {
		t.Errorf("%d rows changed at once, want 600", n)
	}
	if data := s.page(t, "take=250&sortUpdatedAt=asc&afterUpdatedAt=2026-11-23T12:00:00Z").Data; len(data) != 250 {
		t.Errorf("%d on the page", len(data))
	}
}

func TestDeletingAnEventTypeChangesItsBookingsInSilence(t *testing.T) {
	s := newTest(t, Options{Bookings: 300, Seed: 4})
	before := s.Truth()
	s.Mutate(Mutation{EventType: 2})
	changed := 0
	for uid, b := range s.Truth() {
		if !bytes.Equal(b.JSON, before[uid].JSON) {
			changed++
			if !bytes.Contains(b.JSON, []byte(`"eventTypeId":null,"eventType":null`)) || !b.UpdatedAt.Equal(before[uid].UpdatedAt) {
				t.Errorf("%s", b.JSON)
			}
		}
	}
	if changed < 20 {
		t.Errorf("%d changed", changed)
	}
	if w := ask(s, "/v2/event-types/2", "Authorization", s.Keys()[0].Key, "cal-api-version", version20240614); w.Code != 404 {
		t.Errorf("%d", w.Code)
	}
}

func TestDriftChangesDataAfterEveryKthRequestOnly(t *testing.T) {
	s := newTest(t, Options{Bookings: 300, Seed: 4, DriftPerRequest: 3})
	dump := func() (all string) {
		for uid, b := range s.Bookings() {
			all += uid + string(b.JSON)
		}
		return all
	}
	before := dump()
	s.page(t, "")
	s.page(t, "")
	if dump() != before {
		t.Error("changed too early")
	}
	s.page(t, "")
	if dump() == before {
		t.Error("did not change")
	}
	s.SetDrift(0)
	before = dump()
	for range 9 {
		s.page(t, "")
	}
	if dump() != before {
		t.Error("changed after drift was switched off")
	}
}

func TestAReplicaShowsAChangeLateWithItsOldTime(t *testing.T) {
	at := &clock{noon}
	s := newTest(t, Options{Bookings: 300, Seed: 4, ReplicaLag: 2 * time.Second, Now: at.now})
	before := len(s.Truth())
	s.Mutate(Mutation{Bulk: 10, Delete: 1, Seed: 1})
	changed := func() int { return len(s.page(t, "afterUpdatedAt=2026-11-23T12:00:00Z").Data) }
	at.advance(1999 * time.Millisecond)
	if n := changed(); n != 0 {
		t.Errorf("%d changes too early", n)
	}
	at.advance(time.Millisecond)
	if n := changed(); n < 9 || len(s.Truth()) != before-1 {
		t.Errorf("%d changes after the lag", n)
	}
}
