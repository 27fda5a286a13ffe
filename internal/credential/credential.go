// Package credential is a credential's whole life: what a person pastes is
// cleaned and checked, shown to the service it is for, and only then stored,
// sealed; it is checked again, replaced, rotated, deleted; and there is one
// door through which it is used.
//
//	kind.go     the kinds of credentials and their fields
//	key.go      what people paste
//	create.go   validate, then store
//	change.go   update, replace the secret, delete, restore, copy
//	check.go    validation: what each kind is shown to, and what can be wrong
//	storage.go  databases and buckets: where they are, and what can be wrong there
//	door.go     the one door: audit first, then a client that can speak to one origin
//	rotate.go   a new key from the service itself
//	budget.go   what is left of each key's window, and who used it
//	news.go     what people are told: it fails, it serves again, it expires
package credential

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/governor"
	"github.com/weirhq/weir/internal/netguard"
	"github.com/weirhq/weir/internal/store"
)

// Status is what is known of a credential.
type Status string

// The statuses.
const (
	StatusVerified   Status = "verified"   // the service accepted it when it was last asked
	StatusUnverified Status = "unverified" // nobody could be asked
	StatusFailed     Status = "failed"     // the service refused it when it was last asked
	// StatusUnknown says that a rotation was cut short: the old key may be
	// dead and the new one may be lost. It is not sent until it is replaced.
	StatusUnknown Status = "unknown"
)

// Credential is a stored, validated key or login, without its secrets.
type Credential struct {
	store.Resource
	Spec
	Kind *Kind
}

// Spec is what a credential is besides its resource.
type Spec struct {
	Origin        string             `json:"origin"`             // the only server that may be sent it; "" for none
	Settings      map[string]string  `json:"settings,omitempty"` // what is not secret, by field
	Secrets       map[string]int64   `json:"secrets,omitempty"`  // fields that are set → when, µs
	SecretVersion int64              `json:"secret_version"`     // one more with each replacement
	Account       *connector.Account `json:"account,omitempty"`  // whose it is; the pin that a replacement must match
	CheckedAt     int64              `json:"checked_at,omitempty"`
	VerifiedAt    int64              `json:"verified_at,omitempty"`
	Reason        string             `json:"reason,omitempty"`  // of the failure, for programs
	Problem       string             `json:"problem,omitempty"` // of the failure, in words
	ExpiresAt     int64              `json:"expires_at,omitempty"`
	UsedAt        int64              `json:"used_at,omitempty"`
	Budget        string             `json:"-"` // names the key's budget: the same for each credential with this key
}

// Status is what is known of the credential.
func (c *Credential) Status() Status { return Status(c.Resource.Status) }

// Actor is on whose behalf something is done.
type Actor struct{ Org, User int64 }

// Vault seals and opens secrets.
type Vault interface {
	Seal(weir.Binding, weir.Secret) (weir.SealedSecret, error)
	Open(weir.SealedSecret) (weir.Secret, error)
}

// Options are what a Service is made of.
type Options struct {
	Store    *store.DB
	Vault    Vault
	Audit    *audit.Log
	Governor *governor.Governor
	Files    string // directory in which file credentials may write; "" offers none
	// Storage connects to databases and buckets; nil goes wherever one may be.
	Storage *netguard.Storage
	// BaseURL is the address of the Cal.com API when a credential names none.
	BaseURL string
	// NoLoopback keeps users from naming this machine's own addresses, but for
	// BaseURL: they would reach services that trust whoever is on it.
	NoLoopback bool
	Logger     *slog.Logger
	Now        func() time.Time
	// Notifier takes in what people may want to know; nil tells nobody.
	Notifier Notifier
}

// Notifier takes in what people may want to know.
type Notifier interface {
	// Tell writes the event with whatever else tx writes.
	Tell(ctx context.Context, tx *store.Tx, e store.Event) error
}

// Followers are those who keep what leads where a credential leads.
type Followers interface {
	// Follow refuses that a credential leads elsewhere from now on, or gives what
	// makes sure, in the transaction that stores it and before it is stored, that
	// nobody came between, and takes along what goes there.
	Follow(ctx context.Context, before, to *Credential) (moved func(context.Context, *store.Tx) error, err error)
}

// Service keeps credentials. It is safe for concurrent use.
type Service struct {
	Options
	kinds     []*Kind
	followers Followers

	mu      sync.Mutex
	clients map[string]*http.Client // by origin: connections are kept
	names   map[int64]string        // of the budgets of credentials, as they are written down

	meter meter
}

// New returns the service.
func New(o Options) (*Service, error) {
	if o.Storage == nil {
		o.Storage = netguard.NewStorage()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	kinds, err := kinds(o)
	if err != nil {
		return nil, err
	}
	return &Service{Options: o, kinds: kinds, clients: map[string]*http.Client{}, names: map[int64]string{}, meter: meter{used: map[store.BudgetUse]*tally{}}}, nil
}

// Followed lets followers be asked before a credential leads elsewhere. It is called
// before the service is used.
func (s *Service) Followed(by Followers) { s.followers = by }

// Credential reads one of the organization.
func (s *Service) Credential(ctx context.Context, org, id int64) (*Credential, error) {
	r, err := s.Store.Resource(ctx, org, store.KindCredential, id)
	if err != nil {
		return nil, err
	}
	return s.load(r)
}

// List gives the filter's credentials in the order of their ids, and how many
// there are on all pages.
func (s *Service) List(ctx context.Context, f store.ResourceFilter) ([]*Credential, int, error) {
	f.Kind = store.KindCredential
	rows, total, err := s.Store.Resources(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	all := make([]*Credential, len(rows))
	for i, r := range rows {
		if all[i], err = s.load(r); err != nil {
			return nil, 0, err
		}
	}
	return all, total, nil
}

// load makes a credential of its row.
func (s *Service) load(r store.Resource) (*Credential, error) {
	c := &Credential{Resource: r}
	if err := c.unpack(); err != nil {
		return nil, err
	}
	var err error
	c.Kind, err = s.Kind(r.Type)
	return c, err
}

// unpack reads what a credential is besides its resource.
func (c *Credential) unpack() error {
	if err := json.Unmarshal(c.Resource.Spec, &c.Spec); err != nil {
		return &weir.Error{Code: weir.CodeIntegrity, Where: "credential", Message: "what is stored of it cannot be read", Err: err}
	}
	return nil
}

// save writes the credential's row, new or changed.
func (s *Service) save(ctx context.Context, tx *store.Tx, c *Credential) error {
	spec, err := json.Marshal(c.Spec, json.Deterministic(true))
	if err != nil {
		return err
	}
	c.Resource.Spec = spec
	if c.ID == 0 {
		err = tx.CreateResource(ctx, &c.Resource, false)
	} else {
		c.Updated = s.now()
		err = tx.UpdateResource(ctx, &c.Resource)
	}
	if err != nil || c.Budget == "" {
		return err
	}
	return tx.NameBudget(ctx, c.Org, c.ID, c.Budget)
}

func (s *Service) now() int64 { return s.Now().UnixMicro() }

// SetFields are the names of the secret fields that hold a value.
func (c *Credential) SetFields() []string { return slices.Sorted(maps.Keys(c.Secrets)) }
