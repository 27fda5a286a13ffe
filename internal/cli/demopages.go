package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/server"
)

// demoData is where in the demo's directory Weir's own files are.
const demoData = "weir"

// demoOwner signs in to the demo.
const demoOwner = "demo@example.com"

// demoDoing is how long the demo may take until its pages are there.
const demoDoing = 10 * time.Minute

// pages starts a server, does in it what a person does in their first five
// minutes, and leaves it to them until they stop it.
func (d *demo) pages(listen string, opens bool) error {
	listener, err := listenLoopback(listen)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // Serve closes it, too
	srv, err := d.server(listener)
	if err != nil {
		return err
	}
	defer closing(d.session, "server", func() error { return srv.Close(context.WithoutCancel(d.ctx)) })
	ctx, stop := context.WithCancel(d.ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ctx, listener) }()
	address := "http://" + listener.Addr().String()
	d.say("A Weir server listens on %s, with its files in %s.", address, d.dir)
	flow, err := d.owned(srv, address)
	if err != nil {
		stop()
		<-served //nolint:errcheck // what failed before is said, not this
		if d.ctx.Err() != nil {
			err = &weir.Error{Code: weir.CodeCancelled, Where: "demo", Message: "it was stopped before its flow had run"}
		}
		return err
	}
	if opens && openBrowser(d.session, flow) {
		d.say("Your browser opens it.")
	}
	d.say("Ctrl-C ends the demo.")
	if err := <-served; err != nil {
		return err
	}
	d.say("Stopped.")
	return nil
}

// server is wired as `weir serve` does it; credentials that name no host speak to
// the simulated account.
func (d *demo) server(l net.Listener) (*server.Server, error) {
	serves := serveCommand{vaultFlags: vaultFlags{Data: filepath.Join(d.dir, demoData)}, CalcomURL: d.base, Role: string(server.RoleAll), Room: 32, Takeover: 30 * time.Second}
	config, err := serves.config(d.session)
	if err != nil {
		return nil, err
	}
	config.PublicURL = serves.address(l)
	return server.New(d.ctx, config)
}

// owned makes the owner and their flow, lets it run, and says how to see it. It
// gives the address of the flow's page.
func (d *demo) owned(srv *server.Server, address string) (string, error) {
	ctx, cancel := context.WithTimeout(d.ctx, demoDoing)
	defer cancel()
	inside := *d.session
	inside.ctx = ctx
	token, _, err := srv.People().SetupToken(ctx)
	if err != nil {
		return "", err
	}
	anonymous, err := client.New(client.Options{URL: address})
	if err != nil {
		return "", err
	}
	password := readable(rand.Text())
	session, err := anonymous.SetUp(ctx, client.Setup{Token: weir.NewSecret(token), Organization: "Demo", Email: demoOwner, FullName: "Demo Owner", Password: weir.NewSecret(password)})
	if err != nil {
		return "", err
	}
	signedIn, end, err := withSession(&inside, address, session)
	if err != nil {
		return "", err
	}
	defer end()
	source, err := (&demoFlow{demo: d, session: &inside, server: signedIn}).play()
	if err != nil {
		return "", err
	}
	page := fmt.Sprintf("%s/flows/%d", address, source)
	// Straight to standard output: it is a secret that this one person must read.
	fmt.Fprintf(d.data, "\nThe flow is here, with its runs, its records and what its key has spent:\n  %s\n  e-mail    %s\n  password  %s\n", page, demoOwner, password)
	return page, nil
}

// readable cuts a random text to 80 bits, as a person types them.
func readable(random string) string {
	parts := []string{}
	for i := 0; i < 16; i += 4 {
		parts = append(parts, strings.ToLower(random[i:i+4]))
	}
	return strings.Join(parts, "-")
}
