package flow_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/store"
)

// copied are the records in the files of an export.
func (w *world) copied() (all []map[string]any) {
	w.Helper()
	files, err := filepath.Glob(filepath.Join(w.files, "1", "aside", "weir", "data_sets", "*", "*", "*", "*", "*.json"))
	w.must(err)
	for _, file := range files {
		var some []map[string]any
		text, err := os.ReadFile(file)
		w.must(err)
		w.must(json.Unmarshal(text, &some))
		all = append(all, some...)
	}
	return all
}

// exported lets upkeep ask for the copies that are due, and waits until those of
// the users are made.
func (w *world) exported(users ...int64) {
	w.Helper()
	begun := w.now().UnixMicro()
	w.must(w.runner.Upkeep(w.Context()))
	for _, user := range users {
		w.eventually(func() bool {
			e, err := w.flows.RejectExport(w.Context(), 1, user)
			w.must(err)
			return e.Ran >= begun
		})
	}
}

// What is set aside of a user's datasets lies as files where the user said, each
// record once, whoever replays or drops it.
func TestRecordsInQuarantineAreCopiedOnceWhenThatIsDue(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		src := w.source("event-types")
		w.activate(store.KindSource, src.ID)
		w.settle(src.ID)
		logs, err := w.db.LogsOf(w.Context(), 1, nil, []int64{src.ID})
		w.must(err)
		setAside := func(reason, original string) {
			w.must(w.db.Quarantine(w.Context(), logs[0], 0, "run", w.now().UnixMicro(), []weir.Reject{{Stage: "decode", Reason: reason, Original: []byte(original)}}))
		}
		shelf := w.credential("file", "path", "aside", "format", "jsonl")
		w.must(w.flows.CreateRejectExport(w.Context(), me, me.User, shelf, flow.RejectExportSpec{Cron: "0 0 * * * ? *", Path: "weir"}))
		w.must(w.flows.CreateRejectExport(w.Context(), me, me.User+1, shelf, flow.RejectExportSpec{Cron: "0 0 * * * ? *", Path: "another"}))
		setAside("no key", `{"uid":null}`)
		setAside("no JSON", "\xff<")
		w.must(w.runner.Upkeep(w.Context()))
		if got := w.copied(); len(got) != 0 {
			w.Errorf("before it is due there is %v", got)
		}
		users := []int64{me.User, me.User + 1}
		later := func() []map[string]any {
			w.ahead.Add(int64(time.Hour + time.Minute))
			w.exported(users...)
			return w.copied()
		}
		got := later()
		if len(got) != 2 || got[0]["rawMessage"].(map[string]any)["uid"] != nil || got[1]["rawMessage"] != "\uFFFD<" || got[0]["error"].(map[string]any)["message"] != "no key" ||
			got[0]["nexlaMetaData"].(map[string]any)["resourceType"] != "DATASET" {
			w.Fatalf("copied %v", got)
		}
		setAside("odd", `{}`)
		if got := later(); len(got) != 3 {
			w.Errorf("with one more there are %d", len(got))
		}
		if got := later(); len(got) != 3 {
			w.Errorf("with none more there are %d", len(got))
		}
		e, err := w.flows.RejectExport(w.Context(), 1, me.User)
		if w.must(err); e.Problem != "" || e.Ran == 0 || e.Next <= w.now().UnixMicro() {
			w.Errorf("%+v", e.RejectExportSpec)
		}
		if files, err := filepath.Glob(filepath.Join(w.files, "1", "aside", "*")); err != nil || len(files) != 1 {
			w.Errorf("another user's settings copied what is not theirs: %v", files)
		}
		w.must(w.flows.DropRejectExport(w.Context(), me, me.User))
		users = users[1:]
		if got := later(); len(got) != 3 {
			w.Errorf("without settings there are %d", len(got))
		}
	})
}

// A place that cannot be written to is said, and what is due waits for it.
func TestAnExportThatFailsSaysWhyAndCatchesUp(t *testing.T) {
	w := newWorld(t, 5)
	src := w.source("event-types")
	w.activate(store.KindSource, src.ID)
	w.settle(src.ID)
	logs, err := w.db.LogsOf(w.Context(), 1, nil, []int64{src.ID})
	w.must(err)
	shelf := w.credential("file", "path", "aside", "format", "jsonl")
	w.must(w.flows.CreateRejectExport(w.Context(), me, me.User, shelf, flow.RejectExportSpec{Cron: "0 0 * * * ? *", Path: "weir"}))
	w.must(w.db.Quarantine(w.Context(), logs[0], 0, "run", w.now().UnixMicro(), []weir.Reject{{Stage: "decode", Reason: "odd", Original: []byte("{}")}}))
	w.must(os.MkdirAll(filepath.Join(w.files, "1", "aside"), 0o700))
	stone := filepath.Join(w.files, "1", "aside", "weir")
	w.must(os.WriteFile(stone, nil, 0o600))
	w.ahead.Add(int64(2 * time.Hour))
	w.exported(me.User)
	e, err := w.flows.RejectExport(w.Context(), 1, me.User)
	if w.must(err); e.Problem == "" || e.Next > w.now().UnixMicro() {
		w.Fatalf("%+v", e.RejectExportSpec)
	}
	w.must(os.Remove(stone))
	w.exported(me.User)
	if e, err = w.flows.RejectExport(w.Context(), 1, me.User); err != nil || e.Problem != "" || len(w.copied()) != 1 {
		w.Errorf("%+v, %v, and %d records", e, err, len(w.copied()))
	}
}

// What was set aside is as it was before the rules: it is not for who owns only
// what the rules make.
func TestAnExportLeavesOutDatasetsThatAreMadeFromOthers(t *testing.T) {
	w := newWorld(t, 5)
	src, _, to := w.derived("Masked", rules("mask", `{"field":"attendees.email","method":"sha256"}`))
	w.must(w.db.Change(t.Context(), func(tx *store.Tx) error {
		_, err := tx.SQL().ExecContext(t.Context(), `UPDATE resource SET owner = ? WHERE id = ?`, me.User+1, to.Dataset)
		return err
	}))
	logs, err := w.db.LogsOf(t.Context(), 1, nil, []int64{src.ID})
	w.must(err)
	w.must(w.db.Quarantine(t.Context(), logs[0], to.ID, "run", w.now().UnixMicro(), []weir.Reject{{Stage: "load", Reason: "odd", Original: []byte(`{}`)}}))
	shelf := w.credential("file", "path", "aside", "format", "jsonl")
	export := func(user int64) int {
		w.must(w.flows.CreateRejectExport(t.Context(), me, user, shelf, flow.RejectExportSpec{Cron: "0 0 * * * ? *", Path: "weir"}))
		w.ahead.Add(int64(2 * time.Hour))
		w.exported(user)
		return len(w.copied())
	}
	if n := export(me.User + 1); n != 0 {
		t.Errorf("%d records were copied for who owns only what is made", n)
	}
	if n := export(me.User); n != 1 {
		t.Errorf("%d records were copied for who owns what the source yields", n)
	}
}
