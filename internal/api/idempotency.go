package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"net/http"
	"regexp"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// idempotencyKey is the header by which a client says that it is the same
// request again.
const idempotencyKey = "Idempotency-Key"

// kept is how long an answer is remembered.
const kept = 24 * time.Hour

// Answers remembers the answers to requests that may come twice; *store.DB is
// the one that counts.
type Answers interface {
	// ClaimAnswer notes that the request is under way, unless there is a note
	// from after that time already, which comes back.
	ClaimAnswer(ctx context.Context, k store.AnswerKey, request []byte, at, after int64) (*store.Answer, error)
	// KeepAnswer completes the note.
	KeepAnswer(ctx context.Context, k store.AnswerKey, status int, body []byte) error
	// ForgetAnswer takes the note away.
	ForgetAnswer(ctx context.Context, k store.AnswerKey) error
}

var goodKey = regexp.MustCompile(`^[!-~]{1,255}$`)

// shownOnce says that the answer holds a secret: it is not kept, and whoever
// asks for it again is told so.
func shownOnce(ctx context.Context) { from(ctx).secret = true }

// once runs what creates something, unless it has been run for the same key.
// What ended without a known outcome (a crash, a full disk) is not run again:
// rather the client looks than two things are made.
func (a *API) once(x *exchange, run func()) {
	key := x.r.Header.Get(idempotencyKey)
	if !x.route.Creates || key == "" {
		run()
		return
	}
	if !goodKey.MatchString(key) {
		x.err = refuse(idempotencyKey, "it is too long, or has other characters than visible ASCII", "Use a random text, such as a UUID, for each thing to make")
		return
	}
	k := store.AnswerKey{Org: x.who.Org, Actor: x.who.User, Key: key}
	now := a.Now()
	asked := digest(x)
	old, err := a.Answers.ClaimAnswer(x.r.Context(), k, asked, now.UnixMicro(), now.Add(-kept).UnixMicro())
	switch {
	case err != nil:
		x.err = err
	case old != nil:
		x.err = a.replay(x, old, asked)
	default:
		run()
		a.remember(x, k)
	}
}

// digest is the request in short: what is asked of which path.
func digest(x *exchange) []byte {
	h := sha256.New()
	for _, part := range []string{x.r.Method, x.r.URL.EscapedPath(), x.r.URL.RawQuery, string(x.body)} {
		h.Write([]byte(decimal(int64(len(part))) + ":" + part))
	}
	return h.Sum(nil)
}

// replay answers as before.
func (a *API) replay(x *exchange, old *store.Answer, asked []byte) error {
	switch {
	case !bytes.Equal(old.Request, asked):
		return conflict("this key was used for another request", "Use a new key for each thing to make")
	case old.Status == 0 && a.Now().Sub(time.UnixMicro(old.At)) < 2*a.Timeout:
		p := problemOf(conflict("the same request is under way", "Send it again in a moment"), x.r.Method)
		p.wait = time.Second
		return p
	case old.Status == 0:
		return conflict("the same request was interrupted, and nobody knows how far it came", "List what there is; if it is not there, send it with a new key")
	case len(old.Body) == 0:
		return conflict("this was done, and its answer held a secret that is shown once", "Delete what was made, and make it again with a new key")
	}
	x.out.header.Set("Content-Type", "application/json")
	x.out.header.Set("Idempotent-Replayed", "true")
	x.out.status = old.Status
	_, _ = x.out.Write(old.Body) // into memory
	return nil
}

// remember keeps the answer; a refusal is forgotten, because nothing was made.
// It does so even when the client has gone, who will come back for it.
func (a *API) remember(x *exchange, k store.AnswerKey) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(x.r.Context()), a.Timeout)
	defer stop()
	var err error
	switch {
	case x.err == nil && x.secret:
		err = a.Answers.KeepAnswer(ctx, k, x.out.status, nil)
	case x.err == nil:
		err = a.Answers.KeepAnswer(ctx, k, x.out.status, x.out.body.Bytes())
	case problemOf(x.err, x.r.Method).status < http.StatusInternalServerError:
		err = a.Answers.ForgetAnswer(ctx, k)
	}
	if err != nil {
		a.Logger.WarnContext(ctx, "an answer could not be kept for its repetition", "request_id", x.id, "error", err)
	}
}

func conflict(message, remedy string) error {
	return &weir.Error{Code: weir.CodeConflict, Where: idempotencyKey, Message: message, Remedy: remedy}
}
