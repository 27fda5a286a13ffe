package connector

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir"
)

func calcom(t *testing.T) *Definition {
	t.Helper()
	d, err := Builtin("calcom")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheBuiltinConnectorsAreRight(t *testing.T) {
	for _, name := range Names() {
		d, err := Builtin(name)
		if err != nil {
			t.Fatal(err)
		}
		if d.Name != name || len(d.Defaults()) == 0 {
			t.Errorf("%s: name %q, %d default streams", name, d.Name, len(d.Defaults()))
		}
	}
}

func TestWhatIsNeededComesFirst(t *testing.T) {
	d := calcom(t)
	seen := map[string]bool{}
	all := []string{}
	for _, e := range d.Endpoints {
		all = append(all, e.ID)
	}
	ordered, err := d.WithNeeds(all)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range ordered {
		for _, n := range e.Needs {
			if !seen[n.Endpoint] {
				t.Errorf("%s comes before %s, which it needs", e.ID, n.Endpoint)
			}
		}
		seen[e.ID] = true
	}
}

func TestABadFileIsExplainedByFileAndLine(t *testing.T) {
	const good = "name: x\ntitle: X\nbase_url: https://x.example\nauth: {header: Authorization}\ncheck: {path: /me, account_id: id}\nlimit: {requests: 1, seconds: 1}\n"
	const things = "endpoints:\n  - id: things\n    path: /things\n    dataset: things\n    primary_key: [id]\n    default: true\n"
	for name, c := range map[string]struct{ connector, endpoints, want string }{
		"unknown field":     {strings.Replace(good, "title", "titel", 1), things, `connector.yaml:2: unknown field "titel"; Did you mean title`},
		"no YAML":           {good + "  - [", things, "connector.yaml:"},
		"missing":           {strings.Replace(good, "base_url: https://x.example\n", "", 1), things, "base_url is missing"},
		"limit":             {strings.Replace(good, "requests: 1", "requests: 0", 1), things, "connector.yaml:6: limit needs requests and seconds"},
		"no endpoints":      {good, "endpoints: []\n", "there is no endpoint"},
		"bad id":            {good, strings.Replace(things, "things", "Things", 1), `endpoints/a.yaml:2: id "Things" is not lower-case`},
		"twice":             {good, things + strings.TrimPrefix(things, "endpoints:\n"), "endpoints/a.yaml:7: id \"things\" is there twice"},
		"bad path":          {good, strings.Replace(things, "/things", "things", 1), `endpoints/a.yaml:3: path "things" does not begin with /`},
		"unknown macro":     {good, strings.Replace(things, "/things", "/things/{seed.id}", 1), "nothing is known of {seed.id}"},
		"no key":            {good, strings.Replace(things, "    primary_key: [id]\n", "", 1), "primary_key: it is missing"},
		"unknown iteration": {good, things + "    iteration: keysett\n", `there is no iteration "keysett"; Did you mean keyset`},
		"unknown need":      {good, things + "    needs: [{endpoint: thing}]\n", `needs "thing", which is no endpoint; Did you mean things`},
		"circle":            {good, things + "    needs: [{endpoint: things}]\n", "needs itself in a circle"},
		"no reason":         {good, strings.Replace(things, "    default: true\n", "", 1), "default_reason"},
		"bad type":          {good, things + "    columns: {a: number}\n", `column a has type "number"`},
		"wrong kind":        {good, things + "    default: 5\n", "endpoints/a.yaml:"},
	} {
		_, err := Load(fstest.MapFS{"connector.yaml": {Data: []byte(c.connector)}, "endpoints/a.yaml": {Data: []byte(c.endpoints)}})
		if err == nil || !strings.Contains(err.Error(), c.want) || weir.CodeOf(err) != weir.CodeConfig {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
		if err != nil && !regexp.MustCompile(`\.yaml:\d+: `).MatchString(err.Error()) {
			t.Errorf("%s: no file and line in %v", name, err)
		}
	}
}

func TestAnUnknownStreamIsAnsweredWithTheNearest(t *testing.T) {
	_, err := calcom(t).Endpoint("boking")
	if weir.CodeOf(err) != weir.CodeUsage || !strings.Contains(err.Error(), "bookings") {
		t.Errorf("got %v", err)
	}
}

func TestAMissingParameterSaysHowToGiveIt(t *testing.T) {
	_, err := calcom(t).Expand("booking", "https://api.cal.com", nil)
	if weir.CodeOf(err) != weir.CodeUsage || !strings.Contains(err.Error(), "--param booking_uid=") {
		t.Errorf("got %v", err)
	}
}

// Every GET operation of the API is an endpoint, or is listed in the README
// with the reason why it cannot be one.
func TestEveryOperationIsAStreamOrHasAReason(t *testing.T) {
	file := os.Getenv("WEIR_OPENAPI")
	if file == "" {
		t.Skip("skipped: WEIR_OPENAPI does not name Cal.com's OpenAPI document")
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var api struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal(content, &api); err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../connectors/calcom/README.md")
	if err != nil {
		t.Fatal(err)
	}
	plain := regexp.MustCompile(`\{[^}]*\}`)
	have := map[string]bool{}
	for _, e := range calcom(t).Endpoints {
		have[plain.ReplaceAllString(e.Path, "{}")] = true
	}
	for path, operations := range api.Paths {
		if operations["get"] == nil {
			continue
		}
		if !have[plain.ReplaceAllString(path, "{}")] && !strings.Contains(string(readme), "`GET "+path+"`") {
			t.Errorf("GET %s is neither a stream nor in the README", path)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte("name: x"), []byte("endpoints: []"))
	f.Fuzz(func(_ *testing.T, connector, endpoints []byte) {
		_, _ = Load(fstest.MapFS{"connector.yaml": {Data: connector}, "endpoints/a.yaml": {Data: endpoints}})
	})
}
