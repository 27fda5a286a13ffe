package web

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir/internal/lookup"
	"github.com/weirhq/weir/internal/store"
)

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

// detailWords says the details of an audit entry, a JSON object, in words.
func detailWords(detail jsontext.Value) string {
	all := []string{}
	for _, m := range members(detail) {
		if words := valueWords(m.value); words != "" {
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
