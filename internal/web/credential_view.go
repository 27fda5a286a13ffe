package web

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

// credentialView is a credential as pages show it.
type credentialView struct {
	*credential.Credential
	Sources, Destinations int
	Fresh                 bool        // it was just made
	Budget                *budgetView // nil for one without
}

// Path is where its page lies.
func (c *credentialView) Path() string { return fmt.Sprintf("/credentials/%d", c.ID) }

// Checked reports whether a service was asked about it, not just its form checked.
func (c *credentialView) Checked() bool { return c.Origin != "" && c.VerifiedAt != 0 }

// Users is how many use it, in words.
func (c *credentialView) Users() string {
	if c.Sources+c.Destinations == 0 {
		return "not in use yet"
	}
	return "used by " + ui.Plural(int64(c.Sources), "source") + " and " + ui.Plural(int64(c.Destinations), "destination")
}

// soon is how long before a key ends its badge warns.
const soon = 30 * 24 * time.Hour

// Expiry is when its key ends, in words, and how urgent that is.
func (c *credentialView) Expiry(now time.Time) (ui.Tone, string) {
	end := time.UnixMicro(c.ExpiresAt)
	switch left := end.Sub(now); {
	case left <= 0:
		return ui.Bad, "expired"
	case left < soon:
		return ui.Warn, "expires " + ui.Since(end, now)
	}
	return ui.Plain, "expires " + ui.Day(end)
}

// ReplaceTitle is what replacing its secret is called.
func (c *credentialView) ReplaceTitle() string {
	if c.Kind.Connection == "rest" {
		return "Replace key"
	}
	return "Change login"
}

// Facts are what is known of it. What is secret is known to nobody.
func (c *credentialView) Facts(now time.Time) []ui.Fact {
	facts := []ui.Fact{{Title: "Kind", Value: ui.Text(c.Kind.Title)}, {Title: "Id", Value: ui.Copy(fmt.Sprint(c.ID))}}
	if a := c.Account; a != nil {
		facts = append(facts, accountFacts(a)...)
	}
	if c.Origin != "" {
		facts = append(facts, ui.Fact{Title: "Goes only to", Value: ui.Copy(c.Origin)})
	}
	for _, f := range c.Kind.Fields {
		switch at := c.Secrets[f.Name]; {
		case at != 0:
			facts = append(facts, ui.Fact{Title: f.Title, Value: ui.Text("set " + ui.Since(time.UnixMicro(at), now))})
		case c.Settings[f.Name] != "" && c.Settings[f.Name] != c.Origin && f.Name != fieldExpires:
			facts = append(facts, ui.Fact{Title: f.Title, Value: ui.Text(c.Settings[f.Name])})
		}
	}
	return append(facts, ui.Fact{Title: "Verified", Value: ui.Ago(micros(c.VerifiedAt), now)}, ui.Fact{Title: "Expires", Value: ui.Time(micros(c.ExpiresAt))},
		ui.Fact{Title: "Made", Value: ui.Time(micros(c.Created))})
}

func accountFacts(a *connector.Account) []ui.Fact {
	facts := []ui.Fact{{Title: "Account", Value: ui.Text(a.Name)}, {Title: "E-mail", Value: ui.Text(a.Email)}, {Title: "Time zone", Value: ui.Text(a.TimeZone)}, {Title: "Account id", Value: ui.Copy(a.ID)}}
	if a.Organization != "" {
		facts = append(facts, ui.Fact{Title: "Organization id", Value: ui.Copy(a.Organization)})
	}
	return facts
}

// credentialViews counts who uses credentials, for all of them at once.
func (v *visit) credentialViews(ctx context.Context, all ...*credential.Credential) ([]*credentialView, error) {
	views, ids := make([]*credentialView, len(all)), make([]int64, len(all))
	for i, c := range all {
		views[i], ids[i] = &credentialView{Credential: c, Fresh: v.query().Get("fresh") == fmt.Sprint(c.ID)}, c.ID
	}
	if len(ids) == 0 {
		return views, nil
	}
	uses, err := v.Credentials.Users(ctx, ids...)
	for _, u := range uses {
		i := slices.Index(ids, u.Target)
		switch u.Kind {
		case store.KindSource:
			views[i].Sources++
		case store.KindDestination:
			views[i].Destinations++
		}
	}
	return views, err
}
