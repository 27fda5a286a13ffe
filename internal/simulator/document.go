package simulator

import (
	"bytes"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxBody is the real server's limit for JSON bodies (observed 2026-11-23).
const maxBody = 100 << 10

// value finds a member; has says whether it is there, null or not.
func (o object) value(name string) (v any, has bool) {
	for _, f := range o {
		if f.name == name {
			return f.value, true
		}
	}
	return nil, false
}

// given says whether a member is there and not null.
func (o object) given(name string) bool {
	v, _ := o.value(name)
	return v != nil
}

func (o object) text(name string) string {
	v, _ := o.value(name)
	text, _ := v.(string)
	return text
}

func (o object) number(name string) (n float64, has bool) {
	v, _ := o.value(name)
	switch n := v.(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	}
	return 0, false
}

func (o object) whole(name string) int {
	n, _ := o.number(name)
	return int(max(min(n, 1<<31-1), -1<<31))
}

func (o object) flag(name string) bool {
	v, _ := o.value(name)
	yes, _ := v.(bool)
	return yes
}

func (o object) list(name string) list {
	v, _ := o.value(name)
	l, _ := v.(list)
	return l
}

func (o object) object(name string) object {
	v, _ := o.value(name)
	inner, _ := v.(object)
	return inner
}

func (o object) strings(name string) []string {
	var all []string
	for _, v := range o.list(name) {
		if text, ok := v.(string); ok {
			all = append(all, text)
		}
	}
	return all
}

// with gives a copy of the object in which a member has another value.
func (o object) with(name string, v any) object {
	next := append(object(nil), o...)
	for i := range next {
		if next[i].name == name {
			next[i].value = v
			return next
		}
	}
	return append(next, field{name, v})
}

// merged gives a copy with the members of another object on top.
func (o object) merged(top object) object {
	for _, f := range top {
		o = o.with(f.name, f.value)
	}
	return append(object(nil), o...)
}

// without gives a copy that lacks some members.
func (o object) without(names ...string) object {
	var next object
	for _, f := range o {
		drop := false
		for _, name := range names {
			drop = drop || f.name == name
		}
		if !drop {
			next = append(next, f)
		}
	}
	return next
}

// body is the request's JSON object.
func (c *call) body() (object, *answer) { return c.sent.object, c.sent.refusal }

// bodyRead is what became of a request's body. The server reads it before
// anything else: a body that is too long is refused without counting the
// request, whatever the path.
type bodyRead struct {
	object  object
	refusal *answer
}

// readBody reads the request's JSON object. Any other content type is as if
// there were no body (observed 2026-11-23 of a form).
func (c *call) readBody() (object, *answer) {
	kind, _, _ := mime.ParseMediaType(c.request.Header.Get("Content-Type"))
	if c.request.Body == nil || kind != "" && kind != "application/json" {
		return object{}, nil
	}
	data, err := io.ReadAll(io.LimitReader(c.request.Body, maxBody+1))
	if err != nil {
		return nil, bare(http.StatusBadRequest, "request aborted")
	}
	if len(data) > maxBody {
		return nil, bare(http.StatusRequestEntityTooLarge, "request entity too large")
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return object{}, nil
	}
	v, err := parse(data)
	if err != nil {
		return nil, c.fail(http.StatusBadRequest, notJSON(data, err))
	}
	if o, ok := v.(object); ok {
		return o, nil
	}
	if _, ok := v.(list); ok {
		return object{}, nil
	}
	return nil, c.fail(http.StatusBadRequest, notJSON(data, nil))
}

// notJSON is what the server's parser, which is V8's, says of a text that is
// no JSON object or list.
func notJSON(data []byte, err error) string {
	text := strings.ToValidUTF8(string(data), "\uFFFD")
	start := len(text) - len(strings.TrimLeft(text, " \t\r\n"))
	at := start
	if text[start] == '{' || text[start] == '[' {
		wrong := (*jsontext.SyntacticError)(nil)
		if !errors.As(err, &wrong) || wrong.ByteOffset >= int64(len(text)) || errors.Is(err, io.ErrUnexpectedEOF) {
			return "Unexpected end of JSON input"
		}
		at = int(wrong.ByteOffset)
		if rest := strings.TrimLeft(text[at+1:], " \t\r\n"); text[at] == ',' && rest != "" {
			at = len(text) - len(rest) // of a comma too many, V8 complains about what follows
		}
		place := " in JSON at position " + text10(at) + " (line " + text10(1+strings.Count(text[:at], "\n")) + " column " + text10(at-strings.LastIndex(text[:at], "\n")) + ")"
		switch before := strings.TrimRight(text[:at], " \t\r\n"); {
		case strings.HasSuffix(before, "{"):
			return "Expected property name or '}'" + place
		case strings.HasSuffix(before, ",") && text[start] == '{':
			return "Expected double-quoted property name" + place
		}
	}
	token := []rune(text[at:])
	return `Unexpected token '` + string(token[:1]) + `', "` + snippet(text, at) + `" is not valid JSON`
}

// snippet is the text around a mistake, as V8 shows it.
func snippet(text string, at int) string {
	const around = 10
	all := []rune(text)
	n := len([]rune(text[:at]))
	from, to := max(n-around, 0), min(n+around, len(all))
	shown := string(all[from:to])
	if from > 0 {
		shown = "..." + shown
	}
	if to < len(all) {
		shown += "..."
	}
	return shown
}

// bare is an error without an envelope, as some paths of the real server
// answer (observed 2026-11-23).
func bare(status int, message string) *answer {
	return &answer{status: status, body: marshal(object{{"statusCode", status}, {"message", message}})}
}

// maxDepth bounds how deep a body may nest.
const maxDepth = 64

// parse reads JSON into object, list, string, float64, bool and nil. The last
// of several members with one name wins, as in JavaScript.
func parse(data []byte) (any, error) {
	dec := jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	v, err := parseValue(dec, 0)
	if err != nil {
		return nil, err
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	return v, nil
}

func parseValue(dec *jsontext.Decoder, depth int) (any, error) {
	t, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, errors.New("nested too deep")
	}
	switch t.Kind() {
	case '{':
		o, at := object{}, map[string]int{}
		for dec.PeekKind() != '}' {
			name, err := dec.ReadToken()
			if err != nil {
				return nil, err
			}
			text := name.String()
			v, err := parseValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			if i, twice := at[text]; twice {
				o[i].value = v
				continue
			}
			at[text] = len(o)
			o = append(o, field{text, v})
		}
		_, err := dec.ReadToken()
		return o, err
	case '[':
		l := list{}
		for dec.PeekKind() != ']' {
			v, err := parseValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			l = append(l, v)
		}
		_, err := dec.ReadToken()
		return l, err
	case '"':
		return t.String(), nil
	case '0':
		n, err := t.Float()
		if err != nil {
			n = math.MaxFloat64 // JavaScript reads Infinity, which JSON cannot repeat
		}
		return n, nil
	case 'n':
		return nil, nil
	}
	return t.Bool(), nil
}
