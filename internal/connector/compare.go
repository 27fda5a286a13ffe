package connector

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// compare holds a file against the struct that it will fill, and tells all
// fields that are unknown and all values of a wrong kind.
func (d *document) compare(into any) []problem {
	c := &comparison{file: d.name}
	if d.body != nil {
		c.value("the file", d.body, reflect.TypeOf(into).Elem())
	}
	return c.problems
}

type comparison struct {
	file     string
	problems []problem
}

func (c *comparison) wrong(at ast.Node, format string, args ...any) {
	c.problems = append(c.problems, problem{c.file, lineOf(at), fmt.Sprintf(format, args...)})
}

// value compares one value. An alias is compared where its anchor stands; null
// is the same as nothing.
func (c *comparison) value(name string, n ast.Node, t reflect.Type) {
	n = bare(n)
	switch n.(type) {
	case nil, *ast.NullNode, *ast.AliasNode:
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		c.value(name, n, t.Elem())
	case reflect.Struct:
		c.fields(name, n, t)
	case reflect.Map:
		if c.isMapping(name, n, "NAME: VALUE") {
			for _, m := range members(n) {
				c.value(m.Key.String(), m.Value, t.Elem())
			}
		}
	case reflect.Slice:
		list, ok := n.(*ast.SequenceNode)
		if !ok {
			c.wrong(n, "%s is %s, which is no list; write %s: [%s]", name, kindOf(n), name, example(t.Elem()))
			return
		}
		for _, v := range list.Values {
			c.value("an element of "+name, v, t.Elem())
		}
	case reflect.Bool:
		if _, ok := n.(*ast.BoolNode); !ok {
			c.wrong(n, "%s is %s; write true or false", name, kindOf(n))
		}
	case reflect.Int, reflect.Int64:
		if _, ok := n.(*ast.IntegerNode); !ok {
			c.wrong(n, "%s is %s; write a whole number without quotes", name, kindOf(n))
		}
	case reflect.String:
		if kindOf(n) == "a list" || kindOf(n) == "fields" {
			c.wrong(n, "%s is %s; write one text", name, kindOf(n))
		}
	}
}

func (c *comparison) isMapping(name string, n ast.Node, right string) bool {
	if kindOf(n) == "fields" {
		return true
	}
	c.wrong(n, "%s is %s; write fields: %s", name, kindOf(n), right)
	return false
}

// fields compares a mapping with a struct.
func (c *comparison) fields(name string, n ast.Node, t reflect.Type) {
	known := map[string]reflect.Type{}
	var names []string
	for i := range t.NumField() {
		if tag := t.Field(i).Tag.Get("yaml"); tag != "-" {
			known[tag] = t.Field(i).Type
			names = append(names, tag)
		}
	}
	if !c.isMapping(name, n, strings.Join(names, ", ")) {
		return
	}
	for _, m := range members(n) {
		field := m.Key.String()
		typ, ok := known[field]
		if !ok {
			c.wrong(m.Key, "unknown field %q; %s", field, nearest(field, names))
			continue
		}
		c.value(field, m.Value, typ)
	}
}

// kindOf says in words what a value is.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "fields"
	case *ast.SequenceNode:
		return "a list"
	case *ast.BoolNode:
		return "true or false"
	case *ast.IntegerNode, *ast.FloatNode:
		return "a number"
	}
	return "a text"
}

// example is what an element of a list looks like.
func example(t reflect.Type) string {
	if t.Kind() == reflect.Struct {
		return "{" + t.Field(0).Tag.Get("yaml") + ": …}"
	}
	return "…"
}
