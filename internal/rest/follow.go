package rest

import (
	"crypto/sha256"
	"net/url"
	"strings"

	"github.com/weirhq/weir"
)

// cursor fills the argument that carries a GraphQL cursor: nothing on the
// first page, and CursorBody's text with {cursor} in it on the others. A
// configuration without CursorBody gets the cursor itself.
func (s scope) cursor(step *Step, token string) (scope, error) {
	p := step.Paging
	if step.Iteration != IterateGraphQL || p.CursorBody == "" {
		return s, nil
	}
	if token == "" {
		return s.with(p.Param, ""), nil
	}
	argument, err := s.with("cursor", token).expand(p.CursorBody, inJSON)
	return s.with(p.Param, argument), err
}

// byToken follows a token.
func (ts turns) byToken(t *turn, a *answer, token string, more bool) (*turn, error) {
	if !more || token == "" {
		return nil, nil
	}
	if fresh, err := ts.fresh(a, token, "token"); !fresh {
		return nil, err
	}
	next := t.moved(ts.step, token)
	next.token = token
	return next, nil
}

// fresh refuses a token, address or id that was there already: the list would
// go round. An empty page that repeats one is merely the end.
func (ts turns) fresh(a *answer, token, what string) (bool, error) {
	sum := sha256.Sum256([]byte(token))
	if !ts.again(sum[:]) {
		return true, nil
	}
	if len(a.items) > 0 {
		return false, endless("the next " + what + " was there before")
	}
	return false, nil
}

// byLink follows an address, which may be relative to the one before. The
// client refuses one that leads to another host.
func (ts turns) byLink(a *answer, link string, more bool) (*turn, error) {
	if !more || link == "" {
		return nil, nil
	}
	if fresh, err := ts.fresh(a, link, "address"); !fresh {
		return nil, err
	}
	base, err := url.Parse(a.URL)
	if err == nil {
		base, err = base.Parse(link)
	}
	if err != nil {
		return nil, &weir.Error{Code: weir.CodeCapability, Where: "paging", Message: "the next address is none"}
	}
	return &turn{at: base.String(), token: link}, nil
}

// linkWith finds the address with a relation among Link headers (RFC 8288).
// An address may hold commas and semicolons, so the text is read from bracket
// to bracket.
func linkWith(headers []string, rel string) (string, bool) {
	if rel == "" {
		rel = "next"
	}
	for _, header := range headers {
		for {
			_, after, ok := strings.Cut(header, "<")
			if !ok {
				break
			}
			target, params, ok := strings.Cut(after, ">")
			if !ok {
				break
			}
			params, header = cutUnquoted(params, ',')
			if hasRel(params, rel) {
				return strings.TrimSpace(target), true
			}
		}
	}
	return "", false
}

// cutUnquoted cuts a text at a separator that is not in quotes.
func cutUnquoted(text string, separator byte) (before, after string) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch {
		case quoted && text[i] == '\\':
			i++
		case text[i] == '"':
			quoted = !quoted
		case text[i] == separator && !quoted:
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}

func hasRel(params, rel string) bool {
	for params != "" {
		var param string
		param, params = cutUnquoted(params, ';')
		name, value, _ := strings.Cut(strings.TrimSpace(param), "=")
		if !strings.EqualFold(strings.TrimSpace(name), "rel") {
			continue
		}
		for word := range strings.FieldsSeq(strings.Trim(strings.TrimSpace(value), `"`)) {
			if strings.EqualFold(word, rel) {
				return true
			}
		}
		return false // of several, only the first counts
	}
	return false
}

// byID goes on after the last id. When the parameter includes the id itself,
// the record that is already known is taken out.
func (ts turns) byID(t *turn, a *answer) (*turn, error) {
	p := ts.step.Paging
	if p.Inclusive && t.token != "" && len(a.items) > 0 {
		if id, _ := Field(a.items[0], p.IDField); id == t.token {
			a.items = a.items[1:]
		}
	}
	if len(a.items) == 0 {
		return nil, nil
	}
	id, ok := Field(a.items[len(a.items)-1], p.IDField)
	if !ok {
		return nil, &weir.Error{Code: weir.CodeCapability, Where: "paging", Message: "the last record has no " + p.IDField, Remedy: "Check paging.id_field"}
	}
	if p.End != "" && (id == p.End || ts.step.Iteration == IterateIDNumber && number(id, 0) >= number(p.End, 0)) {
		return nil, nil
	}
	if fresh, err := ts.fresh(a, id, "id"); !fresh {
		return nil, err
	}
	next := t.moved(ts.step, id)
	next.token = id
	return next, nil
}
