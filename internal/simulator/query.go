package simulator

import (
	"net/url"
	"strings"
)

// query is a query string whose parameters keep their order: error bodies
// repeat them in it.
type query []parameter

type parameter struct {
	name   string // without a trailing []
	values []string
}

// parseQuery reads a raw query; what cannot be decoded stays as it is.
func parseQuery(text string) query {
	var q query
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		q.add(strings.TrimSuffix(unescape(name), "[]"), unescape(value))
	}
	return q
}

func (q *query) add(name, value string) {
	for i := range *q {
		if (*q)[i].name == name {
			(*q)[i].values = append((*q)[i].values, value)
			return
		}
	}
	*q = append(*q, parameter{name, []string{value}})
}

func unescape(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

// first gives a parameter's first value.
func (q query) first(name string) (string, bool) {
	for _, p := range q {
		if p.name == name {
			return p.values[0], true
		}
	}
	return "", false
}

// flat gives all values of a parameter, lists with commas taken apart.
func (p parameter) flat() []string {
	var all []string
	for _, v := range p.values {
		all = append(all, strings.Split(v, ",")...)
	}
	return all
}
