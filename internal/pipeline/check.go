package pipeline

import (
	"context"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/rest"
)

// Check asks the server whose key this is: the one request that decides
// whether a key may be used, and pins the account whose data a source reads.
func Check(ctx context.Context, d *connector.Definition, base string, ex rest.Exchanger) (Account, error) {
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
			Remedy: "Check --base-url: a proxy or another program may be answering"}
	}
	return a, nil
}
