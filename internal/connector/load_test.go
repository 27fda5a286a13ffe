package connector

import (
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/weirhq/weir"
)

const goodConnector = `name: x
title: X
base_url: https://x.example
version_header: x-version
auth: {header: Authorization}
check: {path: /me, account_id: id}
limit: {requests: 1, seconds: 1}
`

const goodThings = `endpoints:
  - id: things
    title: Things
    path: /things
    dataset: things
    primary_key: [id]
    default: true
`

// badFiles are a good pair of files with one thing changed: the text after
// "old => new" in the connector or in the endpoints, and what is said of it.
var badFiles = map[string]struct{ connector, endpoints, want string }{
	"unknown field":         {"title: => titel:", "", `connector.yaml:2: unknown field "titel"; Did you mean title?`},
	"unknown nested field":  {"{header: => {heder:", "", `connector.yaml:5: unknown field "heder"; Did you mean header?`},
	"unknown need's field":  {"", "default: true => default: true\n    needs: [{endpoint: things, field: {a: id}}]", `endpoints/a.yaml:8: unknown field "field"; Did you mean fields?`},
	"no YAML":               {"title: X => title: [X", "", "connector.yaml:3: this is not YAML: ',' or ']' must be specified; check indentation"},
	"tabs":                  {"", "    path => \tpath", "endpoints/a.yaml:4: this is not YAML: "},
	"twice the same field":  {"title: X => title: X\ntitle: Y", "", "connector.yaml:3: "},
	"two documents":         {"title: X => title: X\n---\na: 1", "", "connector.yaml:4: a second document begins here"},
	"an empty one behind":   {"seconds: 1} => seconds: 1}\n---", "", "connector.yaml:8: a second document begins here"},
	"missing":               {"base_url: https://x.example\n => ", "", "connector.yaml:1: base_url is missing; write it as base_url: https://api.cal.com"},
	"missing below":         {"path: /me,  => ", "", "connector.yaml:6: check.path is missing; write it as check: {path: /v2/me}"},
	"limit":                 {"requests: 1 => requests: 0", "", "connector.yaml:7: limit needs requests and seconds"},
	"no origin":             {"https://x.example => http://x.example/v2", "", "connector.yaml:3: base_url \"http://x.example/v2\" is not https:// and a host"},
	"no endpoints":          {"", "#all", "there is no endpoint"},
	"endpoints no list":     {"", "  - id: things =>     id: things", "endpoints/a.yaml:2: endpoints is fields, which is no list; write endpoints: [{id: …}]"},
	"bad id":                {"", "id: things => id: Things", `endpoints/a.yaml:2: id "Things" is not lower-case words with hyphens`},
	"bad dataset":           {"", "dataset: things => dataset: my-things", `endpoints/a.yaml:5: dataset "my-things" is not a table's name`},
	"no title":              {"", "    title: Things\n => ", "endpoints/a.yaml:2: title is missing"},
	"bad path":              {"", "path: /things => path: things", `endpoints/a.yaml:4: path "things" does not begin with /`},
	"query in path":         {"", "path: /things => path: /things?a=1", "endpoints/a.yaml:4: path \"/things?a=1\" has"},
	"unknown macro":         {"", "path: /things => path: '/things/{seed.id}'", "endpoints/a.yaml:4: nothing is known of {seed.id}"},
	"misspelt macro":        {"", "path: /things => path: '/things/{param.di}'\n    parameters: [{name: id, help: the id, required: true}]", "endpoints/a.yaml:4: nothing is known of {param.di}; Did you mean param.id?"},
	"macro in the query":    {"", "path: /things => path: /things\n    query: {a: '{param.b}'}", "endpoints/a.yaml:5: nothing is known of {param.b}"},
	"unused parameter":      {"", "path: /things => path: /things\n    parameters: [{name: id, help: the id}]", "endpoints/a.yaml:2: things has param id, and nothing uses it"},
	"required by default":   {"", "path: /things => path: '/things/{param.id}'\n    parameters: [{name: id, help: the id, required: true}]", "endpoints/a.yaml:8: things is read by default, and its parameter id needs"},
	"bad default":           {"", "path: /things => path: '/things/{param.id}'\n    parameters: [{name: id, type: int, help: the id, default: x}]", "endpoints/a.yaml:5: parameter id has a default that it would refuse: it is not a whole number"},
	"no key":                {"", "    primary_key: [id]\n => ", "endpoints/a.yaml:2: primary_key: it is missing; Name the field"},
	"key of the wrong kind": {"", "primary_key: [id] => primary_key: id", "endpoints/a.yaml:6: primary_key is a text, which is no list; write primary_key: […]"},
	"empty path":            {"", "primary_key: [id] => primary_key: [a..b]", `endpoints/a.yaml:6: "a..b" is no path into a record`},
	"unknown iteration":     {"", "path: /things => path: /things\n    iteration: keysett", `endpoints/a.yaml:5: there is no iteration "keysett"; Did you mean keyset?`},
	"half a keyset":         {"", "path: /things => path: /things\n    iteration: keyset\n    keyset:\n      size_param: take", "endpoints/a.yaml:6: keyset."},
	"keyset unused":         {"", "path: /things => path: /things\n    keyset: {size: 5}", "endpoints/a.yaml:5: keyset is given, and the iteration is static.url"},
	"paging unused":         {"", "path: /things => path: /things\n    paging: {param: skip}", "endpoints/a.yaml:5: paging is given, and the iteration is static.url"},
	"bad data path":         {"", "path: /things => path: /things\n    data_path: data", "endpoints/a.yaml:5: data_path: it does not begin with $; Write it as $.data[*]"},
	"unknown need":          {"", "default: true => default: true\n    needs: [{endpoint: thing, fields: {a: id}}]\n    inject: {a: a}", `endpoints/a.yaml:8: things needs "thing", which is no endpoint; Did you mean things?`},
	"need of nothing":       {"", "default: true => default: true\n    needs: [{endpoint: things}]", "endpoints/a.yaml:8: things takes nothing from things"},
	"circle":                {"", "default: true => default: true\n    needs: [{endpoint: things, fields: {a: id}}]\n    inject: {a: a}", "endpoints/a.yaml:8: things needs itself in a circle"},
	"inject of nothing":     {"", "default: true => default: true\n    inject: {a: a}", `endpoints/a.yaml:8: a takes "a", which no need gives`},
	"no reason":             {"", "    default: true\n => ", "endpoints/a.yaml:2: things is not read by default, and default_reason does not say why"},
	"bad type":              {"", "default: true => default: true\n    columns: {a: number}", `endpoints/a.yaml:8: column a has type "number"; there are bool, int`},
	"wrong kind":            {"", "default: true => default: 5", "endpoints/a.yaml:7: default is a number; write true or false"},
	"version without name":  {"version_header: x-version\n => ", "path: /things => path: /things\n    version: '1'", "endpoints/a.yaml:5: no header carries the version"},
	"confirm":               {"", "default: true => default: true\n    confirm: /things", "endpoints/a.yaml:8: confirm is the path of a single read"},
}

// changed applies "old => new"; "#all" leaves nothing.
func changed(t *testing.T, text, change string) string {
	t.Helper()
	if change == "" {
		return text
	}
	if change == "#all" {
		return ""
	}
	from, to, _ := strings.Cut(change, " => ")
	if !strings.Contains(text, from) {
		t.Fatalf("%q is not in the file", from)
	}
	return strings.Replace(text, from, to, 1)
}

func TestABadFileIsExplainedByFileAndLine(t *testing.T) {
	place := regexp.MustCompile(`^(connector|endpoints/a)\.yaml:\d+: `)
	for name, c := range badFiles {
		t.Run(name, func(t *testing.T) {
			_, err := Load(fstest.MapFS{
				"connector.yaml":   {Data: []byte(changed(t, goodConnector, c.connector))},
				"endpoints/a.yaml": {Data: []byte(changed(t, goodThings, c.endpoints))},
			})
			if err == nil || !strings.Contains(err.Error(), c.want) || weir.CodeOf(err) != weir.CodeConfig {
				t.Fatalf("got %v, want %s", err, c.want)
			}
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if !place.MatchString(line) {
					t.Errorf("no file and line in %q", line)
				}
			}
		})
	}
}

func TestEverythingThatIsWrongIsToldAtOnce(t *testing.T) {
	_, err := Load(fstest.MapFS{
		"connector.yaml":   {Data: []byte("nam: x\ntitle: [1]\nlimit: {request: 1, seconds: many}\n")},
		"endpoints/a.yaml": {Data: []byte("endpoints:\n  - ids: a\n    default: maybe\n")},
	})
	want := []string{
		`connector.yaml:1: unknown field "nam"; Did you mean name?`, "connector.yaml:2: title is a list; write one text",
		`connector.yaml:3: seconds is a text; write a whole number`, `connector.yaml:3: unknown field "request"; Did you mean requests?`,
		`endpoints/a.yaml:2: unknown field "ids"; Did you mean id`, "endpoints/a.yaml:3: default is a text; write true or false",
	}
	if err == nil {
		t.Fatal("nothing was refused")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d problems, want %d:\n%v", len(lines), len(want), err)
	}
	for i := range want {
		if !strings.HasPrefix(lines[i], want[i]) {
			t.Errorf("got %q, want %q", lines[i], want[i])
		}
	}
}

func TestTwoEndpointsNeverShareAnIDOrATable(t *testing.T) {
	again := strings.TrimPrefix(goodThings, "endpoints:\n")
	_, err := Load(fstest.MapFS{
		"connector.yaml":   {Data: []byte(goodConnector)},
		"endpoints/a.yaml": {Data: []byte(goodThings)},
		"endpoints/b.yaml": {Data: []byte("endpoints:\n" + again)},
	})
	for _, want := range []string{`endpoints/b.yaml:2: id "things" is there twice`, `endpoints/b.yaml:5: dataset "things" is another endpoint's`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestACircleOverSeveralEndpointsIsRefused(t *testing.T) {
	const linked = `endpoints:
  - {id: a, title: A, path: "/a/{seed.x}", dataset: a, primary_key: [id], needs: [{endpoint: b, fields: {x: id}}], default: true}
  - {id: b, title: B, path: "/b/{seed.x}", dataset: b, primary_key: [id], needs: [{endpoint: c, fields: {x: id}}], default: true}
  - {id: c, title: C, path: "/c/{seed.x}", dataset: c, primary_key: [id], needs: [{endpoint: b, fields: {x: id}}], default: true}
`
	_, err := Load(fstest.MapFS{"connector.yaml": {Data: []byte(goodConnector)}, "endpoints/a.yaml": {Data: []byte(linked)}})
	if err == nil || !strings.Contains(err.Error(), "a.yaml:3: b needs itself in a circle, through c") || strings.Contains(err.Error(), "a needs itself") {
		t.Errorf("got %v", err)
	}
}

func TestAnAliasStandsForWhatItsAnchorHolds(t *testing.T) {
	const shared = `endpoints:
  - {id: a, title: A, path: /a, dataset: a, primary_key: &key [id], columns: &columns {id: int}, default: true}
  - {id: b, title: B, path: /b, dataset: b, primary_key: *key, columns: *columns, default: true}
`
	d, err := Load(fstest.MapFS{"connector.yaml": {Data: []byte(goodConnector)}, "endpoints/a.yaml": {Data: []byte(shared)}})
	if err != nil {
		t.Fatal(err)
	}
	if b := d.Endpoints[1]; b.PrimaryKey[0] != "id" || b.Columns["id"] != weir.TypeInt {
		t.Errorf("got %v, %v", b.PrimaryKey, b.Columns)
	}
}

func TestAnInjectedFieldHasTheTypeOfWhereItComesFrom(t *testing.T) {
	const chain = `endpoints:
  - {id: c, title: C, path: "/c/{seed.y}", dataset: c, primary_key: [x, id], columns: {id: text}, needs: [{endpoint: b, fields: {y: a_id}}], inject: {x: y}, default: true}
  - {id: b, title: B, path: "/b/{seed.x}", dataset: b, primary_key: [id], columns: &own {id: int}, needs: [{endpoint: a, fields: {x: id}}], inject: {a_id: x}, default: true}
  - {id: a, title: A, path: /a, dataset: a, primary_key: [id], columns: *own, default: true}
`
	d, err := Load(fstest.MapFS{"connector.yaml": {Data: []byte(goodConnector)}, "endpoints/a.yaml": {Data: []byte(chain)}})
	if err != nil {
		t.Fatal(err)
	}
	if got := d.Endpoints[0].Columns["x"]; got != weir.TypeInt {
		t.Errorf("x has type %q", got)
	}
	if n := len(d.find("a").Columns); n != 1 {
		t.Errorf("a has %d columns: what b inherits came to it through the alias", n)
	}
}

func TestAFolderThatIsNoConnectorSaysWhatOneIs(t *testing.T) {
	_, err := LoadDir(t.TempDir())
	if weir.CodeOf(err) != weir.CodeConfig || !strings.Contains(err.Error(), "connector.yaml:1: the file cannot be read") {
		t.Errorf("got %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(goodConnector), []byte(goodThings))
	f.Add([]byte("a: &a [*a]\nname: *a"), []byte("endpoints: &e\n  - *e"))
	f.Add([]byte("? [1]\n: 2"), []byte("endpoints:\n  - !!map {id: >\n x}"))
	f.Fuzz(func(t *testing.T, connector, endpoints []byte) {
		d, err := Load(fstest.MapFS{"connector.yaml": {Data: connector}, "endpoints/a.yaml": {Data: endpoints}})
		if err != nil {
			if weir.CodeOf(err) != weir.CodeConfig || !strings.Contains(err.Error(), ".yaml:") {
				t.Errorf("refused without a place: %v", err)
			}
			return
		}
		for _, e := range d.Defaults() {
			if _, err := d.Expand(e.ID, d.BaseURL, nil); err != nil {
				t.Errorf("a default stream cannot be expanded: %v", err)
			}
		}
	})
}
