package store

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// channel is where processes on one Postgres tell each other what has changed.
const channel = "weir"

// listeners are the functions of this process that want to hear.
type listeners struct {
	mu   sync.Mutex
	next int
	all  map[int]func(string)
}

func (l *listeners) add(f func(string)) (remove func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[int]func(string){}
	}
	id := l.next
	l.next++
	l.all[id] = f
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.all, id)
	}
}

func (l *listeners) tell(words []string) {
	if len(words) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.all {
		for _, w := range words {
			f(w)
		}
	}
}

// Announce tells everybody who listens, in every process, once the
// transaction is committed. The word is short: at most a few hundred bytes.
func (t *Tx) Announce(ctx context.Context, word string) error {
	if _, shared := t.db.engine.(*postgresEngine); !shared {
		t.told = append(t.told, word)
		return nil
	}
	_, err := t.tx.ExecContext(ctx, `SELECT pg_notify($1, $2)`, channel, t.db.instance+" "+word)
	return err
}

// Listen hands every announced word to hear until ctx ends. hear is called by
// one goroutine, or by the one that committed, and must not block; while the
// connection to the database is broken words are lost, and lost says so once
// it is there again.
func (db *DB) Listen(ctx context.Context, hear func(word string), lost func()) {
	e, shared := db.engine.(*postgresEngine)
	if !shared {
		remove := db.listeners.add(hear)
		<-ctx.Done()
		remove()
		return
	}
	for ctx.Err() == nil {
		err := db.listen(ctx, e, hear, lost)
		if ctx.Err() != nil {
			return
		}
		db.log.Debug("listening to Postgres broke", "error", err)
		if pause(ctx, time.Second) != nil {
			return
		}
	}
}

func (db *DB) listen(ctx context.Context, e *postgresEngine, hear func(string), lost func()) error {
	conn, err := pgx.ConnectConfig(ctx, e.config.Copy())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // it is only listened to
	if _, err := conn.Exec(ctx, `LISTEN `+channel); err != nil {
		return err
	}
	lost()
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		if word, ours := strings.CutPrefix(n.Payload, db.instance+" "); ours {
			hear(word)
		}
	}
}
