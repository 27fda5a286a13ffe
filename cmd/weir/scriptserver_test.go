package main

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/server"
	"github.com/weirhq/weir/internal/vault"
)

// startServer is the script command `server CALCOM-URL`: a Weir server with its
// first user, whose service key and address the script's commands find in
// $WEIR_API_KEY and $WEIR_URL.
func startServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: server CALCOM-URL")
	}
	ctx, data := context.Background(), ts.MkAbs("server")
	place, _, err := vault.FindRoot(ctx, vault.Search{Data: data, Getenv: func(string) string { return "" }})
	ts.Check(err)
	s, err := server.New(ctx, server.Config{Data: data, Root: place, CalcomURL: args[0], Logger: slog.New(slog.DiscardHandler), Now: time.Now})
	ts.Check(err)
	front := httptest.NewServer(s.Handler())
	ts.Defer(func() {
		front.Close()
		ts.Check(s.Close(ctx))
	})
	token, _, err := s.People().SetupToken(ctx)
	ts.Check(err)
	first, err := s.People().Setup(ctx, token, identity.FirstUser{Organization: "Acme", Email: "ada@example.com", FullName: "Ada",
		Password: weir.NewSecret("correct horse battery"), Client: identity.Client{Address: netip.MustParseAddr("127.0.0.1")}})
	ts.Check(err)
	key, _, err := s.People().CreateKey(ctx, first.Principal, identity.NewKey{Name: "script", Scope: identity.RoleOwner})
	ts.Check(err)
	ts.Setenv("WEIR_URL", front.URL)
	ts.Setenv("WEIR_API_KEY", key.Expose())
}
