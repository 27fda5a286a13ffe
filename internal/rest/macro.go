package rest

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
)

// macro is {name}, {name.path}, {now-5} or {name=default} in a template.
var macro = regexp.MustCompile(`\{([A-Za-z_][A-Za-z0-9_. ]*)([+-]\d+)?(?:=([^{}]*))?\}`)

// escape is how a macro's value becomes part of its surroundings.
type escape func(string) (string, error)

// inURL escapes a value for a URL's path or query: percent-encoding keeps it
// inside its place. A path segment of dots would climb.
func inURL(v string) (string, error) {
	if v == "." || v == ".." {
		return "", badValue("dots alone")
	}
	return strings.ReplaceAll(url.QueryEscape(v), "+", "%20"), nil
}

// inJSON escapes a value inside a JSON string.
func inJSON(v string) (string, error) {
	quoted, err := jsontext.AppendQuote(nil, v)
	if err != nil {
		return "", badValue("text that is not Unicode")
	}
	return string(quoted[1 : len(quoted)-1]), nil
}

// inHeader refuses what would begin another header.
func inHeader(v string) (string, error) {
	if strings.ContainsAny(v, "\r\n\x00") {
		return "", badValue("a line break")
	}
	return v, nil
}

// plain is for query values, which are encoded as a whole.
func plain(v string) (string, error) { return v, nil }

func badValue(what string) error {
	return &weir.Error{Code: weir.CodeData, Where: "macro", Message: "a value has " + what + ", which cannot stand there"}
}

// scope is what macros can name.
type scope struct {
	now    time.Time
	step   *Step
	values map[string]string         // page, cursor, lookup columns, "seed.NAME"
	chain  map[string]jsontext.Value // results of earlier steps, by key
}

// with is the scope with one more value.
func (s scope) with(name, value string) scope { return s.withAll(map[string]string{name: value}) }

// withAll is the scope with more values.
func (s scope) withAll(more map[string]string) scope {
	if len(more) == 0 {
		return s
	}
	values := make(map[string]string, len(s.values)+len(more))
	maps.Copy(values, s.values)
	maps.Copy(values, more)
	s.values = values
	return s
}

// expand fills a template.
func (s scope) expand(template string, esc escape) (string, error) {
	var failed error
	out := macro.ReplaceAllStringFunc(template, func(m string) string {
		parts := macro.FindStringSubmatch(m)
		value, err := s.value(parts[1], parts[2], parts[3], strings.Contains(m, "="))
		if err == nil {
			value, err = esc(value)
		}
		if err != nil && failed == nil {
			failed = err
		}
		return value
	})
	return out, failed
}

func (s scope) value(name, shift, otherwise string, hasDefault bool) (string, error) {
	if name == "now" {
		return s.time(shift)
	}
	if v, ok := s.values[name]; ok {
		return v, nil
	}
	if key, path, ok := strings.Cut(name, "."); ok && s.chain[key] != nil {
		if v, ok := Field(s.chain[key], path); ok {
			return v, nil
		}
		return "", &weir.Error{Code: weir.CodeData, Where: "macro {" + name + "}", Message: "the earlier answer has no such value"}
	}
	if hasDefault {
		return otherwise, nil
	}
	return "", &weir.Error{Code: weir.CodeConfig, Where: "macro {" + name + "}", Message: "nothing of that name is known here",
		Remedy: "Use {now}, {seed.NAME}, {STEP.path}, a lookup's column, or give a default: {" + name + "=value}"}
}

// time is {now} moved by a number of the step's units.
func (s scope) time(shift string) (string, error) {
	n := 0
	if shift != "" {
		var err error
		if n, err = strconv.Atoi(shift); err != nil {
			return "", &weir.Error{Code: weir.CodeConfig, Where: "macro {now" + shift + "}", Message: "the number is too large"}
		}
	}
	at := s.now.UTC()
	switch s.step.DateUnit {
	case "yyyy":
		at = at.AddDate(n, 0, 0)
	case "MM":
		at = at.AddDate(0, n, 0)
	case "", "dd":
		at = at.AddDate(0, 0, n)
	case "HH":
		at = at.Add(time.Duration(n) * time.Hour)
	case "mm":
		at = at.Add(time.Duration(n) * time.Minute)
	case "ss":
		at = at.Add(time.Duration(n) * time.Second)
	default:
		return "", &weir.Error{Code: weir.CodeConfig, Where: "date_unit", Message: fmt.Sprintf("%q is no unit", s.step.DateUnit), Remedy: "Use yyyy, MM, dd, HH, mm or ss"}
	}
	return formatDate(at, s.step.DateFormat), nil
}

// dateLetters are the pattern letters of the contract and their Go layouts,
// longest first.
var dateLetters = []struct{ pattern, layout string }{
	{"yyyy", "2006"}, {"yy", "06"}, {"MMMM", "January"}, {"MMM", "Jan"}, {"MM", "01"}, {"dd", "02"}, {"DD", "02"},
	{"eeee", "Monday"}, {"HH", "15"}, {"hh", "03"}, {"mm", "04"}, {"SSS", "000"}, {"ss", "05"},
}

// formatDate formats by a pattern of the contract: letters, 'quoted text',
// ISO; "ssss" is seconds since the epoch.
func formatDate(at time.Time, pattern string) string {
	switch pattern {
	case "", "ISO":
		return at.Format("2006-01-02T15:04:05.000Z")
	case "ssss":
		return strconv.FormatInt(at.Unix(), 10)
	}
	var b strings.Builder
outer:
	for pattern != "" {
		if quoted, rest, ok := strings.Cut(strings.TrimPrefix(pattern, "'"), "'"); pattern[0] == '\'' && ok {
			b.WriteString(quoted)
			pattern = rest
			continue
		}
		for _, l := range dateLetters {
			if rest, ok := strings.CutPrefix(pattern, l.pattern); ok {
				text := at.Format(l.layout)
				if l.pattern == "SSS" {
					text = fmt.Sprintf("%03d", at.Nanosecond()/1e6)
				}
				b.WriteString(text)
				pattern = rest
				continue outer
			}
		}
		b.WriteByte(pattern[0])
		pattern = pattern[1:]
	}
	return b.String()
}
