package manifest

import (
	"bytes"
	"errors"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits of a file. Forty sources with all their endpoints are some 30 kB.
const (
	sizeLimit  = 1 << 20
	depthLimit = 32
	thingLimit = 10_000
)

// form is what a node of a file is.
type form int

const (
	formNull form = iota
	formText
	formNumber
	formFlag
	formList
	formFields
)

// words say what each form is.
var words = map[form]string{formNull: "empty", formText: "text", formNumber: "a number", formFlag: "true or false", formList: "a list", formFields: "fields"}

// node is a part of a file, with the line that it stands on: all that the rest
// of the package knows of YAML.
type node struct {
	form   form
	line   int
	text   string // of a text, number or flag, as it is written
	list   []*node
	fields []field
	names  map[string]*node // of fields, as they are read; nil of what is to be written
}

// field is one name with its value.
type field struct {
	name  string
	line  int
	value *node
	note  []string // lines of comment before it, when it is written
}

// at gives a field's value; nil when there is none.
func (n *node) at(name string) *node {
	if n.names != nil {
		return n.names[name]
	}
	for _, f := range n.fields {
		if f.name == name {
			return f.value
		}
	}
	return nil
}

// parse reads a file's syntax. The YAML library gives up on some malformed
// text by panicking, which is one more way to say that it is none.
func parse(name string, content []byte) (root *node, problems Problems) {
	defer func() {
		if recover() != nil {
			root, problems = nil, Problems{{File: name, Line: 1, Message: "this is not YAML, and where it breaks cannot be told", Remedy: "Take out what was changed last"}}
		}
	}()
	if len(content) > sizeLimit {
		return nil, Problems{{File: name, Line: 1, Message: "the file is larger than 1 MiB", Remedy: "Divide it into several files of one directory"}}
	}
	if deep(content) {
		return nil, Problems{{File: name, Line: 1, Message: "it is nested more than 32 deep", Remedy: "Write it flatter"}}
	}
	file, err := parser.ParseBytes(content, 0)
	if err != nil {
		return nil, Problems{syntaxProblem(name, err)}
	}
	if len(file.Docs) > 1 && file.Docs[1].Body != nil {
		return nil, Problems{{File: name, Line: lineOf(file.Docs[1].Body), Message: "a second document begins here", Remedy: "Put it into a file of its own: all files of a directory are read together"}}
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return &node{line: 1}, nil
	}
	b := &builder{file: name}
	root = b.build(file.Docs[0].Body, 0)
	return root, b.problems
}

// deep reports what is nested so deep that reading it would take long, and much
// memory: no file of ours comes near.
func deep(content []byte) bool { return deepBrackets(content) || deepLines(content) }

// deepLines counts what begins a level before the text of a line: that the line
// is farther in than the one before, and each dash, question mark and colon, of
// which one line may have any number.
func deepLines(content []byte) bool {
	var columns []int // of the levels that are open
	for line := range bytes.Lines(content) {
		line = bytes.TrimRight(line, " \t\r\n")
		at := blanks(line)
		if at == len(line) {
			continue
		}
		for len(columns) > 0 && columns[len(columns)-1] >= at {
			columns = columns[:len(columns)-1]
		}
		for {
			if columns = append(columns, at); len(columns) > 8*depthLimit {
				return true
			}
			begins := bytes.IndexByte([]byte("-?:"), line[at]) >= 0
			if !begins || at+1 == len(line) || line[at+1] != ' ' && line[at+1] != '\t' {
				break
			}
			at += 1 + blanks(line[at+1:])
		}
	}
	return false
}

// blanks says how many blanks a text begins with.
func blanks(text []byte) int { return len(text) - len(bytes.TrimLeft(text, " \t")) }

func deepBrackets(content []byte) bool {
	depth := 0
	for _, c := range content {
		switch c {
		case '[', '{':
			if depth++; depth > 8*depthLimit {
				return true
			}
		case ']', '}':
			depth = max(depth-1, 0)
		}
	}
	return false
}

// syntaxProblem gives an error of the YAML library its place. Its words repeat
// nothing of the file but single characters and the names of fields.
func syntaxProblem(name string, err error) Problem {
	p := Problem{File: name, Line: 1, Message: "this is not YAML", Remedy: "Check indentation, brackets and quotes here and on the line before"}
	var located yaml.Error
	if errors.As(err, &located) {
		p.Line = lineAt(located.GetToken())
		p.Message += ": " + located.GetMessage()
		if strings.Contains(located.GetMessage(), "already defined") {
			p.Message, p.Remedy = "this name is there twice", "Take one of the two away: each name stands once"
		}
	}
	return p
}

// builder makes nodes of what the library parsed.
type builder struct {
	file     string
	problems Problems
}

func (b *builder) wrong(n ast.Node, message, remedy string) *node {
	b.problems = append(b.problems, Problem{File: b.file, Line: lineOf(n), Message: message, Remedy: remedy})
	return &node{line: lineOf(n)}
}

func (b *builder) build(n ast.Node, depth int) *node {
	if depth > depthLimit {
		return b.wrong(n, "it is nested more than 32 deep", "Write it flatter")
	}
	out := &node{line: lineOf(n)}
	switch n := n.(type) {
	case nil, *ast.NullNode:
	case *ast.StringNode:
		out.form, out.text = formText, n.Value
	case *ast.LiteralNode:
		out.form, out.text = formText, n.Value.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		out.form, out.text = formNumber, n.GetToken().Value
	case *ast.BoolNode:
		out.form, out.text = formFlag, n.GetToken().Value
	case *ast.SequenceNode:
		out.form = formList
		for _, v := range n.Values {
			out.list = append(out.list, b.build(v, depth+1))
		}
	case *ast.MappingNode:
		out.form = formFields
		for _, m := range n.Values {
			b.field(out, m, depth)
		}
	case *ast.MappingValueNode:
		out.form = formFields
		b.field(out, n, depth)
	case *ast.AnchorNode, *ast.AliasNode:
		return b.wrong(n, "anchors and aliases are not read", "Write out what it stands for: who reviews a change should see all of it")
	case *ast.TagNode:
		return b.wrong(n, "tags are not read", "Leave it out; put text into quotes")
	default:
		return b.wrong(n, "this part of YAML is not read", "Write names with values, lists, text, numbers, true and false")
	}
	return out
}

// field adds one name with its value to a mapping.
func (b *builder) field(to *node, m *ast.MappingValueNode, depth int) {
	var name string
	switch k := m.Key.(type) {
	case *ast.StringNode:
		name = k.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		name = k.GetToken().Value
	case *ast.MergeKeyNode:
		b.wrong(m.Key, "merge keys are not read", "Write out what it stands for: who reviews a change should see all of it")
		return
	default:
		b.wrong(m.Key, "this is no name", "Write a text before the colon")
		return
	}
	if to.at(name) != nil {
		b.wrong(m.Key, "this name is there twice", "Take one of the two away: each name stands once")
		return
	}
	value := b.build(m.Value, depth+1)
	if to.names == nil {
		to.names = map[string]*node{}
	}
	to.names[name] = value
	to.fields = append(to.fields, field{name: name, line: lineOf(m.Key), value: value})
}

// lineOf is the line that a node begins on. A mapping's own token is the
// colon of its first field, which stands on the same line.
func lineOf(n ast.Node) int {
	switch n := n.(type) {
	case nil:
		return 1
	case *ast.MappingNode:
		if len(n.Values) > 0 {
			return lineOf(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return lineOf(n.Key)
	}
	return lineAt(n.GetToken())
}

func lineAt(t *token.Token) int {
	if t == nil || t.Position == nil {
		return 1
	}
	return max(t.Position.Line, 1)
}
