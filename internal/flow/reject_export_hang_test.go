package flow_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/store"
)

// bucket is a credential of a bucket that takes no file while hangs is set: it answers nothing.
func (w *world) bucket(hangs *atomic.Bool) int64 {
	w.Helper()
	backend := s3mem.New()
	w.must(backend.CreateBucket("aside"))
	files := gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	end := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if hangs.Load() && r.Method == http.MethodPut {
			select {
			case <-r.Context().Done():
			case <-end:
			}
			return
		}
		files.ServeHTTP(rw, r)
	}))
	w.Cleanup(func() { close(end); server.Close() })
	return w.credential("s3", "bucket", "aside", "region", "eu-central-1", "endpoint", server.URL, "access_key_id", "AKIAEXAMPLE", "secret_access_key", "very secret", "format", "jsonl")
}

// One place that does not answer holds up nobody else's copies, nor upkeep, and
// is given up after its time.
func TestAnExportWhosePlaceHangsHoldsUpNoOther(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		w.members(me.User, me.User+1)
		w.flows.ExportTime = 2 * time.Second
		src := w.source("event-types")
		w.activate(store.KindSource, src.ID)
		w.settle(src.ID)
		logs, err := w.db.LogsOf(w.Context(), 1, nil, []int64{src.ID})
		w.must(err)
		_, err = w.db.Quarantine(w.Context(), logs[0], 0, "run", w.now().UnixMicro(), []weir.Reject{{Stage: "decode", Reason: "odd", Original: []byte("{}")}})
		w.must(err)
		var hangs atomic.Bool
		each := flow.RejectExportSpec{Cron: hourly, Path: "weir"}
		another := me.User + 1
		w.must(w.flows.CreateRejectExport(w.Context(), me, another, w.bucket(&hangs), each)) // made first, so copied first
		w.must(w.flows.CreateRejectExport(w.Context(), me, me.User, w.credential("file", "path", "aside", "format", "jsonl"), each))
		for _, d := range w.datasets(src) { // both have something to copy
			w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
				r, err := tx.Resource(w.Context(), 1, store.KindDataset, d.ID)
				w.must(err)
				r.Owner = another
				return tx.UpdateResource(w.Context(), &r)
			}))
		}
		second := w.source("event-types")
		w.activate(store.KindSource, second.ID)
		w.settle(second.ID)
		logs, err = w.db.LogsOf(w.Context(), 1, nil, []int64{second.ID})
		w.must(err)
		_, err = w.db.Quarantine(w.Context(), logs[0], 0, "run", w.now().UnixMicro(), []weir.Reject{{Stage: "decode", Reason: "odd", Original: []byte("{}")}})
		w.must(err)
		hangs.Store(true)
		w.ahead.Add(int64(2 * time.Hour))
		w.must(w.runner.Upkeep(w.Context()))
		w.must(w.runner.Upkeep(w.Context())) // each is asked for once, however often upkeep comes by
		w.eventually(func() bool {
			files, err := filepath.Glob(filepath.Join(w.files, "1", "aside", "weir", "data_sets", "*", "*", "*", "*", "*.json"))
			w.must(err)
			return len(files) == 1
		})
		export := func() *flow.RejectExport {
			e, err := w.flows.RejectExport(w.Context(), 1, another)
			w.must(err)
			return e
		}
		w.eventually(func() bool { return export().Problem != "" })
		if e := export(); e.Next > w.now().UnixMicro() || e.After != 0 {
			w.Errorf("%+v", e.RejectExportSpec)
		}
		hangs.Store(false)
		w.must(w.runner.Upkeep(w.Context()))
		w.eventually(func() bool { e := export(); return e.Problem == "" && e.After != 0 && e.Next > w.now().UnixMicro() })
	})
}
