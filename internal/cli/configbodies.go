package cli

import (
	"maps"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/manifest"
	"github.com/weirhq/weir/internal/transform"
)

// body is what makes or changes a thing.
func (w *configWriter) body(c *manifest.Change) (map[string]any, error) {
	switch spec := c.File.Spec.(type) {
	case *manifest.Credential:
		return w.credentialBody(c, spec), nil
	case *manifest.Lookup:
		body := commonBody(c.Name, spec.Common)
		body["data_type"], body["map_primary_key"], body["emit_data_default"] = spec.Type, spec.Key, spec.EmitDefaults
		if body["data_defaults"] = spec.Defaults; len(spec.Defaults) == 0 {
			body["data_defaults"] = map[string]any{}
		}
		return body, nil
	case *manifest.Transform:
		body := commonBody(c.Name, spec.Common)
		if c.Server == nil || c.Touches(manifest.RulesField) {
			body["code"] = codeOf(spec.Rules)
		}
		return body, nil
	case *manifest.Source:
		body, _ := w.sourceBody(c.Name, spec)
		return body, nil
	case *manifest.Dataset:
		body := commonBody(c.Name, spec.Common)
		switch {
		case c.Server != nil && !c.Touches(manifest.TransformField): // that is transforms, too
		case spec.Transform != "":
			body["transform_id"] = w.ids[manifest.Transforms][spec.Transform]
		default:
			body["transform"] = codeOf(spec.Transforms)
		}
		if c.Server != nil {
			return body, nil
		}
		parent, err := w.dataset(spec.From)
		body["parent_data_set_id"] = parent
		return body, err
	case *manifest.Destination:
		return w.destinationBody(c, spec)
	case *manifest.Project:
		sources := []int64{}
		for _, name := range spec.Sources {
			sources = append(sources, w.ids[manifest.Sources][name])
		}
		body := commonBody(c.Name, spec.Common)
		maps.Copy(body, client.FlowsOf(sources...))
		return body, nil
	case *manifest.Channel:
		return map[string]any{"channel": channelWord(spec.Type), "config": client.ChannelConfig(c.Name, spec.Settings, w.secrets[c.File])}, nil
	case *manifest.Rule:
		return w.ruleBody(spec), nil
	}
	return nil, &weir.Error{Code: weir.CodeInternal, Where: "apply", Message: "there is no way to make a " + c.Kind.One()}
}

// codeOf is rules as the API takes them; an empty list for none.
func codeOf(rules []transform.Rule) []client.RuleOf {
	out := make([]client.RuleOf, len(rules))
	for i, r := range rules {
		out[i] = client.RuleOf(r)
	}
	return out
}

func commonBody(name string, c manifest.Common) map[string]any {
	tags := c.Tags
	if tags == nil {
		tags = []string{}
	}
	return map[string]any{"name": name, "description": c.Description, "tags": tags}
}

// credentialBody sends values only where they are new or differ: each time they
// are sent the service is asked whether they are good.
func (w *configWriter) credentialBody(c *manifest.Change, spec *manifest.Credential) map[string]any {
	body := commonBody(c.Name, spec.Common)
	if c.Server == nil || c.Touches("settings.") || c.Renews() {
		maps.Copy(body, client.CredentialBody("", "", spec.Settings, w.secrets[c.File]))
	}
	if c.Server == nil {
		body["credentials_type"] = spec.Type
	}
	return body
}

// sourceBody is what makes or changes a source. Known says that the server has
// all that it names, but for the schedule's.
func (w *configWriter) sourceBody(name string, spec *manifest.Source) (body map[string]any, known bool) {
	known = true
	body = commonBody(name, spec.Common)
	body["source_type"], body["data_credentials_id"] = "rest", w.ids[manifest.Credentials][spec.Credential]
	if len(spec.Config) > 0 {
		body["source_config"] = manifest.WithIDs(spec.Config, func(name string) int64 {
			id := w.ids[manifest.Lookups][name]
			known = known && id != 0
			return id
		})
	} else {
		body["endpoints"], body["template_config"] = spec.Endpoints, spec.Params
		if spec.Params == nil {
			body["template_config"] = map[string]any{}
		}
	}
	schedule := map[string]any{}
	if spec.Schedule.Cron != "" {
		schedule["cron"] = spec.Schedule.Cron
	}
	if spec.Schedule.Zone != "" {
		schedule["time_zone"] = spec.Schedule.Zone
	}
	if spec.Schedule.After != "" {
		schedule["run_after"] = w.ids[manifest.Sources][spec.Schedule.After]
	}
	if spec.Schedule.SweepHours != 0 {
		schedule["sweep_hours"] = spec.Schedule.SweepHours
	}
	body["schedule"] = schedule
	return body, known
}

// destinationBody keeps what of a destination's configuration a file has no
// word for.
func (w *configWriter) destinationBody(c *manifest.Change, spec *manifest.Destination) (map[string]any, error) {
	config := map[string]any{}
	if c.Server != nil {
		maps.Copy(config, w.have.sinks[c.Server.ID])
		delete(config, "insert.mode")
	}
	config["mode"] = spec.Mode
	dataset, err := w.dataset(spec.From)
	body := commonBody(c.Name, spec.Common)
	body["data_credentials_id"], body["data_set_id"], body["sink_config"] = w.ids[manifest.Credentials][spec.Credential], dataset, config
	return body, err
}

func channelWord(kind string) string {
	for word, one := range channelTypes {
		if one == kind {
			return word
		}
	}
	return ""
}

// ruleBody is what makes or changes a rule.
func (w *configWriter) ruleBody(r *manifest.Rule) map[string]any {
	wish := client.RuleWish{Digest: r.Digest, Hour: r.Hour, TimeZone: r.Zone}
	if r.All {
		wish.Whose = "all"
	}
	body := map[string]any{"notification_type_id": w.have.events[r.Event], "config": wish, "status": "ACTIVE", "scope": "USER"}
	if r.Muted {
		body["status"] = "PAUSED"
	}
	if r.Shared {
		body["scope"] = "ORG"
	}
	switch r.Channel {
	case manifest.App:
		body["channel"] = "APP"
	case manifest.Mail:
		body["channel"] = "EMAIL"
	default:
		body["notification_channel_setting_id"] = w.ids[manifest.Channels][r.Channel]
		body["channel"] = w.wordOf(r.Channel)
	}
	if r.About.Kind != "" {
		body["resource_id"] = w.ids[r.About.Kind][r.About.Name]
		for word, k := range aboutKinds {
			if k == r.About.Kind {
				body["notification_resource_type"] = word
			}
		}
	}
	return body
}

// wordOf is the server's word for the type of a channel.
func (w *configWriter) wordOf(name string) string {
	for _, m := range []*manifest.Manifest{w.file, w.have.Manifest} {
		for _, t := range m.Of(manifest.Channels) {
			if t.Name == name {
				return channelWord(t.Spec.(*manifest.Channel).Type)
			}
		}
	}
	return ""
}
