// Package manifest is a person's configuration as YAML: it reads files
// strictly, tells all that is wrong by line, compares them with what a server
// has, plans the steps from one to the other, and writes a server's
// configuration as a file. It makes no request and reads no secret: whoever
// uses it brings the server's side as a Manifest, too. Things are told apart by
// their names; ids are the server's own.
package manifest

import (
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir/internal/transform"
)

// Version is that of the format. A file names it first.
const Version = 1

// Kind is a kind of thing, and the name of its section in a file.
type Kind string

// The kinds, in the order in which they depend on each other.
const (
	Credentials  Kind = "credentials"
	Lookups      Kind = "lookups"
	Sources      Kind = "sources"
	Transforms   Kind = "transforms"
	Datasets     Kind = "datasets"
	Destinations Kind = "destinations"
	Projects     Kind = "projects"
	Channels     Kind = "channels"
	Rules        Kind = "rules"
)

// Kinds are all of them, in the order in which they are made.
var Kinds = []Kind{Credentials, Lookups, Sources, Transforms, Datasets, Destinations, Projects, Channels, Rules}

// One is a kind's word for one of it.
func (k Kind) One() string { return string(k[:len(k)-1]) }

// Manifest is a whole configuration: what files say, or what a server has.
type Manifest struct {
	Things   []*Thing
	Sections map[Kind]bool // which kinds the files have a section of, be it empty
}

// Of are the things of a kind, in their order.
func (m *Manifest) Of(k Kind) (all []*Thing) {
	for _, t := range m.Things {
		if t.Kind == k {
			all = append(all, t)
		}
	}
	return all
}

// named are the things of a kind with a name; a server may have several.
func (m *Manifest) named(k Kind, name string) (all []*Thing) {
	for _, t := range m.Things {
		if t.Kind == k && t.Name == name {
			all = append(all, t)
		}
	}
	return all
}

// Thing is one thing of a configuration.
type Thing struct {
	Kind Kind
	Name string // what it is known by; of a rule, all that tells it from others
	ID   int64  // on the server; 0 in a file
	Spec Spec

	place place
}

// File is the file that a thing is from; "" of a server's.
func (t *Thing) File() string { return t.place.file }

// Problem is something that is wrong with one of the thing's fields; with the
// thing itself when field is "".
func (t *Thing) Problem(field, message, remedy string) Problem {
	return t.place.problem(field, message, remedy)
}

// Where names the thing and, of a file's, its line: weir.yaml:12:
// sources.Bookings.
func (t *Thing) Where() string {
	if t.place.file == "" {
		return string(t.Kind) + "." + t.Name
	}
	return fmt.Sprintf("%s:%d: %s", t.place.file, t.place.line, t.place.field)
}

// Spec is what a thing is: one of the types below.
type Spec interface {
	// values are what is compared with the other side, in order.
	values() []value
	// uses are what it refers to.
	uses() []reference
}

// value is one field with what it holds: text, a flag, a number, a list, or
// JSON.
type value struct {
	field string
	is    any
}

// reference is a field that names another thing.
type reference struct {
	field string
	kind  Kind
	name  string
}

// Common is what most things have.
type Common struct {
	Description string
	Tags        []string
}

// Secret says where the command that applies a file finds a secret. It never
// holds one.
type Secret struct{ Env, File string }

// IsZero reports that the file says nothing of a secret.
func (s Secret) IsZero() bool { return s == Secret{} }

// Text is where it comes from, in words.
func (s Secret) Text() string {
	if s.Env != "" {
		return "$" + s.Env
	}
	return s.File
}

// Credential is a key or login, without its secret.
type Credential struct {
	Common
	Type     string            // "cal_com_api", "postgres"
	Settings map[string]string // all that the file names; the server has more
	Secret   Secret
}

// Lookup is a table, without its rows.
type Lookup struct {
	Common
	Type         string // what its rows are of, in a person's words
	Key          string // the column
	Defaults     jsontext.Value
	EmitDefaults bool
}

// Transform is rules that several datasets may use.
type Transform struct {
	Common
	Rules []transform.Rule // in the order in which they are carried out
}

// Source is what to read, and when.
type Source struct {
	Common
	Credential string
	Endpoints  []string
	Params     map[string]string
	Config     jsontext.Value // a configuration by hand instead of endpoints, with lookups by name
	Schedule   Schedule
	Active     bool
	Datasets   map[string]Labels // by endpoint; what is not said stays as it is
}

// Labels are what people call a dataset that a source yields. Nil is not said.
type Labels struct {
	Name, Description *string
	Tags              []string
}

// Schedule is when a source is read; the zero Schedule is when it is asked for.
type Schedule struct {
	Cron       string // Quartz's seven fields
	Zone       string // an IANA name; "" for UTC
	After      string // the source after whose runs it is read
	SweepHours int    // 0 for a day
}

// From names a dataset: one that a source yields, or one that was made of
// another.
type From struct {
	Source, Endpoint string // Endpoint may be "" of a source that yields one
	Dataset          string
}

// Dataset is one that was made of another. It begins as that is, is switched on
// and off with its source, and files have no word for one that is paused alone.
type Dataset struct {
	Common
	From       From
	Transform  string           // whose rules it has; "" for its own
	Transforms []transform.Rule // its own, in the order in which they are carried out
	Active     bool             // of a server's, where it is paused before it is removed
}

// Destination is where a dataset goes.
type Destination struct {
	Common
	From       From
	Credential string
	Mode       string // "upsert", "history"
	Active     bool
}

// Unseen stands for the name of something that is used and that whoever asks may
// not see: nothing has it.
const Unseen = "\n"

// Project is a folder of flows, by the names of their sources.
type Project struct {
	Common
	Sources []string
}

// Channel is a way to tell somebody something, without its secrets.
type Channel struct {
	Type          string // "email", "slack", "webhook"
	Settings      map[string]string
	Secret        Secret // the address of Slack or of a webhook, the password of a mail server
	SigningSecret Secret // of a webhook
}

// Rule is what somebody wants to be told, and how.
type Rule struct {
	Event   string // "flow_failed"
	Channel string // a channel's name, or one of those that need none: "app", "email"
	About   About  // one thing alone; the zero About is all
	Shared  bool   // the organization's
	Muted   bool
	Digest  string // "hourly", "daily"; "" for at once
	Hour    int    // of a daily digest
	Zone    string // of the hour; "" for UTC
	All     bool   // about whatever one may look at, not only what is one's own
}

// About is one thing, by its kind and name.
type About struct {
	Kind Kind
	Name string
}

// Channels that nobody sets up.
const (
	App  = "app"
	Mail = "email" // over the server's own mail server
)

// Key is all that tells a rule from others, in words.
func (r *Rule) Key() string {
	key := r.Event + " by " + r.Channel
	if r.About.Kind != "" {
		key += " about " + r.About.Kind.One() + " " + r.About.Name
	}
	if r.Shared {
		key += " for the organization"
	}
	return key
}
