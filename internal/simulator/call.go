package simulator

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// call is one request on its way.
type call struct {
	sim      *Simulator
	request  *http.Request
	now      time.Time
	number   uint64 // of the request, from 1: seeds what is random in its answer
	version  string // of the cal-api-version header
	token    string
	hasToken bool
	digest   string // names the token in the arrival log
	header   [][2]string
	path     map[string]string // the route's parameters
	query    query
	user     *user   // nil for an anonymous caller
	key      KeyInfo // that the token is; its name is "" when it is none
	gone     bool    // the token was a key until lately
	status   int     // of a success
	hooks    []delivery
	sent     bodyRead
}

// answer is what a handler says.
type answer struct {
	status      int
	contentType string // "" means JSON
	body        []byte
	header      [][2]string
}

// target is the request as error bodies repeat it: path and query as sent.
func (c *call) target() string {
	if strings.HasPrefix(c.request.RequestURI, "/") {
		return c.request.RequestURI
	}
	return c.request.URL.RequestURI()
}

// ok answers with the success envelope.
func (c *call) ok(data any) *answer {
	return &answer{status: c.status, body: marshal(object{{"status", "success"}, {"data", data}})}
}

// errorAnswer answers with the error envelope; nil details are left out.
func (c *call) errorAnswer(status int, code, message string, details any) *answer {
	e := object{{"code", code}, {"message", message}}
	if details != nil {
		e = append(e, field{"details", details})
	}
	return &answer{status: status, body: marshal(object{
		{"status", "error"}, {"timestamp", clockText(c.now.UnixMilli())}, {"path", c.target()}, {"error", e},
	})}
}

// exceptions names the server's exception class for a status.
var exceptions = map[int]string{
	http.StatusBadRequest: "BadRequestException", http.StatusUnauthorized: "UnauthorizedException",
	http.StatusForbidden: "ForbiddenException", http.StatusNotFound: "NotFoundException",
	http.StatusConflict: "ConflictException", http.StatusUnprocessableEntity: "UnprocessableEntityException",
	http.StatusInternalServerError: "InternalServerErrorException",
}

// fail answers with an exception of the framework.
func (c *call) fail(status int, message string) *answer {
	return c.errorAnswer(status, exceptions[status], message,
		object{{"message", message}, {"error", http.StatusText(status)}, {"statusCode", status}})
}

// cannot answers for an unknown route, or one that the version lacks.
func (c *call) cannot() *answer {
	return c.fail(http.StatusNotFound, "Cannot "+c.request.Method+" "+c.target())
}

// preflight answers a browser that asks whether it may ask.
func (c *call) preflight() *answer {
	return &answer{status: http.StatusNoContent, header: [][2]string{
		{"Access-Control-Allow-Methods", "GET,PATCH,DELETE,HEAD,POST,PUT,OPTIONS"},
		{"Access-Control-Allow-Headers", "x-cal-client-id,x-cal-secret-key,x-cal-platform-embed,cal-api-version,Accept,Authorization,Content-Type,Origin"},
		{"Access-Control-Max-Age", "86400"}, {"Vary", "Access-Control-Request-Headers"},
	}}
}

// broken answers as the server does for a path id that is no number: its
// database refuses the query.
func (c *call) broken() *answer {
	return c.errorAnswer(http.StatusInternalServerError, "INTERNAL_SERVER_ERROR", "There was an error, please try again later.", nil)
}

// id reads a numeric path parameter.
func (c *call) id(name string) (int, bool) {
	n, err := strconv.Atoi(c.path[name])
	return n, err == nil
}

// marshal encodes what the simulator itself made; that cannot fail. What an
// answer repeats of a request may be no UTF-8 and is mended.
func marshal(v any) []byte {
	b, err := json.Marshal(v, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic(fmt.Sprintf("simulator: cannot encode its own answer: %v", err))
	}
	return b
}

// securityHeaders are on every answer (observed 2026-11-23).
var securityHeaders = [][2]string{
	{"Content-Security-Policy", "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'self';script-src-attr 'none';style-src 'self' https: 'unsafe-inline';upgrade-insecure-requests"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Origin-Agent-Cluster", "?1"},
	{"Referrer-Policy", "no-referrer"},
	{"Strict-Transport-Security", "max-age=15552000; includeSubDomains"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-DNS-Prefetch-Control", "off"},
	{"X-Download-Options", "noopen"},
	{"X-Frame-Options", "SAMEORIGIN"},
	{"X-Permitted-Cross-Domain-Policies", "none"},
	{"X-XSS-Protection", "0"},
	{"Access-Control-Allow-Origin", "*"},
}

const contentJSON = "application/json; charset=utf-8"

// writeHead sends the headers and says whether a body belongs to the answer.
func (a *answer) writeHead(w http.ResponseWriter, c *call) (body bool) {
	h := w.Header()
	for _, list := range [][][2]string{securityHeaders, c.header, a.header} {
		for _, pair := range list {
			h.Set(pair[0], pair[1])
		}
	}
	h.Set("X-Request-Id", requestID(c))
	if a.status == http.StatusNoContent {
		w.WriteHeader(a.status)
		return false
	}
	tag := etag(a.body)
	h.Set("ETag", tag)
	if a.status == http.StatusOK && c.request.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return false
	}
	h.Set("Content-Type", contentJSON)
	if a.contentType != "" {
		h.Set("Content-Type", a.contentType)
	}
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	return c.request.Method != http.MethodHead
}

func requestID(c *call) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "%d %d", c.number, c.now.UnixNano())).String()
}

// etag is computed as the real server does it: length in hex, SHA-1 in base64
// without its padding.
func etag(body []byte) string {
	sum := sha1.Sum(body)
	return fmt.Sprintf(`W/"%x-%s"`, len(body), base64.StdEncoding.EncodeToString(sum[:])[:27])
}
