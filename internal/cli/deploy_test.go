package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"

	"github.com/weirhq/weir/internal/server"
	"github.com/weirhq/weir/internal/vault"
)

const deploy = "../../deploy/"

func text(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// grammar is the command line as users meet it.
func grammar(t *testing.T) *kong.Kong { return grammarOf(t, &commands{}) }

func grammarOf(t *testing.T, c *commands) *kong.Kong {
	t.Helper()
	parser, err := kong.New(c, kong.Name("weir"), kong.Exit(func(int) {}), kong.Vars{"base_url": "https://api.cal.com", "version": "test"})
	if err != nil {
		t.Fatal(err)
	}
	return parser
}

// understood fails unless the binary knows the command line.
func understood(t *testing.T, where string, args []string) {
	t.Helper()
	if _, err := grammar(t).Parse(args); err != nil {
		t.Errorf("%s: weir %s: %v", where, strings.Join(args, " "), err)
	}
}

// variables are all that the binary reads from its environment.
func variables(t *testing.T) []string {
	all := []string{vault.RootVariable, vault.PreviousVariable, vault.KeeperVariable, "CREDENTIALS_DIRECTORY", "STATE_DIRECTORY", "PGPASSFILE", "PGPASSWORD", passwordVariable, "WEIR_SETUP_TOKEN", "WEIR_SMTP_PASSWORD", "WEIR_OIDC_SECRET"}
	var walk func(*kong.Node)
	walk = func(n *kong.Node) {
		for _, f := range n.Flags {
			all = append(all, f.Envs...)
		}
		for _, c := range n.Children {
			walk(c)
		}
	}
	walk(grammar(t).Model.Node)
	return all
}

// composed is what the tests look at of compose.yaml.
type composed struct {
	Services map[string]struct {
		Command     []string          `yaml:"command"`
		Environment map[string]string `yaml:"environment"`
		Secrets     []string          `yaml:"secrets"`
		ReadOnly    bool              `yaml:"read_only"`
		Deploy      struct {
			Replicas int `yaml:"replicas"`
		} `yaml:"deploy"`
	} `yaml:"services"`
	Secrets map[string]map[string]string `yaml:"secrets"`
}

func compose(t *testing.T) (c composed) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text(t, deploy+"compose.yaml")), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestComposeStartsProcessesThatTheBinaryKnows(t *testing.T) {
	c := compose(t)
	for _, name := range []string{"api", "worker"} {
		s := c.Services[name]
		understood(t, "compose.yaml "+name, s.Command)
		for variable := range s.Environment {
			if !slices.Contains(variables(t), variable) {
				t.Errorf("compose.yaml %s sets %s, which nobody reads", name, variable)
			}
		}
		if !s.ReadOnly {
			t.Errorf("the root of %s can be written to", name)
		}
	}
	if c.Services["worker"].Deploy.Replicas != 2 {
		t.Error("there are not two workers")
	}
}

func TestNoSecretOfComposeIsAVariableOrAnArgument(t *testing.T) {
	c := compose(t)
	for name, s := range c.Services {
		for _, secret := range s.Secrets {
			if c.Secrets[secret]["file"] == "" {
				t.Errorf("%s: the secret %s is no file", name, secret)
			}
		}
		for variable, value := range s.Environment {
			if regexp.MustCompile(`://[^/@]*:[^/@]*@`).MatchString(value) || strings.HasSuffix(variable, "PASSWORD") || variable == vault.RootVariable {
				t.Errorf("%s: %s holds a secret", name, variable)
			}
		}
	}
	for _, secret := range []string{"weir-root-key", "pgpass", "setup-token"} {
		if !slices.Contains(c.Services["api"].Secrets, secret) || !strings.Contains(text(t, deploy+"make-secrets"), "keep "+secret) {
			t.Errorf("nobody makes or takes %s", secret)
		}
	}
}

// execForm is a JSON list of words in a Dockerfile.
var execForm = regexp.MustCompile(`(?m)(ENTRYPOINT|CMD) (\[.*\])$`)

func TestTheImageStartsAndChecksWhatTheBinaryKnows(t *testing.T) {
	docker := text(t, deploy+"Dockerfile")
	found := 0
	for _, m := range execForm.FindAllStringSubmatch(docker, -1) {
		var words []string
		if err := yaml.Unmarshal([]byte(m[2]), &words); err != nil {
			t.Fatal(err)
		}
		if words[0] == "/weir" {
			words = words[1:]
		}
		if len(words) > 0 {
			understood(t, "Dockerfile", words)
			found++
		}
	}
	if found != 2 {
		t.Errorf("%d commands", found)
	}
	stage := docker[strings.LastIndex(docker, "\nFROM "):]
	if !strings.HasPrefix(stage, "\nFROM scratch\n") || !strings.Contains(stage, "\nUSER 65532:65532\n") {
		t.Error("the image is not empty, or runs as root")
	}
	if version := regexp.MustCompile(`golang:(\d+\.\d+)`).FindStringSubmatch(docker); version == nil || !strings.Contains(text(t, "../../go.mod"), "\ngo "+version[1]) {
		t.Error("the image is built with another Go than go.mod's")
	}
}

func TestTheUnitStartsWhatTheBinaryKnows(t *testing.T) {
	unit := text(t, deploy+"systemd/weir.service")
	start := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/weir (.*)$`).FindStringSubmatch(unit)
	if start == nil {
		t.Fatal("it starts nothing")
	}
	understood(t, "weir.service", strings.Fields(start[1]))
	if !strings.Contains(unit, "LoadCredential=weir-root-key:") {
		t.Error("the root key is not handed over as a credential")
	}
}

func TestSystemdTakesTheUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	dir := t.TempDir() // with a binary that is there
	unit := strings.ReplaceAll(text(t, deploy+"systemd/weir.service"), "/usr/local/bin/weir", "/bin/true")
	path := filepath.Join(dir, "weir.service")
	if err := os.WriteFile(path, []byte(unit), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), analyze, "verify", path).CombinedOutput(); err != nil || len(out) > 0 { // #nosec G204
		t.Errorf("%v\n%s", err, out)
	}
}

// chart renders the chart as Helm does, with the few functions of Helm's that
// it uses.
func chart(t *testing.T, change func(values map[string]any)) map[string]string {
	t.Helper()
	root := deploy + "helm/weir/"
	var values, about map[string]any
	for path, into := range map[string]*map[string]any{"values.yaml": &values, "Chart.yaml": &about} {
		if err := yaml.Unmarshal([]byte(text(t, root+path)), into); err != nil {
			t.Fatal(err)
		}
	}
	change(values)
	all := template.New("chart").Option("missingkey=error")
	all.Funcs(helm(all))
	paths, err := fs.Glob(os.DirFS(root), "templates/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		template.Must(all.New(path).Parse(text(t, root+path)))
	}
	out := map[string]string{}
	for _, path := range paths {
		var b bytes.Buffer
		scope := map[string]any{"Values": values, "Release": map[string]any{"Name": "w", "Service": "Helm"}, "Chart": map[string]any{"AppVersion": about["appVersion"]}}
		if err := all.ExecuteTemplate(&b, path, scope); err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(path)] = b.String()
	}
	return out
}

func helm(all *template.Template) template.FuncMap {
	return template.FuncMap{
		"include": func(name string, scope any) (string, error) {
			var b bytes.Buffer
			err := all.ExecuteTemplate(&b, name, scope)
			return b.String(), err
		},
		"nindent": func(n int, s string) string {
			pad := "\n" + strings.Repeat(" ", n)
			return pad + strings.ReplaceAll(s, "\n", pad)
		},
		"toYaml": func(v any) (string, error) {
			b, err := yaml.Marshal(v)
			return strings.TrimSuffix(string(b), "\n"), err
		},
		"quote": func(v any) string { return fmt.Sprintf("%q", fmt.Sprint(v)) },
		"required": func(why string, v any) (any, error) {
			if v == nil || v == "" {
				return nil, errors.New(why)
			}
			return v, nil
		},
		"dict": func(pairs ...any) map[string]any {
			out := map[string]any{}
			for i := 0; i+1 < len(pairs); i += 2 {
				out[pairs[i].(string)] = pairs[i+1]
			}
			return out
		},
	}
}

// deployment is what the tests look at of one.
type deployment struct {
	Kind string
	Spec struct {
		Template struct {
			Spec struct {
				SecurityContext map[string]any `yaml:"securityContext"`
				Containers      []container
			}
		}
	}
}

type container struct {
	Args []string
	Env  []struct {
		Name  string
		Value string
	}
	LivenessProbe  map[string]any `yaml:"livenessProbe"`
	ReadinessProbe map[string]any `yaml:"readinessProbe"`
	StartupProbe   map[string]any `yaml:"startupProbe"`
}

func usual(values map[string]any) {
	values["existingSecret"] = "weir"
	values["database"].(map[string]any)["url"] = "postgres://weir@db/weir"
}

// everything switches on what can be.
func everything(values map[string]any) {
	usual(values)
	for _, part := range []string{"ingress", "podDisruptionBudget", "metrics"} {
		values[part].(map[string]any)["enabled"] = true
	}
	values["metrics"].(map[string]any)["podMonitor"].(map[string]any)["enabled"] = true
	in := values["ingress"].(map[string]any)
	in["className"], in["tlsSecret"], in["annotations"] = "nginx", "tls", map[string]any{"a": "b"}
	values["publicUrl"], values["trustedProxies"] = "https://weir.example.com", "10.0.0.0/8"
	values["extraArgs"], values["extraEnv"] = []any{"--takeover=20s"}, []any{map[string]any{"name": "WEIR_CALCOM_URL", "value": "https://api.cal.eu"}}
	values["files"].(map[string]any)["existingClaim"] = "claim"
	values["nodeSelector"], values["tolerations"], values["affinity"] = map[string]any{"a": "b"}, []any{map[string]any{"key": "k"}}, map[string]any{"nodeAffinity": map[string]any{}}
}

func TestTheChartIsYAMLWithAnyOfItsParts(t *testing.T) {
	for name, change := range map[string]func(map[string]any){"usual": usual, "everything": everything} {
		for file, rendered := range chart(t, change) {
			for _, one := range strings.Split(rendered, "\n---\n") {
				var parsed map[string]any
				if err := yaml.Unmarshal([]byte(one), &parsed); err != nil {
					t.Errorf("%s %s: %v\n%s", name, file, err, one)
				}
				if name == "everything" && file != "_parts.tpl" && (parsed["kind"] == nil || parsed["metadata"] == nil) {
					t.Errorf("%s is nothing", file)
				}
			}
		}
	}
}

func TestTheChartStartsProcessesThatTheBinaryKnowsAndAsksWhatTheyAnswer(t *testing.T) {
	rendered := chart(t, everything)
	for _, name := range []string{"api.yaml", "worker.yaml"} {
		var d deployment
		if err := yaml.Unmarshal([]byte(rendered[name]), &d); err != nil {
			t.Fatal(err)
		}
		c := d.Spec.Template.Spec.Containers[0]
		understood(t, name, c.Args)
		for _, e := range c.Env {
			if !slices.Contains(variables(t), e.Name) {
				t.Errorf("%s sets %s, which nobody reads", name, e.Name)
			}
		}
		for probe, path := range map[*map[string]any]string{&c.LivenessProbe: server.HealthPath, &c.StartupProbe: server.HealthPath, &c.ReadinessProbe: server.ReadyPath} {
			if got, _ := (*probe)["httpGet"].(map[string]any); got["path"] != path {
				t.Errorf("%s asks %v and not %s", name, *probe, path)
			}
		}
		if d.Spec.Template.Spec.SecurityContext["runAsNonRoot"] != true {
			t.Errorf("%s may run as root", name)
		}
	}
}

func TestTheChartSaysWhatItLacks(t *testing.T) {
	all := template.New("chart")
	if _, err := helm(all)["required"].(func(string, any) (any, error))("why", ""); err == nil {
		t.Fatal("what is required may be missing")
	}
	for _, word := range []string{`required "existingSecret`, `required "database.url`} {
		if !strings.Contains(text(t, deploy+"helm/weir/templates/_parts.tpl"), word) {
			t.Errorf("nothing says %s", word)
		}
	}
}

// told is a command line of weir in a document.
var told = regexp.MustCompile("(?m)(?:^|\\$ |&& |exec api /|run --rm weir )(?:sudo )?weir ([a-z][^\\n`#|>]*)")

func TestTheGuideTellsCommandsThatTheBinaryKnows(t *testing.T) {
	guide := text(t, "../../docs/deploy.md")
	found := told.FindAllStringSubmatch(guide, -1)
	if len(found) < 5 {
		t.Fatalf("only %d commands were found", len(found))
	}
	for _, m := range found {
		understood(t, "docs/deploy.md", strings.Fields(strings.TrimSpace(strings.ReplaceAll(m[1], `"`, ""))))
	}
}
