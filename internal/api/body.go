package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/weirhq/weir"
)

// Limits of a request's body.
const (
	maxBody    = 1 << 20
	maxDepth   = 64
	maxReceive = 30 * time.Second
)

// nexlaJSON is the SDK's own name for JSON.
const nexlaJSON = "application/vnd.nexla.api.v1+json"

// readBody reads what was sent, and refuses what is not exactly one JSON value
// of moderate size. It is the only reader there is: what two readers would
// understand differently goes to nobody.
func readBody(x *exchange) error {
	if err := checkQuery(x.r.URL.RawQuery); err != nil {
		return err
	}
	if err := checkDryRun(x); err != nil {
		return err
	}
	body, err := receive(x)
	switch {
	case len(body) > maxBody:
		return &problem{status: http.StatusRequestEntityTooLarge, code: "VAL_004", message: "the body is larger than 1 MiB", remedy: "Send less at once"}
	case err != nil:
		return refuse("body", "it did not arrive as a whole", "Send it again")
	case len(body) == 0:
		x.r.Header.Del("Content-Type") // the SDK names one on every request
		return nil
	}
	if err := checkType(x.r.Header); err != nil {
		return err
	}
	if err := checkJSON(body); err != nil {
		return err
	}
	if !x.route.takesBody {
		if string(bytes.Join(bytes.Fields(body), nil)) != "{}" {
			return refuse("body", "this request takes none", "Leave the body empty")
		}
		return nil
	}
	x.body = body
	x.r.Header.Set("Content-Type", "application/json")
	return nil
}

// receive takes the body in. Who sends it drop by drop is cut off; the time
// that an answer may take afterwards is not the connection's business.
func receive(x *exchange) ([]byte, error) {
	if x.r.Body == http.NoBody {
		return nil, nil
	}
	c := http.NewResponseController(x.out.w)
	_ = c.SetReadDeadline(time.Now().Add(maxReceive)) // not every connection has deadlines
	defer func() { _ = c.SetReadDeadline(time.Time{}) }()
	return io.ReadAll(io.LimitReader(x.r.Body, maxBody+1))
}

// checkType lets JSON through and nothing else: browsers send other types to
// other sites without asking.
func checkType(h http.Header) error {
	types, encodings := h.Values("Content-Type"), h.Values("Content-Encoding")
	remedy := "Send JSON, with the header Content-Type: application/json"
	if len(types) != 1 {
		return wrongType("the body has no content type, or several", remedy)
	}
	kind, parameters, err := mime.ParseMediaType(types[0])
	if err != nil || kind != "application/json" && kind != nexlaJSON {
		return wrongType("the body is not said to be JSON", remedy)
	}
	for name, value := range parameters {
		if name != "charset" || !strings.EqualFold(value, "utf-8") {
			return wrongType("the content type has a parameter other than charset=utf-8", remedy)
		}
	}
	if len(encodings) > 0 && !strings.EqualFold(strings.Join(encodings, ","), "identity") {
		return wrongType("the body is compressed", "Send it as it is")
	}
	return nil
}

func wrongType(message, remedy string) error {
	return &problem{status: http.StatusUnsupportedMediaType, code: "VAL_003", message: message, remedy: remedy}
}

// checkJSON reads body as one JSON value: UTF-8, no name twice, nothing after
// it, no NUL in a string (Postgres keeps none), not too deep.
func checkJSON(body []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(body))
	for {
		token, err := d.ReadToken()
		switch {
		case errors.Is(err, io.EOF):
			return refuse("body", "it is empty", "Send a JSON object")
		case err != nil:
			return notJSON(err)
		case d.StackDepth() > maxDepth:
			return refuse("body", "it is nested more than 64 deep", "Send it flatter")
		case token.Kind() == '"' && strings.ContainsRune(token.String(), 0):
			return refuse(fieldOf(string(d.StackPointer())), "it has a NUL character", "Leave that character out")
		}
		if d.StackDepth() == 0 {
			break
		}
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return refuse("body", "something follows the JSON value", "Send one JSON object, and nothing after it")
	}
	return nil
}

func notJSON(err error) error {
	remedy := "Send one JSON object, in UTF-8"
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		return refuse("body", "it cannot be read", remedy)
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return refuse(fieldOf(string(syntax.JSONPointer)), "this name is there twice", "Send each name once")
	}
	return refuse("body", "it is not JSON, from byte "+decimal(syntax.ByteOffset)+" on", remedy)
}

// checkQuery refuses a query that cannot be read, and characters in it that no
// value of ours has.
func checkQuery(raw string) error {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return refuse("query", "it cannot be read", "Write special characters as %XX, and separate parameters by &")
	}
	for name, all := range values {
		for _, value := range all {
			if !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
				return refuse(shown(name), "it has a control character, or is not UTF-8", "Leave that character out")
			}
		}
	}
	return nil
}

// dryRun is the parameter with which a request is tried and not done.
const dryRun = "dry_run"

// checkDryRun refuses to do what was only to be tried, where it cannot be.
func checkDryRun(x *exchange) error {
	value := x.r.URL.Query().Get(dryRun)
	if safe(x.r.Method) || x.route.takesDryRun || slices.Contains([]string{"", "0", "false", "False"}, value) {
		return nil
	}
	return refuse(dryRun, "this cannot be tried without being done, and nothing was done", "Leave it out to do it; making a credential, a source or a dataset can be tried, and changing a dataset")
}

// refuse is an error about one field.
func refuse(field, message, remedy string) error {
	return &weir.Error{Code: weir.CodeUsage, Where: field, Message: message, Remedy: remedy}
}
