package rest

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/weirhq/weir"
)

// classify makes an error of an answer that is not good. A server's own
// message is passed on, clipped; its details never, since they may repeat
// what was sent.
func classify(res *http.Response, body []byte, anyType bool) error {
	status := res.StatusCode
	isJSON := jsonType(res.Header.Get("Content-Type"))
	if status >= 200 && status < 300 {
		return checkBody(isJSON, body, anyType)
	}
	said := ""
	if isJSON {
		said = messageIn(body)
	}
	e := &weir.Error{Message: fmt.Sprintf("the server answered %d", status)}
	if said != "" {
		e.Message += ": " + strings.TrimRight(said, ".")
	}
	switch {
	case status == http.StatusNotModified:
		e.Code, e.Message = weir.CodeCapability, "the server answered 304, as if it had been asked for changes only"
	case status >= 300 && status < 400:
		e.Code, e.Message = weir.CodeCapability, "the server sends a redirect"+target(res)+", which is never followed with a key"
		e.Remedy = "Name the API's own address"
	case status < 500 && status != http.StatusTooManyRequests && isPage(res, body):
		e.Code, e.Message = weir.CodeCapability, fmt.Sprintf("a page that is not the API answered %d", status)
		e.Remedy = "Check the address: a proxy or a web page may be answering"
	case status == http.StatusUnauthorized:
		e.Code = weir.CodeAuth
		e.Reason, e.Message, e.Remedy = rejectedKey(said)
	case status == http.StatusForbidden:
		e.Code, e.Remedy = weir.CodeForbidden, "The key's owner has no permission for this"
	case status == http.StatusNotFound:
		e.Code = weir.CodeNotFound
	case status == http.StatusTooManyRequests:
		e.Code, e.Message = weir.CodeThrottled, "the key's budget is used up (429); somebody else uses this key, too"
	case status == http.StatusRequestTimeout, status >= 500:
		e.Code, e.Remedy = weir.CodeTransient, "Run again later; everything up to here is kept"
	default:
		e.Code = weir.CodeData
	}
	return e
}

// rejectedKey says which kind of rejection a 401 is, from the words observed
// on the real server on 2026-11-23.
func rejectedKey(said string) (reason, message, remedy string) {
	switch {
	case strings.Contains(said, "expired"):
		return "key_expired", "the key has expired", "Make a new one"
	case strings.Contains(said, "not valid"):
		return "key_revoked", "the key was revoked or replaced", "Use the one that replaced it, or make a new one"
	case strings.Contains(said, "Invalid API Key"):
		return "key_unknown", "the key is unknown here: mistyped, deleted, or of another region", ""
	case strings.Contains(said, "Invalid Access Token"):
		return "key_malformed", "the key is not of this API's form", "Copy it again, whole"
	}
	return "key_refused", "the key is not accepted", ""
}

// checkBody makes sure that a success carries what was asked for.
func checkBody(isJSON bool, body []byte, anyType bool) error {
	switch {
	case anyType:
		return nil
	case !isJSON:
		return &weir.Error{Code: weir.CodeCapability, Message: "the answer is not JSON, so this is not the API", Remedy: "Check the address: a proxy or a web page may be answering"}
	}
	return wellFormed(body)
}

func jsonType(header string) bool {
	kind, _, err := mime.ParseMediaType(header)
	return err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json"))
}

// isPage reports an answer made for a browser, whatever it calls itself.
func isPage(res *http.Response, body []byte) bool {
	kind, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	return kind == "text/html" || kind == "application/xhtml+xml" || bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}

// target names the host of a redirect, and nothing else of it.
func target(res *http.Response) string {
	u, err := url.Parse(res.Header.Get("Location"))
	if err != nil || u.Hostname() == "" {
		return ""
	}
	return " to " + Clip(u.Hostname())
}

// messageIn finds a server's message in an error body of any known shape.
func messageIn(body []byte) string {
	if wellFormed(body) != nil {
		return ""
	}
	for _, path := range []string{"error.message", "message", "error"} {
		if text, ok := Field(body, path); ok {
			return Clip(text)
		}
	}
	return ""
}

// Clip is weir.Clip, for a foreign text that becomes part of a message.
func Clip(s string) string { return weir.Clip(s) }
