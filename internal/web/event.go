package web

import (
	"github.com/go-json-experiment/json"

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
