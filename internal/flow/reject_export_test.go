package flow_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
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

// members makes users of these ids members of the organization.
func (w *world) members(ids ...int64) {
	w.Helper()
	w.must(w.db.Change(w.Context(), func(tx *store.Tx) error {
		if _, err := tx.SQL().ExecContext(w.Context(), `INSERT INTO organization (id, name, domain, created, updated) VALUES (1, 'Ours', '', 1, 1)`); err != nil {
			return err
		}
		for _, id := range ids {
			login := fmt.Sprint("user", id, "@example.com")
			if _, err := tx.SQL().ExecContext(w.Context(), `INSERT INTO user_account (id, login, email, full_name, password, status, created, updated, mac)
				VALUES ($1, $2, $2, $2, '', 'active', 1, 1, $3)`, id, login, []byte{}); err != nil {
				return err
			}
			if err := tx.PutMembership(w.Context(), store.Membership{Org: 1, User: id, Role: "operator", Status: "active", Created: 1, MAC: []byte{}}); err != nil {
				return err
			}
		}
		return nil
	}))
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
		w.members(me.User, me.User+1)
		src := w.source("event-types")
		w.activate(store.KindSource, src.ID)
		w.settle(src.ID)
		logs, err := w.db.LogsOf(w.Context(), 1, nil, []int64{src.ID})
		w.must(err)
		setAside := func(reason, original string) {
			_, err = w.db.Quarantine(w.Context(), logs[0], 0, "run", w.now().UnixMicro(), []weir.Reject{{Stage: "decode", Reason: reason, Original: []byte(original)}})
			w.must(err)
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
	w.members(me.User, me.User+1)
	src := w.source("event-types")
	w.activate(store.KindSource, src.ID)
	w.settle(src.ID)
	logs, err := w.db.LogsOf(w.Context(), 1, nil, []int64{src.ID})
	w.must(err)
	shelf := w.credential("file", "path", "aside", "format", "jsonl")
	w.must(w.flows.CreateRejectExport(w.Context(), me, me.User, shelf, flow.RejectExportSpec{Cron: "0 0 * * * ? *", Path: "weir"}))
	_, err = w.db.Quarantine(w.Context(), logs[0], 0, "run", w.now().UnixMicro(), []weir.Reject{{Stage: "decode", Reason: "odd", Original: []byte("{}")}})
	w.must(err)
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
	w.members(me.User, me.User+1)
	src, _, to := w.derived("Masked", rules("mask", `{"field":"attendees.email","method":"sha256"}`))
	w.must(w.db.Change(t.Context(), func(tx *store.Tx) error {
		_, err := tx.SQL().ExecContext(t.Context(), `UPDATE resource SET owner = ? WHERE id = ?`, me.User+1, to.Dataset)
		return err
	}))
	logs, err := w.db.LogsOf(t.Context(), 1, nil, []int64{src.ID})
	w.must(err)
	_, err = w.db.Quarantine(t.Context(), logs[0], to.ID, "run", w.now().UnixMicro(), []weir.Reject{{Stage: "load", Reason: "odd", Original: []byte(`{}`)}})
	w.must(err)
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

// However often it is asked for at the same moment, a user has one export.
func TestAUserHasOneExportHoweverManyAreAskedForAtOnce(t *testing.T) {
	onBoth(t, 5, func(w *world) {
		w.members(me.User)
		shelf := w.credential("file", "path", "aside", "format", "jsonl")
		var made, refused atomic.Int32
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				switch err := w.flows.CreateRejectExport(w.Context(), me, me.User, shelf, flow.RejectExportSpec{Cron: "0 0 * * * ? *"}); {
				case err == nil:
					made.Add(1)
				case weir.CodeOf(err) == weir.CodeConflict:
					refused.Add(1)
				default:
					w.Error(err)
				}
			})
		}
		all.Wait()
		if n := w.resources(store.KindRejectExport); n != 1 || made.Load() != 1 || refused.Load() != 3 {
			w.Errorf("there are %d; %d were made and %d refused", n, made.Load(), refused.Load())
		}
	})
}

// Nothing goes to the place of an owner who is no member any more, or has lost the
// right to its credential: the export says so, and waits.
func TestAnExportPausesWhenItsOwnerMayNotUseItsPlace(t *testing.T) {
	w := newWorld(t, 5)
	w.members(me.User)
	var gone atomic.Bool
	w.flows.MayUse = func(_ context.Context, org, user, _ int64) error {
		if org == 1 && user == me.User && !gone.Load() {
			return nil
		}
		return &weir.Error{Code: weir.CodeNotFound, Where: "user", Message: "there is none"}
	}
	src := w.source("event-types")
	w.activate(store.KindSource, src.ID)
	w.settle(src.ID)
	logs, err := w.db.LogsOf(w.Context(), 1, nil, []int64{src.ID})
	w.must(err)
	shelf := w.credential("file", "path", "aside", "format", "jsonl")
	w.must(w.flows.CreateRejectExport(w.Context(), me, me.User, shelf, flow.RejectExportSpec{Cron: "0 0 * * * ? *", Path: "weir"}))
	_, err = w.db.Quarantine(w.Context(), logs[0], 0, "run", w.now().UnixMicro(), []weir.Reject{{Stage: "decode", Reason: "odd", Original: []byte("{}")}})
	w.must(err)
	gone.Store(true)
	w.ahead.Add(int64(2 * time.Hour))
	w.exported(me.User)
	e, err := w.flows.RejectExport(w.Context(), 1, me.User)
	if w.must(err); e.Problem == "" || e.Next != flow.Never || len(w.copied()) != 0 {
		t.Errorf("%+v, and %d records", e.RejectExportSpec, len(w.copied()))
	}
	gone.Store(false)
	w.must(w.flows.UpdateRejectExport(w.Context(), me, me.User, flow.RejectExportEdit{Place: &shelf}))
	w.ahead.Add(int64(2 * time.Hour))
	w.exported(me.User)
	if e, err = w.flows.RejectExport(w.Context(), 1, me.User); err != nil || e.Problem != "" || len(w.copied()) != 1 {
		t.Errorf("with the right again: %+v, %v, and %d records", e, err, len(w.copied()))
	}
}
