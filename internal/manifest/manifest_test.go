package manifest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirhq/weir/internal/manifest"
)

const whole = `# Everything that a file may have.
weir: 1

credentials:
  Our account:
    type: cal_com_api
    secret: {env: CAL_API_KEY}
    settings:
      base_url: https://api.cal.com
      rate_limit: 240
  Warehouse:
    type: postgres
    settings: {host: db.example.com, port: 5432, database: cal, user: weir}
    secret: {file: /run/secrets/warehouse}

lookups:
  Teams:
    key: slug
    description: Whose bookings count.
    defaults: {region: unknown, seats: 12345678901234567890}

sources:
  Bookings:
    credential: Our account
    endpoints: [bookings, event-types]
    params: {booking_uid: "007"}
    schedule: {every: 1d, at: "02:30", zone: Europe/Berlin, sweep_hours: 48}
    tags: [prod, cal]
    datasets:
      bookings: {name: All bookings, description: ""}
  Afterwards:
    credential: Our account
    endpoints: [teams]
    schedule: {after: Bookings}
    active: false
  By hand:
    credential: Our account
    config:
      rest.iterations:
        - key: teams
          iteration.type: data.map.key.queries
          url.template: /v2/teams/{slug}
          lookup: Teams
      primary.key: id

datasets:
  Copies: {source: By hand}
  Copies of copies: {dataset: Copies}

destinations:
  Tables:
    source: Bookings
    endpoint: bookings
    credential: Warehouse
  Every version:
    dataset: Copies of copies
    credential: Warehouse
    mode: history
    active: false

projects:
  Sales:
    sources: [Bookings, Afterwards]

channels:
  Ops:
    type: slack
    secret: {env: SLACK_URL}
  Desk:
    type: email
    settings: {to: "desk@example.com, two@example.com"}

rules:
  - {event: flow_failed, channel: Ops, shared: true}
  - event: flow_failed
    channel: app
    about: {source: Bookings}
    muted: true
  - {event: schema_changed, channel: email, digest: daily, hour: 8, zone: Europe/Berlin, whose: all}
`

var catalogue = manifest.Catalogue{
	Endpoints: map[string][]string{"cal_com_api": {"bookings", "event-types", "teams", "me"}},
	Events:    []string{"flow_failed", "schema_changed"},
}

func read(t *testing.T, content string) *manifest.Manifest {
	t.Helper()
	m, problems := manifest.Read(manifest.File{Name: "weir.yaml", Content: []byte(content)})
	if len(problems) > 0 {
		t.Fatalf("%v", problems)
	}
	return m
}

// nothing is a server on which there is nothing.
func nothing() *manifest.Manifest { return &manifest.Manifest{} }

func checked(t *testing.T, file, server *manifest.Manifest, prune bool) *manifest.Plan {
	t.Helper()
	if problems := manifest.Check(file, server, catalogue, prune); len(problems) > 0 {
		t.Fatalf("%v", problems)
	}
	return manifest.Compare(file, server, prune)
}

// lines are a plan in words.
func lines(p *manifest.Plan) (out []string) {
	for _, c := range p.Changes {
		fields := []string{}
		for _, d := range c.Fields {
			fields = append(fields, d.Field)
		}
		line := string(c.Action) + " " + c.Kind.One() + " " + c.Name
		if c.Action == manifest.Edit {
			line += ": " + strings.Join(fields, ", ")
		}
		out = append(out, line)
	}
	return out
}

func TestAFileIsReadAsAWhole(t *testing.T) {
	m := read(t, whole)
	plan := checked(t, m, nothing(), false)
	want := []string{
		"add credential Our account", "add credential Warehouse", "add lookup Teams", "add source Bookings", "add source Afterwards", "add source By hand",
		"add dataset Copies", "add dataset Copies of copies", "add destination Tables", "add destination Every version", "add project Sales",
		"add channel Ops", "add channel Desk", "add rule flow_failed by Ops for the organization", "add rule flow_failed by app about source Bookings", "add rule schema_changed by email",
	}
	if diff := cmp.Diff(want, lines(plan)); diff != "" {
		t.Error(diff)
	}
	source := m.Of(manifest.Sources)[0].Spec.(*manifest.Source)
	if source.Schedule != (manifest.Schedule{Cron: "0 30 2 1/1 * ? *", Zone: "Europe/Berlin", SweepHours: 48}) || source.Params["booking_uid"] != "007" {
		t.Errorf("%+v", source)
	}
	if got := m.Of(manifest.Destinations)[0].Spec.(*manifest.Destination); got.From != (manifest.From{Source: "Bookings", Endpoint: "bookings"}) || got.Mode != "upsert" || !got.Active {
		t.Errorf("%+v", got)
	}
	if got := m.Of(manifest.Datasets)[0].Spec.(*manifest.Dataset).From.Endpoint; got != manifest.ByHand {
		t.Errorf("the one endpoint of a source is %q", got)
	}
}

// An export is a file of its own, with which nothing is to be done.
func TestWhatIsWrittenIsReadAsTheSame(t *testing.T) {
	server := read(t, whole)
	checked(t, server, nothing(), false)
	content, left := manifest.Write(server)
	if len(left) > 0 {
		t.Errorf("left out: %v", left)
	}
	again := read(t, string(content))
	if plan := checked(t, again, server, true); len(plan.Changes) > 0 || len(plan.Alone) > 0 {
		t.Errorf("%v\n%s", lines(plan), content)
	}
	if twice, _ := manifest.Write(again); string(twice) != string(content) {
		t.Errorf("it is written in two ways:\n%s\n%s", content, twice)
	}
	for _, secret := range []string{"CAL_API_KEY", "/run/secrets"} {
		if strings.Contains(string(content), secret) {
			t.Errorf("%s is in an export", secret)
		}
	}
}

func TestTheOrderOfAFileMeansNothing(t *testing.T) {
	file := read(t, `weir: 1
sources:
  Third: {credential: A, endpoints: [teams], schedule: {after: Second}}
  Second: {credential: A, endpoints: [me], schedule: {after: First}}
  First: {credential: A, endpoints: [teams, me], tags: [a, b]}
credentials:
  A: {type: cal_com_api, secret: {env: KEY}}
`)
	plan := checked(t, file, nothing(), false)
	want := []string{"add credential A", "add source First", "add source Second", "add source Third"}
	if diff := cmp.Diff(want, lines(plan)); diff != "" {
		t.Error(diff)
	}
	same := read(t, `weir: 1
credentials:
  A: {type: cal_com_api}
sources:
  First: {tags: [b, a], endpoints: [me, teams], credential: A}
  Second: {credential: A, endpoints: [me], schedule: {after: First}}
  Third: {credential: A, endpoints: [teams], schedule: {after: Second}}
`)
	if plan := checked(t, same, file, true); len(plan.Changes) > 0 {
		t.Errorf("%v", lines(plan))
	}
}

func TestAPlanNamesEachFieldThatDiffers(t *testing.T) {
	const before = `weir: 1
credentials:
  A: {type: cal_com_api, secret: {env: KEY}, settings: {rate_limit: 120, base_url: https://api.cal.com}}
sources:
  S: {credential: A, endpoints: [me], schedule: {every: 1h}, description: old}
`
	for name, is := range map[string]struct {
		after string
		want  []string
	}{
		"nothing":                                 {before, nil},
		"settings that the file does not name":    {strings.Replace(before, "rate_limit: 120, ", "", 1), nil},
		"a setting":                               {strings.Replace(before, "120", "240", 1), []string{"change credential A: settings.rate_limit"}},
		"a slash behind an address":               {strings.Replace(before, "api.cal.com", "api.cal.com/", 1), nil},
		"a secret's place":                        {strings.Replace(before, "KEY", "OTHER", 1), nil},
		"an interval and a text":                  {strings.NewReplacer("1h", "15m", "old", "new").Replace(before), []string{"change source S: schedule.cron, description"}},
		"no schedule any more":                    {strings.Replace(before, "schedule: {every: 1h}, ", "", 1), []string{"change source S: schedule.cron"}},
		"the same schedule as an expression":      {strings.Replace(before, "every: 1h", `cron: "0 0 0/1 * * ? *"`, 1), nil},
		"a source that is to stand still":         {strings.Replace(before, "description", "active: false, description", 1), []string{"pause source S"}},
		"one that does, and something else of it": {strings.Replace(before, "description: old", "active: false", 1), []string{"change source S: active, description"}},
	} {
		server := read(t, before)
		checked(t, server, nothing(), false)
		if diff := cmp.Diff(is.want, lines(checked(t, read(t, is.after), server, false))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestOnlyPruningRemovesAndOnlyOfSectionsThatAreThere(t *testing.T) {
	server := read(t, whole)
	checked(t, server, nothing(), false)
	file := "weir: 1\nprojects: {}\nrules: []\n"
	if plan := checked(t, read(t, file), server, false); len(plan.Changes) > 0 || len(plan.Alone) != 4 {
		t.Errorf("%v, and %d are alone", lines(plan), len(plan.Alone))
	}
	plan := checked(t, read(t, file), server, true)
	want := []string{"remove rule schema_changed by email", "remove rule flow_failed by app about source Bookings", "remove rule flow_failed by Ops for the organization", "remove project Sales"}
	if diff := cmp.Diff(want, lines(plan)); diff != "" {
		t.Error(diff)
	}
}

// What is to stand still does so first, and nothing flows before all is there.
func TestStepsPauseFirstAndActivateLast(t *testing.T) {
	server := read(t, `weir: 1
credentials: {A: {type: cal_com_api, secret: {env: KEY}}, T: {type: sqlite, settings: {path: x}}}
sources: {Old: {credential: A, endpoints: [me]}, Stays: {credential: A, endpoints: [me]}}
destinations: {Out: {source: Old, credential: T}}
`)
	checked(t, server, nothing(), false)
	file := read(t, `weir: 1
credentials: {A: {type: cal_com_api}, T: {type: sqlite, settings: {path: x}}}
sources: {New: {credential: A, endpoints: [me]}, Stays: {credential: A, endpoints: [teams], active: false}}
destinations: {In: {source: New, credential: T}}
`)
	var got []string
	for _, s := range checked(t, file, server, true).Steps() {
		got = append(got, []string{"pause", "make", "activate", "remove"}[s.Stage]+" "+s.Change.Name)
	}
	want := []string{"pause Stays", "pause Out", "pause Old", "make New", "make Stays", "make In", "activate In", "activate New", "remove Out", "remove Old"}
	slices.Sort(got[:3])
	slices.Sort(want[:3])
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
