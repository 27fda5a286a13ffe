// Package identity knows who somebody is and what they may do: organizations,
// users, teams, roles, sessions and service keys. Everything is denied that
// is not allowed by name.
//
// Nothing that proves who somebody is can be read back from the database:
// passwords are argon2id hashes, tokens and keys are SHA-256 hashes of 256
// random bits. Rows that say who may do what carry a MAC under a key that is
// not in the database; a row that somebody else has written is ignored and
// reported.
//
// What fits nobody's eyes is CodeNotFound, whether it does not exist or is
// another organization's. CodeAuth is for who is not signed in, CodeForbidden
// for who sees a thing and may not do this to it, CodeThrottled for who must
// wait, with a Wait in the error that says until when; without one, for a few
// seconds.
package identity

import (
	"bytes"
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/store"
)

// Options are what a Service is made of.
type Options struct {
	Audit  *audit.Log // where all that matters is written down; required
	MACKey []byte     // of the rows that say who may do what; at least 32 bytes
	Pepper []byte     // mixed into passwords and names of subjects; at least 32 bytes
	// EarlierPeppers are those before the keys were changed: a password that was
	// set under one of them is moved when its user signs in.
	EarlierPeppers [][]byte
	Now            func() time.Time // nil for the system's clock
	Logger         *slog.Logger     // nil discards
	Cost           Cost             // of a password; zero for the usual one
	Ways           Ways             // to sign in besides a password
	Notifier       Notifier         // nil tells nobody
	// KeysBefore, in µs, is when service keys must have been made that work
	// without being confirmed; 0 for any.
	KeysBefore int64
}

// Notifier takes in what people may want to know.
type Notifier interface {
	// Tell writes the event with whatever else tx writes.
	Tell(ctx context.Context, tx *store.Tx, e store.Event) error
}

// minKey is how long the keys must be, in bytes.
const minKey = 32

// Service is the identity of one database. It is safe for concurrent use.
type Service struct {
	db      *store.DB
	audit   *audit.Log
	log     *slog.Logger
	now     func() time.Time
	macKey  []byte
	pepper  []byte
	peppers [][]byte // the pepper, then the earlier ones
	cost    Cost
	lanes   *lanes
	memory  memory
	reports sync.WaitGroup // of forged rows, under way
	news    Notifier
	ways    *ways

	keysBefore int64 // µs; older service keys wait to be confirmed
}

// New returns the service over db. Keys that are missing or short are
// CodeConfig.
func New(db *store.DB, o Options) (*Service, error) {
	if len(o.MACKey) < minKey || len(o.Pepper) < minKey || o.Audit == nil {
		return nil, &weir.Error{Code: weir.CodeConfig, Where: "identity", Message: "the keys that protect users are missing or too short", Remedy: "Start with the root key of this database"}
	}
	s := &Service{db: db, audit: o.Audit, log: o.Logger, now: o.Now, macKey: bytes.Clone(o.MACKey), pepper: bytes.Clone(o.Pepper), cost: o.Cost.orUsual(), lanes: newLanes(), news: o.Notifier, keysBefore: o.KeysBefore}
	s.peppers = append([][]byte{s.pepper}, o.EarlierPeppers...)
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s, s.setUpWays(o.Ways)
}

// Client is where a request comes from.
type Client struct {
	Address netip.Addr // as the caller trusts it: not a header of a stranger's
	Device  string     // the value of the device cookie; "" without one
	Agent   string     // what the browser calls itself
}

// address is how an address is written down.
func (c Client) address() string {
	if !c.Address.IsValid() {
		return ""
	}
	return c.Address.Unmap().String()
}

// maxAgent is how much of a browser's name is kept.
const maxAgent = 200

func (c Client) agent() string { return printable(c.Agent, maxAgent) }
