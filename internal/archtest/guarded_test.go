package archtest

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

func TestTheListOfExposersIsNotLongerThanItMustBe(t *testing.T) {
	found := map[string]bool{}
	for _, s := range tree(t) {
		ast.Inspect(s.ast, func(n ast.Node) bool {
			if name, ok := n.(*ast.SelectorExpr); ok && name.Sel.Name == "Expose" {
				found[s.path] = true
			}
			return true
		})
	}
	for _, path := range exposers {
		if !found[path] {
			t.Errorf("%s exposes no secret; take it off the list", path)
		}
	}
}

// ways are the names of the standard library that lead to the network.
var ways = map[string][]string{
	"http": {"Get", "Head", "Post", "PostForm", "DefaultClient", "DefaultTransport", "Client", "Transport"},
	"net":  {"Dial", "DialTimeout", "DialTCP", "DialUDP", "DialIP", "Dialer"},
	"tls":  {"Dial", "DialWithDialer", "Dialer"},
}

// Whoever makes a client makes a way out; carrying the pointer to one is not.
// rest's client is a copy of the guard's, with the last hop before it.
func TestTheOnlyWayOutIsTheGuard(t *testing.T) {
	for _, s := range tree(t) {
		// The client speaks to the user's own server, wherever that is.
		if !s.product() || s.dir == "internal/netguard" || s.dir == "client" {
			continue
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			name, ok := made(n).(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if from, ok := name.X.(*ast.Ident); ok && slices.Contains(ways[from.Name], name.Sel.Name) {
				t.Errorf("%s: %s.%s goes past internal/netguard", s.at(n), from.Name, name.Sel.Name)
			}
			return true
		})
	}
}

// made gives what a node makes or calls; nil for any other node.
func made(n ast.Node) ast.Expr {
	switch n := n.(type) {
	case *ast.CompositeLit:
		return n.Type
	case *ast.CallExpr:
		if name, ok := n.Fun.(*ast.Ident); ok && name.Name == "new" && len(n.Args) == 1 {
			return n.Args[0]
		}
		return n.Fun
	case *ast.SelectorExpr:
		if strings.HasPrefix(n.Sel.Name, "Default") {
			return n
		}
	}
	return nil
}

func TestNothingHappensBeforeMain(t *testing.T) {
	for _, s := range tree(t) {
		for _, d := range s.ast.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && s.product() && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: an init function; wire it where the program is wired", s.at(f))
			}
		}
	}
}
