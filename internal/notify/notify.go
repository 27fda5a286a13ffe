// Package notify tells people what happened: in the app, by e-mail, to Slack
// and to their own programs.
//
//	catalogue.go   what is told, and how where nobody said otherwise
//	intake.go      an event is written down with the change that it tells of
//	fanout.go      an event becomes a notice in the app and messages on channels
//	rule.go        who wants to be told what, and over which channel
//	channel.go     the channels that users set up, their secrets sealed
//	config.go      what a channel is made of
//	door.go        the way to a channel's secrets, and what is made of them
//	deliver.go     messages that are due are claimed, sent and marked
//	post.go        over HTTP: Slack and signed webhooks
//	mail.go        over SMTP
//	message.go     what a message says
//	background.go  the loop that delivers while a server runs
//
// A message is delivered at least once: it is claimed for a while, sent, and
// marked. Whoever dies in between leaves it to be claimed again, under the same
// name, by which a receiver knows it (docs/decisions/0015-outbox.md). What
// could not be delivered is kept, told of in the app, and can be sent again.
package notify

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
)

// Channel is a way in which somebody is told.
type Channel string

// The channels.
const (
	App     Channel = "app"
	Email   Channel = "email"
	Slack   Channel = "slack" // and what takes the same: Mattermost, Discord
	Webhook Channel = "webhook"
)

// Vault seals and opens secrets.
type Vault interface {
	Seal(weir.Binding, weir.Secret) (weir.SealedSecret, error)
	Open(weir.SealedSecret) (weir.Secret, error)
}

// People says who is in an organization and may look at what;
// *identity.Service is the one that counts.
type People interface {
	// Watchers gives the active members who may look at the resource; without
	// one, all of them, with their role in the organization.
	Watchers(ctx context.Context, org int64, r store.Resource) ([]identity.Watcher, error)
	// Addressed gives the active members whom the addressees name.
	Addressed(ctx context.Context, org int64, to []store.Addressee) ([]identity.Watcher, error)
}

// MailServer is where mail is handed in, and as whom.
type MailServer struct {
	Host     string
	Port     int
	TLS      TLS
	User     string // "" for a server that asks for none
	Password weir.Secret
	From     string // "Weir <weir@example.com>"
}

// TLS says how mail is encrypted on its way to the server.
type TLS string

// The ways. Without any is for loopback alone.
const (
	StartTLS TLS = "starttls" // required, not opportunistic
	FullTLS  TLS = "tls"      // from the first byte
	NoTLS    TLS = "none"
)

// Options are what a Service is made of.
type Options struct {
	Store     *store.DB
	Vault     Vault
	Audit     *audit.Log
	People    People
	Intake    *Intake
	Mail      *MailServer    // of the whole server; nil when it has none
	Networks  []netip.Prefix // that channels may reach though they are not public
	PublicURL string         // how users reach the server, for the foot of a mail; may be empty
	Logger    *slog.Logger
	Now       func() time.Time
	Roots     *x509.CertPool // that mail servers are checked with; nil for the system's
}

// Service tells people. It is safe for concurrent use, and several processes
// may have one on the same database.
type Service struct {
	Options

	mu      sync.Mutex
	clients map[string]*http.Client // by origin: connections are kept
}

// New returns the service.
func New(o Options) *Service {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Service{Options: o, clients: map[string]*http.Client{}}
}

func (s *Service) now() int64 { return s.Now().UnixMicro() }

func refuse(field, message, remedy string) error {
	return &weir.Error{Code: weir.CodeUsage, Where: field, Message: message, Remedy: remedy}
}
