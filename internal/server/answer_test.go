package server

import (
	"errors"
	"net/http/httptest"
	"testing"
	"time"
)

// slow is a connection whose client reads nothing after the first pieces.
type slow struct {
	*httptest.ResponseRecorder
	pieces []int
	set    []time.Time
}

func (s *slow) SetWriteDeadline(at time.Time) error { s.set = append(s.set, at); return nil }

func (s *slow) Write(b []byte) (int, error) {
	if len(s.set) == 0 || s.set[len(s.set)-1].IsZero() {
		return 0, errors.New("nothing would end this write")
	}
	s.pieces = append(s.pieces, len(b))
	return len(b), nil
}

func TestNoPieceOfAnAnswerWaitsForeverForItsReader(t *testing.T) {
	w := &slow{ResponseRecorder: httptest.NewRecorder()}
	o := newObserved(w)
	if n, err := o.Write(make([]byte, 2*piece+1)); n != 2*piece+1 || err != nil {
		t.Fatal(n, err)
	}
	if len(w.pieces) != 3 || w.pieces[0] != piece || len(w.set) != 6 {
		t.Errorf("pieces %v, deadlines %v", w.pieces, w.set)
	}
	if last := w.set[len(w.set)-1]; !last.IsZero() {
		t.Error("a deadline runs while the answer is made")
	}
	// Who lets us stand for long has less patience left.
	o.stood = time.Hour
	if _, err := o.Write([]byte("x")); err != nil || !w.set[len(w.set)-2].Before(time.Now()) {
		t.Errorf("after an hour there is still patience: %v", err)
	}
	// A stream's own deadline stands.
	own := time.Now().Add(time.Minute)
	if err := o.SetWriteDeadline(own); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Write([]byte("x")); err != nil || !w.set[len(w.set)-1].Equal(own) {
		t.Errorf("the stream's own deadline was changed: %v", err)
	}
}
