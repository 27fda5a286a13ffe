package simulator

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// write is one write that succeeds: the document's path, the one that is sent,
// and a body. In both, $ stands for the id that the write before gave.
type write struct{ method, template, path, body string }

const (
	org     = "/v2/organizations/{orgId}"
	orgTeam = "/v2/organizations/{orgId}/teams/{teamId}"
	inOrg   = "/v2/organizations/9"
	inOwn   = "/v2/organizations/9/teams/10"
)

var ownerWrites = []write{
	{"POST", "/v2/bookings", "/v2/bookings", bookingBody("1", tuesday+"09:00:00Z")},
	{"POST", "/v2/bookings/{bookingUid}/guests", "/v2/bookings/$/guests", `{"guests":[{"email":"g@example.org","name":"G"}]}`},
	{"PATCH", "/v2/bookings/{bookingUid}/location", "/v2/bookings/$/location", `{"location":{"type":"address","address":"1 Main St"}}`},
	{"POST", "/v2/bookings/{bookingUid}/attendees", "/v2/bookings/$/attendees", `{"name":"N","email":"n@example.org","timeZone":"UTC"}`},
	{"POST", "/v2/bookings", "/v2/bookings", bookingBody("1", tuesday+"10:00:00Z")},
	{"POST", "/v2/bookings/{bookingUid}/reschedule", "/v2/bookings/$/reschedule", `{"start":"` + tuesday + `11:00:00Z","reschedulingReason":"later"}`},
	{"POST", "/v2/bookings/{bookingUid}/cancel", "/v2/bookings/$/cancel", `{"cancellationReason":"x"}`},
	{"POST", "/v2/bookings", "/v2/bookings", bookingBody("4", tuesday+"13:00:00Z")},
	{"POST", "/v2/bookings/{bookingUid}/decline", "/v2/bookings/$/decline", `{}`},
	{"POST", "/v2/bookings", "/v2/bookings", bookingBody("11", tuesday+"15:00:00Z")},
	{"POST", "/v2/bookings/{bookingUid}/reassign", "/v2/bookings/$/reassign", `{}`},
	{"POST", "/v2/bookings", "/v2/bookings", bookingBody("5", "2026-12-09T09:00:00Z")},
	{"POST", "/v2/event-types", "/v2/event-types", `{"lengthInMinutes":30,"title":"T","slug":"t","seats":{"seatsPerTimeSlot":3,"showAttendeeInfo":true,"showAvailabilityCount":true},"bookingWindow":{"type":"calendarDays","value":30,"rolling":true}}`},
	{"PATCH", "/v2/event-types/{eventTypeId}", "/v2/event-types/$", `{"title":"U","recurrence":{"interval":1,"occurrences":4,"frequency":"weekly"},"seats":{"disabled":true}}`},
	{"POST", "/v2/event-types/{eventTypeId}/private-links", "/v2/event-types/1/private-links", `{"maxUsageCount":3}`},
	{"PATCH", "/v2/event-types/{eventTypeId}/private-links/{linkId}", "/v2/event-types/1/private-links/$", `{"expiresAt":"2027-01-01T00:00:00Z"}`},
	{"DELETE", "/v2/event-types/{eventTypeId}/private-links/{linkId}", "/v2/event-types/1/private-links/$", ``},
	{"POST", "/v2/schedules", "/v2/schedules", `{"name":"N","timeZone":"UTC","isDefault":false}`},
	{"PATCH", "/v2/schedules/{scheduleId}", "/v2/schedules/$", `{"name":"M","overrides":[{"date":"2026-12-24","startTime":"10:00","endTime":"12:00"}]}`},
	{"DELETE", "/v2/schedules/{scheduleId}", "/v2/schedules/$", ``},
	{"POST", "/v2/webhooks", "/v2/webhooks", `{"active":true,"subscriberUrl":"http://127.0.0.1:1/","triggers":["BOOKING_CREATED"]}`},
	{"PATCH", "/v2/webhooks/{webhookId}", "/v2/webhooks/$", `{"active":false}`},
	{"DELETE", "/v2/webhooks/{webhookId}", "/v2/webhooks/$", ``},
	{"POST", "/v2/event-types/{eventTypeId}/webhooks", "/v2/event-types/1/webhooks", `{"active":true,"subscriberUrl":"http://127.0.0.1:2/","triggers":["BOOKING_CREATED"]}`},
	{"DELETE", "/v2/event-types/{eventTypeId}/webhooks", "/v2/event-types/1/webhooks", ``},
	{"PATCH", "/v2/me", "/v2/me", `{"bio":"b"}`},
	{"POST", "/v2/slots/reservations", "/v2/slots/reservations", `{"eventTypeId":1,"slotStart":"2026-12-10T09:00:00Z"}`},
	{"POST", "/v2/teams", "/v2/teams", `{"name":"My Team"}`},
	{"PATCH", "/v2/teams/{teamId}", "/v2/teams/$", `{"bio":"b"}`},
	{"POST", "/v2/teams/{teamId}/invite", "/v2/teams/1/invite", ``},
	{"POST", "/v2/teams/{teamId}/memberships", "/v2/teams/1/memberships", `{"userId":4,"accepted":true}`},
	{"PATCH", "/v2/teams/{teamId}/memberships/{membershipId}", "/v2/teams/1/memberships/$", `{"role":"ADMIN"}`},
	{"DELETE", "/v2/teams/{teamId}/memberships/{membershipId}", "/v2/teams/1/memberships/$", ``},
	{"POST", "/v2/teams/{teamId}/event-types", "/v2/teams/1/event-types", `{"lengthInMinutes":30,"title":"T","slug":"t","schedulingType":"roundRobin","hosts":[{"userId":1,"mandatory":false,"priority":"medium"}]}`},
	{"DELETE", "/v2/teams/{teamId}/event-types/{eventTypeId}", "/v2/teams/1/event-types/$", ``},
	{"POST", "/v2/conferencing/{app}/default", "/v2/conferencing/cal-video/default", ``},
	{"POST", "/v2/api-keys/refresh", "/v2/api-keys/refresh", `{}`},
}

var organizationWrites = []write{
	{"POST", org + "/attributes", inOrg + "/attributes", `{"name":"Level","slug":"level","type":"SINGLE_SELECT","options":[{"value":"High","slug":"high"}]}`},
	{"POST", org + "/attributes/{attributeId}/options", inOrg + "/attributes/$/options", `{"value":"Low","slug":"low"}`},
	{"POST", org + "/roles", inOrg + "/roles", `{"name":"Reader","permissions":["booking.read"]}`},
	{"PATCH", org + "/roles/{roleId}", inOrg + "/roles/$", `{"description":"d"}`},
	{"PUT", org + "/roles/{roleId}/permissions", inOrg + "/roles/$/permissions", `{"permissions":["team.read"]}`},
	{"POST", org + "/users", inOrg + "/users", `{"email":"new@acme.example"}`},
	{"PATCH", org + "/users/{userId}", inOrg + "/users/$", `{"bio":"b"}`},
	{"DELETE", org + "/users/{userId}", inOrg + "/users/$", ``},
	{"POST", org + "/memberships", inOrg + "/memberships", `{"userId":1,"role":"MEMBER"}`},
	{"DELETE", org + "/memberships/{membershipId}", inOrg + "/memberships/$", ``},
	{"POST", org + "/teams", inOrg + "/teams", `{"name":"Another"}`},
	{"DELETE", org + "/teams/{teamId}", inOrg + "/teams/$", ``},
	{"POST", org + "/users/{userId}/ooo", inOrg + "/users/7/ooo", `{"start":"2027-02-01T00:00:00Z","end":"2027-02-02T00:00:00Z","reason":"vacation","notes":"n"}`},
	{"PATCH", org + "/users/{userId}/ooo/{oooId}", inOrg + "/users/7/ooo/$", `{"notes":"m"}`},
	{"DELETE", org + "/users/{userId}/ooo/{oooId}", inOrg + "/users/7/ooo/$", ``},
	{"POST", org + "/users/{userId}/schedules", inOrg + "/users/7/schedules", `{"name":"N","timeZone":"UTC","isDefault":true}`},
	{"PATCH", org + "/users/{userId}/schedules/{scheduleId}", inOrg + "/users/7/schedules/$", `{"name":"M"}`},
	{"POST", org + "/webhooks", inOrg + "/webhooks", `{"active":true,"subscriberUrl":"http://127.0.0.1:1/","triggers":["BOOKING_CREATED"]}`},
	{"DELETE", org + "/webhooks/{webhookId}", inOrg + "/webhooks/$", ``},
	{"POST", org + "/routing-forms/{routingFormId}/responses", inOrg + "/routing-forms/" + seedForm + "/responses?start=2026-12-08&end=2026-12-09", `{"a1":"Support"}`},
	{"PATCH", org + "/routing-forms/{routingFormId}/responses/{responseId}", inOrg + "/routing-forms/" + seedForm + "/responses/1", `{"response":{"a1":"Sales"}}`},
	{"POST", orgTeam + "/workflows", inOwn + "/workflows", `{"name":"W","activation":{"isActiveOnAllEventTypes":true},"trigger":{"type":"newEvent"},"steps":[{"action":"email_attendee","stepNumber":1,"recipient":"attendee","template":"reminder","sender":"S","message":{"subject":"s","html":"h"}}]}`},
	{"POST", orgTeam + "/roles", inOwn + "/roles", `{"name":"Reader"}`},
	{"POST", orgTeam + "/event-types", inOwn + "/event-types", `{"lengthInMinutes":30,"title":"T","slug":"t","schedulingType":"collective","hosts":[{"userId":7}]}`},
	{"POST", orgTeam + "/invite", inOwn + "/invite", ``},
	{"POST", orgTeam + "/verified-resources/emails/verification-code/request", inOwn + "/verified-resources/emails/verification-code/request", `{"email":"a@example.org"}`},
}

// TestWritesSucceed holds without the published document; with it, the answers
// are validated too.
func TestWritesSucceed(t *testing.T) {
	var doc map[string]any
	if os.Getenv("WEIR_OPENAPI") != "" {
		doc = publishedDocument(t)
	}
	s := newTest(t, Options{Seed: 1})
	for key, writes := range map[string][]write{"owner": ownerWrites, "org-owner": organizationWrites} {
		c := s.as(t, key)
		id := ""
		for _, w := range writes {
			answered := c.do(w.method, strings.Replace(w.path, "$", id, 1), strings.Replace(w.body, "$", id, 1))
			if answered.Code >= 300 {
				t.Errorf("%s %s: %d %.300s", w.method, w.path, answered.Code, answered.Body)
				continue
			}
			var body map[string]any
			if err := json.Unmarshal(answered.Body.Bytes(), &body); err != nil {
				t.Fatal(err)
			}
			if given := idOf(body["data"]); given != "" {
				id = given
			}
			if doc == nil {
				continue
			}
			item, _ := doc["paths"].(map[string]any)[w.template].(map[string]any)
			op, _ := item[strings.ToLower(w.method)].(map[string]any)
			if op == nil {
				t.Logf("%s %s is not in this document", w.method, w.template)
				continue
			}
			responses, _ := op["responses"].(map[string]any)
			response, documented := responses[fmt.Sprint(answered.Code)].(map[string]any)
			if !documented {
				t.Errorf("%s %s: %d is not documented", w.method, w.template, answered.Code)
				continue
			}
			content, _ := response["content"].(map[string]any)
			media, _ := content["application/json"].(map[string]any)
			schema, _ := media["schema"].(map[string]any)
			if schema == nil {
				continue
			}
			var wrong []string
			validator{doc}.check("", schema, body, &wrong)
			wrong = slices.DeleteFunc(wrong, func(complaint string) bool { return contradicted(operation{path: w.template}, complaint) })
			if len(wrong) > 0 {
				t.Errorf("%s %s:\n  %s", w.method, w.template, strings.Join(wrong, "\n  "))
			}
		}
	}
}

// idOf is by what an answer's data can be named in a path.
func idOf(data any) string {
	o, _ := data.(map[string]any)
	for _, name := range []string{"uid", "linkId", "id"} {
		if v := o[name]; v != nil {
			return fmt.Sprint(v)
		}
	}
	return ""
}
