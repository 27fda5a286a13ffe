package web

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

func (w *Web) registerActivity() {
	w.show("/activity", identity.InOrg(identity.RoleAdmin), (*visit).activity)
}

// keySignIns is what the command line and scripts do before and after each thing
// that they do: among what people want to see it is only in the way.
var keySignIns = []string{"service_key.sign_in", "service_key.sign_out"}

// activity is the audit log: who did what to which thing, newest first.
func (v *visit) activity() error {
	users, err := v.People.Users(v.r.Context(), v.who)
	if err != nil {
		return err
	}
	names, people := map[int64]string{0: "Weir"}, []ui.Option{{Value: "", Title: "anybody"}}
	for _, u := range users {
		names[u.ID] = u.FullName
		people = append(people, ui.Option{Value: fmt.Sprint(u.ID), Title: u.FullName})
	}
	q := v.query()
	f := store.AuditFilter{Org: v.who.Org, Kind: q.Get("kind"), Actor: numberIn(q, "who"), Action: q.Get("action")}
	if q.Get("keys") == "" && f.Action == "" {
		f.Without = keySignIns
	}
	t := ui.Table{ID: "activity", Caption: "what was done", Path: "/activity", Export: true,
		Columns: []ui.Column{{Title: "When"}, {Title: "Who"}, {Title: "What"}, {Title: "To"}, {Title: "Details", Wide: true}},
		Filters: []ui.Field{{Name: "who", Title: "Who", Options: people}, {Name: "kind", Title: "To", Options: kindOptions()},
			{Name: "keys", Title: "Sign-ins of keys", Options: []ui.Option{{Value: "", Title: "left out"}, {Value: "shown", Title: "shown"}}}}}
	return v.listed("Activity", t, func(page, number int) (rows [][]ui.Cell, total int, err error) {
		f.Page, f.Number = page, number
		entries, total, err := v.Store.AuditPage(v.r.Context(), f)
		if err != nil {
			return nil, 0, err
		}
		details, err := v.details(entries)
		for i, e := range entries {
			rows = append(rows, []ui.Cell{ui.At(micros(e.At)), ui.Words(names[e.Actor]), ui.Shown(e.Action, ui.Text(actionWords(e.Action))), thing(e), ui.Words(details[i])})
		}
		return rows, total, err
	}, activityPage)
}

// details say what entries are about, in words. Times of a flow are said as
// everywhere.
func (v *visit) details(entries []store.AuditEntry) ([]string, error) {
	changes, about := make([]flow.Rescheduled, len(entries)), []flow.Times{}
	for i, e := range entries {
		if e.Kind != string(store.KindSource) {
			continue
		}
		if err := json.Unmarshal(e.Detail, &changes[i]); err != nil || changes[i].Before == nil || changes[i].Now == nil {
			changes[i] = flow.Rescheduled{} // it is about something else
			continue
		}
		about = append(about, *changes[i].Before, *changes[i].Now)
	}
	names, err := v.followed(about...)
	words := make([]string, len(entries))
	for i, e := range entries {
		if c := changes[i]; c.Now == nil {
			words[i] = detailWords(e.Detail)
		} else {
			words[i] = detailWords(e.Detail, said{"before", c.Before.Words(names[c.Before.After])}, said{"now", c.Now.Words(names[c.Now.After])})
		}
	}
	return words, err
}

// kindOptions are the kinds of things that something is done to.
func kindOptions() []ui.Option {
	all := []ui.Option{{Value: "", Title: "anything"}}
	for _, k := range []string{string(store.KindCredential), string(store.KindSource), string(store.KindDataset), string(store.KindDestination), string(store.KindLookup), string(store.KindProject), "user", "session", "service_key", "organization"} {
		all = append(all, ui.Option{Value: k, Title: sentence(k)})
	}
	return all
}

// thing is what an entry is about, with the way to it.
func thing(e store.AuditEntry) ui.Cell {
	if e.Kind == "" {
		return ui.Cell{}
	}
	name := fmt.Sprintf("%s %d", e.Kind, e.Object)
	nouns := map[store.Kind]string{store.KindCredential: "credentials", store.KindSource: "flows", store.KindDataset: "datasets", store.KindLookup: "lookups", store.KindProject: "projects"}
	noun, ok := nouns[store.Kind(e.Kind)]
	if !ok || e.Object == 0 {
		return ui.Words(name)
	}
	return ui.Shown(name, ui.Link(fmt.Sprintf("/%s/%d", noun, e.Object), name))
}
