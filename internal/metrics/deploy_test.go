package metrics

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/weirhq/weir"
)

const deploy = "../../deploy/"

// names are all metrics that there are, also those of which nothing was counted.
func names(t *testing.T) (all []string) {
	t.Helper()
	m := New("test", "all")
	descs := make(chan *prometheus.Desc, 1000)
	m.registry.Describe(descs)
	(&state{}).Describe(descs)
	close(descs)
	found := regexp.MustCompile(`fqName: "([^"]+)"`)
	for d := range descs {
		all = append(all, found.FindStringSubmatch(d.String())[1])
	}
	return all
}

// metric is a name of one in an expression, without what a histogram adds.
var metric = regexp.MustCompile(`\b((?:weir|process|go)_[a-z0-9_]+?)(?:_bucket|_count|_sum)?\b[^a-z0-9_]`)

func mustKnow(t *testing.T, where, expression string) {
	t.Helper()
	known := names(t)
	found := metric.FindAllStringSubmatch(expression+" ", -1)
	if len(found) == 0 {
		t.Errorf("%s: %s asks for nothing of Weir's", where, expression)
	}
	for _, f := range found {
		if !slices.Contains(known, f[1]) {
			t.Errorf("%s: there is no metric %s", where, f[1])
		}
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestTheDashboardAsksForMetricsThatThereAre(t *testing.T) {
	var board struct {
		Panels []struct {
			Title   string
			Type    string `json:"type"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
			ID int `json:"id"`
		} `json:"panels"`
	}
	if err := json.Unmarshal(read(t, deploy+"grafana/weir.json"), &board); err != nil {
		t.Fatal(err)
	}
	ids := map[int]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] || p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %d is there twice, or shows nothing", p.ID)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			mustKnow(t, "grafana/weir.json", target.Expr)
		}
	}
}

func TestAlertsAskForMetricsThatThereAre(t *testing.T) {
	var alerts struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(read(t, deploy+"prometheus/alerts.yaml"), &alerts); err != nil {
		t.Fatal(err)
	}
	for _, rule := range alerts.Groups[0].Rules {
		mustKnow(t, "prometheus/alerts.yaml "+rule.Alert, rule.Expr)
		if rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
			t.Errorf("%s does not say what is wrong and what to do", rule.Alert)
		}
	}
}

func TestPrometheusTakesTheAlerts(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed: scripts/install-test-deps does so")
	}
	if out, err := exec.CommandContext(t.Context(), promtool, "check", "rules", deploy+"prometheus/alerts.yaml").CombinedOutput(); err != nil { // #nosec G204
		t.Errorf("%v\n%s", err, out)
	}
}

func TestEveryMetricIsInTheGuide(t *testing.T) {
	guide := string(read(t, "../../docs/metrics.md"))
	for _, name := range names(t) {
		if strings.HasPrefix(name, "weir_") && !strings.Contains(guide, "`"+name) {
			t.Errorf("docs/metrics.md does not tell of %s", name)
		}
	}
}

// Whoever reads metrics in a loop must not be a load on the database.
func TestTheDatabaseIsAskedOnceInFiveSeconds(t *testing.T) {
	now, asked := time.Unix(1, 0), 0
	s := &state{now: func() time.Time { return now }, look: func(context.Context) (State, error) { asked++; return State{}, nil }}
	for range 10 {
		_, _ = s.current()
	}
	now = now.Add(fresh)
	_, _ = s.current()
	if asked != 2 {
		t.Errorf("it was asked %d times", asked)
	}
}

func TestAKeyThatIsUsedLittleIsNotAmongTooMany(t *testing.T) {
	all := []Budget{{Credential: 1}}
	for i := range int64(mostBudgets) {
		all = append(all, Budget{Credential: i + 2, Used: 1})
	}
	if got := busiest(all); len(got) != mostBudgets || slices.ContainsFunc(got, func(b Budget) bool { return b.Credential == 1 }) {
		t.Errorf("%d budgets", len(got))
	}
}

// An alert looks at growth, and a counter that begins at one has not grown.
func TestTheFirstRefusalOfASourceIsSeenToGrow(t *testing.T) {
	m := New("test", "all")
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, f := range families {
		if f.GetName() != "weir_source_requests_total" {
			continue
		}
		for _, one := range f.GetMetric() {
			for _, label := range one.GetLabel() {
				if label.GetName() == "class" && label.GetValue() == "429" && one.GetCounter().GetValue() == 0 {
					refused++
				}
			}
		}
	}
	if want := int(weir.LaneBackfill) + 1; refused != want {
		t.Errorf("%d counters of refusals are there before the first, of %d lanes", refused, want)
	}
}
