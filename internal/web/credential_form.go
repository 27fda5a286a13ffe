package web

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/web/ui"
)

// The fields of a credential's form that are not its kind's own.
const (
	fieldKind    = "kind"
	fieldName    = "name"
	fieldText    = "description"
	fieldBase    = "base_url"
	fieldRegion  = "region" // stands for base_url: one of the service's own, or "other"
	fieldExpires = "expires_at"
	fieldLasts   = "expires" // stands for expires_at: days from now, or "date"
	otherRegion  = "other"
	onDate       = "date"
)

// credentialForm is the form that makes a credential, or gives it a new secret.
type credentialForm struct {
	Kind    *credential.Kind
	Fields  []ui.Field
	Problem *ui.Problem
	Stages  []ui.Stage
	Path    string // where it is sent
	Submit  string
	Next    string // where to go on afterwards; "" for the tiles
}

// newCredentialForm is the empty form of a kind.
func (w *Web) newCredentialForm(k *credential.Kind) *credentialForm {
	f := &credentialForm{Kind: k, Path: "/credentials/new", Submit: "Save", Stages: stagesOf(k)}
	f.Fields = append([]ui.Field{
		{Name: fieldName, Title: "Credential Name", Help: "After whose key it is, such as the team.", Required: true, Long: 255, Focus: true},
		{Name: fieldText, Title: "Credential Description", Kind: "textarea", Rows: 2, Long: 10_000},
	}, kindFields(k)...)
	return f
}

// kindFields are the fields of a kind as they are typed.
func kindFields(k *credential.Kind) (fields []ui.Field) {
	for _, f := range k.Fields {
		switch {
		case f.Name == fieldBase && k.Connector != nil:
			fields = append(fields, regionFields(k, f)...)
		case f.Name == fieldExpires:
			fields = append(fields, expiryFields()...)
		default:
			fields = append(fields, kindField(f))
		}
	}
	slices.SortStableFunc(fields, func(a, b ui.Field) int { return cmp.Compare(rare(a), rare(b)) })
	return fields
}

// rare is 1 for what is hardly ever changed, and comes last.
func rare(f ui.Field) int {
	if f.Name == "rate_limit" {
		return 1
	}
	return 0
}

func kindField(f credential.Field) ui.Field {
	out := ui.Field{Name: f.Name, Title: f.Title, Help: strings.TrimSpace(f.Help), Required: f.Required, Value: f.Default, Long: 4096}
	switch {
	case f.Secret:
		out.Kind, out.Value = "secret", ""
	case len(f.Values) > 0:
		out.Kind = "select"
		for _, value := range f.Values {
			out.Options = append(out.Options, ui.Option{Value: value, Title: value})
		}
	case f.Name == "rate_limit" || f.Name == "port":
		out.Kind, out.Min = "number", "1"
	}
	return out
}

// regionFields choose the host: one of the service's own, or another.
func regionFields(k *credential.Kind, f credential.Field) []ui.Field {
	names := map[string]string{"US": "United States", "EU": "European Union"}
	choice := ui.Field{Name: fieldRegion, Title: "Host", Kind: "radio", Value: otherRegion}
	for _, region := range []string{"US", "EU"} {
		if base := k.Connector.Regions[region]; base != "" {
			choice.Options = append(choice.Options, ui.Option{Value: base, Title: names[region], Help: strings.TrimPrefix(base, "https://")})
			if base == f.Default {
				choice.Value = base
			}
		}
	}
	choice.Options = append(choice.Options, ui.Option{Value: otherRegion, Title: "Another address", Help: "of your own server"})
	other := ui.Field{Name: fieldBase, Title: "Address of your own server", Help: "Only for another address, such as https://cal.example.com. The key goes to this server and nowhere else.", Holder: "https://", Long: 2048}
	if choice.Value == otherRegion {
		other.Value = f.Default
	}
	return []ui.Field{choice, other}
}

func expiryFields() []ui.Field {
	return []ui.Field{
		{Name: fieldLasts, Title: "Key expires", Kind: "select", Help: "As it was chosen when the key was made. Weir reminds you before.", Options: []ui.Option{
			{Value: "", Title: "never"}, {Value: "30", Title: "30 days from now"}, {Value: "90", Title: "90 days from now"}, {Value: "365", Title: "1 year from now"}, {Value: onDate, Title: "on a date"}}},
		{Name: fieldExpires, Title: "Date of expiry", Kind: "date", Help: "Only for a date."},
	}
}

// stagesOf are the steps of a kind's validation.
func stagesOf(k *credential.Kind) []ui.Stage {
	if k.Connection != "rest" {
		return []ui.Stage{{ID: "stored", Title: "Checked and stored", State: ui.StageWaiting}}
	}
	stages := []ui.Stage{{ID: string(credential.StepHost), Title: "Host reached", State: ui.StageWaiting}, {ID: string(credential.StepKey), Title: "Key accepted", State: ui.StageWaiting}}
	if k.Connector != nil {
		stages = append(stages, ui.Stage{ID: string(credential.StepAccount), Title: "Account found", State: ui.StageWaiting})
	}
	return stages
}

// values reads what was typed as the kind's own fields.
func (f *credentialForm) values(form url.Values, now time.Time) map[string]weir.Secret {
	values := map[string]weir.Secret{}
	for _, field := range f.Kind.Fields {
		typed := form.Get(field.Name)
		switch {
		case field.Name == fieldBase && form.Has(fieldRegion) && form.Get(fieldRegion) != otherRegion:
			typed = form.Get(fieldRegion)
		case field.Name == fieldExpires && form.Has(fieldLasts):
			typed = expiry(form.Get(fieldLasts), typed, now)
		}
		if strings.TrimSpace(typed) != "" {
			values[field.Name] = weir.NewSecret(typed)
		}
	}
	return values
}

// expiry is the day that a choice stands for; "" is never.
func expiry(choice, date string, now time.Time) string {
	days := map[string]int{"30": 30, "90": 90, "365": 365}[choice]
	switch {
	case choice == onDate:
		return date
	case days > 0:
		return now.AddDate(0, 0, days).UTC().Format(time.DateOnly)
	}
	return ""
}

// wrong puts an error where it belongs in the form, with what was typed.
func (f *credentialForm) wrong(err error, form url.Values) error {
	f.Fields = fill(f.Fields, form)
	for i := range f.Fields {
		f.Fields[i].Focus = false
	}
	var unknown error
	f.Problem, unknown = blame(err, f.Fields)
	return unknown
}
