package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// channelSettings are what a channel of each type has besides its secrets.
var channelSettings = map[string][]string{"email": {"to", "from", "host", "port", "user", "tls"}, "slack": {}, "webhook": {}}

func readChannel(o *object) Spec {
	c := &Channel{Type: o.oneOf("type", "", "email", "slack", "webhook"), Settings: o.pairs("settings"), Secret: o.secret("secret"), SigningSecret: o.secret("signing_secret")}
	if c.Type == "" {
		if !o.has("type") {
			o.missing("type", "Use email, slack or webhook")
		}
		return c
	}
	for _, name := range slices.Sorted(maps.Keys(c.Settings)) {
		if known := channelSettings[c.Type]; !slices.Contains(known, name) {
			remedy := "Leave it out: the address is a secret, and stands as secret: {env: VARIABLE}"
			if len(known) > 0 {
				remedy = "Use " + strings.Join(known, ", ") + "; a password stands as secret: {env: VARIABLE}"
			}
			o.wrong(o.place, "settings."+name, "a channel of this type has no such setting", remedy)
		}
	}
	if c.Type != "webhook" && !c.SigningSecret.IsZero() {
		o.wrong(o.place, "signing_secret", "it is a webhook's", "Leave it out")
	}
	return c
}

func (c *Channel) values() []value {
	out := []value{{"type", c.Type}}
	for _, name := range channelSettings[c.Type] {
		out = append(out, value{"settings." + name, c.Settings[name]})
	}
	return out
}

func (c *Channel) uses() []reference { return nil }

var ruleFields = []string{"event", "channel", "about", "shared", "muted", "digest", "hour", "zone", "whose"}

// rules reads the list of rules. They have no names: what they are about tells
// them apart.
func (r *fileReader) rules(top *object) {
	n := top.value(string(Rules), "a list", formList)
	if n == nil {
		return
	}
	for i, one := range n.list {
		p := r.at(fmt.Sprintf("rules.%d", i), one.line)
		rule := readRule(r.object(p, "", one, ruleFields...))
		r.m.Things = append(r.m.Things, &Thing{Kind: Rules, Name: rule.Key(), Spec: rule, place: p})
	}
}

func readRule(o *object) *Rule {
	rule := &Rule{Event: o.needed("event", "Name what is told, such as flow_failed"), Channel: o.needed("channel", "Name one of channels, or app, or email for the server's own mail"),
		Shared: o.flag("shared", false), Muted: o.flag("muted", false), Digest: o.oneOf("digest", "", "immediate", "hourly", "daily"),
		Hour: o.number("hour", 23), Zone: o.text("zone"), All: o.oneOf("whose", "own", "own", "all") == "all"}
	if rule.Digest == "immediate" {
		rule.Digest = ""
	}
	if rule.Zone == "UTC" {
		rule.Zone = ""
	}
	if _, err := time.LoadLocation(rule.Zone); err != nil || rule.Zone == "Local" {
		o.wrong(o.place, "zone", "it is no known time zone", "Write it as Europe/Berlin, or leave it out for UTC")
	}
	if rule.Digest != "daily" && (o.has("hour") || o.has("zone")) {
		o.wrong(o.place, "hour", "only a daily digest has an hour", "Write digest: daily, or leave hour and zone out")
	}
	about := o.part("about", "source", "destination", "credential")
	for _, k := range []Kind{Sources, Destinations, Credentials} {
		if name := about.text(k.One()); name != "" {
			if rule.About.Kind != "" {
				o.wrong(o.place, "about", "it names more than one thing", "Write a rule for each")
			}
			rule.About = About{k, name}
		}
	}
	if o.has("about") && rule.About.Kind == "" {
		o.wrong(o.place, "about", "it names nothing", "Write {source: NAME}, {destination: NAME} or {credential: NAME}, or leave it out for all")
	}
	return rule
}

func (r *Rule) values() []value {
	whose := ""
	if r.All {
		whose = "all"
	}
	return []value{{"event", r.Event}, {"channel", r.Channel}, {"about", r.About.text()}, {"shared", r.Shared},
		{"muted", r.Muted}, {"digest", r.Digest}, {"hour", r.Hour}, {"zone", r.Zone}, {"whose", whose}}
}

func (a About) text() string {
	if a.Kind == "" {
		return ""
	}
	return a.Kind.One() + " " + a.Name
}

func (r *Rule) uses() (out []reference) {
	if r.Channel != App && r.Channel != Mail {
		out = append(out, reference{"channel", Channels, r.Channel})
	}
	if r.About.Kind != "" {
		out = append(out, reference{"about", r.About.Kind, r.About.Name})
	}
	return out
}
