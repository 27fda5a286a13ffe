package notify

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir/internal/store"
)

// message is what goes over a channel: one event, or those of a digest.
type message struct {
	id     string
	at     time.Time
	events []store.Event
}

// line is one event in one line of text.
func line(e store.Event) string {
	text := titleOf(e)
	if e.Name != "" {
		text += ": " + e.Name
	}
	return oneLine(text)
}

func titleOf(e store.Event) string { return typeShown(e).Title }

// typeShown is an event's type; what is in no catalogue is a test of a channel.
func typeShown(e store.Event) Type {
	if t, known := TypeOf(e.Type); known {
		return t
	}
	return Type{Title: "Test", Level: LevelInfo}
}

// oneLine makes a text that cannot begin a new line or header.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' || r == '\u0085' }), " ")
}

// subject is the message in one line.
func (m message) subject() string {
	if len(m.events) == 1 {
		return line(m.events[0])
	}
	return fmt.Sprintf("%d messages", len(m.events))
}

// mostShown is how many events of a digest are written out in a text.
const mostShown = 100

// text is the message for people: each event with its time and what it says.
func (m message) text(escape func(string) string) string {
	var b strings.Builder
	for i, e := range m.events {
		if i == mostShown {
			fmt.Fprintf(&b, "and %d more\n", len(m.events)-mostShown)
			break
		}
		if len(m.events) > 1 {
			fmt.Fprintf(&b, "%s  ", time.UnixMicro(e.At).UTC().Format("2006-01-02 15:04 UTC"))
		}
		b.WriteString(escape(line(e)) + "\n")
		if e.Message != "" {
			b.WriteString(escape(e.Message) + "\n")
		}
		if len(m.events) > 1 {
			b.WriteString("\n")
		}
	}
	return strings.TrimSpace(b.String())
}

// payload is an event for a program.
type payload struct {
	ID           int64  `json:"id"`
	Type         string `json:"type"`
	Level        Level  `json:"level"`
	At           string `json:"at"`
	Org          int64  `json:"org_id"`
	ResourceType string `json:"resource_type,omitempty"`
	Resource     int64  `json:"resource_id,omitzero"`
	Source       int64  `json:"source_id,omitzero"`
	Run          string `json:"run_id,omitempty"`
	Name         string `json:"name"`
	Title        string `json:"title"`
	Message      string `json:"message"`
}

func payloadOf(e store.Event) payload {
	t := typeShown(e)
	return payload{ID: e.ID, Type: string(e.Type), Level: t.Level, At: time.UnixMicro(e.At).UTC().Format(time.RFC3339Nano), Org: e.Org, ResourceType: string(e.Kind),
		Resource: e.Resource, Source: e.Source, Run: string(e.Run), Name: e.Name, Title: t.Title, Message: e.Message}
}

// webhook is the body that is posted and signed. It is the same at each attempt.
func (m message) webhook() ([]byte, error) {
	out := struct {
		Type      string `json:"type"`
		Timestamp string `json:"timestamp"`
		Data      any    `json:"data"`
	}{Type: "digest", Timestamp: time.UnixMicro(m.events[0].At).UTC().Format(time.RFC3339Nano)}
	if len(m.events) == 1 {
		out.Type, out.Data = string(m.events[0].Type), payloadOf(m.events[0])
		return json.Marshal(out, json.Deterministic(true))
	}
	all := make([]payload, len(m.events))
	for i, e := range m.events {
		all[i] = payloadOf(e)
	}
	out.Data = map[string]any{"events": all}
	return json.Marshal(out, json.Deterministic(true))
}

// slack is the body of a message to Slack, in which <, > and & mean something.
func (m message) slack() ([]byte, error) {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace
	return json.Marshal(map[string]string{"text": m.text(escape)}, json.Deterministic(true))
}

// Subject is a message in one line, for lists.
func Subject(d store.Dispatch) string { return message{events: d.Events}.subject() }
