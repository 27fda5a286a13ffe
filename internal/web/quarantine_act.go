package web

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

// rejectView is one record in quarantine as its page shows it.
type rejectView struct {
	*flow.Rejected
	Text   string // the original, when it is text
	Record ui.Field
}

// mostRejects is how many records are dealt with at once.
const mostRejects = 1000

// rejectHere is the record that the path names, of the dataset that it names.
func (v *visit) rejectHere() (*flow.Rejected, error) {
	id := v.number("reject")
	if id <= 0 {
		return nil, nothingThere()
	}
	r, err := v.Flows.Reject(v.r.Context(), v.who.Org, id)
	if err == nil && r.Origin.Dataset != v.number("id") {
		err = nothingThere()
	}
	if err != nil {
		return nil, err
	}
	one := []flow.Rejected{*r}
	return &one[0], v.rights().Unseen(v.r.Context(), v.who, one)
}

// reject is one record in quarantine, with its bytes.
func (v *visit) reject() error {
	r, err := v.rejectHere()
	if err != nil {
		return err
	}
	view, err := v.rejectView(r)
	if err != nil {
		return err
	}
	return v.shown("A record in quarantine", rejectPage(view, nil))
}

// rejectView offers the record as it lies in the log to be mended; of one that
// never came so far, its original.
func (v *visit) rejectView(r *flow.Rejected) (*rejectView, error) {
	view := &rejectView{Rejected: r}
	if utf8.Valid(r.Original) {
		view.Text = readable(r.Original)
	}
	view.Record = ui.Field{Name: "data", Title: "The record, to be mended", Kind: "textarea", Rows: 12, Mono: true, Required: true,
		Help: "The whole record as JSON. It keeps its key.", Value: view.Text}
	if r.Key == "" {
		return view, nil
	}
	newest, err := v.Store.Newest(v.r.Context(), r.Dataset, r.Key)
	switch {
	case weir.CodeOf(err) == weir.CodeNotFound:
		return view, nil
	case err != nil:
		return nil, err
	case !newest.Deleted:
		view.Record.Value = pretty(newest.Data)
	}
	return view, nil
}

// readable is a text in lines when it is JSON, and as it is otherwise.
func readable(b []byte) string {
	if v := jsontext.Value(b); v.IsValid() {
		return pretty(v)
	}
	return string(b)
}

// replayReject sends one record on its way again, as it is or mended.
func (v *visit) replayReject() error {
	r, err := v.rejectHere()
	if err != nil {
		return err
	}
	form, err := v.form()
	if err != nil {
		return err
	}
	var data []byte
	if form.Has("data") {
		data = []byte(form.Get("data"))
		if !jsontext.Value(data).IsValid() {
			return v.rejectAgain(r, form.Get("data"), &weir.Error{Code: weir.CodeUsage, Where: "data", Message: "it is not JSON", Remedy: "Mend it, or replay the record as it is"})
		}
	}
	done, err := v.Runner.Replay(v.r.Context(), v.actor(), r.Origin.Source, []flow.Rejected{*r}, data)
	if err != nil {
		if data != nil {
			return v.rejectAgain(r, form.Get("data"), err)
		}
		return v.told(rejectPath(r), "", err)
	}
	return v.replayed(r, done)
}

// rejectAgain shows the record with what was typed.
func (v *visit) rejectAgain(r *flow.Rejected, typed string, err error) error {
	view, unread := v.rejectView(r)
	if unread != nil {
		return unread
	}
	fields := []ui.Field{view.Record}
	problem, err := blame(err, fields)
	if err != nil {
		return err
	}
	view.Record = fields[0]
	view.Record.Value = typed
	return v.again("A record in quarantine", rejectPage(view, problem))
}

// replayed says what became of replays.
func (v *visit) replayed(r *flow.Rejected, done []flow.Replayed) error {
	list := datasetPath(r.Origin.Dataset) + "/quarantine"
	through, reason := 0, ""
	for _, d := range done {
		if d.State == store.QuarantineReplayed && d.Refused == 0 {
			through++
		} else {
			reason = d.Reason
		}
	}
	switch {
	case through == len(done):
		return v.to(list, ui.Good, "Sent on: "+ui.Plural(int64(through), "record")+".")
	case reason == "":
		return v.to(list, ui.Note, fmt.Sprintf("%d of %d are through; the others are still on their way.", through, len(done)))
	}
	return v.to(list, ui.Bad, fmt.Sprintf("%d of %d are through. The others stay: %s", through, len(done), short100(reason)))
}

// short100 keeps what is said once short enough for its line.
func short100(text string) string {
	if runes := []rune(text); len(runes) > 100 {
		return string(runes[:100]) + "…"
	}
	return text
}

func (v *visit) dropReject() error {
	r, err := v.rejectHere()
	if err != nil {
		return err
	}
	err = v.Flows.DropReject(v.r.Context(), v.actor(), []flow.Rejected{*r})
	return v.told(datasetPath(r.Origin.Dataset)+"/quarantine", "Dropped. Its bytes are kept.", err)
}

// chosenRejects are those that a form of many names: by their ids, or all of
// the dataset that fit the filter. Of one that is made from another they are for
// who may do the same to the other.
func (v *visit) chosenRejects() ([]flow.Rejected, error) {
	form, err := v.form()
	if err != nil {
		return nil, err
	}
	d, err := v.Flows.Dataset(v.r.Context(), v.who.Org, v.number("id"))
	if err != nil {
		return nil, err
	}
	role, err := v.roleOnRoot(d)
	if err == nil && !role.AtLeast(identity.RoleOperator) {
		err = nothingThere()
	}
	if err != nil {
		return nil, err
	}
	f, err := v.rejectsOf(d)
	if err != nil {
		return nil, err
	}
	if form.Get("all") != "" {
		f.Stage, f.Reason = form.Get("stage"), form.Get("q")
		if err := v.rights().Searching(v.r.Context(), v.who, &f); err != nil {
			return nil, err
		}
	} else {
		f.IDs = []int64{}
		for _, text := range form["reject"] {
			if id, err := strconv.ParseInt(text, 10, 64); err == nil {
				f.IDs = append(f.IDs, id)
			}
		}
		if len(f.IDs) == 0 {
			return nil, nil
		}
	}
	f.Page, f.Size = 1, mostRejects
	found, _, err := v.Flows.Rejects(v.r.Context(), f)
	return found, err
}

func (v *visit) replayRejects() error {
	found, err := v.chosenRejects()
	list := strings.TrimSuffix(v.r.URL.Path, "/replay")
	if err != nil || len(found) == 0 {
		return v.noneChosen(list, err)
	}
	done, err := v.Runner.Replay(v.r.Context(), v.actor(), found[0].Origin.Source, found, nil)
	if err != nil {
		return v.told(list, "", err)
	}
	return v.replayed(&found[0], done)
}

func (v *visit) dropRejects() error {
	found, err := v.chosenRejects()
	list := strings.TrimSuffix(v.r.URL.Path, "/drop")
	if err != nil || len(found) == 0 {
		return v.noneChosen(list, err)
	}
	err = v.Flows.DropReject(v.r.Context(), v.actor(), found)
	return v.told(list, "Dropped: "+ui.Plural(int64(len(found)), "record")+". Their bytes are kept.", err)
}

func (v *visit) noneChosen(list string, err error) error {
	if err != nil {
		return err
	}
	return v.to(list, ui.Warn, "Nothing was chosen. Tick the records first.")
}
