package cli

import (
	"errors"
	"strconv"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/manifest"
)

// fieldWord is a file's word for a field that the server names.
type fieldWord struct{ server, file string }

// fieldWords are a file's words for what the server calls otherwise when it
// refuses something, by kind. The first that fits counts.
var fieldWords = map[manifest.Kind][]fieldWord{
	manifest.Credentials: {{"credentials_type", "type"}, {"credentials", "settings"}, {"template_config", "settings"}},
	manifest.Lookups:     {{"map_primary_key", "key"}, {"data_type", "type"}, {"data_defaults", "defaults"}, {"emit_data_default", "emit_defaults"}},
	manifest.Sources: {{"data_credentials_id", "credential"}, {"source_config", "config"}, {"template_config", "params"}, {"endpoint", "endpoints"},
		{"schedule.time_zone", "schedule.zone"}, {"schedule.run_after", "schedule.after"}, {"time_zone", "schedule.zone"}, {"run_after", "schedule.after"},
		{"sweep_hours", "schedule.sweep_hours"}, {"cron", "schedule.cron"}},
	manifest.Datasets:     {{"parent_data_set_id", "dataset"}, {"transform_id", manifest.TransformField}},
	manifest.Transforms:   {{"code", manifest.RulesField}},
	manifest.Destinations: {{"data_credentials_id", "credential"}, {"data_set_id", "dataset"}, {"sink_config.mode", "mode"}, {"sink_config.insert.mode", "mode"}},
	manifest.Projects:     {{"data_flows", "sources"}},
	manifest.Channels:     {{"channel", "type"}, {"config", "settings"}},
	manifest.Rules: {{"notification_type_id", "event"}, {"notification_channel_setting_id", "channel"}, {"resource_id", "about"}, {"notification_resource_type", "about"},
		{"scope", "shared"}, {"status", "muted"}, {"config.time_zone", "zone"}, {"config.digest", "digest"}, {"config.hour", "hour"}, {"config.whose", "whose"}},
}

// inFile is what a file calls a field that the server names. Secrets are under a
// word of their own.
func inFile(t *manifest.Thing, field string) string {
	for _, w := range fieldWords[t.Kind] {
		if rest, is := strings.CutPrefix(field, w.server); is && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			field = w.file + rest
			break
		}
	}
	if name, is := strings.CutPrefix(field, "parameter "); is && t.Kind == manifest.Sources {
		return "params." + name
	}
	for _, s := range secretsOf(t) {
		if field == s.field || field == "settings."+s.field {
			return s.name
		}
	}
	return field
}

// ruleInFile is what a file calls a rule of a thing that the server names as
// "rule 2 cast.to", and what else it says of the place. Rules of another dataset, or
// of a transform that is named, have no name here.
func ruleInFile(t *manifest.Thing, about string) (field, rest string) {
	list := manifest.TransformsField
	switch spec := t.Spec.(type) {
	case *manifest.Transform:
		list = manifest.RulesField
	case *manifest.Dataset:
		if spec.Transform != "" {
			return manifest.TransformField, about
		}
	}
	words := strings.Fields(about)
	if len(words) == 3 && words[0] == "rule" {
		if n, err := strconv.Atoi(words[1]); err == nil {
			operation, of, _ := strings.Cut(words[2], ".")
			return manifest.RuleField(list, n, operation, of), ""
		}
	}
	return list, about
}

// refusedThing says of which thing of a file a refusal is, and of which of its
// fields, in the file's words. What the server says of it stays, with its class.
func refusedThing(c *manifest.Change, err error) error {
	var refused *client.Error
	if c.File == nil || !errors.As(err, &refused) || len(refused.Details) == 0 {
		return atThing(c.Where(), err)
	}
	lines := make([]string, len(refused.Details))
	for i, d := range refused.Details {
		field, about, _ := strings.Cut(d.Field, ": ")
		rule, ofUser := strings.CutPrefix(about, "transform: ")
		switch {
		case field == "transform":
			field, about = ruleInFile(c.File, about)
		case ofUser: // of a transform, in view of a dataset that uses it
			user := field
			field, about = ruleInFile(c.File, rule)
			about = strings.TrimPrefix(about+": for "+user, ": ")
		}
		message := strings.TrimPrefix(about+": "+d.Message, ": ")
		lines[i] = strings.TrimSuffix(c.File.Problem(inFile(c.File, field), message, d.Remedy).String(), ".")
	}
	return &weir.Error{Code: weir.CodeOf(err), Message: strings.Join(lines, "\n  "), Err: err}
}
