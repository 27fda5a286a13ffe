package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/weirhq/weir/internal/store"
)

// none keeps no answers.
type none struct{}

func (none) ClaimAnswer(context.Context, store.AnswerKey, []byte, int64, int64) (*store.Answer, error) {
	return nil, nil
}
func (none) KeepAnswer(context.Context, store.AnswerKey, int, []byte) error { return nil }
func (none) ForgetAnswer(context.Context, store.AnswerKey) error            { return nil }

const body = `{"name":"x"}`

func (w *world) create(token, body, key string) got {
	w.Helper()
	return w.call("POST", "/api/things", token, body, idempotencyKey, key)
}

func TestTheSameRequestAgainGetsTheSameAnswerAndMakesNothing(t *testing.T) {
	w := newWorld(t)
	first := w.create("ada", body, "k")
	second := w.create("ada", body, "k")
	if first.status != 200 || second.status != 200 || first.text != second.text || w.made != 1 {
		t.Errorf("%+v %+v %d", first, second, w.made)
	}
	if first.header.Get("Idempotent-Replayed") != "" || second.header.Get("Idempotent-Replayed") != "true" || second.header.Get("Content-Type") != "application/json" {
		t.Error(second.header)
	}
	w.create("ada", body, "other").ok(&thing{})
	w.create("bob", body, "k").ok(&thing{})
	w.create("carol", body, "k").ok(&thing{})
	w.call("POST", "/api/things", "ada", body).ok(&thing{})
	if w.made != 5 {
		t.Errorf("%d made", w.made)
	}
	w.advance(kept + time.Second)
	w.create("ada", body, "k").ok(&thing{})
	if w.made != 6 {
		t.Error("remembered for longer than a day")
	}
}

func TestAKeyBelongsToOneRequest(t *testing.T) {
	w := newWorld(t)
	w.create("ada", body, "k").ok(&thing{})
	w.create("ada", `{"name":"y"}`, "k").refused(http.StatusConflict, "CONF_001")
	w.call("POST", "/api/secrets", "ada", "", idempotencyKey, "k").refused(http.StatusConflict, "CONF_001")
	for _, key := range []string{strings.Repeat("k", 256), "a b", "ä"} {
		w.create("ada", body, key).refused(http.StatusBadRequest, "VAL_001")
	}
	if w.made != 1 {
		t.Errorf("%d made", w.made)
	}
}

func TestARefusedRequestLeavesItsKeyFree(t *testing.T) {
	w := newWorld(t)
	w.create("ada", `{"name":""}`, "k").refused(http.StatusBadRequest, "VAL_001")
	w.create("ada", body, "k").ok(&thing{})
	w.call("POST", "/api/failing/conflict", "ada", "", idempotencyKey, "c").refused(http.StatusConflict, "CONF_001")
	w.call("POST", "/api/failing/usage", "ada", "", idempotencyKey, "c").refused(http.StatusBadRequest, "VAL_001")
}

func TestOfTwoAtOnceOneIsDone(t *testing.T) {
	w := newWorld(t)
	w.hold, w.begun = make(chan struct{}), make(chan struct{})
	first := make(chan got)
	go func() { first <- w.create("ada", body, "k") }()
	<-w.begun
	g := w.create("ada", body, "k")
	g.refused(http.StatusConflict, "CONF_001")
	if g.header.Get("Retry-After") != "1" {
		t.Error(g.header)
	}
	close(w.hold)
	done := <-first
	done.ok(&thing{})
	w.hold = nil
	if again := w.create("ada", body, "k"); again.text != done.text || w.made != 1 {
		t.Errorf("%+v %d", again, w.made)
	}
}

func TestWhatWasInterruptedIsNotDoneAgain(t *testing.T) {
	w := newWorld(t)
	for _, how := range []string{"panic", "local", "foreign"} {
		path := "/api/failing/" + how
		if g := w.call("POST", path, "ada", "", idempotencyKey, how); g.status != 500 {
			t.Errorf("%s: %d", how, g.status)
		}
		w.advance(2 * w.api.Timeout)
		p := w.call("POST", path, "ada", "", idempotencyKey, how).refused(http.StatusConflict, "CONF_001")
		if !strings.Contains(p.Description, "interrupted") {
			t.Error(p.Description)
		}
	}
}

func TestAnAnswerThatIsShownOnceIsNotKept(t *testing.T) {
	w := newWorld(t)
	if g := w.call("POST", "/api/secrets", "ada", "", idempotencyKey, "k"); g.status != 200 || !strings.Contains(g.text, planted) {
		t.Fatal(g.text)
	}
	p := w.call("POST", "/api/secrets", "ada", "", idempotencyKey, "k").refused(http.StatusConflict, "CONF_001")
	if !strings.Contains(p.Description, "shown once") {
		t.Error(p.Description)
	}
	old, err := w.db.ClaimAnswer(t.Context(), store.AnswerKey{Org: 1, Actor: 1, Key: "k"}, []byte{1}, 0, 0)
	if err != nil || old == nil || old.Status != 200 || len(old.Body) != 0 {
		t.Errorf("%+v %v", old, err)
	}
}

// broken cannot keep anything.
type broken struct{ none }

func (broken) KeepAnswer(context.Context, store.AnswerKey, int, []byte) error {
	return errors.New("disk full")
}

func TestAnAnswerThatCannotBeKeptIsGivenAnyway(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Answers = broken{} })
	w.create("ada", body, "k").ok(&thing{})
	if !strings.Contains(w.log.String(), "could not be kept") {
		t.Error("it is not logged")
	}
}
