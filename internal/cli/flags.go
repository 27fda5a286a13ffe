package cli

import (
	"errors"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
)

// inFlags names the flags that somebody typed in place of the fields that they were
// sent as. What the server says of them stays, with its class.
func inFlags(err error, flags map[string]string) error {
	var refused *client.Error
	if !errors.As(err, &refused) || len(refused.Details) == 0 {
		return err
	}
	lines := make([]string, len(refused.Details))
	for i, d := range refused.Details {
		where := d.Field
		if flag := flags[where]; flag != "" {
			where = flag
		}
		lines[i] = strings.TrimSuffix((&weir.Error{Where: where, Message: d.Message, Remedy: d.Remedy}).Error(), ".")
	}
	return &weir.Error{Code: weir.CodeOf(err), Message: strings.Join(lines, "\n  "), Err: err}
}
