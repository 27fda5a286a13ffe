package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/governor"
	"github.com/weirhq/weir/internal/netguard"
	"github.com/weirhq/weir/internal/pipeline"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/store"
)

// source is a checked key on an open store: everything a flow reads with.
type source struct {
	flags     sourceFlags
	connector *connector.Definition
	streams   []*connector.Endpoint
	chosen    map[string]bool // ids to deliver; nil for all
	store     *store.DB
	governor  *governor.Governor
	budget    *governor.Budget
	client    *rest.Client
	account   connector.Account
	base      string
	note      string
	waitLine  waitLine
}

// openSource goes from flags to a source whose key the server has accepted.
// Nothing is stored before that. Unless it is quiet, it says that it waits for
// the key's budget.
func openSource(s *session, f sourceFlags, quiet bool) (*source, error) {
	src := &source{flags: f, waitLine: waitLine{out: s.Stderr}}
	if quiet {
		src.waitLine.through(io.Discard)
	}
	var err error
	if src.connector, err = connector.Builtin(f.From); err != nil {
		return nil, weir.At("--from", err)
	}
	if err := src.choose(); err != nil {
		return nil, weir.At("--streams", err)
	}
	if src.base, err = netguard.ParseOrigin(f.BaseURL); err != nil {
		return nil, weir.At("--base-url", err)
	}
	if f.RateLimit < 1 {
		return nil, &weir.Error{Code: weir.CodeUsage, Where: "--rate-limit", Message: "must be at least 1 request per minute"}
	}
	key, note, err := readKey(src.connector, f.APIKeyFile, s.Getenv)
	if err != nil {
		return nil, err
	}
	src.note = note
	s.secrets.add(key.Expose())
	if err := src.openStore(s); err != nil {
		return nil, err
	}
	if err := src.connect(s, key); err != nil {
		src.close()
		return nil, err
	}
	return src, nil
}

// choose resolves --streams, with what they need before them.
func (src *source) choose() (err error) {
	if len(src.flags.Streams) == 0 {
		src.streams = src.connector.Defaults()
		return nil
	}
	src.chosen = map[string]bool{}
	for _, id := range src.flags.Streams {
		src.chosen[id] = true
	}
	src.streams, err = src.connector.WithNeeds(src.flags.Streams)
	return err
}

// openStore opens Weir's own database.
func (src *source) openStore(s *session) (err error) {
	src.store, err = openDatabase(s, src.flags.Data, src.flags.Database)
	return err
}

// openDatabase opens Weir's own database: the one at the address, or the file
// in the data directory.
func openDatabase(s *session, data, address string) (*store.DB, error) {
	flag := "--database-url"
	if address == "" {
		flag = "--data"
		dir, err := dataDir(data, s.Getenv)
		if err != nil {
			return nil, err
		}
		address = "sqlite:" + filepath.Join(dir, storeName)
	}
	db, err := store.Open(s.ctx, address, store.Options{Logger: s.log})
	return db, weir.At(flag, err)
}

// openExisting opens a store that must be there: a mistyped directory is not
// to become an empty store.
func openExisting(s *session, data, address string) (*store.DB, error) {
	if address == "" {
		dir, err := dataPath(data, s.Getenv)
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(filepath.Join(dir, storeName)); errors.Is(err, fs.ErrNotExist) {
			return nil, &weir.Error{Code: weir.CodeUsage, Where: "--data", Message: "there is no store in " + dir, Remedy: "Name the server's directory with --data, or its Postgres with --database-url"}
		}
	}
	return openDatabase(s, data, address)
}

// dataDir is where Weir keeps its own files, made when it is missing.
func dataDir(flag string, getenv func(string) string) (string, error) {
	dir, err := dataPath(flag, getenv)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", &weir.Error{Code: weir.CodeLocal, Where: "--data", Message: err.Error(), Remedy: "Name a directory that Weir may write", Err: err}
	}
	return dir, nil
}

// dataPath is where Weir keeps its own files, or would.
func dataPath(flag string, getenv func(string) string) (string, error) {
	dir := flag
	if dir == "" {
		base := getenv("XDG_DATA_HOME")
		if base == "" {
			home := getenv("HOME")
			if home == "" {
				return "", &weir.Error{Code: weir.CodeConfig, Where: "--data", Message: "there is no home directory to keep Weir's store in", Remedy: "Name a directory with --data"}
			}
			base = filepath.Join(home, ".local", "share")
		}
		dir = filepath.Join(base, "weir")
	}
	return filepath.Abs(dir)
}

// connect builds the client and lets the server say whose key it is.
func (src *source) connect(s *session, key weir.Secret) error {
	guard, err := netguard.New(src.base)
	if err != nil {
		return weir.At("--base-url", err)
	}
	restored, err := src.store.Restored(s.ctx)
	if err != nil {
		return err
	}
	src.governor = governor.New(src.store, governor.Options{MaxRequest: netguard.TotalTimeout, FullAt: restored.Time(), Waits: src.waitLine.tell})
	src.budget = src.governor.Budget(src.base, key, src.flags.RateLimit)
	auth := src.connector.Auth
	src.client, err = rest.NewClient(rest.ClientOptions{
		HTTP: guard.Client(), Origin: src.base, Key: key,
		AuthHeader: auth.Header, AuthPrefix: auth.Prefix,
		Budget: src.budget, Logger: s.log, Hints: src.connector.Advice(),
	})
	if err != nil {
		return weir.At("--base-url", err)
	}
	src.account, err = src.connector.Account(s.ctx, src.base, src.client)
	return err
}

// flow is the flow that the flags describe, without its destination.
func (src *source) flow(s *session) *pipeline.Flow {
	return &pipeline.Flow{
		Connector: src.connector, BaseURL: src.base, Account: src.account, Store: src.store,
		Exchanger: src.client, Params: src.flags.Param, Streams: src.streams, Logger: s.log, Now: time.Now,
	}
}

func (src *source) greet(s *session, to string) {
	if src.note != "" {
		fmt.Fprintln(s.Stderr, src.note)
	}
	streams := fmt.Sprintf("%d streams", len(src.streams))
	if len(src.streams) == 1 {
		streams = src.streams[0].ID
	}
	fmt.Fprintf(s.Stderr, "Key accepted: %s <%s>, %s. Reading %s from %s into %s.\n",
		src.account.Name, src.account.Email, src.account.TimeZone, streams, src.base, to)
}

// requests is what checking the key cost.
func (src *source) requests() int { return 1 }

func (src *source) refused() int { return src.budget.Stats().Refused }

// close gives everything back; safe on a source that is only half open.
func (src *source) close() {
	if src.governor != nil {
		_ = src.governor.Close() // what it could not write down expires by itself
	}
	if src.store != nil {
		_ = src.store.Close() // all that matters was committed
	}
}
