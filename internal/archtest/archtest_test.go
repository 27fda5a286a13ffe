package archtest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

const module = "github.com/weirhq/weir"

// pkg is what the go command says of a package.
type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
	Doc        string
	GoFiles    []string
}

func packages(t *testing.T, patterns ...string) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Imports,Deps,Doc,GoFiles"}, patterns...)...) // #nosec G204
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for d := jsontext.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := json.UnmarshalDecode(d, &p); err != nil {
			break
		}
		all = append(all, p)
	}
	if len(all) == 0 {
		t.Fatal("the go command lists no package")
	}
	return all
}

// arrows says which packages of the module each package may import. What is
// not listed may import nothing of it but the root.
var arrows = map[string][]string{
	"":                            nil,
	"connectors":                  nil,
	"cmd/weir":                    {"internal/cli"},
	"internal/cli":                {"client", "internal/audit", "internal/backup", "internal/identity", "internal/manifest", "internal/notify", "internal/server", "internal/job", "internal/pipeline", "internal/credential", "internal/connector", "internal/governor", "internal/netguard", "internal/rest", "internal/store", "internal/trace", "internal/transform", "internal/vault", "internal/simulator", "internal/destination/sqldb", "internal/destination/file", "internal/destination/s3", "internal/destination/stdout"},
	"internal/pipeline":           {"internal/connector", "internal/rest", "internal/schema", "internal/store", "internal/transform"},
	"internal/connector":          {"connectors", "internal/rest"},
	"internal/store/storetest":    {"internal/pgtest", "internal/store"},
	"internal/job/jobtest":        {"internal/job", "internal/store", "internal/store/storetest"},
	"internal/audit":              {"internal/store"},
	"internal/backup":             {"internal/store"},
	"internal/credential":         {"internal/audit", "internal/connector", "internal/destination/s3", "internal/destination/sqldb", "internal/governor", "internal/netguard", "internal/rest", "internal/store"},
	"internal/identity":           {"internal/store", "internal/audit"},
	"internal/api":                {"internal/connector", "internal/credential", "internal/flow", "internal/identity", "internal/lookup", "internal/netguard", "internal/notify", "internal/rest", "internal/rights", "internal/schedule", "internal/store", "internal/transform"},
	"internal/rights":             {"internal/flow", "internal/identity", "internal/store"},
	"internal/notify":             {"internal/audit", "internal/identity", "internal/netguard", "internal/store"},
	"internal/server":             {"internal/api", "internal/audit", "internal/connector", "internal/credential", "internal/flow", "internal/governor", "internal/identity", "internal/job", "internal/metrics", "internal/netguard", "internal/notify", "internal/store", "internal/trace", "internal/vault", "internal/web"},
	"internal/web":                {"internal/connector", "internal/credential", "internal/flow", "internal/identity", "internal/lookup", "internal/manifest", "internal/notify", "internal/pipeline", "internal/rights", "internal/schedule", "internal/store", "internal/transform", "internal/vault", "internal/web/ui"},
	"internal/flow":               {"internal/audit", "internal/connector", "internal/credential", "internal/destination/file", "internal/destination/s3", "internal/destination/sqldb", "internal/governor", "internal/job", "internal/lookup", "internal/pipeline", "internal/rest", "internal/schedule", "internal/schema", "internal/store", "internal/trace", "internal/transform"},
	"internal/job":                {"internal/store"},
	"internal/manifest":           {"internal/schedule", "internal/transform"},
	"internal/destination/file":   {"internal/destination/jsonl"},
	"internal/destination/stdout": {"internal/destination/jsonl"},
}

func TestImportsFollowTheArrows(t *testing.T) {
	for _, p := range packages(t, "./...") {
		from := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		for _, to := range p.Imports {
			to, ours := strings.CutPrefix(to, module)
			to = strings.TrimPrefix(to, "/")
			if !ours || to == "" && from != "" {
				continue
			}
			if !slices.Contains(arrows[from], to) {
				t.Errorf("%s imports %s, which is no arrow of docs/architecture.md", from, to)
			}
		}
		if from == "" {
			for _, to := range p.Imports {
				if strings.Contains(to, ".") {
					t.Errorf("the root imports %s: it has the standard library alone", to)
				}
			}
		}
	}
}

func TestNoTestHelperReachesTheBinary(t *testing.T) {
	for _, p := range packages(t, "./cmd/weir") {
		for _, dep := range p.Deps {
			for _, helper := range []string{"/pgtest", "/mysqltest", "/pacetest", "gofakes3", "/storetest", "/jobtest", "/destinationtest", "go-cmp", "pgregory.net/rapid", "go-internal/testscript", "santhosh-tekuri/jsonschema/v6", "pb33f/libopenapi/datamodel", "goleak", "testing"} {
				if strings.HasPrefix(dep, module) && strings.Contains(dep, helper) || dep == helper || strings.HasSuffix(dep, helper) && strings.Contains(dep, ".") {
					t.Errorf("the binary contains %s", dep)
				}
			}
		}
	}
}

func TestTheSimulatorIsReachedByTheCommandLineAlone(t *testing.T) {
	for _, p := range packages(t, "./...") {
		if slices.Contains(p.Imports, module+"/internal/simulator") && p.ImportPath != module+"/internal/cli" {
			t.Errorf("%s imports the simulator", p.ImportPath)
		}
	}
}

func TestEveryPackageIsDocumented(t *testing.T) {
	for _, p := range packages(t, "./...") {
		if p.Doc == "" && len(p.GoFiles) > 0 {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}

// eachFile parses every Go file of the product.
func eachFile(t *testing.T, f func(path string, file *ast.File)) {
	t.Helper()
	err := filepath.WalkDir("../..", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		f(filepath.ToSlash(strings.TrimPrefix(path, "../../")), file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEverythingExportedIsDocumented(t *testing.T) {
	eachFile(t, func(path string, file *ast.File) {
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && (d.Recv == nil || exportedReceiver(d)) {
					t.Errorf("%s: %s has no comment", path, d.Name.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if s, ok := s.(*ast.TypeSpec); ok && s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
						t.Errorf("%s: %s has no comment", path, s.Name.Name)
					}
				}
			}
		}
	})
}

func exportedReceiver(d *ast.FuncDecl) bool {
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	name, ok := typ.(*ast.Ident)
	return ok && name.IsExported()
}

// exposers are the files in which a secret's value is taken out: the header's
// last hop, the driver that opens a destination, the keyed hash that names a
// budget, the redactor that must know what to hide, the hash of a password,
// what proves Weir to an identity provider, the cookie of a session, the form of what people paste, the vault that seals it, the door to
// what channels of notifications are sent with, and the recovery kit
// that writes and reads its shares.
var exposers = []string{
	"client/prove.go",
	"internal/api/channel_settings.go",
	"internal/api/service_keys.go",
	"internal/api/token.go",
	"internal/cli/loginkey.go",
	"internal/cli/source.go",
	"internal/cli/recover.go", // the link that it was asked for
	"internal/cli/vaultkit.go",
	"internal/credential/secret.go",
	"internal/destination/s3/s3.go",
	"internal/destination/sqldb/mysql_address.go",
	"internal/destination/sqldb/postgres.go",
	"internal/governor/governor.go",
	"internal/identity/cookie.go",
	"internal/identity/password.go",
	"internal/identity/provider.go",
	"internal/notify/door.go",
	"internal/rest/auth.go",
	"internal/vault/kit.go",
	"internal/vault/seal.go",
	"internal/web/session.go",
}

func TestSecretsAreExposedInTheListedFilesAlone(t *testing.T) {
	eachFile(t, func(path string, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Expose" && !slices.Contains(exposers, path) {
				t.Errorf("%s exposes a secret", path)
			}
			return true
		})
	})
}

func TestJSONIsReadStrictly(t *testing.T) {
	eachFile(t, func(path string, file *ast.File) {
		for _, i := range file.Imports {
			if i.Path.Value == `"encoding/json"` {
				t.Errorf("%s imports encoding/json, which matches names without regard to case", path)
			}
		}
	})
}

func TestNothingIsLeftForLater(t *testing.T) {
	eachFile(t, func(path string, file *ast.File) {
		for _, g := range file.Comments {
			for _, word := range []string{"TODO", "FIXME", "HACK"} {
				if strings.Contains(g.Text(), word) {
					t.Errorf("%s: %s", path, word)
				}
			}
		}
	})
}

func TestEveryDirectDependencyHasItsReason(t *testing.T) {
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	reasons, err := os.ReadFile("../../docs/decisions/0002-dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mod)) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) < 2 || !strings.HasPrefix(fields[1], "v") || strings.Contains(line, "// indirect") {
			continue
		}
		if !strings.Contains(string(reasons), fields[0]) {
			t.Errorf("%s has no reason in docs/decisions/0002-dependencies.md", fields[0])
		}
	}
}
