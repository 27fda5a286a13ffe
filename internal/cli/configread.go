package cli

import (
	"cmp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir/client"
	"github.com/weirhq/weir/internal/manifest"
	"github.com/weirhq/weir/internal/transform"
)

// serverConfig is a server's configuration as a manifest, with the ids that a
// manifest has no names for.
type serverConfig struct {
	*manifest.Manifest
	catalogue manifest.Catalogue
	datasets  map[yielded]client.DataSet // those that sources yield
	sinks     map[int64]map[string]any   // what destinations have, by id
	events    map[string]int64           // ids of what can be told
}

// yielded names a dataset by the source that yields it.
type yielded struct {
	source   int64
	endpoint string
}

// configReader reads a server's configuration, kind by kind. It changes
// nothing.
type configReader struct {
	s      *session
	server *client.Client
	out    *serverConfig
	names  map[manifest.Kind]map[int64]string
	titles map[string]client.VendorEndpoint // by endpoint
	from   map[int64]manifest.From          // of datasets, by id
	// brief leaves out what people call a dataset as long as they call it what
	// the server does.
	brief bool
	err   error
}

// readConfig reads what a server has.
func readConfig(s *session, server *client.Client, brief bool) (*serverConfig, error) {
	r := &configReader{s: s, server: server, brief: brief, names: map[manifest.Kind]map[int64]string{}, titles: map[string]client.VendorEndpoint{}, from: map[int64]manifest.From{},
		out: &serverConfig{Manifest: &manifest.Manifest{Sections: map[manifest.Kind]bool{}}, datasets: map[yielded]client.DataSet{}, sinks: map[int64]map[string]any{}, events: map[string]int64{}}}
	r.out.catalogue.Endpoints = map[string][]string{}
	for _, e := range listAll[client.VendorEndpoint](r, "vendor_endpoints") {
		vendor, id := e.ID()
		if e.Direction != "source" {
			continue
		}
		r.out.catalogue.Endpoints[vendor] = append(r.out.catalogue.Endpoints[vendor], id)
		r.titles[id] = e
	}
	r.credentials()
	r.lookups()
	r.transforms()
	r.sources()
	r.destinations()
	r.projects()
	r.channels()
	r.rules()
	return r.out, r.err
}

// listAll lists a noun, unless something went wrong before.
func listAll[T any](r *configReader, noun string) []T {
	if r.err != nil {
		return nil
	}
	found, err := client.List[T](r.s.ctx, r.server, "/"+noun, nil)
	r.err = err
	return found
}

func (r *configReader) add(k manifest.Kind, id int64, name string, spec manifest.Spec) {
	if r.names[k] == nil {
		r.names[k] = map[int64]string{}
	}
	r.names[k][id] = name
	r.out.Things = append(r.out.Things, &manifest.Thing{Kind: k, Name: name, ID: id, Spec: spec})
}

func (r *configReader) credentials() {
	for _, c := range listAll[client.Credential](r, credentialsNoun) {
		settings := map[string]string{}
		for name, value := range c.Settings {
			if name != manifest.Expires {
				settings[name] = value
			}
		}
		r.add(manifest.Credentials, c.ID, c.Name, &manifest.Credential{Common: manifest.Common{Description: c.Description, Tags: c.Tags}, Type: c.Kind(), Settings: settings})
	}
}

func (r *configReader) lookups() {
	for _, l := range listAll[client.Lookup](r, lookupsNoun) {
		defaults, err := json.Marshal(l.Defaults)
		if err != nil && r.err == nil {
			r.err = err
		}
		r.add(manifest.Lookups, l.ID, l.Name, &manifest.Lookup{Common: manifest.Common{Description: l.Description, Tags: l.Tags}, Type: l.Type, Key: l.PrimaryKey,
			Defaults: defaults, EmitDefaults: l.EmitDefault})
	}
}

func (r *configReader) transforms() {
	for _, t := range listAll[client.Transform](r, transformsNoun) {
		r.add(manifest.Transforms, t.ID, t.Name, &manifest.Transform{Common: manifest.Common{Description: t.Description, Tags: t.Tags}, Rules: rulesOf(t.Code)})
	}
}

// sources reads sources, and the datasets that they yield or that were made of
// those.
func (r *configReader) sources() {
	found, datasets := listAll[client.Source](r, sourcesNoun), listAll[client.DataSet](r, datasetsNoun)
	names := map[int64]string{}
	for _, src := range found {
		names[src.ID] = src.Name
	}
	labels := map[int64]map[string]manifest.Labels{}
	for _, d := range datasets {
		if len(d.Parents) > 0 {
			continue
		}
		r.out.datasets[yielded{d.SourceID, d.Endpoint}] = d
		r.from[d.ID] = manifest.From{Source: names[d.SourceID], Endpoint: d.Endpoint}
		if labels[d.SourceID] == nil {
			labels[d.SourceID] = map[string]manifest.Labels{}
		}
		labels[d.SourceID][d.Endpoint] = r.labels(d, names[d.SourceID])
	}
	for _, src := range found {
		spec := &manifest.Source{Common: manifest.Common{Description: src.Description, Tags: src.Tags}, Credential: r.names[manifest.Credentials][src.CredentialID],
			Endpoints: src.Endpoints, Params: src.Params, Active: src.Status == statusActive, Datasets: labels[src.ID],
			Schedule: manifest.Schedule{Cron: src.When.Cron, Zone: src.When.TimeZone, After: names[src.When.RunAfter], SweepHours: src.When.SweepHours}}
		if len(src.Endpoints) == 0 && src.Config["rest.iterations"] != nil {
			config, err := json.Marshal(src.Config)
			if err != nil && r.err == nil {
				r.err = err
			}
			spec.Config = manifest.WithNames(config, func(id int64) string { return r.names[manifest.Lookups][id] })
		}
		r.add(manifest.Sources, src.ID, src.Name, spec)
	}
	r.derived(datasets)
}

// statusActive is that of a part of a flow that is switched on.
const statusActive = "ACTIVE"

// derived reads datasets that were made of others.
func (r *configReader) derived(datasets []client.DataSet) {
	for _, d := range datasets {
		if len(d.Parents) > 0 {
			r.from[d.ID] = manifest.From{Dataset: d.Name}
		}
	}
	for _, d := range datasets {
		if len(d.Parents) == 0 {
			continue
		}
		spec := &manifest.Dataset{Common: manifest.Common{Description: d.Description, Tags: d.Tags}, From: r.from[d.Parents[0].ID],
			Transforms: rulesOf(d.Own.Code), Active: d.Status == statusActive}
		if d.TransformID != 0 {
			spec.Transform = cmp.Or(r.names[manifest.Transforms][d.TransformID], manifest.Unseen)
		}
		r.add(manifest.Datasets, d.ID, d.Name, spec)
	}
}

// rulesOf are rules as the API gives them.
func rulesOf(code []client.RuleOf) []transform.Rule {
	out := make([]transform.Rule, len(code))
	for i, r := range code {
		out[i] = transform.Rule(r)
	}
	return out
}

const transformsNoun = "transforms"

// labels are what people call a dataset that a source yields.
func (r *configReader) labels(d client.DataSet, source string) manifest.Labels {
	l := manifest.Labels{Name: &d.Name, Description: &d.Description, Tags: d.Tags}
	if !r.brief {
		return l
	}
	usual := r.titles[d.Endpoint]
	if d.Name == source || d.Name == source+": "+usual.Title {
		l.Name = nil
	}
	if d.Description == usual.Description {
		l.Description = nil
	}
	return l
}

func (r *configReader) destinations() {
	for _, d := range listAll[client.Destination](r, destinationsNoun) {
		r.out.sinks[d.ID] = d.Config
		mode, _ := d.Config["mode"].(string)
		if mode == "" {
			mode, _ = d.Config["insert.mode"].(string)
		}
		if mode = strings.ToLower(mode); mode == "insert" {
			mode = "history"
		} else if mode == "" {
			mode = "upsert"
		}
		r.add(manifest.Destinations, d.ID, d.Name, &manifest.Destination{Common: manifest.Common{Description: d.Description, Tags: d.Tags}, From: r.from[d.DataSetID],
			Credential: r.names[manifest.Credentials][d.CredentialID], Mode: mode, Active: d.Status == statusActive})
	}
}

func (r *configReader) projects() {
	for _, p := range listAll[client.Project](r, projectsNoun) {
		sources := []string{}
		for _, f := range p.Flows {
			sources = append(sources, r.names[manifest.Sources][f.SourceID])
		}
		r.add(manifest.Projects, p.ID, p.Name, &manifest.Project{Common: manifest.Common{Description: p.Description, Tags: p.Tags}, Sources: sources})
	}
}

// channelTypes are the server's words for channels; APP needs no setting up.
var channelTypes = map[string]string{"EMAIL": "email", "SLACK": "slack", "WEBHOOKS": "webhook"}

// channelSecrets are the fields of channels that hold secrets: the first is the
// one that a file calls secret.
var channelSecrets = map[string][]string{"email": {"password"}, "slack": {"webhook_url"}, "webhook": {"url", "secret"}}

func (r *configReader) channels() {
	for _, c := range listAll[client.ChannelSetting](r, channelsNoun) {
		kind := channelTypes[c.Channel]
		if kind == "" {
			continue
		}
		settings := map[string]string{}
		for name, v := range c.Config {
			if text, isText := v.(string); isText && name != "name" && !slices.Contains(channelSecrets[kind], name) {
				settings[name] = text
			}
		}
		r.add(manifest.Channels, c.ID, c.Name, &manifest.Channel{Type: kind, Settings: settings})
	}
}

// aboutKinds are the server's words for what a rule is about.
var aboutKinds = map[string]manifest.Kind{"SOURCE": manifest.Sources, "SINK": manifest.Destinations, "DATA_CREDENTIAL": manifest.Credentials, "DATASET": manifest.Datasets}

const rulesNoun = "notification_settings"

func (r *configReader) rules() {
	if r.err != nil {
		return
	}
	var types []client.NotificationType
	if r.err = r.server.Call(r.s.ctx, "GET", "/notification_types", nil, &types); r.err != nil {
		return
	}
	codes := map[int64]string{}
	for _, t := range types {
		codes[t.ID], r.out.events[t.Code] = t.Code, t.ID
		r.out.catalogue.Events = append(r.out.catalogue.Events, t.Code)
	}
	for _, one := range listAll[client.Rule](r, rulesNoun) {
		rule := &manifest.Rule{Event: codes[one.TypeID], Channel: r.names[manifest.Channels][one.SettingID], Shared: one.Scope == "ORG", Muted: one.Status != statusActive,
			Digest: one.Config.Digest, Hour: one.Config.Hour, Zone: one.Config.TimeZone, All: one.Config.Whose == "all"}
		if one.SettingID == 0 {
			rule.Channel = strings.ToLower(one.Channel)
		}
		if rule.Digest == "immediate" {
			rule.Digest = ""
		}
		if rule.Zone == "UTC" {
			rule.Zone = ""
		}
		if one.ResourceID != 0 {
			kind := aboutKinds[one.ResourceType]
			if kind == "" {
				kind = manifest.Datasets
			}
			rule.About = manifest.About{Kind: kind, Name: r.names[kind][one.ResourceID]}
		}
		r.add(manifest.Rules, one.ID, rule.Key(), rule)
	}
}
