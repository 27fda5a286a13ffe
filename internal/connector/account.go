package connector

import (
	"context"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/rest"
)

// Account is whose data a key reads: the pin that a later key must match.
type Account struct {
	ID           string `json:"id"`
	Name         string `json:"name"`
	Email        string `json:"email"`
	TimeZone     string `json:"time_zone"`
	Organization string `json:"organization,omitempty"`
}

// Account asks the server at base whose key it is that ex sends: the one
// request that decides whether a key may be used, and pins the account whose
// data a source reads.
func (d *Definition) Account(ctx context.Context, base string, ex rest.Exchanger) (Account, error) {
	where := d.Name + " " + d.Check.Path
	answer, err := ex.Exchange(ctx, rest.Request{Method: "GET", URL: base + d.Check.Path, Lane: weir.LaneInteractive})
	if err != nil {
		return Account{}, weir.At(where, err)
	}
	field := func(path string) string {
		value, _ := rest.Field(answer.Body, path)
		return rest.Clip(value) // people's terminals will show it
	}
	a := Account{
		ID: field(d.Check.AccountID), Name: field(d.Check.Name), Email: field(d.Check.Email),
		TimeZone: field(d.Check.TimeZone), Organization: field(d.Check.Organization),
	}
	if a.ID == "" {
		return a, &weir.Error{Code: weir.CodeCapability, Where: where, Message: "the answer names no account, so this is not the API it should be",
			Remedy: "Check the address: a proxy or another program may be answering"}
	}
	return a, nil
}
