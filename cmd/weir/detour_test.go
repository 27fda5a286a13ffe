package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// detour is a way to a database on which things can go wrong.
type detour struct {
	*testing.T
	direct string // the database's own URL
	url    string // the way round
	late   atomic.Int64
	mu     sync.Mutex
	closed bool
	open   map[net.Conn]bool
}

// newDetour listens on loopback and passes everything on to the database.
func newDetour(t *testing.T, database string) *detour {
	t.Helper()
	at, err := pgx.ParseConfig(database)
	if err != nil {
		t.Fatal(err)
	}
	front, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = front.Close() })
	d := &detour{T: t, direct: database, open: map[net.Conn]bool{}}
	d.url = (&url.URL{Scheme: "postgres", User: url.User(at.User), Host: front.Addr().String(), Path: at.Database, RawQuery: "sslmode=disable"}).String()
	socket := fmt.Sprintf("%s/.s.PGSQL.%d", at.Host, at.Port)
	go func() {
		for {
			in, err := front.Accept()
			if err != nil {
				return // the test is over
			}
			go d.pass(in, socket)
		}
	}()
	return d
}

// pass connects a caller with the database until one of them ends.
func (d *detour) pass(in net.Conn, socket string) {
	defer func() { _ = in.Close() }() // it may be closed
	out, err := (&net.Dialer{}).DialContext(d.Context(), "unix", socket)
	if err != nil || !d.hold(in) {
		return
	}
	defer d.drop(in)
	defer func() { _ = out.Close() }() // it may be closed
	over := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		go func() {
			d.carry(way[1], way[0])
			over <- struct{}{}
		}()
	}
	<-over
}

// carry copies what one says to the other, late if it is to be.
func (d *detour) carry(to io.Writer, from io.Reader) {
	said := make([]byte, 64<<10)
	for {
		n, err := from.Read(said)
		if late := time.Duration(d.late.Load()); late > 0 {
			time.Sleep(late)
		}
		if n > 0 {
			if _, err := to.Write(said[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// hold notes a connection, unless nobody comes through.
func (d *detour) hold(in net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	d.open[in] = true
	return true
}

func (d *detour) drop(in net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, in)
}

// delay makes everything that is said on the way arrive later.
func (d *detour) delay(by time.Duration) { d.late.Store(int64(by)) }

// cut ends all connections and lets nobody through, until it is taken back.
func (d *detour) cut(closed bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = closed
	for in := range d.open {
		_ = in.Close() // that is what is wanted
	}
}

// readOnly makes the database take no writes, as a copy does that callers are
// led to after a failover, until it is taken back.
func (d *detour) readOnly(on bool) {
	d.Helper()
	ctx := context.WithoutCancel(d.Context())
	conn, err := pgx.Connect(ctx, d.direct)
	if err != nil {
		d.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	name := pgx.Identifier{conn.Config().Database}.Sanitize()
	set := "ALTER DATABASE " + name + " SET default_transaction_read_only = on"
	if !on {
		set = "ALTER DATABASE " + name + " RESET default_transaction_read_only"
	}
	for _, statement := range []string{"SET default_transaction_read_only = off", set,
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			d.Fatal(err)
		}
	}
}
