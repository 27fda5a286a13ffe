package simulator

import (
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// publishedDocument reads the API's published OpenAPI document, or skips.
func publishedDocument(t *testing.T) map[string]any {
	t.Helper()
	file := os.Getenv("WEIR_OPENAPI")
	if file == "" {
		t.Skip("WEIR_OPENAPI names no file with the published OpenAPI document")
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// operation is one that a key can call.
type operation struct {
	method, path, version string
	responses             map[string]any
}

func (o operation) String() string { return o.method + " " + o.path }

func operations(doc map[string]any) []operation {
	var all []operation
	for path, item := range doc["paths"].(map[string]any) {
		for method, v := range item.(map[string]any) {
			op, _ := v.(map[string]any)
			headers := map[string]map[string]any{}
			parameters, _ := op["parameters"].([]any)
			for _, p := range parameters {
				if p := p.(map[string]any); p["in"] == "header" {
					headers[strings.ToLower(p["name"].(string))] = p
				}
			}
			if headers["authorization"] == nil && !strings.HasPrefix(path, "/v2/slots") && path != "/v2/teams/{teamId}/event-types" {
				continue // for OAuth clients and browsers
			}
			o := operation{method: strings.ToUpper(method), path: path}
			o.responses, _ = op["responses"].(map[string]any)
			o.version = currentVersion(path)
			all = append(all, o)
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].String() < all[j].String() })
	return all
}

// currentVersion is the one to send for a path.
func currentVersion(path string) string {
	switch {
	case strings.HasPrefix(path, "/v2/bookings"):
		return version20240813
	case strings.HasPrefix(path, "/v2/event-types") && !strings.Contains(path, "private-links"):
		return version20240614
	case strings.HasPrefix(path, "/v2/schedules"):
		return version20240611
	case strings.HasPrefix(path, "/v2/slots"):
		return version20240904
	}
	return ""
}

// filled puts ids that exist into a path.
func (s *Simulator) filled(path string) string {
	first := func(user uint8) string {
		i := slices.IndexFunc(s.book.rows, func(r row) bool { return r.user == user && r.status == accepted && r.seats == 0 && r.series == none })
		return uidOf(s.book.rows[i].tag)
	}
	event := "1"
	if strings.Contains(path, "/teams/") {
		event = "11"
	}
	user := "7"
	if strings.HasPrefix(path, "/v2/bookings") {
		user = "2"
	}
	team := "1"
	if strings.HasPrefix(path, "/v2/organizations") {
		team = "10"
	}
	query := ""
	if strings.HasPrefix(path, "/v2/slots") || strings.HasSuffix(path, "calculate-slots") {
		query = "?eventTypeId=1&start=2026-12-02&end=2026-12-03"
	}
	return strings.NewReplacer(
		"{orgId}", "9", "{teamId}", team, "{userId}", user, "{bookingUid}", first(alice), "{eventTypeId}", event, "{scheduleId}", "1",
		"{membershipId}", map[bool]string{true: "8", false: "2"}[strings.HasPrefix(path, "/v2/organizations")], "{webhookId}", "d2eba72f-e631-4b46-a65b-676b7445e681",
		"{oooId}", "4", "{routingFormId}", seedForm, "{responseId}", "1", "{app}", "cal-video", "{calendar}", "google", "{attendeeId}", "20000", "{id}", "1",
	).Replace(path) + query
}

var pathParameter = regexp.MustCompile(`\{\w+\}`)

func (s *Simulator) call(o operation) *httptest.ResponseRecorder {
	r := httptest.NewRequest(o.method, pathParameter.ReplaceAllString(s.filled(o.path), "unknown"), strings.NewReader("{}"))
	key := s.Keys()[0].Key
	if strings.HasPrefix(o.path, "/v2/organizations") {
		key = s.Keys()[7].Key
	}
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	if o.version != "" {
		r.Header.Set("Cal-Api-Version", o.version)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestEveryOperationThatAKeyCanCallIsAnswered(t *testing.T) {
	doc := publishedDocument(t)
	count := 0
	for _, o := range operations(doc) {
		s := newTest(t, Options{Bookings: 60, Seed: 1, Deliver: deliverNowhere})
		count++
		if w := s.call(o); w.Code == 404 && strings.Contains(w.Body.String(), `"Cannot `) {
			t.Errorf("%s is not there", o)
		}
	}
	t.Logf("%d operations", count)
}

func TestAnswersValidateAgainstThePublishedDocument(t *testing.T) {
	doc := publishedDocument(t)
	v := validator{doc}
	checked := 0
	for _, o := range operations(doc) {
		if o.method != "GET" {
			continue
		}
		s := newTest(t, Options{Bookings: 60, Seed: 1})
		w := s.call(o)
		response, _ := o.responses[fmt.Sprint(w.Code)].(map[string]any)
		schema := response["content"]
		if w.Code != 200 || schema == nil {
			continue
		}
		checked++
		var body any
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		content := schema.(map[string]any)["application/json"].(map[string]any)["schema"]
		var wrong []string
		v.check("", content.(map[string]any), body, &wrong)
		wrong = slices.DeleteFunc(wrong, func(w string) bool { return contradicted(o, w) })
		if len(wrong) > 0 {
			slices.Sort(wrong)
			t.Errorf("%s:\n  %s", o, strings.Join(slices.Compact(wrong), "\n  "))
		}
	}
	t.Logf("%d answers were checked", checked)
}

// contradicted says that what was observed is not what the document says
// (2026-11-23).
func contradicted(o operation, complaint string) bool {
	return slices.ContainsFunc(contradictions, func(c contradiction) bool {
		return strings.Contains(o.path, c.path) && strings.Contains(complaint, c.part)
	})
}

type contradiction struct{ path, part string }

var contradictions = []contradiction{
	{"/v2/calendars", "destinationCalendar"}, // {} without one
	{"/memberships", ".data is a list"},      // documented as one
	{"/webhooks", ".id is"},                  // a UUID, documented as a number
	{"/event-types", ".bookingWindow is an object"},
	{"/event-types", ".seats."}, // {disabled: true}
	{"/event-types", ".users[] is an object"},
	{"/event-types", ".hosts[] is an object"},
	{"/event-types", "one of"},
	{"/routing-forms", ".fields is a list"}, // any JSON, documented as an object; Cal.com's own forms hold lists
	{"/routing-forms", ".routes is a list"},
	{"/reassign", ".data"},            // documented as an envelope within the envelope
	{"/responses", ".data is a list"}, // as the later document has it
	{"/verified-resources", ".data is a list"},
	{"/verified-resources/emails/{id}", "is missing"},
}

// validator checks values against the schemas of an OpenAPI document. Null is
// taken everywhere: what was observed is null where the document says nothing
// of it.
type validator struct{ doc map[string]any }

func (v validator) resolve(schema map[string]any) map[string]any {
	for schema["$ref"] != nil {
		name := strings.TrimPrefix(schema["$ref"].(string), "#/components/schemas/")
		schema = v.doc["components"].(map[string]any)["schemas"].(map[string]any)[name].(map[string]any)
	}
	return schema
}

func (v validator) check(at string, schema map[string]any, value any, wrong *[]string) {
	schema = v.resolve(schema)
	if value == nil {
		return
	}
	for _, part := range schemas(schema["allOf"]) {
		v.check(at, part, value, wrong)
	}
	for _, name := range []string{"oneOf", "anyOf"} {
		if choices := schemas(schema[name]); len(choices) > 0 && !v.any(choices, value) {
			*wrong = append(*wrong, at+" is none of one of")
		}
	}
	if enum, _ := schema["enum"].([]any); len(enum) > 0 && schema["type"] != "array" && !slices.Contains(enum, value) {
		*wrong = append(*wrong, fmt.Sprintf("%s is %v, not one of %v", at, value, enum))
	}
	switch value := value.(type) {
	case map[string]any:
		if kind := schema["type"]; kind != nil && kind != "object" {
			*wrong = append(*wrong, fmt.Sprintf("%s is an object, not %v", at, kind))
			return
		}
		v.members(at, schema, value, wrong)
	case []any:
		if kind := schema["type"]; kind != nil && kind != "array" {
			*wrong = append(*wrong, fmt.Sprintf("%s is a list, not %v", at, kind))
			return
		}
		items, _ := schema["items"].(map[string]any)
		for _, one := range value {
			v.check(at+"[]", items, one, wrong)
		}
	default:
		kind := map[string]string{"string": "string", "bool": "boolean", "number": "number"}[strings.Fields(kindOf(value))[0]]
		if kind == "number" && schema["type"] == "integer" {
			return
		}
		if want := schema["type"]; want != nil && want != kind && want != "object" {
			*wrong = append(*wrong, fmt.Sprintf("%s is %s, not %v", at, kind, want))
		}
	}
}

func (v validator) members(at string, schema, value map[string]any, wrong *[]string) {
	properties, _ := schema["properties"].(map[string]any)
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if _, has := value[name.(string)]; !has {
			*wrong = append(*wrong, at+"."+name.(string)+" is missing")
		}
	}
	for name, one := range value {
		if property, _ := properties[name].(map[string]any); property != nil {
			v.check(at+"."+name, property, one, wrong)
		}
	}
}

func (v validator) any(choices []map[string]any, value any) bool {
	return slices.ContainsFunc(choices, func(c map[string]any) bool {
		var wrong []string
		v.check("", c, value, &wrong)
		return len(wrong) == 0
	})
}

func schemas(v any) []map[string]any {
	all, _ := v.([]any)
	var out []map[string]any
	for _, one := range all {
		out = append(out, one.(map[string]any))
	}
	return out
}
