package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/store"
)

// contractType is a type of events in the contract's words. Event type and
// resource type together name one type.
type contractType struct{ category, event, resource string }

// contractTypes translate the catalogue.
var contractTypes = map[store.EventType]contractType{
	store.FlowFailed:           {"DATA", "ERROR", "SOURCE"},
	store.FlowRecovered:        {"DATA", "READ_DONE", "SOURCE"},
	store.DeliveryFailed:       {"DATA", "ERROR", "SINK"},
	store.DeliveryRecovered:    {"DATA", "WRITE_DONE", "SINK"},
	store.DeletionsHeld:        {"DATA", "DELETE", "DATASET"},
	store.RecordsQuarantined:   {"DATA", "ERROR_AGGREGATED", "DATASET"},
	store.SchemaChanged:        {"DATA", "UPDATE", "DATASET"},
	store.DatasetDetected:      {"DATA", "CREATE", "DATASET"},
	store.CredentialFailed:     {"PLATFORM", "ERROR", "DATA_CREDENTIAL"},
	store.CredentialVerified:   {"PLATFORM", "ACTIVATE", "DATA_CREDENTIAL"},
	store.CredentialExpiring:   {"PLATFORM", "MONITOR", "DATA_CREDENTIAL"},
	store.BudgetOvercommitted:  {"PLATFORM", "METRICS", "DATA_CREDENTIAL"},
	store.ResourceShared:       {"PLATFORM", "SHARE", "USER"},
	store.MemberAdded:          {"SYSTEM", "CREATE", "USER"},
	store.MemberRoleChanged:    {"SYSTEM", "UPDATE", "USER"},
	store.NotificationsGivenUp: {"SYSTEM", "ERROR", "NOTIFICATION_CHANNEL"},
}

// resourceTypes are kinds of resources in the contract's words.
var resourceTypes = map[store.Kind]string{
	store.KindSource: "SOURCE", store.KindDataset: "DATASET", store.KindDestination: "SINK", store.KindCredential: "DATA_CREDENTIAL",
	store.KindProject: "PROJECT", store.KindLookup: "DATA_MAP", store.KindTransform: "TRANSFORM", store.KindChannel: "NOTIFICATION_CHANNEL", "user": "USER",
}

// kindOf reads a resource's type, as in SOURCE or data_sources.
func kindOf(text string) (kind store.Kind, known bool) {
	for _, of := range audited {
		if of.noun == strings.ToLower(text) {
			return of.kind, true
		}
	}
	for kind, name := range resourceTypes {
		if name == strings.ToUpper(text) && kind != "user" {
			return kind, true
		}
	}
	return "", false
}

// NotificationType is what can be told.
type NotificationType struct {
	ID           int64  `json:"id"`
	Name         string `json:"name"`
	Description  string `json:"description"`
	Category     string `json:"category" enum:"PLATFORM,SYSTEM,DATA"`
	Default      bool   `json:"default" doc:"Told in the app to whom it concerns, until a setting says otherwise"`
	Status       bool   `json:"status"`
	EventType    string `json:"event_type"`
	ResourceType string `json:"resource_type"`
	// Weir's own.
	Code            string   `json:"code" doc:"Its name in webhooks, such as flow_failed"`
	Level           string   `json:"level"`
	DefaultChannels []string `json:"default_channels" nullable:"false" doc:"E-mail only where the server has a mail server"`
}

func showType(t notify.Type) NotificationType {
	c := contractTypes[t.Name]
	out := NotificationType{ID: t.ID, Name: t.Title, Description: t.Description, Category: c.category, Default: slices.Contains(t.Default, notify.App), Status: true,
		EventType: c.event, ResourceType: c.resource, Code: string(t.Name), Level: levelOf(t.Level), DefaultChannels: []string{}}
	for _, channel := range t.Default {
		out.DefaultChannels = append(out.DefaultChannels, channels[channel])
	}
	return out
}

func levelOf(l notify.Level) string { return strings.ToUpper(string(l)) }

func (a *API) registerNotificationTypes() {
	const tag = "notification_types"
	register(a, Route{Method: http.MethodGet, Path: "/notification_types", Tag: tag, Summary: "What can be told", Policy: signedIn}, a.notificationTypes)
	register(a, Route{Method: http.MethodGet, Path: "/notification_types/list", Tag: tag, Summary: "The one type of an event and a resource type", Policy: signedIn}, a.notificationType)
}

func (a *API) notificationTypes(_ context.Context, in *struct {
	Status string `query:"status" enum:"ACTIVE,PAUSE,PAUSED"`
}) (*value[[]NotificationType], error) {
	shown := []NotificationType{}
	if in.Status != "" && in.Status != "ACTIVE" {
		return show(shown), nil // none is switched off for everybody
	}
	for _, t := range notify.Types() {
		shown = append(shown, showType(t))
	}
	return show(shown), nil
}

func (a *API) notificationType(_ context.Context, in *struct {
	EventType    string `query:"event_type" required:"true" maxLength:"64"`
	ResourceType string `query:"resource_type" required:"true" maxLength:"64"`
}) (*value[NotificationType], error) {
	for _, t := range notify.Types() {
		if c := contractTypes[t.Name]; c.event == in.EventType && c.resource == in.ResourceType {
			return show(showType(t)), nil
		}
	}
	return nil, nowhere()
}
