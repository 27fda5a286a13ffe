// Package audit writes down who did what to which object: an append-only log
// in which each entry holds the MAC of the one before it, so that an entry
// that was changed, removed or put in later is found. An entry is durable
// before what it tells of happens: Use of a secret waits for it, and when it
// cannot be written nothing is handed out.
//
// An entry's detail holds what its action lists in words, numbers and ids,
// and never a payload: the caller chooses each value.
package audit

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// Entry is something that happened, or is about to.
type Entry struct {
	Org    int64
	Actor  int64          // a user; 0 for Weir itself
	Action string         // "credential.use": a noun of ours and a verb
	Kind   string         // of the object
	Object int64          // its id
	Detail map[string]any // shown to people; never a secret
}

// Log is the audit log of one database. It is safe for concurrent use.
type Log struct {
	db      *store.DB
	key     []byte
	earlier [][]byte
	now     func() time.Time
}

// New returns the log of db, whose MACs are made with key. Earlier keys check
// what was written with them, and make nothing new.
func New(db *store.DB, key []byte, now func() time.Time, earlier ...[]byte) *Log {
	return &Log{db: db, key: bytes.Clone(key), earlier: earlier, now: now}
}

// Append writes an entry and returns when it is durable.
func (l *Log) Append(ctx context.Context, e Entry) error {
	return l.db.Change(ctx, func(tx *store.Tx) error { return l.AppendTx(ctx, tx, e) })
}

// AppendTx writes an entry together with what it tells of.
func (l *Log) AppendTx(ctx context.Context, tx *store.Tx, e Entry) error {
	if e.Detail == nil {
		e.Detail = map[string]any{}
	}
	detail, err := json.Marshal(e.Detail, json.Deterministic(true))
	if err != nil {
		return err
	}
	row := store.AuditEntry{At: l.now().UnixMicro(), Org: e.Org, Actor: e.Actor, Action: e.Action, Kind: e.Kind, Object: e.Object, Detail: detail}
	return tx.AppendAudit(ctx, row, func(e store.AuditEntry) []byte { return mac(l.key, e) })
}

// mac covers every field, each with its length, so that no two entries have
// the same bytes.
func mac(key []byte, e store.AuditEntry) []byte {
	h := hmac.New(sha256.New, key)
	for _, n := range []int64{e.Seq, e.At, e.Org, e.Actor, e.Object} {
		_ = binary.Write(h, binary.BigEndian, n) // a hash takes everything
	}
	for _, b := range [][]byte{[]byte(e.Action), []byte(e.Kind), e.Detail, e.Previous} {
		_ = binary.Write(h, binary.BigEndian, int64(len(b)))
		h.Write(b)
	}
	return h.Sum(nil)
}

// ours reports whether the entry's MAC is of one of our keys.
func (l *Log) ours(e store.AuditEntry) bool {
	for _, key := range append([][]byte{l.key}, l.earlier...) {
		if hmac.Equal(mac(key, e), e.MAC) {
			return true
		}
	}
	return false
}

// verifyBatch is how many entries are read at once.
const verifyBatch = 10_000

// Verify computes the whole chain again. It returns how many entries there
// are; the first one that is not as it was written is CodeIntegrity, naming
// its number.
func (l *Log) Verify(ctx context.Context) (entries int64, err error) {
	head, headMAC, err := l.db.AuditHead(ctx)
	if err != nil {
		return 0, err
	}
	previous := []byte{}
	for entries < head {
		before := entries
		err := l.db.Audit(ctx, entries, int(min(verifyBatch, head-entries)), func(e store.AuditEntry) error {
			if e.Seq != entries+1 || !bytes.Equal(e.Previous, previous) || !l.ours(e) {
				return broken(entries + 1)
			}
			entries, previous = e.Seq, e.MAC
			return nil
		})
		if err != nil {
			return before, err
		}
		if entries == before {
			return entries, broken(entries + 1)
		}
	}
	if !bytes.Equal(previous, headMAC) && (head > 0 || len(headMAC) > 0) {
		return entries, broken(head)
	}
	return entries, nil
}

func broken(seq int64) error {
	return &weir.Error{Code: weir.CodeIntegrity, Where: fmt.Sprintf("audit entry %d", seq),
		Message: "it is not as it was written: an entry was changed, removed or put in by somebody else",
		Remedy:  "Keep this database for an investigation, and compare with a backup"}
}
