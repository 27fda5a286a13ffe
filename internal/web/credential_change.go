package web

import (
	"fmt"
	"strconv"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/credential"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

func (w *Web) registerCredentialChange() {
	change := identity.Access(store.KindCredential, identity.RoleAdmin)
	w.show("/credentials/{id}/edit", change, (*visit).editCredential)
	w.do("/credentials/{id}/edit", change, (*visit).renameCredential)
	w.show("/credentials/{id}/replace", change, (*visit).replaceCredentialForm)
	w.do("/credentials/{id}/replace", change, (*visit).replaceCredential)
	w.do("/credentials/{id}/check", identity.Access(store.KindCredential, identity.RoleOperator), (*visit).checkCredential)
	w.do("/credentials/{id}/rotate", change, (*visit).rotateCredential)
	w.do("/credentials/{id}/delete", change, (*visit).deleteCredential)
}

func editFields(c *credentialView) []ui.Field {
	return []ui.Field{
		{Name: fieldName, Title: "Credential Name", Required: true, Long: 255, Value: c.Name, Focus: true},
		{Name: fieldText, Title: "Credential Description", Kind: "textarea", Rows: 3, Long: 10_000, Value: c.Description},
	}
}

func (v *visit) editCredential() error {
	c, err := v.credentialHere()
	if err != nil {
		return err
	}
	return v.shown("Rename "+c.Name, credentialEditPage(c, editFields(c), nil))
}

// renameCredential changes what needs no validation.
func (v *visit) renameCredential() error {
	c, err := v.credentialHere()
	if err != nil {
		return err
	}
	form, err := v.form()
	if err != nil {
		return err
	}
	name, text := form.Get(fieldName), form.Get(fieldText)
	if _, err := v.Credentials.Update(v.r.Context(), v.actor(), c.ID, credential.Change{Name: &name, Description: &text}); err != nil {
		fields := fill(editFields(c), form)
		problem, err := blame(err, fields)
		if err != nil {
			return err
		}
		return v.again("Rename "+c.Name, credentialEditPage(c, fields, problem))
	}
	return v.to(c.Path(), ui.Good, "Saved.")
}

// replaceForm is the form of a kind with what is known, but for what is secret.
func (v *visit) replaceForm(c *credentialView) *credentialForm {
	f := &credentialForm{Kind: c.Kind, Fields: kindFields(c.Kind), Path: c.Path() + "/replace", Submit: "Check and replace", Stages: stagesOf(c.Kind)}
	for i := range f.Fields {
		field := &f.Fields[i]
		if value := c.Settings[field.Name]; value != "" {
			field.Value = value
		}
		switch field.Name {
		case fieldRegion:
			field.Value = otherRegion
			for _, o := range field.Options {
				if o.Value == c.Origin {
					field.Value = o.Value
				}
			}
		case fieldLasts:
			if c.Settings[fieldExpires] != "" {
				field.Value = onDate
			}
		}
		if field.Kind == "secret" && c.Secrets[field.Name] != 0 && c.Kind.Connection != "rest" {
			field.Help, field.Required = "Leave it empty to keep the present one.", false
		}
	}
	if c.Account != nil {
		f.Fields = append(f.Fields, ui.Field{Name: "other_account", Kind: "checkbox", Title: "The new key may be of another account",
			Help: fmt.Sprintf("This credential is of %s. With a key of another account its sources go on in that account's data.", c.Account.Email)})
	}
	return f
}

func (v *visit) replaceCredentialForm() error {
	c, err := v.credentialHere()
	if err != nil {
		return err
	}
	return v.shown(c.ReplaceTitle(), credentialReplacePage(c, v.replaceForm(c)))
}

// replaceCredential validates a new secret and puts it in the old one's place.
func (v *visit) replaceCredential() error {
	c, err := v.credentialHere()
	if err != nil {
		return err
	}
	typed, err := v.form()
	if err != nil {
		return err
	}
	form := v.replaceForm(c)
	change := credential.Change{Values: form.values(typed, v.Now()), OtherAccount: typed.Has("other_account")}
	return v.staged(func(tell func(string)) (outcome, error) {
		change.Watch = func(s credential.Step) { tell(string(s)) }
		if _, err := v.Credentials.Update(v.r.Context(), v.actor(), c.ID, change); err != nil {
			return outcome{title: c.ReplaceTitle(), form: credentialFields(form), page: credentialReplacePage(c, form)}, form.wrong(v.named(err), typed)
		}
		return outcome{to: c.Path(), said: "Replaced. The old secret is destroyed."}, nil
	})
}

// checkCredential asks the service whether it is still good.
func (v *visit) checkCredential() error {
	id := v.number("id")
	_, err := v.Credentials.Check(v.r.Context(), v.actor(), id)
	return v.told(fmt.Sprintf("/credentials/%d", id), "It works.", err)
}

// rotateCredential lets the service make a new key.
func (v *visit) rotateCredential() error {
	form, err := v.form()
	if err != nil {
		return err
	}
	id := v.number("id")
	days, err := strconv.Atoi(form.Get("days"))
	if err != nil {
		return &weir.Error{Code: weir.CodeUsage, Where: "days", Message: "it is not a number of days", Remedy: "Choose one of those there are"}
	}
	_, err = v.Credentials.Rotate(v.r.Context(), v.actor(), id, days)
	return v.told(fmt.Sprintf("/credentials/%d", id), fmt.Sprintf("Cal.com made a new key, good for %d days. The old one is dead.", days), err)
}

// deleteCredential destroys its secrets and puts it aside.
func (v *visit) deleteCredential() error {
	id := v.number("id")
	if err := v.Credentials.Delete(v.r.Context(), v.actor(), id); err != nil {
		return v.told(fmt.Sprintf("/credentials/%d", id), "", err)
	}
	return v.to("/credentials", ui.Good, "Deleted; its secret is destroyed.")
}
