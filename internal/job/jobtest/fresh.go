// Package jobtest gives tests stores that have the tables of the job engine, as
// every server's has. Making those takes longer than most tests of a server: they
// are made once in a test binary and copied.
package jobtest

import (
	"context"
	"errors"
	"log/slog"

	"github.com/weirhq/weir/internal/job"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/store/storetest"
)

// Fresh is a store as a server leaves it that was never told anything.
var Fresh = storetest.NewTemplate(func(url string) error {
	ctx := context.Background()
	db, err := store.Open(ctx, url, store.Options{})
	if err != nil {
		return err
	}
	engine, err := job.Open(ctx, job.Options{Store: db, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return errors.Join(err, db.Close())
	}
	return errors.Join(engine.Stop(ctx), db.Close())
})
