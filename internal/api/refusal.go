package api

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// maxDetails is how many wrong fields are told at once.
const maxDetails = 20

// refuseInput takes what huma says of an input off the answer, and makes it
// the exchange's error: huma repeats the value that does not fit, of an
// unknown field even the whole body, and in a body there are keys.
func refuseInput(ctx huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	from(ctx.Context()).err = refusalOf(m)
	return struct{}{}, nil
}

// refusalOf says which fields are wrong, and why.
func refusalOf(m *huma.ErrorModel) error {
	var details []Detail
	for _, e := range m.Errors {
		if strings.HasPrefix(e.Location, "path.") {
			return nowhere() // a path that cannot be read names nothing
		}
		details = append(details, detailOf(e.Location, e.Message))
	}
	if len(details) == 0 {
		details = []Detail{{Field: "body", Message: "it is missing", Remedy: "Send a JSON object"}}
	}
	slices.SortFunc(details, func(a, b Detail) int { return cmp.Compare(a.Field, b.Field) })
	details = details[:min(len(details), maxDetails)]
	first := details[0]
	return &problem{status: http.StatusBadRequest, code: "VAL_001", message: first.Field + ": " + first.Message, remedy: first.Remedy, details: details}
}

// phrases turn what huma says into what we say: what is wrong, and what to do,
// with the rest of huma's words between the two halves of the remedy. The rest
// is from the schema. What is in no phrase may hold the value, and is not
// repeated.
var phrases = []struct{ begins, message, remedy, end string }{
	{"unexpected property", "there is no such field", "Leave it out, or mend its spelling: upper and lower case differ", ""},
	{"expected required property ", "it is missing", "Send it", ""},
	{"required ", "it is missing", "Send it", ""},
	{"expected value to be one of ", "it is none of its values", "Send one of ", ""},
	{"expected number >= ", "it is too small", "Send ", " or more"},
	{"expected number <= ", "it is too large", "Send ", " or less"},
	{"expected number > ", "it is too small", "Send more than ", ""},
	{"expected number < ", "it is too large", "Send less than ", ""},
	{"expected length >= ", "it is too short", "Send at least ", " characters"},
	{"expected length <= ", "it is too long", "Send at most ", " characters"},
	{"expected array length >= ", "these are too few", "Send at least ", ""},
	{"expected array length <= ", "these are too many", "Send at most ", ""},
	{"expected array items to be unique", "one item is there twice", "Send each once", ""},
	{"expected boolean", "it is not true or false", "Send true or false", ""},
	{"expected integer", "it is not a whole number", "Send a whole number", ""},
	{"invalid integer", "it is not a whole number", "Send a whole number", ""},
	{"expected number", "it is not a number", "Send a number", ""},
	{"invalid float", "it is not a number", "Send a number", ""},
	{"expected string to be RFC 3339 date-time", "it is not a time", "Send one such as 2026-01-31T09:00:00Z", ""},
	{"invalid date/time", "it is not a time", "Send one such as 2026-01-31T09:00:00Z", ""},
	{"expected string to be RFC", "it has not the form it needs", "See the form in /api/openapi.json", ""},
	{"expected string to be ", "it has characters that it must not have", "Send ", ""},
	{"expected string to match", "it has not the form it needs", "See the form in /api/openapi.json", ""},
	{"expected string", "it is not a text", "Send a text", ""},
	{"expected array", "it is not a list", "Send a list", ""},
	{"expected object", "it is not an object", "Send a JSON object", ""},
}

// missing is how huma names a field that is not there: behind the place of the
// object that lacks it.
var missing = regexp.MustCompile(`^expected required property (\S+) to be present$`)

func detailOf(location, message string) Detail {
	if pointer, rest, ours := strings.Cut(message, "|"); ours && location == "body" { // see unmarshal
		location, message = "body."+fieldOf(pointer), rest
	}
	if m := missing.FindStringSubmatch(message); m != nil {
		location += "." + m[1]
	}
	d := Detail{Field: placeOf(location), Message: "it does not fit", Remedy: "See what it takes in /api/openapi.json"}
	for _, p := range phrases {
		rest, ok := strings.CutPrefix(message, p.begins)
		if !ok {
			continue
		}
		d.Message, d.Remedy = p.message, p.remedy
		if p.end != "" || strings.HasSuffix(p.remedy, " ") {
			d.Remedy += strings.Trim(rest, `"`) + p.end
		}
		break
	}
	return d
}

// placeOf is the field as who sent it knows it: without the part of the
// request it stood in.
func placeOf(location string) string {
	for _, part := range []string{"body.", "query.", "header.", "cookie."} {
		if name, ok := strings.CutPrefix(location, part); ok {
			return shown(name)
		}
	}
	return shown(location)
}

// fieldOf turns a JSON pointer into a field.
func fieldOf(pointer string) string {
	if pointer == "" {
		return "body"
	}
	return shown(strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", "."))
}

// plain is a name that may be shown to whoever reads the answer or a log.
var plain = regexp.MustCompile(`^[A-Za-z0-9_.\[\]-]{1,100}$`)

// keyLike is a name that may well be a key in the wrong place.
var keyLike = regexp.MustCompile(`cal_\w{16}|w[a-z]{2}_\w{16}`)

// shown is the name, unless it may be something else than a name.
func shown(name string) string {
	if !plain.MatchString(name) || keyLike.MatchString(name) {
		return "(a name that is not shown)"
	}
	return name
}
