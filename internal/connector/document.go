package connector

import (
	"errors"
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// sizeLimit is how large a file may be: the largest of ours has 10 kB.
const sizeLimit = 1 << 20

// document is one YAML file.
type document struct {
	name string
	body ast.Node // nil when the file is empty
}

// problem is one thing that is wrong, and what would be right.
type problem struct {
	file string
	line int
	text string
}

func (p problem) String() string { return fmt.Sprintf("%s:%d: %s", p.file, p.line, p.text) }

// parse reads a file's syntax and then its fields into a struct; into is
// filled only when there is no problem. The YAML library gives up on some
// malformed text by panicking, which is one more way to say that it is none.
func parse(name string, content []byte, into any) (d *document, problems []problem) {
	d = &document{name: name}
	defer func() {
		if recover() != nil {
			problems = append(problems, problem{name, 1, "this is not YAML, and where it breaks cannot be told; take out what was changed last"})
		}
	}()
	if len(content) > sizeLimit {
		return d, []problem{{name, 1, "the file is larger than 1 MiB; a connector's endpoints may be in several files"}}
	}
	file, err := parser.ParseBytes(content, 0)
	if err != nil {
		return d, []problem{d.explain(err)}
	}
	if len(file.Docs) > 1 {
		return d, []problem{{name, beginOf(file.Docs[1]), "a second document begins here; a file has one, so put its fields into a file of their own"}}
	}
	if len(file.Docs) == 1 {
		d.body = file.Docs[0].Body
	}
	if problems := d.compare(into); len(problems) > 0 {
		return d, problems
	}
	if d.body == nil {
		return d, nil
	}
	if err := yaml.NodeToValue(d.body, into, yaml.Strict()); err != nil {
		return d, []problem{d.explain(err)}
	}
	return d, nil
}

// explain gives an error of the YAML library its place.
func (d *document) explain(err error) problem {
	var located yaml.Error
	if !errors.As(err, &located) {
		return problem{d.name, 1, err.Error()}
	}
	line := lineAt(located.GetToken())
	var syntax *yaml.SyntaxError
	if errors.As(err, &syntax) {
		return problem{d.name, line, "this is not YAML: " + located.GetMessage() + "; check indentation, brackets and quotes here and on the line before"}
	}
	return problem{d.name, line, located.GetMessage()}
}

// line finds where something stands: field names and list positions from the
// top. What is not there is said to be at the last part of its path that is.
func (d *document) line(path ...any) int {
	node, line := d.body, 1
	for i := 0; ; i++ {
		node = bare(node)
		if i == len(path) {
			return line
		}
		var next ast.Node
		switch part := path[i].(type) {
		case string:
			for _, m := range members(node) {
				if m.Key.String() == part {
					next, line = m.Value, lineOf(m.Key)
				}
			}
		case int:
			if list, ok := node.(*ast.SequenceNode); ok && part < len(list.Values) {
				next, line = list.Values[part], lineOf(list.Values[part])
			}
		}
		if next == nil {
			return line
		}
		node = next
	}
}

// bare is a node without its anchor or tag.
func bare(n ast.Node) ast.Node {
	for {
		switch wrapped := n.(type) {
		case *ast.AnchorNode:
			n = wrapped.Value
		case *ast.TagNode:
			n = wrapped.Value
		default:
			return n
		}
	}
}

// members are the fields of a mapping; none for anything else.
func members(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

// lineOf is the line that a node begins on. A mapping's own token is the
// colon of its first field, which stands on the same line.
func lineOf(n ast.Node) int {
	if n == nil {
		return 1
	}
	if all := members(bare(n)); len(all) > 0 {
		n = all[0].Key
	}
	return lineAt(n.GetToken())
}

// beginOf is the line that a document begins on; an empty one has its dashes.
func beginOf(d *ast.DocumentNode) int {
	if d.Body == nil {
		return lineAt(d.Start)
	}
	return lineOf(d.Body)
}

func lineAt(t *token.Token) int {
	if t == nil || t.Position == nil {
		return 1
	}
	return max(t.Position.Line, 1)
}
