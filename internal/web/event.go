package web

import (
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir/internal/lookup"
	"github.com/weirhq/weir/internal/store"
)

// eventView is one line of what was done.
type eventView struct {
	Title, Detail string
	At            time.Time
}

// actionWords puts the name of an action into words: "credential.check" is "Check".
func actionWords(action string) string {
	_, verb, ok := strings.Cut(action, ".")
	if !ok {
		verb = action
	}
	return sentence(strings.NewReplacer("_", " ", ".", ", ").Replace(verb))
}

// eventDetail says who did it, and what for.
func eventDetail(e store.AuditEntry, who string) string {
	var detail struct {
		Purpose string `json:"purpose"`
		Status  string `json:"status"`
		Reason  string `json:"reason"`
	}
	if err := json.Unmarshal(e.Detail, &detail); err != nil {
		return who // an entry of another form says at least that
	}
	text := who
	for _, part := range []string{detail.Purpose, detail.Status, detail.Reason} {
		if part != "" {
			text += " · " + part
		}
	}
	return text
}

// said is a detail that is said in other words than its value's.
type said struct{ name, words string }

// detailWords says the details of an audit entry, a JSON object, in words.
func detailWords(detail jsontext.Value, others ...said) string {
	all := []string{}
	for _, m := range members(detail) {
		words := valueWords(m.value)
		for _, o := range others {
			if o.name == m.name {
				words = o.words
			}
		}
		if words != "" {
			all = append(all, strings.ReplaceAll(m.name, "_", " ")+": "+words)
		}
	}
	return sentence(strings.Join(all, "; "))
}

// valueWords says a value in words; "" for none.
func valueWords(v jsontext.Value) string {
	switch v.Kind() {
	case 't':
		return "yes"
	case 'f':
		return "no"
	case '{':
		return "(" + detailWords(v) + ")"
	case '[':
		var some []jsontext.Value
		if err := json.Unmarshal(v, &some); err != nil {
			return ""
		}
		words := make([]string, len(some))
		for i, one := range some {
			words[i] = valueWords(one)
		}
		return strings.Join(words, ", ")
	}
	return lookup.Text(v)
}

// historyShown is how many lines of what was done a page shows.
const historyShown = 20

// history is what was done to one thing, newest first.
func (v *visit) history(kind store.Kind, id int64) ([]eventView, error) {
	ctx := v.r.Context()
	entries, _, err := v.Store.AuditPage(ctx, store.AuditFilter{Org: v.who.Org, Kind: string(kind), Object: id, Page: 1, Number: historyShown})
	if err != nil {
		return nil, err
	}
	users, err := v.People.Users(ctx, v.who)
	if err != nil {
		return nil, err
	}
	names := map[int64]string{0: "Weir"}
	for _, u := range users {
		names[u.ID] = u.FullName
	}
	events := make([]eventView, len(entries))
	for i, e := range entries {
		events[i] = eventView{Title: actionWords(e.Action), Detail: eventDetail(e, names[e.Actor]), At: micros(e.At)}
	}
	return events, nil
}
