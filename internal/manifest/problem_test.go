package manifest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weirhq/weir/internal/manifest"
)

const planted = "cal_live_0123456789abcdef0123456789abcdef"

// Each is told by file and line, with the field and what to do.
func TestWhatIsWrongIsToldByLine(t *testing.T) {
	const good = "weir: 1\ncredentials:\n  A: {type: cal_com_api, secret: {env: KEY}}\n"
	for name, is := range map[string]struct{ content, want string }{
		"no YAML":                     {"weir: 1\nsources: [", "weir.yaml:2: this is not YAML"},
		"a file of something else":    {"apiVersion: v1\nkind: Pod\n", "weir.yaml:1: this is no file of Weir's: it does not say weir: 1. Begin it"},
		"an empty file":               {"", "weir.yaml:1: this is no file of Weir's"},
		"a list":                      {"- weir: 1\n", "weir.yaml:1: this is no file of Weir's"},
		"a later form":                {"weir: 2\n", "weir.yaml:1: weir: this version of Weir does not know"},
		"two documents":               {"weir: 1\n---\nweir: 1\n", "weir.yaml:3: a second document begins here"},
		"an anchor":                   {"weir: 1\nsources:\n  S: &x {credential: A}\n", "weir.yaml:3: anchors and aliases are not read"},
		"a merge key":                 {"weir: 1\nsources:\n  S:\n    <<: {credential: A}\n", "weir.yaml:4: merge keys are not read"},
		"a tag":                       {"weir: 1\nsources:\n  S: !!map {}\n", "weir.yaml:3: tags are not read"},
		"an unknown section":          {"weir: 1\nsource: {}\n", "weir.yaml:2: source: there is no such field. Use weir, credentials, lookups, sources"},
		"an unknown field":            {good + "sources:\n  S:\n    credentail: A\n", "weir.yaml:6: sources.S.credentail: there is no such field. Use credential, endpoints"},
		"a field of the wrong kind":   {good + "sources:\n  S:\n    credential: A\n    endpoints: bookings\n", "weir.yaml:7: sources.S.endpoints: it is text. Write a list: [endpoints]"},
		"a section of the wrong kind": {"weir: 1\nsources: [S]\n", "weir.yaml:2: sources: it is a list. Write fields"},
		"a thing of the wrong kind":   {"weir: 1\nsources:\n  S: bookings\n", "weir.yaml:3: sources.S: it is text. Write fields: credential"},
		"a flag in words":             {good + "sources:\n  S: {credential: A, endpoints: [me], active: yes}\n", "weir.yaml:5: sources.S.active: it is text. Write true or false"},
		"a name that is there twice":  {"weir: 1\nprojects:\n  P: {}\n  P: {}\n", "weir.yaml:4: this name is there twice"},
		"what is missing":             {"weir: 1\nsources:\n  S: {endpoints: [me]}\n", "weir.yaml:3: sources.S.credential: it is missing. Name one"},
		"nothing to read":             {good + "sources:\n  S: {credential: A}\n", "weir.yaml:5: sources.S.endpoints: it is missing. List what to read"},
		"two schedules":               {good + "sources:\n  S: {credential: A, endpoints: [me], schedule: {every: 1h, after: T}}\n", "sources.S.schedule: it says in more than one way"},
		"no interval":                 {good + "sources:\n  S:\n    credential: A\n    endpoints: [me]\n    schedule:\n      every: 7 parsecs\n", "weir.yaml:9: sources.S.schedule.every: it is no interval. Write it as 15m"},
		"an interval that is none":    {good + "sources:\n  S: {credential: A, endpoints: [me], schedule: {every: 7m}}\n", "sources.S.schedule.every: an hour does not divide"},
		"no expression":               {good + "sources:\n  S: {credential: A, endpoints: [me], schedule: {cron: \"* *\"}}\n", "sources.S.schedule.cron: "},
		"no time zone":                {good + "sources:\n  S: {credential: A, endpoints: [me], schedule: {every: 1d, zone: Mars}}\n", "sources.S.schedule.zone: it is no known time zone"},
		"a zone without a clock":      {good + "sources:\n  S: {credential: A, endpoints: [me], schedule: {zone: UTC}}\n", "sources.S.schedule.zone: there is no clock"},
		"an unknown credential":       {good + "sources:\n  S:\n    credential: B\n    endpoints: [me]\n", "weir.yaml:6: sources.S.credential: there is no credential called B, neither in the file nor on the server. Add it to credentials, or use one that there is: A"},
		"an unknown endpoint":         {good + "sources:\n  S:\n    credential: A\n    endpoints:\n      - me\n      - booking\n", "weir.yaml:9: sources.S.endpoints.1: there is no endpoint of this name. Use one of those that weir connectors describe calcom lists, such as bookings"},
		"which endpoint":              {good + "sources:\n  S: {credential: A, endpoints: [me, teams]}\ndestinations:\n  D: {source: S, credential: A}\n", "weir.yaml:7: destinations.D.endpoint: it is missing, and the source S reads several. Use one of me, teams"},
		"what is not read":            {good + "sources:\n  S: {credential: A, endpoints: [me]}\ndestinations:\n  D: {source: S, endpoint: teams, credential: A}\n", "destinations.D.endpoint: the source S does not read it"},
		"a circle":                    {good + "sources:\n  S: {credential: A, endpoints: [me], schedule: {after: T}}\n  T: {credential: A, endpoints: [me], schedule: {after: S}}\n", "schedule.after: it leads back to itself"},
		"a new key without a secret":  {"weir: 1\ncredentials:\n  A: {type: cal_com_api}\n", "weir.yaml:3: credentials.A.secret: it is missing, and the server has none of this name. Write {env: VARIABLE}"},
		"a rule that is there twice":  {"weir: 1\nrules:\n  - {event: flow_failed, channel: app}\n  - {event: flow_failed, channel: app, muted: true}\n", "weir.yaml:4: rules.1: this rule is there already, at weir.yaml:3"},
		"an unknown event":            {"weir: 1\nrules:\n  - {event: flow_fails, channel: app}\n", "weir.yaml:3: rules.0.event: there is no such event. Use one of flow_failed, schema_changed"},
		"a number of YAML's own":      {"weir: 1\nlookups:\n  L: {key: a, defaults: {b: 0x10}}\n", "weir.yaml:3: lookups.L.defaults.b: it is a number in a form of YAML's own"},
		"an address of Slack":         {"weir: 1\nchannels:\n  C: {type: slack, settings: {webhook_url: https://example.com}, secret: {env: X}}\n", "channels.C.settings.webhook_url: a channel of this type has no such setting. Leave it out: the address is a secret"},
	} {
		m, problems := manifest.Read(manifest.File{Name: "weir.yaml", Content: []byte(is.content)})
		if len(problems) == 0 {
			problems = manifest.Check(m, nothing(), catalogue, false)
		}
		if len(problems) == 0 || !strings.Contains(problems[0].String(), is.want) {
			t.Errorf("%s: %v, want %q", name, problems, is.want)
		}
	}
}

func TestASecretInAFileIsRefusedAndNotRepeated(t *testing.T) {
	for name, content := range map[string]string{
		"in place of its source":    "weir: 1\ncredentials:\n  A: {type: cal_com_api, secret: " + planted + "}\n",
		"as a variable":             "weir: 1\ncredentials:\n  A: {type: cal_com_api, secret: {env: " + planted + "}}\n",
		"as a setting":              "weir: 1\ncredentials:\n  A: {type: cal_com_api, settings: {api_key: " + planted + "}}\n",
		"a password as a setting":   "weir: 1\ncredentials:\n  A: {type: postgres, settings: {password: hunter2hunter2}}\n",
		"as a name":                 "weir: 1\ncredentials:\n  " + planted + ": {type: cal_com_api}\n",
		"in a description":          "weir: 1\nprojects:\n  P: {description: our key is " + planted + "}\n",
		"in a list":                 "weir: 1\nprojects:\n  P: {tags: [" + planted + "]}\n",
		"in a header by hand":       "weir: 1\nsources:\n  S: {credential: A, config: {rest.iterations: [{request.headers: 'x:" + planted + "'}]}}\n",
		"a password as its source":  "weir: 1\ncredentials:\n  A: {type: postgres, secret: hunter2hunter2}\n",
		"a password as a variable":  "weir: 1\ncredentials:\n  A: {type: postgres, secret: {env: 'hunter2hunter2!'}}\n",
		"in what is no YAML":        "weir: 1\nsecret: " + planted + ": hunter2hunter2: [\n",
		"as an address of Slack":    "weir: 1\nchannels:\n  C: {type: slack, secret: {file: https://hooks.slack.com/services/T0/B0/hunter2hunter2}}\n",
		"as a webhook's own secret": "weir: 1\nchannels:\n  C: {type: webhook, signing_secret: {file: whsec_hunter2hunter2hunter2}}\n",
	} {
		_, problems := manifest.Read(manifest.File{Name: "weir.yaml", Content: []byte(content)})
		if len(problems) == 0 {
			t.Errorf("%s: it is read", name)
		}
		for _, p := range problems {
			if strings.Contains(p.String(), planted) || strings.Contains(p.String(), "hunter2") {
				t.Errorf("%s: the problem repeats it: %s", name, p)
			}
		}
	}
}

func TestThingsOfOneNameAreNotGuessedAt(t *testing.T) {
	server := &manifest.Manifest{Things: []*manifest.Thing{
		{Kind: manifest.Credentials, Name: "A", ID: 3, Spec: &manifest.Credential{Type: "sqlite"}},
		{Kind: manifest.Credentials, Name: "A", ID: 7, Spec: &manifest.Credential{Type: "sqlite"}},
		{Kind: manifest.Credentials, Name: "B", ID: 9, Spec: &manifest.Credential{Type: "mysql"}},
	}}
	for content, want := range map[string]string{
		"weir: 1\ncredentials:\n  A: {type: sqlite}\n":                         "weir.yaml:3: credentials.A: the server has 2 credentials of this name (id 3, id 7)",
		"weir: 1\nsources:\n  S: {credential: A, endpoints: [me]}\n":           "weir.yaml:3: sources.S.credential: the server has 2 credentials called A (id 3, id 7)",
		"weir: 1\ncredentials:\n  B: {type: postgres}\n":                       "weir.yaml:3: credentials.B.type: on the server it is of type mysql",
		"weir: 1\nsources:\n  S: {credential: B, endpoints: [me]}\n":           "weir.yaml:3: sources.S.endpoints: a credential of type mysql has no endpoints",
		"weir: 1\nsources:\n  S: {credential: C, endpoints: [me]}\n":           "Add it to credentials, or use one that there is: A, B",
		"weir: 1\nlookups: {L: {key: a}}\ndatasets:\n  D: {dataset: D}\n":      "datasets.D.dataset: it leads back to itself",
		"weir: 1\nprojects:\n  P:\n    sources:\n      - one\n      - other\n": "weir.yaml:5: projects.P.sources.0: there is no source called one",
	} {
		problems := manifest.Check(read(t, content), server, catalogue, false)
		if len(problems) == 0 || !strings.Contains(problems[0].String(), want) {
			t.Errorf("%v, want %q", problems, want)
		}
	}
}

func TestNothingIsPrunedThatSomethingUses(t *testing.T) {
	server := read(t, "weir: 1\ncredentials:\n  A: {type: cal_com_api, secret: {env: KEY}}\nsources:\n  S: {credential: A, endpoints: [me]}\n")
	checked(t, server, nothing(), false)
	for content, want := range map[string]string{
		"weir: 1\ncredentials: {}\n": "sources.S: it stays, and uses the credential A, which --prune would remove",
		"weir: 1\ncredentials: {}\nsources:\n  T: {credential: A, endpoints: [me]}\n": "sources.T.credential: the credential A is to be removed: it is not in the file",
	} {
		problems := manifest.Check(read(t, content), server, catalogue, true)
		if len(problems) != 1 || !strings.Contains(problems[0].String(), want) {
			t.Errorf("%v, want %q", problems, want)
		}
	}
}

func TestNamesAreTheSameInAllFilesOfADirectory(t *testing.T) {
	_, problems := manifest.Read(
		manifest.File{Name: "a.yaml", Content: []byte("weir: 1\nprojects:\n  P: {}\n")},
		manifest.File{Name: "b.yaml", Content: []byte("weir: 1\n\nprojects:\n  P: {}\n")})
	if len(problems) != 1 || problems[0].String() != "b.yaml:4: projects.P: this name is there already, at a.yaml:3. Give one of the two another name, or take it away" {
		t.Errorf("%v", problems)
	}
}

// A file of one megabyte must not take the memory of the machine.
func TestAFileThatIsNestedInOneLineOrNamesTooMuchIsRefused(t *testing.T) {
	var many strings.Builder
	many.WriteString("weir: 1\nprojects:\n")
	for i := range 10_001 {
		fmt.Fprintf(&many, "  P%d: {}\n", i)
	}
	steps := strings.Builder{}
	for i := range 300 {
		steps.WriteString(strings.Repeat(" ", i) + "- a:\n")
	}
	for what, file := range map[string][2]string{
		"dashes":         {strings.Repeat("- ", 500_000), "nested more than 32 deep"},
		"question marks": {strings.Repeat("? ", 500_000), "nested more than 32 deep"},
		"colons":         {strings.Repeat(": ", 500_000), "nested more than 32 deep"},
		"mixed":          {strings.Repeat("- ?\t", 200_000) + "x", "nested more than 32 deep"},
		"steps":          {steps.String(), "nested more than 32 deep"},
		"things":         {many.String(), "more than 10000 things"},
	} {
		_, problems := manifest.Read(manifest.File{Name: "weir.yaml", Content: []byte(file[0])})
		if len(problems) != 1 || !strings.Contains(problems[0].Message, file[1]) {
			t.Errorf("%s: %v", what, problems)
		}
	}
}
