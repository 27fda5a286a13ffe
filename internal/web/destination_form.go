package web

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/flow"
	"github.com/weirhq/weir/internal/identity"
	"github.com/weirhq/weir/internal/store"
	"github.com/weirhq/weir/internal/web/ui"
)

// The fields are called as the REST API calls them, so that errors find them.
const (
	fieldTarget = "data_credentials_id"
	fieldMode   = "mode"
	fieldFill   = "activate"
	fieldBlind  = "unseen" // ticked to go on though the place could not be looked at
)

// destinationForm is where a dataset is to go, as far as it was filled in.
type destinationForm struct {
	Fields  []ui.Field
	Problem *ui.Problem
	Path    string // where it is sent to
	Back    string
	Add     string // where a credential is added
	Seen    int64  // the version that it was made of; 0 of a new one
	Targets int    // how many places there are
}

// destinationFields are the fields of both forms; To is nil for a new one.
func (v *visit) destinationFields(to *flow.Destination) (fields []ui.Field, targets int, err error) {
	all, err := v.targets()
	if err != nil {
		return nil, 0, err
	}
	where := ui.Field{Name: fieldTarget, Title: "Where to", Kind: "radio", Required: true}
	for _, c := range all {
		where.Options = append(where.Options, ui.Option{Value: fmt.Sprint(c.ID), Title: c.Name, Help: c.Kind.Title})
	}
	name := ui.Field{Name: "name", Title: "Name", Long: 255, Help: "Left empty, it is called after what goes there, and where to."}
	text := ui.Field{Name: "description", Title: "Description", Kind: "textarea", Rows: 2, Long: 10_000}
	mode := ui.Field{Name: fieldMode, Title: "What is kept", Kind: "radio", Required: true, Value: string(weir.ModeUpsert), Options: []ui.Option{
		{Value: string(weir.ModeUpsert), Title: "The newest version of each record", Help: "One row a record. What is gone from the source is marked."},
		{Value: string(weir.ModeHistory), Title: "Every version of each record", Help: "A row for each change, with the time it was read."}}}
	if to == nil {
		if len(all) > 0 {
			where.Value = fmt.Sprint(all[0].ID)
		}
		return []ui.Field{where, name, text, mode, {Name: fieldFill, Title: "Fill it at once", Kind: "checkbox", Checked: true, Help: "From what Weir keeps; that costs no request."}}, len(all), nil
	}
	where.Value = fmt.Sprint(to.Credential)
	if !slices.ContainsFunc(where.Options, func(o ui.Option) bool { return o.Value == where.Value }) {
		where.Options = append([]ui.Option{{Value: where.Value, Title: "The present place", Help: notShared}}, where.Options...)
	}
	name.Value, name.Required, name.Help, name.Focus = to.Name, true, "", true
	text.Value, mode.Value = to.Description, string(to.Mode)
	where.Help = "What it holds already stays where it is. A new place is filled from what Weir keeps; that costs no request."
	return []ui.Field{name, text, where, mode}, len(where.Options), nil
}

// typedMode is what the form says is to be kept.
func typedMode(form url.Values) (weir.Mode, error) {
	mode := weir.Mode(form.Get(fieldMode))
	if mode != weir.ModeUpsert && mode != weir.ModeHistory {
		return "", &weir.Error{Code: weir.CodeUsage, Where: fieldMode, Message: "there is no such mode", Remedy: "Choose one of those there are"}
	}
	return mode, nil
}

// mayUseTarget makes sure that the visitor may use the credential of a form.
func (v *visit) mayUseTarget(id int64) error {
	if id == 0 {
		return &weir.Error{Code: weir.CodeUsage, Where: fieldTarget, Message: "no place is chosen", Remedy: "Choose one, or add a credential first"}
	}
	err := v.People.Authorize(v.r.Context(), v.who, identity.Access(store.KindCredential, identity.RoleOperator), id)
	if code := weir.CodeOf(err); code == weir.CodeNotFound || code == weir.CodeForbidden {
		return &weir.Error{Code: weir.CodeUsage, Where: fieldTarget, Message: "it is not there, or not yours to use", Remedy: "Choose another one, or ask its owner to share it"}
	}
	return err
}

// obstacles is what stands against delivering, as an error of the form: tables
// that somebody else has, or a place that could not be looked at, unless the
// visitor goes on knowingly.
func (v *visit) obstacles(fit *flow.Fit, form url.Values) error {
	if len(fit.Obstacles) > 0 {
		return v.inTheWay(fit.Obstacles)
	}
	if fit.Unseen == nil || form.Has(fieldBlind) {
		return nil
	}
	why := fit.Unseen.Error()
	var e *weir.Error
	if errors.As(fit.Unseen, &e) {
		why = e.Message
	}
	return &weir.Error{Code: weir.CodeTransient, Where: fieldTarget, Reason: reasonUnseen, Message: "whether its tables are free could not be looked up: " + why,
		Remedy: "Mend that and save again, or tick below that you want to go on"}
}

// reasonUnseen marks the error of a place that could not be looked at.
const reasonUnseen = "unseen"

// mostObstacles is how many things in the way one message names.
const mostObstacles = 3

// inTheWay says what is in the way, and names the destinations that the visitor
// may see.
func (v *visit) inTheWay(all []flow.Obstacle) error {
	var rivals []store.Resource
	for _, o := range all {
		if o.Rival.ID != 0 {
			rivals = append(rivals, o.Rival)
		}
	}
	roles, err := v.People.RolesOn(v.r.Context(), v.who, rivals...)
	if err != nil {
		return err
	}
	var says []string
	for _, o := range all[:min(len(all), mostObstacles)] {
		message := o.Err.Message
		if roles[o.Rival.ID] != identity.RoleNone && o.Rival.ID != 0 {
			message = fmt.Sprintf("the destination %q fills the table %s there already, and two cannot share one", o.Rival.Name, o.Table)
		} else if o.Rival.ID == 0 {
			message = "table " + o.Table + ": " + message
		}
		says = append(says, message)
	}
	if more := len(all) - len(says); more > 0 {
		says = append(says, fmt.Sprintf("and %d more", more))
	}
	return &weir.Error{Code: weir.CodeConflict, Where: fieldTarget, Message: strings.Join(says, "; "), Remedy: all[0].Err.Remedy}
}

// blind is the field with which one goes on though the place could not be
// looked at; nil when the error is another one.
func blind(err error) []ui.Field {
	var e *weir.Error
	if !errors.As(err, &e) || e.Reason != reasonUnseen {
		return nil
	}
	return []ui.Field{{Name: fieldBlind, Title: "Go on without having looked", Kind: "checkbox", Help: "If a table is somebody else's, the first delivery says so, and nothing of it is touched."}}
}
