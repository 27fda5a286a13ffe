package identity

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/store"
)

// Sealer keeps secrets; vault.Vault is one.
type Sealer interface {
	Seal(weir.Binding, weir.Secret) (weir.SealedSecret, error)
	OpenFor(weir.Binding, weir.SealedSecret) (weir.Secret, error)
}

// Ways is what signing in through identity providers needs. Without it there
// are none.
type Ways struct {
	Sealer    Sealer
	PublicURL string // how users reach the server
	// Reach gives the way to an issuer. Whoever runs the server may name one
	// inside; private says so.
	Reach func(issuer string, private bool) (*http.Client, error)
	// Server is the provider that the server was started with; nil for none. Its
	// RedirectURL and Client are filled in.
	Server     *ProviderConfig
	ServerName string // as users are shown it
}

// serverWay is how the server's own provider is called in paths.
const serverWay = "server"

// Way is one way to sign in besides a password, as everybody may see it.
type Way struct {
	ID   string // in paths
	Name string
}

// ways are the providers that were used, with what they have told of themselves.
type ways struct {
	Ways
	mu     sync.Mutex
	server *Provider
	stored map[int64]usedWay
}

type usedWay struct {
	version  int64
	provider *Provider
}

// setUpWays checks the server's own provider.
func (s *Service) setUpWays(w Ways) (err error) {
	s.ways = &ways{Ways: w, stored: map[int64]usedWay{}}
	if w.Server == nil {
		return nil
	}
	s.ways.server, err = s.reach(serverWay, *w.Server, true)
	return err
}

// reach completes a provider's configuration.
func (s *Service) reach(id string, c ProviderConfig, private bool) (p *Provider, err error) {
	if s.ways.Reach == nil {
		return nil, &weir.Error{Code: weir.CodeConfig, Where: "identity provider", Message: "this server has no way to one"}
	}
	if c.RedirectURL, err = s.redirectURL(id); err != nil {
		return nil, err
	}
	if c.Client, err = s.ways.Reach(c.Issuer, private); err != nil {
		return nil, weir.At("issuer", err)
	}
	return s.Provider(c)
}

// redirectURL is where the provider sends browsers back to; it must be told.
func (s *Service) redirectURL(id string) (string, error) {
	base, err := url.Parse(s.ways.PublicURL)
	if err != nil || base.Host == "" {
		return "", &weir.Error{Code: weir.CodeConfig, Where: "--public-url", Message: "an identity provider must know where users reach this server", Remedy: "Start it with --public-url https://…"}
	}
	return strings.TrimRight(s.ways.PublicURL, "/") + "/api/sign_in/" + id + "/callback", nil
}

// SignInWays gives the ways to sign in besides a password, to everybody.
func (s *Service) SignInWays(ctx context.Context) ([]Way, error) {
	all := []Way{}
	if s.ways.server != nil {
		all = append(all, Way{ID: serverWay, Name: s.ways.ServerName})
	}
	rows, err := s.db.ResourcesOfAll(ctx, store.KindProvider, Active)
	for _, r := range rows {
		all = append(all, Way{ID: formatID(r.ID), Name: r.Name})
	}
	return all, err
}

// SignInWay gives one of SignInWays. Any other is CodeNotFound.
func (s *Service) SignInWay(ctx context.Context, id string) (*Provider, error) {
	if id == serverWay && s.ways.server != nil {
		return s.ways.server, nil
	}
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil || formatID(n) != id {
		return nil, noWay()
	}
	rows, err := s.db.ResourcesOfAll(ctx, store.KindProvider, Active)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if r.ID == n {
			return s.storedWay(ctx, r)
		}
	}
	return nil, noWay()
}

func noWay() error {
	return &weir.Error{Code: weir.CodeNotFound, Where: "identity provider", Message: "there is none with this id"}
}

// storedWay opens a stored provider, unless this version of it is in use.
func (s *Service) storedWay(ctx context.Context, r store.Resource) (*Provider, error) {
	s.ways.mu.Lock()
	used, known := s.ways.stored[r.ID]
	s.ways.mu.Unlock()
	if known && used.version == r.Version {
		return used.provider, nil
	}
	c, err := s.openProvider(ctx, r)
	if err != nil {
		return nil, err
	}
	p, err := s.reach(formatID(r.ID), c.config(r.Org), false)
	if err != nil {
		return nil, err
	}
	s.ways.mu.Lock()
	defer s.ways.mu.Unlock()
	s.ways.stored[r.ID] = usedWay{r.Version, p}
	return p, nil
}
